"""The PAT page: reads weeks, has them embedded where a model can run, and shows one week at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar, Final

from clarity_desktop.domain.changes import Change, Changes
from clarity_desktop.domain.errors import ClarityError
from clarity_desktop.domain.pat import SIGNAL_KINDS, Checkpoint
from clarity_desktop.domain.pat_results import PatRequest, PatResult, WeekDetail
from clarity_desktop.domain.people import Patient
from clarity_desktop.domain.time import Span, ZoneTimeline, date_of_day
from clarity_desktop.domain.work import CancelToken
from clarity_desktop.ui.charts.figure import Caption, Figure
from clarity_desktop.ui.charts.wording import days_between, zone_label
from clarity_desktop.ui.components.states import ErrorCard
from clarity_desktop.ui.jobs import Job, Operation, run_mutation, run_query, start_job
from clarity_desktop.ui.pages.pat.exchange import Exchange
from clarity_desktop.ui.pages.pat.frame import PatFrame, scrolled
from clarity_desktop.ui.pages.pat.heads import HeadsTab
from clarity_desktop.ui.pages.pat.lacking import (
    WeeksFound,
    job_state,
    kind_words,
    lacking_state,
    no_signal_state,
    waiting_state,
)
from clarity_desktop.ui.pages.pat.profiles import Profiles
from clarity_desktop.ui.pages.pat.week_list import week_lines
from clarity_desktop.ui.pages.pat.week_view import TABS, Tab
from clarity_desktop.ui.qt import Qt, QWidget

if TYPE_CHECKING:
    from clarity_desktop.app import Services

__all__ = ["PatPage"]

_WEEK_S: Final = 7 * 86_400
_COST: Final = {"s": 1, "m": 4, "l": 16}
_AT_ONCE: Final = 120
"""Cost up to which weeks are embedded without being asked: about a season with PAT-S, some seconds of work."""


class PatPage(PatFrame):
    """Weeks of the person through the Pretrained Actigraphy Transformer. Research use."""

    id: ClassVar[str] = "pat"
    title: ClassVar[str] = "PAT"
    icon: ClassVar[str] = "scan-eye"

    def __init__(self, services: Services, parent: QWidget | None = None) -> None:
        super().__init__(services, parent)
        self.found: WeeksFound | None = None
        self.result: PatResult | None = None
        self.detail: WeekDetail | None = None
        self.day: int | None = None
        self.tab: Tab = "attention"
        self._why = ""
        self._waits = False
        self._operation: Operation[Any] | None = None
        self._cancel = CancelToken()
        self._job: Job | None = None
        self._stale = False
        self._profiles = Profiles(self)
        self.exchange = Exchange(self)
        self.heads = HeadsTab(self)
        self._heads_area = scrolled(self.heads)
        self._main.addWidget(self._heads_area)
        self.back.clicked.connect(lambda _=False: self._step(-1))
        self.forward.clicked.connect(lambda _=False: self._step(1))
        self.tabs.chosen.connect(self.show_tab)
        self.model.activated.connect(lambda _: self._compute())
        self.install.clicked.connect(lambda _=False: self.exchange.choose_weights())
        self.own.week_chosen.connect(self.choose_week)
        self.own.scope_changed.connect(self._profiles.read_alike)
        self.own.other_chosen.connect(self._open_other)
        self.side.weeks.week_chosen.connect(self.choose_week)
        self.side.request_changed.connect(self.read)
        self.side.export_asked.connect(self.exchange.export)
        self.side.card_asked.connect(self.exchange.show_card)
        self.strip.window_changed.connect(self._follow_strip)
        self.strip.period_chosen.connect(self._follow_strip)

    # -- what the shell asks -------------------------------------------------------------------------------------

    def show_patient(self, patient: Patient | None) -> None:
        same = patient is not None and self.patient is not None and patient.id == self.patient.id
        if same and self.found is not None:
            self.patient = patient
            return
        super().show_patient(patient)
        self.stop()
        self.found, self.result, self.detail, self.day = None, None, None, None
        self.side.offer_signals(())
        self.strip.show_columns(None, ZoneTimeline.unknown())
        if patient is None:
            self._stack.setCurrentWidget(self._nobody)
            return
        self._skeleton.start()
        self._stack.setCurrentWidget(self._skeleton)
        self.read()

    def shown(self) -> None:
        if self._stale and self.patient is not None:
            self.read()

    def on_changes(self, changes: Changes) -> None:
        touched = self.patient is not None and (not changes.patients or self.patient.id in changes.patients)
        if touched and changes.what & (Change.SAMPLES | Change.ZONES):
            self._stale = True
            if self.isVisible():
                self.read()

    def place(self) -> dict[str, Any]:
        return {"day": self.day, "tab": self.tab}

    def restore(self, place: dict[str, Any]) -> None:
        tab = place.get("tab")
        if tab in dict(TABS) and tab != self.tab:
            self.tabs.set_value(str(tab))
            self._set_tab(str(tab))
        day = place.get("day")
        if isinstance(day, int) and day != self.day:
            self.day = day
            if self.found is not None:
                self._show_week()

    # -- reading -------------------------------------------------------------------------------------------------

    def request(self) -> PatRequest:
        """How weeks are made, by the controls."""
        return self.side.request(self.model.value() or None)

    def stop(self) -> None:
        """Stop what is under way; its answer is dropped."""
        if self._operation is not None:
            self._operation.cancel()
        self._cancel.cancel()
        self._profiles.forget()

    def read(self) -> None:
        """Read the weeks anew, and have them embedded where that is little work."""
        patient, services = self.patient, self.services
        if patient is None:
            return
        self._stale = False
        self.stop()
        request = self.request()

        def read() -> WeeksFound:
            weeks, zone = services.pat_weeks(patient.id, request)
            machine = services.pat_machine()
            models = services.pat_models() if machine.ready else ()
            kinds = {one.kind for one in services.series(patient.id) if one.n}
            return WeeksFound(machine, models, weeks, zone, tuple(s for s, k in SIGNAL_KINDS.items() if k in kinds))

        self._operation = run_query(self, read, self._arrived, self._refused)

    def _arrived(self, found: WeeksFound) -> None:
        fresh = self.found is None
        self.found, self.result = found, None
        self._stack.setCurrentWidget(self._area)
        self.side.offer_signals(found.signals)
        held = self.model.value()
        self.model.clear()
        for one in found.models:
            self.model.addItem(one.label + kind_words(one), one.id)
            self.model.setItemData(self.model.count() - 1, f"{one.id}. {one.notice}", Qt.ItemDataRole.ToolTipRole)
        if not found.models:
            self.model.addItem("No weights", "")
        preferred = held or next((one.id for one in found.models if not one.random), "")
        self.model.set_value(preferred)
        self.model.setEnabled(bool(found.models))
        days = {one.day for one in found.weeks}
        if self.day not in days:
            whole = [one.day for one in found.weeks if one.ok]
            self.day = whole[-1] if whole else (found.weeks[-1].day if found.weeks else None)
        if fresh:
            self._profiles.read_strip(found.weeks, found.zone)
            self.heads.read()
        self._compute()

    def _refused(self, error: ClarityError) -> None:
        while (item := self._error_column.takeAt(0)) is not None:
            old = item.widget()
            if old is not None:
                old.deleteLater()
        if error.code == "pat.no_signal":
            bring = no_signal_state(error.message, lambda: self.go.emit("import", None))
            self._error_column.addWidget(bring)
        else:
            self._error_column.addWidget(ErrorCard(error, self.read))
            self._error_column.addStretch(1)
        self._stack.setCurrentWidget(self._error)

    @property
    def checkpoint(self) -> Checkpoint | None:
        """The weights that are chosen; their self-test may have run only with the result."""
        if self.result is not None and self.result.checkpoint.id == self.model.value():
            return self.result.checkpoint
        models = () if self.found is None else self.found.models
        return next((one for one in models if one.id == self.model.value()), None)

    def _compute(self, *, asked: bool = False) -> None:
        """Embed the weeks, at once where that is little work, else when asked for."""
        found, patient, services, one = self.found, self.patient, self.services, self.checkpoint
        if found is None or patient is None:
            return
        self.stop()
        self.result, self._why, self._waits = None, "", False
        usable = sum(week.ok for week in found.weeks)
        request = self.request()
        if one is None:
            self._show_all()
            return
        if not usable:
            self._why = "No week of this recording is worn enough. Choose a longer one, or see why beside each week."
            self._show_all()
            return
        self._cancel = token = CancelToken()
        if not asked and usable * _COST[one.size[-1]] > _AT_ONCE:
            self._waits = True
            self._why = f"{usable} weeks wait to be embedded with {one.label}."
            self._show_all()
            return
        self._why = "Embedding weeks"
        self._show_all()
        if not asked:
            self._operation = run_query(
                self, lambda: services.pat_embed(patient.id, request, cancel=token), self._embedded, self._not_embedded
            )
            return
        job = start_job(
            f"Embed {usable} weeks with {one.label}",
            lambda progress, cancel: services.pat_embed(patient.id, request, progress=progress, cancel=cancel),
        )
        self._job = job
        job.ended.connect(lambda: self._job_ended(job))
        self._show_all()

    def _job_ended(self, job: Job) -> None:
        if job is not self._job:
            return
        self._job = None
        if isinstance(job.result, PatResult) and self.patient is not None:
            self._embedded(job.result)
        elif job.error is not None:
            self._not_embedded(job.error)

    def _embedded(self, result: PatResult) -> None:
        self.result, self._why = result, ""
        self._show_all()

    def _not_embedded(self, error: ClarityError) -> None:
        self._why = f"{error.message} {error.remedy}".strip()
        self._show_all()

    # -- showing -------------------------------------------------------------------------------------------------

    def _show_all(self) -> None:
        found = self.found
        if found is None:
            return
        embeddings = self.result.embeddings if self.result is not None else ()
        waited = self.checkpoint is not None
        self.side.weeks.show_lines(week_lines(found.weeks, embeddings, expected=waited), self.day)
        self.side.show_model(self.checkpoint, self.result)
        self._show_week()

    def choose_week(self, day: int) -> None:
        """Show the week that begins with a local day."""
        self.day = day
        self.side.weeks.choose(day)
        self.moved.emit()
        self._show_week()

    def _step(self, direction: int) -> None:
        days = [one.day for one in self.found.weeks] if self.found is not None else []
        if self.day in days:
            place = min(max(0, days.index(self.day) + direction), len(days) - 1)
            self.choose_week(days[place])

    def _follow_strip(self, span: Span) -> None:
        if self.found is None:
            return
        nearest = min(self.found.weeks, key=lambda one: abs(one.start - span.start))
        self.choose_week(nearest.day)

    def _show_week(self) -> None:
        found, patient, services, day = self.found, self.patient, self.services, self.day
        if found is None or patient is None or day is None:
            return
        self.show_head()
        request, result = self.request(), self.result
        run_query(
            self,
            lambda: services.pat_week(patient.id, day, request, result),
            lambda detail: self._week_arrived(day, detail),
            self._refused,
        )

    def _open_other(self, patient_id: str, day: int) -> None:
        self.go.emit("pat", {"patient": patient_id, "day": day, "tab": "attention"})

    def show_head(self) -> None:
        """Say which week is shown, and frame it in the strip."""
        found, day = self.found, self.day
        if found is None or day is None:
            return
        days = [one.day for one in found.weeks]
        start = next((one.start for one in found.weeks if one.day == day), None)
        self.back.setEnabled(bool(days) and day > days[0])
        self.forward.setEnabled(bool(days) and day < days[-1])
        first, last = date_of_day(day), date_of_day(day + 6)
        self.period.setText(days_between(first, last))
        if start is not None:
            self.zone.set_text(zone_label(found.zone, start, start + _WEEK_S))
            self.strip.set_window(Span(start, start + _WEEK_S))
            one = self.checkpoint
            clock = self.zone.text() if one is None else f"{self.zone.text()} · {one.notice}"
            said = Caption(days_between(first, last), clock, self.services.version)
            for figure in self.content.findChildren(Figure):
                figure.caption, figure.gate = said, self._note_export
                figure.simulated = bool(self.patient and self.patient.simulated)

    def _note_export(self, what: str, proceed: Callable[[], None]) -> None:
        patient, services = self.patient, self.services
        if patient is not None:
            notice = "" if self.checkpoint is None else self.checkpoint.notice
            run_mutation(self, lambda: services.note_export(patient.id, what, f"PAT. {notice}"), lambda _: proceed())

    def _week_arrived(self, day: int, detail: WeekDetail) -> None:
        if day != self.day:
            return
        self.detail = detail
        self.side.show_week(detail)
        self._show_tab()

    def show_tab(self, tab: str) -> None:
        """Show another view."""
        self._set_tab(tab)
        self.moved.emit()

    def _set_tab(self, tab: str) -> None:
        self.tab = next(name for name, _ in TABS if name == tab)
        self._show_tab()

    def _show_tab(self) -> None:
        if self.found is None:
            return
        if self.tab == "heads":
            self._main.setCurrentWidget(self._heads_area)
        elif self.tab == "weeks" and self.result is not None:
            self._main.setCurrentWidget(self._own_area)
            self._profiles.read_trajectory()
        elif self.result is None and self._show_notice():
            self._main.setCurrentWidget(self._notice)
        else:
            self._main.setCurrentWidget(self.week)
            self._profiles.show_strip()

    def _show_notice(self) -> bool:
        """Say what a model lacks, with the button that brings it; answers whether there is something to say."""
        state = self._state()
        while (item := self._notice_column.takeAt(0)) is not None:
            old = item.widget()
            if old is not None:
                old.hide()
                old.deleteLater()
        if state is None:
            return False
        self._notice_column.addWidget(state)
        return True

    def _state(self) -> QWidget | None:
        found = self.found
        if found is None:
            return None
        lacking = lacking_state(found.machine, found.models, self.exchange.choose_weights)
        if lacking is not None:
            return lacking
        if self._job is not None:
            return job_state(self._job)
        if self._why.endswith("."):
            return waiting_state(self._why, self.embed_now if self._waits else None)
        return None

    def embed_now(self) -> None:
        """Embed the weeks although that is much work, as a job."""
        self._compute(asked=True)

    def why(self) -> str:
        """What stands in place of values that are not there."""
        if self._why:
            return self._why
        if self.detail is not None and self.detail.status.reason:
            return self.detail.status.reason
        return "This week is not computed."
