"""Saves a text as a table with fact ids, or in the report with its sources as notes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from clarity_desktop.app.insights import Insight
from clarity_desktop.domain.people import Patient
from clarity_desktop.ui.jobs import board, start_job
from clarity_desktop.ui.qt import QFileDialog, QWidget

if TYPE_CHECKING:
    from clarity_desktop.app import Services

__all__ = ["ask_place", "save_text"]

_KINDS = {"csv": "Tables (*.csv)", "pdf": "PDF (*.pdf)"}


def ask_place(
    parent: QWidget, services: Services, patient: Patient, insight: Insight, kind: str, told: Callable[[str], None]
) -> None:
    """Ask for a place, then write the text there; ``kind`` is ``csv`` or ``pdf``."""
    folder = Path(str(services.settings.get("report_folder", str(Path.home()))))
    name = f"{patient.code}-insights.{kind}"
    dialog = QFileDialog(parent.window(), "Save the text", str(folder / name), _KINDS[kind])
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.setDefaultSuffix(kind)
    dialog.selectFile(name)
    dialog.fileSelected.connect(lambda chosen: save_text(services, patient, insight, Path(chosen), told))
    dialog.finished.connect(dialog.deleteLater)
    dialog.open()


def save_text(services: Services, patient: Patient, insight: Insight, path: Path, told: Callable[[str], None]) -> None:
    """Write the text as a job: the report when the file's name ends in ``.pdf``, else the table."""

    def write() -> None:
        if path.suffix.lower() == ".pdf":
            services.report_pdf(patient.id, path, insight=insight)
        else:
            services.write_insight_csv(patient.id, insight, path)

    job = start_job("Writing the text", lambda _progress, _cancel: write())

    def ended() -> None:
        if job.error is not None:
            board().failed.emit(job.error)
        else:
            told("The text is saved, with its sources.")

    job.ended.connect(ended)
