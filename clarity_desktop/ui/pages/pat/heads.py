"""The heads tab at work: takes labels, trains as a job, removes after asking, and says scores that may be shown."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clarity_desktop.domain.errors import ClarityError
from clarity_desktop.domain.pat_results import HeadView
from clarity_desktop.domain.users import Right
from clarity_desktop.ui.charts.wording import number
from clarity_desktop.ui.dialogs.confirm import confirm
from clarity_desktop.ui.jobs import run_mutation, run_query, start_job
from clarity_desktop.ui.pages.pat.heads_view import HeadsView
from clarity_desktop.ui.qt import QFileDialog

if TYPE_CHECKING:
    from clarity_desktop.ui.pages.pat.page import PatPage

__all__ = ["HeadsTab"]


class HeadsTab(HeadsView):
    """Labels and heads of the vault, for the recipe that the page is set to."""

    def __init__(self, page: PatPage) -> None:
        super().__init__()
        self._page = page
        self.labels_asked.connect(self._choose_file)
        self.labels_removed.connect(self._remove_labels)
        self.training_asked.connect(self.train_on)
        self.head_removed.connect(self._remove_head)
        self.score_asked.connect(self._score)

    def read(self) -> None:
        """Read labels and heads."""
        services = self._page.services

        def read() -> tuple[dict[str, tuple[int, int]], tuple[HeadView, ...], bool]:
            ready = services.pat_machine().ready
            heads = services.pat_heads() if ready else ()
            return services.pat_labels(), heads, ready and services.permits(Right.CHANGE_DATA)

        def arrived(answer: tuple[dict[str, tuple[int, int]], tuple[HeadView, ...], bool]) -> None:
            self.show_labels(answer[0], may_change=answer[2])
            self.show_heads(answer[1])

        run_query(self, read, arrived)

    def _choose_file(self, name: str) -> None:
        dialog = QFileDialog(self.window(), "Take labels from a file", str(Path.home()), "CSV (*.csv)")
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.fileSelected.connect(lambda chosen: self.take_labels(Path(chosen), name))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def take_labels(self, path: Path, name: str) -> None:
        """Take labels from a CSV under a name."""
        services = self._page.services

        def done(count: int) -> None:
            self._page.told.emit(f"{number(count)} labels taken.")
            self.read()

        run_mutation(self, lambda: services.pat_import_labels(path, name), done)

    def train_on(self, label: str, kind: str) -> None:
        """Train a head as a job."""
        page, services = self._page, self._page.services
        if not label or page.checkpoint is None:
            page.told.emit("Weights and a label are needed to train a head.")
            return
        request = page.request()

        def work(progress: Any, cancel: Any) -> HeadView:
            way: Any = kind
            return services.pat_train_head(label, request, kind=way, progress=progress, cancel=cancel)

        job = start_job("Train a head", work)
        self.show_score("Training: people are embedded, then folds and shuffled labels are gone through.")

        def ended() -> None:
            if isinstance(job.result, HeadView):
                self.read()
            elif isinstance(job.error, ClarityError):
                self.show_score(f"{job.error.message} {job.error.remedy}".strip())

        job.ended.connect(ended)

    def _confirmed(self, question: str, act: Callable[[], object]) -> None:
        def go() -> None:
            run_mutation(self, act, lambda _: self.read())

        body = "It can be made again; nothing else is removed."
        confirm(self.window(), question, body, verb="Remove", on_confirm=go, danger=True)

    def _remove_labels(self, name: str) -> None:
        if name:
            services = self._page.services
            self._confirmed(f"Remove the label “{name}” from everyone?", lambda: services.pat_remove_labels(name))

    def _remove_head(self, head_id: str) -> None:
        if head_id:
            services = self._page.services
            self._confirmed("Remove this head?", lambda: services.pat_remove_head(head_id))

    def _score(self, head_id: str) -> None:
        page, services = self._page, self._page.services
        patient, result = page.patient, page.result
        if patient is None or result is None:
            self.show_score("No week of this person is computed.")
            return
        model = result.checkpoint.label

        def arrived(score: float) -> None:
            weeks = number(len(result.embeddings))
            self.show_score(
                f"Research score {number(score, 2)}, model {model}, head trained and calibrated here, mean of {weeks} "
                f"weeks. It names no condition. {result.checkpoint.notice}"
            )

        def refused(error: ClarityError) -> None:
            self.show_score(f"{error.message} {error.remedy}".strip())

        run_query(self, lambda: services.pat_score(patient.id, head_id, result), arrived, refused)
