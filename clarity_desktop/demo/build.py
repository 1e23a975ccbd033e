"""Builds the demo vault: simulates the people, writes their files and imports them like anybody's."""

from __future__ import annotations

from pathlib import Path

from clarity_desktop.demo.actigraph import write_actigraph
from clarity_desktop.demo.export import write_export
from clarity_desktop.demo.people import DEMO_DAYS, DEMO_SEED, PEOPLE, SimulatedPerson
from clarity_desktop.demo.signals import SimulatedRecording, simulate
from clarity_desktop.domain.importing import ImportReport, ImportSink
from clarity_desktop.domain.people import Patient
from clarity_desktop.domain.work import CancelToken, Progress, ProgressListener, ignore_progress
from clarity_desktop.importers import pipeline
from clarity_desktop.vault import Vault

__all__ = ["add_simulated_person", "build_demo", "import_recording", "write_files"]


def build_demo(
    vault: Vault,
    work_folder: Path,
    *,
    progress: ProgressListener = ignore_progress,
    cancel: CancelToken | None = None,
) -> list[Patient]:
    """Add the five demo people to a vault, each from the files of their devices.

    People who are there with their recordings are left as they are, so a second call changes nothing.

    Parameters
    ----------
    vault:
        An open vault.
    work_folder:
        Where the export files are written; they hold simulated data only and stay there.

    Raises
    ------
    CancelledError
        People finished before stay; the one at work is added again by the next call.
    """
    patients: list[Patient] = []
    for index, person in enumerate(PEOPLE):
        if cancel is not None:
            cancel.check()
        progress(Progress("Simulating people", index, len(PEOPLE), "people", person.name))
        patient = add_simulated_person(vault, person)
        if len(vault.imports.list(patient.id)) < 1 + person.actigraph:
            recording = simulate(person, DEMO_SEED, DEMO_DAYS)
            import_recording(vault, patient, recording, work_folder, cancel=cancel)
        patients.append(patient)
    progress(Progress("Simulating people", len(PEOPLE), len(PEOPLE), "people"))
    return patients


def add_simulated_person(vault: Vault, person: SimulatedPerson) -> Patient:
    """The patient of a simulated person, added when the vault has none with this code."""
    for patient in vault.patients.list():
        if patient.code == person.code and patient.simulated:
            return patient
    return vault.patients.add(
        person.name,
        birth_date=person.birth_date,
        sex=person.sex,
        home_zone=person.home_zone,
        simulated=True,
        code=person.code,
        tags=("demo",),
    )


def write_files(recording: SimulatedRecording, folder: Path, *, cancel: CancelToken | None = None) -> tuple[Path, ...]:
    """Write the export of the phone and, where one is worn, the table of the actigraph; answer their paths."""
    code = recording.person.code
    export = folder / f"{code} export.zip"
    write_export(recording, export, cancel=cancel)
    if not recording.person.actigraph:
        return (export,)
    table = folder / f"{code} actigraph.csv"
    write_actigraph(recording, table)
    return (table, export)


def import_recording(
    vault: Vault,
    patient: Patient,
    recording: SimulatedRecording,
    work_folder: Path,
    *,
    cancel: CancelToken | None = None,
) -> tuple[ImportReport, ...]:
    """Write the files of a recording and import each by the importer that reads everybody's files.

    A file that the vault holds already is passed over, and its earlier report answered.
    """

    def sink(format_id: str, sha256: str, file: str) -> ImportSink:
        return vault.begin_import(patient.id, file=file, format=format_id, sha256=sha256)

    reports = []
    for path in write_files(recording, work_folder, cancel=cancel):
        earlier = vault.imports.find(patient.id, pipeline.file_sha256((path,), cancel=cancel))
        if earlier is None:
            reports.append(pipeline.import_file(path, sink, home_zone=patient.home_zone, cancel=cancel))
        else:
            reports.append(earlier)
    return tuple(reports)
