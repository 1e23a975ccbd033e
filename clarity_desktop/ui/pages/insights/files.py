"""Saves texts: as a table with fact ids, in the report with its sources, in plain words, and what left as a list."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from clarity_desktop.app.insights import Insight
from clarity_desktop.domain.insights import Topic
from clarity_desktop.domain.people import Patient
from clarity_desktop.ui.jobs import board, start_job
from clarity_desktop.ui.qt import QFileDialog, QWidget

if TYPE_CHECKING:
    from clarity_desktop.app import Services

__all__ = ["ask_path", "ask_place", "save_for_person", "save_sent", "save_text"]

_KINDS = {"csv": "Tables (*.csv)", "pdf": "PDF (*.pdf)"}


def ask_place(
    parent: QWidget, services: Services, patient: Patient, insight: Insight, kind: str, told: Callable[[str], None]
) -> None:
    """Ask for a place, then write the text there; ``kind`` is ``csv`` or ``pdf``."""
    name = f"{patient.code}-insights.{kind}"
    ask_path(
        parent, services, "Save the text", name, lambda chosen: save_text(services, patient, insight, chosen, told)
    )


def ask_path(parent: QWidget, services: Services, title: str, name: str, chosen: Callable[[Path], None]) -> QFileDialog:
    """Ask for a place in the folder of reports; the ending of ``name`` says the kind of file."""
    kind = name.rsplit(".", 1)[-1]
    folder = Path(str(services.settings.get("report_folder", str(Path.home()))))
    dialog = QFileDialog(parent.window(), title, str(folder / name), _KINDS[kind])
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.setDefaultSuffix(kind)
    dialog.selectFile(name)
    dialog.fileSelected.connect(lambda path: chosen(Path(path)))
    dialog.finished.connect(dialog.deleteLater)
    dialog.open()
    return dialog


def save_text(services: Services, patient: Patient, insight: Insight, path: Path, told: Callable[[str], None]) -> None:
    """Write the text as a job: the report when the file's name ends in ``.pdf``, else the table."""

    def write() -> None:
        if path.suffix.lower() == ".pdf":
            services.report_pdf(patient.id, path, insight=insight)
        else:
            services.write_insight_csv(patient.id, insight, path)

    _run("Writing the text", write, "The text is saved, with its sources.", told)


def save_for_person(
    services: Services,
    patient: Patient,
    topic: Topic,
    language: str,
    event: date | None,
    path: Path,
    told: Callable[[str], None],
) -> None:
    """Write the facts of a topic in plain words for the person themselves, as a job (I-70)."""

    def write() -> None:
        found = services.patient_insight(patient.id, topic, language=language, event=event)
        services.write_patient_insight(patient.id, found, path)

    _run("Writing words for the person", write, "The words for the person are saved.", told)


def save_sent(services: Services, patient: Patient, path: Path, told: Callable[[str], None]) -> None:
    """Write the list of what left this machine about a person, as a job (I-38)."""
    _run(
        "Writing what left this machine",
        lambda: services.write_insights_sent(patient.id, path),
        "The list of what left is saved.",
        told,
    )


def _run(title: str, write: Callable[[], object], said: str, told: Callable[[str], None]) -> None:
    job = start_job(title, lambda _progress, _cancel: write())

    def ended() -> None:
        if job.error is not None:
            board().failed.emit(job.error)
        else:
            told(said)

    job.ended.connect(ended)
