"""A folder of many people's files on the import page: whose each file is, how far it is, what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from clarity_desktop.app.import_batch import BatchState, BatchStep
from clarity_desktop.ui.charts.figure import ChartTable
from clarity_desktop.ui.components.buttons import Button
from clarity_desktop.ui.components.card import Card
from clarity_desktop.ui.components.text import ElidedLabel
from clarity_desktop.ui.jobs import Job, JobState
from clarity_desktop.ui.pages.import_cells import CellTable
from clarity_desktop.ui.pages.import_words import grouped, sums_of
from clarity_desktop.ui.qt import QHBoxLayout, QProgressBar, Signal

__all__ = ["BatchCard", "step_words"]

_BY = {"manifest": "manifest", "folder": "sub-folder", "me": "what it says of the person", "file": "own name"}
_WORDS = {
    BatchState.WAITING: "waiting",
    BatchState.RUNNING: "being read",
    BatchState.ALREADY: "was here already",
    BatchState.INCOMPLETE: "ends early; what is whole is in",
    BatchState.NOT_DONE: "not imported",
}
_OVER = (BatchState.DONE, BatchState.ALREADY, BatchState.INCOMPLETE, BatchState.NOT_DONE)


def step_words(step: BatchStep) -> str:
    """What became of one file, in a few words."""
    if step.error is not None:
        return f"not imported: {step.error.message}"
    if step.state is BatchState.DONE and step.report is not None:
        return f"{grouped(sums_of(step.report).stored)} new records"
    return _WORDS.get(step.state, step.state.value)


class BatchCard(Card):
    """One folder: a bar, a table of files by person, and what can be done with the whole."""

    start_wanted = Signal()
    stop_wanted = Signal()
    closed = Signal()
    moved = Signal(int, object)

    def __init__(self, folder: Path, steps: Sequence[BatchStep]) -> None:
        people = len({one.person for one in steps})
        super().__init__(f"Folder {folder.name}", f"{len(steps)} files of {people} people", padding=12)
        self.steps = list(steps)
        self.job: Job | None = None
        self._line = ElidedLabel("Look through whose each file is, then start.", "small", "muted")
        self.body.addWidget(self._line)
        self._bar = QProgressBar()
        self._bar.setRange(0, max(1, len(steps)))
        self._bar.setTextVisible(False)
        self._bar.setAccessibleName("Files of the folder that are done")
        self.body.addWidget(self._bar)
        self.table = CellTable("Files of the folder by person", most=10)
        self.body.addWidget(self.table)
        row = QHBoxLayout()
        row.addStretch(1)
        self.close_button = Button("Close")
        self.close_button.clicked.connect(lambda _=False: self.closed.emit())
        row.addWidget(self.close_button)
        self.stop = Button("Stop")
        self.stop.setToolTip("Files that are in stay; the one being read goes on where it was.")
        self.stop.clicked.connect(lambda _=False: self.stop_wanted.emit())
        row.addWidget(self.stop)
        self.start = Button("Start", "primary")
        self.start.clicked.connect(lambda _=False: self.start_wanted.emit())
        row.addWidget(self.start)
        self.body.addLayout(row)
        self.moved.connect(self._moved)
        self._show()

    def watch(self, job: Job) -> None:
        """Follow the job that imports the folder."""
        self.job = job
        job.progressed.connect(self._progressed)
        job.ended.connect(self._show)
        self._show()

    def _moved(self, number: int, step: BatchStep) -> None:
        self.steps[number] = step
        self._show()

    def _progressed(self) -> None:
        if self.job is not None and self.job.progress is not None:
            progress = self.job.progress
            share = "" if progress.share is None else f" {progress.share:.0%}"
            self._line.set_text(f"{progress.step}{share} · {progress.note}")

    def _show(self) -> None:
        over = sum(one.state in _OVER for one in self.steps)
        failed = sum(one.state is BatchState.NOT_DONE for one in self.steps)
        runs = self.job is not None and not self.job.is_over
        self._bar.setValue(over)
        rows = tuple((one.person, one.path.name, _BY.get(one.why, one.why), step_words(one)) for one in self.steps)
        self.table.show_table(ChartTable(("Person", "File", "Known by", "State"), rows))
        self.start.setVisible(not runs and over - failed < len(self.steps))
        self.start.set_text("Go on" if self.job is not None else "Start")
        self.stop.setVisible(runs)
        self.close_button.setVisible(not runs)
        if self.job is not None and self.job.is_over:
            stopped = self.job.state is JobState.CANCELLED
            said = f"{over - failed} of {len(self.steps)} files are in" + (
                f", {failed} could not be imported" if failed else ""
            )
            self._line.set_text(f"{said}. Stopped; Start goes on." if stopped else f"{said}.")
