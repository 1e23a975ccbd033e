"""The base of the pages of time: reads a panel off the window's thread and keeps period, states and strip together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from clarity_desktop.domain.annotations import KIND_WORDS, Annotation, AnnotationKind
from clarity_desktop.domain.changes import Change, Changes
from clarity_desktop.domain.errors import ClarityError
from clarity_desktop.domain.free_days import FreeDays
from clarity_desktop.domain.panel import Panel
from clarity_desktop.domain.people import Patient
from clarity_desktop.domain.series import Series
from clarity_desktop.domain.time import Span, ZoneTimeline
from clarity_desktop.ui.charts import EventFlag, OverviewStrip, TimelineChart
from clarity_desktop.ui.charts.figure import Caption, Figure
from clarity_desktop.ui.charts.lanes import Columns
from clarity_desktop.ui.charts.wording import days_between, local_parts, zone_label
from clarity_desktop.ui.components.card import Card
from clarity_desktop.ui.components.period_bar import PeriodBar
from clarity_desktop.ui.components.states import EmptyState, ErrorCard, Skeleton
from clarity_desktop.ui.jobs import Operation, run_mutation, run_query
from clarity_desktop.ui.pages.lane_specs import signal_lane
from clarity_desktop.ui.pages.page import Page
from clarity_desktop.ui.qt import QScrollArea, QStackedLayout, Qt, QTimer, QVBoxLayout, QWidget

if TYPE_CHECKING:
    from clarity_desktop.app import Services

__all__ = ["Recording", "StudyPage", "flags_of"]

_STRIP_COLUMNS = 1200


@runtime_checkable
class Flagged(Protocol):
    """A chart that shows events."""

    def set_events(self, events: Sequence[EventFlag | tuple[Span, str, str]]) -> None:
        """Flag events; they stay until others are given."""


@runtime_checkable
class TintsFreeDays(Protocol):
    """A chart that tints free days."""

    def set_free_days(self, free: FreeDays) -> None:
        """Tint the dates that are free for the person."""


@dataclass(frozen=True, slots=True)
class Recording:
    """What a page of time is about: the whole recording, and the panel of the window."""

    series: tuple[Series, ...]
    whole: Span
    zone: ZoneTimeline
    panel: Panel
    annotations: tuple[Annotation, ...] = ()
    """What was entered by hand, by start."""
    free: FreeDays = field(default_factory=FreeDays)
    """Which dates are free for the person."""

    def has(self, kind: str) -> bool:
        """Whether any series of this kind was recorded."""
        return any(one.kind == kind for one in self.series)


def flags_of(annotations: tuple[Annotation, ...]) -> list[EventFlag]:
    """Events and notes as the flags of charts; edits of nights are drawn where they act."""
    return [
        EventFlag(one.span, one.title, KIND_WORDS[one.kind])
        for one in annotations
        if one.kind.is_event or one.kind is AnnotationKind.NOTE
    ]


def read_recording(services: Services, patient_id: str, span: Span | None, *, edited: bool = True) -> Recording | None:
    """Read the panel of a window (``None``: the last 28 days), or ``None`` when the person has no data and no diary."""
    series = tuple(services.series(patient_id))
    firsts = [one.first for one in series if one.first is not None]
    lasts = [one.last for one in series if one.last is not None]
    if not firsts or not lasts:
        if not services.diary_nights(patient_id):
            return None
        # A diary alone has nights, and nothing beside them.
        panel = services.panel(patient_id, span, edited=edited)
        firsts, lasts = [panel.span.start], [panel.span.stop]
    else:
        panel = services.panel(patient_id, span, edited=edited)
    whole = Span(min(firsts), max(lasts))
    return Recording(
        series,
        Span(min(whole.start, panel.span.start), max(whole.stop, panel.span.stop)),
        panel.zone,
        panel,
        tuple(services.annotations(patient_id)),
        services.free_days(patient_id),
    )


class StudyPage(Page):
    """A page with a period chooser and an overview strip. Subclasses build ``content`` and fill :meth:`present`."""

    scrolls = True
    """Whether the content stands in a scroll area."""

    def __init__(self, services: Services, parent: QWidget | None = None) -> None:
        super().__init__(services, parent)
        self.recording: Recording | None = None
        self.wanted: Span | None = None
        self.edited = True
        """Whether what people edited by hand counts on this page."""
        self._operation: Operation[Recording | None] | None = None
        self._glances: dict[str, Operation[Any]] = {}
        """Coarser pictures under way, by lane."""
        self._stale = False
        self.period = PeriodBar()
        self._waiting = QTimer(self)
        self._waiting.setSingleShot(True)
        self._waiting.setInterval(300)
        self._waiting.timeout.connect(self.period.show_reading)
        self.period.chosen.connect(self.show_period)
        self.strip = OverviewStrip()
        self.strip.window_changed.connect(self.show_period)
        self.strip.period_chosen.connect(self.show_period)
        self.targets: dict[str, Card] = {}
        """Cards that a link may lead to, by the name of their chart."""
        self._linked: str | None = None
        self._stack = QStackedLayout(self)
        self._stack.setContentsMargins(0, 0, 0, 0)
        self.content = QWidget()
        if self.scrolls:
            area = QScrollArea()
            area.setWidgetResizable(True)
            area.setFrameShape(QScrollArea.Shape.NoFrame)
            area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
            area.setWidget(self.content)
            self._shown: QWidget = area
        else:
            self._shown = self.content
        self._skeleton = Skeleton(
            (
                (0.012, 0.02, 0.976, 0.16),
                (0.012, 0.2, 0.64, 0.48),
                (0.664, 0.2, 0.324, 0.48),
                (0.012, 0.7, 0.976, 0.28),
            ),
            "Reading the recording",
        )
        self._empty = EmptyState(
            "import",
            "No recording yet",
            "Import a recording",
            lambda: self.go.emit("import", None),
            more="Sleep, activity and rhythm appear here once a file is imported.",
        )
        self._nobody = EmptyState(
            "users", "No one is open", "Open the patient list", lambda: self.go.emit("patients", None)
        )
        self._error = QWidget()
        self._error_column = QVBoxLayout(self._error)
        self._error_column.setContentsMargins(16, 16, 16, 16)
        for widget in (self._shown, self._skeleton, self._empty, self._nobody, self._error):
            self._stack.addWidget(widget)
        self._stack.setCurrentWidget(self._nobody)

    # -- for subclasses ------------------------------------------------------------------------------------------

    def present(self, recording: Recording) -> None:
        """Fill the content from a recording; called on the window's thread."""

    def note_period(self, recording: Recording) -> None:
        """Renew what the toolbar says of the period."""
        self.period.show_period(recording.panel.span, recording.whole, recording.zone)

    # -- what the shell asks -------------------------------------------------------------------------------------

    def toolbar_lead(self) -> list[QWidget]:
        return [self.period]

    def footer(self) -> QWidget | None:
        return self.strip

    def show_patient(self, patient: Patient | None) -> None:
        if patient is not None and self.patient is not None and patient.id == self.patient.id and self.recording:
            self.patient = patient
            return
        super().show_patient(patient)
        self.recording, self.wanted = None, None
        self.frame_chart(None)
        if isinstance(self._shown, QScrollArea):
            self._shown.verticalScrollBar().setValue(0)
        self.strip.show_columns(None, ZoneTimeline.unknown())
        if patient is None:
            self._stack.setCurrentWidget(self._nobody)
            self.period.show_period(None, None, ZoneTimeline.unknown())
            return
        self._read()

    def shown(self) -> None:
        if self._stale and self.patient is not None:
            self._read()

    def on_changes(self, changes: Changes) -> None:
        touched = self.patient is not None and (not changes.patients or self.patient.id in changes.patients)
        if touched and changes.what & (Change.SAMPLES | Change.ZONES | Change.FINDINGS | Change.DIARY):
            self._stale = True
            if self.isVisible():
                self._read()

    def place(self) -> dict[str, Any]:
        held: dict[str, Any] = {"span": None if self.wanted is None else (self.wanted.start, self.wanted.stop)}
        return held if self._linked is None else {**held, "chart": self._linked}

    def restore(self, place: dict[str, Any]) -> None:
        self.frame_chart(place.get("chart"))
        if "span" not in place:
            return
        pair = place["span"]
        wanted = Span(int(pair[0]), int(pair[1])) if pair else None
        if wanted != self.wanted:
            self.wanted = wanted
            if self.patient is not None:
                self._read()

    def open_chart(self, name: str) -> None:
        """Follow a link to a chart of this page; Back returns."""
        self.frame_chart(name)
        self.moved.emit()

    def frame_chart(self, name: str | None) -> None:
        """Frame a card and bring it into view; ``None`` takes the frame off."""
        self._linked = name
        for one, card in self.targets.items():
            card.set_framed(one == name)
        self._show_linked()

    def _show_linked(self) -> None:
        card = self.targets.get(self._linked) if self._linked is not None else None
        if card is not None and isinstance(self._shown, QScrollArea):
            area = self._shown
            QTimer.singleShot(0, card, lambda: area.ensureWidgetVisible(card, 16, 16))

    def link_place(self, chart: str) -> dict[str, Any]:
        """The place of a chart on another page, over the window that this page shows."""
        return {**self.place(), "chart": chart}

    def read_columns(
        self, chart: TimelineChart, lane: str, kind: str, span: Span, columns: int
    ) -> Operation[Columns] | None:
        """Ask for the columns of a kind and give them to a lane when they come.

        Where the lane shows nothing of the span yet, a coarser picture stands in until samples have been opened.
        """
        patient, services = self.patient, self.services
        if patient is None:
            return None
        self._end_glance(lane)

        def glance(found: Columns | None) -> None:
            if found is not None:
                chart.set_columns(lane, found)

        def arrived(found: Columns) -> None:
            self._end_glance(lane)
            chart.set_columns(lane, found)

        if not chart.holds(lane, span):
            self._glances[lane] = run_query(
                self, lambda: services.timeline_at_hand(patient.id, kind, span, columns), glance
            )
        return run_query(self, lambda: services.timeline(patient.id, kind, span, columns), arrived)

    def _end_glance(self, lane: str) -> None:
        """Drop a coarser picture that is under way: what has come since is newer or sharper."""
        under_way = self._glances.pop(lane, None)
        if under_way is not None:
            under_way.cancel()

    # -- reading -------------------------------------------------------------------------------------------------

    def show_period(self, span: Span) -> None:
        """Show another window of the recording."""
        self.wanted = span
        self.moved.emit()
        self._read()

    def _read(self) -> None:
        patient, wanted, services, edited = self.patient, self.wanted, self.services, self.edited
        if patient is None:
            return
        self._stale = False
        if self._operation is not None:
            self._operation.cancel()
        if self.recording is None:
            self._skeleton.start()
            self._stack.setCurrentWidget(self._skeleton)
        else:
            self._waiting.start()
        self._operation = run_query(
            self, lambda: read_recording(services, patient.id, wanted, edited=edited), self._arrived, self._refused
        )

    def _arrived(self, recording: Recording | None) -> None:
        if recording is None:
            self._stack.setCurrentWidget(self._empty)
            self.period.show_period(None, None, ZoneTimeline.unknown())
            return
        self._waiting.stop()
        first = self.recording is None or self.recording.whole != recording.whole
        self.recording = recording
        self.note_period(recording)
        self.strip.set_window(recording.panel.span)
        self._stack.setCurrentWidget(self._shown)
        self.present(recording)
        self.caption_figures(recording)
        self.flag_figures(recording)
        self._show_linked()
        if first:
            self._read_strip(recording)
        else:
            self._show_strip_note(recording)

    def caption_figures(self, recording: Recording) -> None:
        """Tell every chart what a picture of it must say, and note in the audit when one leaves."""
        span, zone = recording.panel.span, recording.zone
        first, last = (local_parts(zone, at)[0] for at in (span.start, max(span.start, span.stop - 1)))
        said = Caption(days_between(first, last), zone_label(zone, span.start, span.stop), self.services.version)
        for figure in (*self.content.findChildren(Figure), self.strip):
            figure.caption, figure.gate = said, self._note_export

    def flag_figures(self, recording: Recording) -> None:
        """Put the flags of events and notes on every chart that has an axis of time."""
        flags = flags_of(recording.annotations)
        gone = [one.span for one in recording.annotations if self.edited and one.kind is AnnotationKind.LEAVE_OUT]
        for figure in (*self.content.findChildren(Figure), self.strip):
            if isinstance(figure, TimelineChart):
                figure.left_out = tuple(gone)
            if isinstance(figure, Flagged):
                figure.set_events(flags)
            if isinstance(figure, TintsFreeDays):
                figure.set_free_days(recording.free)

    def _note_export(self, what: str, proceed: Callable[[], None]) -> None:
        patient, services = self.patient, self.services
        if patient is not None:
            run_mutation(self, lambda: services.note_export(patient.id, what, "one chart"), lambda _: proceed())

    def _refused(self, error: ClarityError) -> None:
        self._waiting.stop()
        while (item := self._error_column.takeAt(0)) is not None:
            old = item.widget()
            if old is not None:
                old.deleteLater()
        self._error_column.addWidget(ErrorCard(error, self._read))
        self._error_column.addStretch(1)
        self._stack.setCurrentWidget(self._error)

    def _read_strip(self, recording: Recording) -> None:
        patient, services = self.patient, self.services
        if patient is None:
            return
        kind, whole = recording.panel.signal, recording.whole
        run_query(
            self,
            lambda: services.timeline(patient.id, kind, whole, _STRIP_COLUMNS),
            lambda columns: self._strip_arrived(recording, columns),
        )

    def _strip_arrived(self, recording: Recording, columns: Columns) -> None:
        self._strip_columns = columns
        self._show_strip_note(recording)

    _strip_columns: Columns | None = None

    def _show_strip_note(self, recording: Recording) -> None:
        panel = recording.panel
        worn = [bout.span for bout in panel.wear_bouts]
        first, last = (local_parts(recording.zone, at)[0] for at in (recording.whole.start, recording.whole.stop - 1))
        days = (last - first).days + 1
        covered = panel.coverage.days >= days
        note = OverviewStrip.note_of(days, panel.coverage.worn_share if covered else None)
        self.strip.simulated = panel.simulated
        self.strip.show_columns(
            self._strip_columns, recording.zone, not_worn=worn, note=note, gap_s=signal_lane(panel).gap_s
        )
        self.strip.set_window(panel.span)
