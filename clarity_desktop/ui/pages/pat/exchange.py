"""What comes in and goes out on the PAT page: weight files, and embeddings as CSV."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from clarity_desktop.domain.pat import Checkpoint
from clarity_desktop.ui.jobs import Job, run_mutation, start_job
from clarity_desktop.ui.pages.pat.model_sheet import ModelSheet
from clarity_desktop.ui.qt import QFileDialog

if TYPE_CHECKING:
    from clarity_desktop.ui.pages.pat.page import PatPage

__all__ = ["Exchange"]


class Exchange:
    """Installs weights, opens the model card and saves embeddings, each after being asked to."""

    def __init__(self, page: PatPage) -> None:
        self._page = page

    def show_card(self) -> None:
        """Open the model card of the weights that are chosen."""
        if self._page.checkpoint is not None:
            ModelSheet(self._page.window(), self._page.checkpoint).open()

    def choose_weights(self) -> None:
        """Ask for a weight file and install it; what is wrong with it is said by name."""
        title, kinds = "Install a weight file", "PAT weights (*.h5 *.hdf5)"
        dialog = QFileDialog(self._page.window(), title, str(Path.home()), kinds)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.fileSelected.connect(lambda name: self.install_weights(Path(name)))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def install_weights(self, path: Path) -> Job:
        """Install a weight file as a job."""
        page, services = self._page, self._page.services
        job = start_job("Install PAT weights", lambda _progress, _cancel: services.pat_install(path))

        def ended() -> None:
            if isinstance(job.result, Checkpoint):
                page.told.emit(f"{job.result.label} installed and verified.")
                page.read()
            elif job.error is not None:
                page.told.emit(job.error.message)

        job.ended.connect(ended)
        return job

    def export(self) -> None:
        """Ask where to, and save the embeddings of all weeks as CSV with the notice at its top."""
        page = self._page
        if page.result is None or page.patient is None:
            page.told.emit("No week is computed yet.")
            return
        dialog = QFileDialog(page.window(), "Save embeddings", str(Path.home()), "CSV (*.csv)")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("csv")
        dialog.selectFile(f"{page.patient.code} PAT embeddings.csv")
        dialog.fileSelected.connect(lambda name: self.export_to(Path(name)))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def export_to(self, path: Path) -> None:
        """Save the embeddings of all weeks."""
        page, services = self._page, self._page.services
        patient, result = page.patient, page.result
        if patient is None or result is None:
            return

        def save() -> None:
            services.pat_export(patient.id, result, path)

        run_mutation(page, save, lambda _: page.told.emit("Embeddings saved."))
