"""The job centre: what runs, waits and has ended since the window was opened."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, ClassVar

from clarity_desktop.ui.components.buttons import Button
from clarity_desktop.ui.components.card import Card
from clarity_desktop.ui.components.scroll import PageScroll
from clarity_desktop.ui.components.states import EmptyState, Icon
from clarity_desktop.ui.components.text import ElidedLabel, Label, rule
from clarity_desktop.ui.jobs import Job, JobState, board
from clarity_desktop.ui.pages.page import Page
from clarity_desktop.ui.qt import (
    QFrame,
    QHBoxLayout,
    QProgressBar,
    QStackedWidget,
    Qt,
    QVBoxLayout,
    QWidget,
)

if TYPE_CHECKING:
    from clarity_desktop.app import Services

__all__ = ["JobsPage", "job_words"]

_STEPS = 1000
_STATES = {
    JobState.WAITING: ("hourglass", "muted", "Waiting"),
    JobState.RUNNING: ("loader", "accent", "Running"),
    JobState.FINISHED: ("circle-check", "ok", "Finished"),
    JobState.CANCELLED: ("ban", "muted", "Stopped by you. Nothing of it was stored."),
    JobState.STOPPED: ("triangle-alert", "warn", "Not finished"),
}


def job_words(job: Job) -> str:
    """The muted line of a job: step and place while it runs; how it ended and how long it took afterwards."""
    if job.state is JobState.RUNNING:
        if job.token.cancelled:
            return "Stopping"
        progress = job.progress
        if progress is None:
            return "Starting"
        parts = [progress.step]
        if progress.total and progress.unit not in ("", "bytes"):
            parts.append(f"{progress.done:.0f} of {progress.total:.0f} {progress.unit}")
        seconds = time.monotonic() - job.began
        if progress.share and seconds > 2:
            parts.append(f"about {seconds * (1 - progress.share) / progress.share:.0f} s left")
        return " · ".join(parts)
    words = _STATES[job.state][2]
    if job.state is JobState.WAITING and board().is_held:
        return "Waiting until the vault is open"
    if job.state is JobState.CANCELLED and job.stopped_by_lock:
        words = "Stopped when the vault locked. Start it again where it was started."
    if job.state is JobState.STOPPED and job.error is not None:
        words = f"{job.error.message} {job.error.remedy} Reference {job.error.reference}".strip()
    if job.is_over:
        words = f"{words} · {job.seconds:.1f} s"
    return words


class _JobRow(QFrame):
    """One job, 52 px."""

    def __init__(self, job: Job) -> None:
        super().__init__()
        self.job = job
        self.setFixedHeight(52)
        self.setAccessibleName(job.title)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 6, 12, 6)
        row.setSpacing(12)
        self._icon = Icon("hourglass", 16, "muted")
        row.addWidget(self._icon)
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addWidget(ElidedLabel(job.title, "body_medium"))
        self._line = ElidedLabel("", "small", "muted")
        words.addWidget(self._line)
        row.addLayout(words, 1)
        self._bar = QProgressBar()
        self._bar.setRange(0, _STEPS)
        self._bar.setTextVisible(False)
        self._bar.setFixedWidth(200)
        self._bar.setAccessibleName(f"Progress of {job.title}")
        row.addWidget(self._bar)
        self._share = Label("", "body_strong")
        self._share.setFixedWidth(44)
        self._share.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        row.addWidget(self._share)
        self._cancel = Button("Cancel")
        self._cancel.setAccessibleName(f"Cancel {job.title}")
        self._cancel.clicked.connect(lambda _=False: job.cancel())
        row.addWidget(self._cancel)
        job.progressed.connect(self.renew)
        job.ended.connect(self.renew)
        self.renew()

    def renew(self) -> None:
        """Show how far the job is."""
        job = self.job
        icon, tone, _ = _STATES[job.state]
        self._icon.show_icon(icon, tone)
        self._line.set_text(job_words(job))
        share = job.progress.share if job.progress is not None and not job.is_over else None
        self._bar.setVisible(not job.is_over)
        self._bar.setValue(round((share or 0) * _STEPS))
        self._share.setText("" if share is None else f"{share:.0%}")
        self._cancel.setVisible(not job.is_over)
        self._cancel.setEnabled(not job.token.cancelled)


class JobsPage(Page):
    """Newest first; a job that has ended keeps its result and time until the window closes."""

    id: ClassVar[str] = "jobs"
    title: ClassVar[str] = "Jobs"
    icon: ClassVar[str] = "hourglass"
    group: ClassVar[str] = "workstation"
    needs_patient: ClassVar[bool] = False

    def __init__(self, services: Services, parent: QWidget | None = None) -> None:
        super().__init__(services, parent)
        self._known: set[Job] = set()
        self._stack = QStackedWidget(self)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(self._stack)
        area = PageScroll("Jobs")
        column = area.column
        self._card = Card("Since the window was opened", padding=0)
        self._rows = QVBoxLayout()
        self._rows.setSpacing(0)
        self._card.body.addLayout(self._rows)
        column.addWidget(self._card)
        column.addStretch(1)
        self._stack.addWidget(area)
        self._stack.addWidget(
            EmptyState(
                "hourglass",
                "No job has run since the window was opened",
                more="Imports, reports and checks of the vault appear here while they run and after they end.",
            )
        )
        board().changed.connect(self.renew)
        self.renew()

    def renew(self) -> None:
        """Add rows for jobs that are new."""
        jobs = board().jobs
        for job in jobs:
            if job not in self._known:
                self._known.add(job)
                self._rows.insertWidget(0, _JobRow(job))
                self._rows.insertWidget(0, rule())
        self._stack.setCurrentIndex(0 if jobs else 1)
