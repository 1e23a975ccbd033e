"""Bringing an account's data into an empty vault: what will come, what cannot, progress, and what it came to (Y-67)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from clarity_desktop.domain.errors import ClarityError
from clarity_desktop.domain.exchange import PullReport, RestorePreview
from clarity_desktop.domain.kinds import kind_of
from clarity_desktop.ui.components.correlation import CorrelationLine
from clarity_desktop.ui.components.entry_list import EntryList, EntryRow
from clarity_desktop.ui.components.record_table import Column, Record, RecordTable
from clarity_desktop.ui.components.text import Label
from clarity_desktop.ui.dialogs.sheet import Sheet
from clarity_desktop.ui.jobs import Job, run_query, start_job
from clarity_desktop.ui.pages.security.loaded import count_words, enable
from clarity_desktop.ui.qt import QProgressBar, QStackedWidget, QVBoxLayout, QWidget

if TYPE_CHECKING:
    from clarity_desktop.app import Services

__all__ = ["RestoreSheet", "report_words"]

_NOT_EMPTY = "This vault holds people already. Link the people of the server to them, and read from there."


class RestoreSheet(Sheet):
    """Three steps in one sheet: look, bring, done. Nothing is stored before the person says so.

    Parameters
    ----------
    done:
        Called when something was brought in.
    """

    def __init__(self, window: QWidget, services: Services, done: Callable[[], None]) -> None:
        super().__init__(window, "Bring data back from the server", width=640)
        self._services, self._done = services, done
        self.job: Job | None = None
        self.steps = QStackedWidget()
        self.body.addWidget(self.steps)
        self._asking = Label("Asking the server what it holds. Nothing is stored yet.", "body", "muted", wrap=True)
        self._look = self._look_step()
        self._work = self._work_step()
        self._end = self._end_step()
        for step in (self._asking, self._look, self._work, self._end):
            self.steps.addWidget(step)
        self.correlation = CorrelationLine()
        self.body.addWidget(self.correlation)
        self.safe = self.add_button("Not now")
        self.safe.clicked.connect(lambda _=False: self._leave())
        self.verb = self.add_button("Bring it back", "primary")
        self.verb.clicked.connect(lambda _=False: self.begin())
        enable(self.verb, "The server is being asked")
        run_query(self, services.restore_preview, self.show_preview, self._refused)

    def _look_step(self) -> QWidget:
        step, column = _step()
        self.head = Label("", "body", "muted", wrap=True)
        column.addWidget(self.head)
        columns = (Column("Will come"), Column("Count", 110, right=True), Column("From", 100), Column("To", 100))
        self.coming = RecordTable("What will come", columns, most=8)
        column.addWidget(self.coming)
        column.addWidget(Label("The server cannot give back", "body_strong"))
        self.lost = EntryList("What the server cannot give back", "Nothing that is known of.", inset=0)
        column.addWidget(self.lost)
        return step

    def _work_step(self) -> QWidget:
        step, column = _step()
        self.doing = Label("", "body", wrap=True)
        self.bar = QProgressBar()
        self.bar.setAccessibleName("Share that has come")
        self.bar.setTextVisible(False)
        column.addWidget(self.doing)
        column.addWidget(self.bar)
        words = "What has come stays when you stop, and the next reading goes on from there."
        column.addWidget(Label(words, "small", "muted", wrap=True))
        return step

    def _end_step(self) -> QWidget:
        step, column = _step()
        self.told = Label("", "body", wrap=True)
        column.addWidget(self.told)
        return step

    # -- looking --------------------------------------------------------------------------------------------------

    def show_preview(self, found: RestorePreview) -> None:
        """What will come and what cannot, before anything is stored."""
        who = count_words(found.people, "person", "people")
        self.head.setText(
            f"{who} at the server. Each becomes a new person here; nothing at the server changes."
            if found.will_come
            else "The server holds nothing that could be brought back."
        )
        self.coming.show_records(
            [
                Record(
                    one.what,
                    (
                        "Notes, names, diaries" if one.what == "records" else kind_of(one.what).title,
                        f"{one.count:,}".replace(",", "\u202f"),
                        one.first_day or "–",
                        one.last_day or "–",
                    ),
                )
                for one in found.will_come
            ]
        )
        self.coming.setVisible(bool(found.will_come))
        self.lost.show_rows([_lost_row(words) for words in found.cannot_come])
        self._go_to(self._look)
        reason = "" if found.will_come else "There is nothing to bring back"
        enable(self.verb, reason if found.is_empty_here else _NOT_EMPTY)
        if not found.is_empty_here:
            self.head.setText(_NOT_EMPTY)

    def _refused(self, error: ClarityError) -> None:
        self.told.setText(f"{error.message} {error.remedy}".strip())
        self.correlation.show_error(error)
        self.verb.hide()
        self.safe.set_text("Close")
        self._go_to(self._end)

    # -- bringing -------------------------------------------------------------------------------------------------

    def begin(self) -> None:
        """Bring it, as a job that the lock ends and a person can stop."""
        services = self._services
        self.job = start_job(
            "Bringing data back from the server",
            lambda progress, cancel: services.restore_from_cloud(cancel, progress),
        )
        self.job.progressed.connect(self._progressed)
        self.job.ended.connect(self._ended)
        self.doing.setText("Reading from the server")
        self.bar.setRange(0, 0)
        self.verb.hide()
        self.safe.set_text("Stop")
        self._go_to(self._work)

    def _progressed(self) -> None:
        progress = None if self.job is None else self.job.progress
        if progress is None:
            return
        share = progress.share
        self.bar.setRange(0, 0 if share is None else 1000)
        if share is not None:
            self.bar.setValue(round(share * 1000))
        total = "" if progress.total is None else f" of {progress.total:.0f}"
        self.doing.setText(f"{progress.step}: {progress.done:.0f}{total} {progress.unit}".strip())

    def _ended(self) -> None:
        job = self.job
        if job is None:
            return
        self.safe.set_text("Close")
        if job.error is not None and not job.token.cancelled:
            self._refused(job.error)
        elif isinstance(job.result, PullReport):
            self.told.setText(report_words(job.result))
        else:
            self.told.setText("Stopped. What has come stays, and the next reading goes on from there.")
        self._go_to(self._end)
        self._done()

    def _leave(self) -> None:
        if self.job is not None and not self.job.is_over:
            self.job.cancel()
            return
        self.dismiss()

    def _go_to(self, step: QWidget) -> None:
        self.steps.setCurrentWidget(step)
        self.steps.setFixedHeight(step.sizeHint().height())
        self._settle()


def _step() -> tuple[QWidget, QVBoxLayout]:
    step = QWidget()
    column = QVBoxLayout(step)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(8)
    return step, column


def _lost_row(words: str) -> EntryRow:
    first, _, second = words.partition(": ")
    return EntryRow("ban", first, second)


def report_words(found: PullReport) -> str:
    """What a reading came to, in sentences."""
    new = count_words(found.new, "entry", "entries")
    parts = [f"{count_words(found.read, 'piece')} read, {new} new here, {found.equal} were here already."]
    if found.conflicts:
        parts.append(f"{count_words(found.conflicts, 'entry', 'entries')} changed on both sides; both are kept.")
    if found.waiting_for_link:
        parts.append(f"{count_words(found.waiting_for_link, 'person', 'people')} at the server belong to nobody here.")
    if found.missing_parts:
        parts.append(f"The server lacks {count_words(len(found.missing_parts), 'part')}: {found.missing_parts[0]}.")
    if found.refused:
        parts.append(f"{count_words(found.refused, 'piece')} came back damaged and were left there.")
    return " ".join(parts)
