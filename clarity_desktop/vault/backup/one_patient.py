"""Bringing one patient back from a backup: what the vault lacks is added, and nothing is taken away."""

from __future__ import annotations

import secrets
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

import numpy as np

from clarity_desktop.domain.errors import NotFoundError
from clarity_desktop.domain.importing import ImportOutcome, ImportReport, ImportSink, Origin, SampleBatch, TypeCount
from clarity_desktop.domain.people import PatientId
from clarity_desktop.domain.series import Series
from clarity_desktop.domain.work import CancelToken, Progress, ProgressListener, ignore_progress
from clarity_desktop.vault.backup.failures import backup_failures
from clarity_desktop.vault.backup.inspection import checked
from clarity_desktop.vault.backup.manifest import Manifest
from clarity_desktop.vault.backup.restore import Opener, unpacked
from clarity_desktop.vault.backup.writer import PARTIAL, alone
from clarity_desktop.vault.store.circumstances import Circumstances

if TYPE_CHECKING:
    from clarity_desktop.vault.open_vault import OpenVault

__all__ = ["RestoredPatient", "restore_patient"]

_FORMAT = "backup"


@dataclass(frozen=True, slots=True)
class RestoredPatient:
    """What bringing one patient back came to."""

    patient_id: PatientId
    backup: str
    was_absent: bool
    """The vault did not know the patient any more."""
    samples: int
    """Samples added; those that were there stay as they are."""
    elements: int
    documents: int


def restore_patient(
    vault: OpenVault,
    backup: Path,
    patient_id: PatientId,
    opener: Opener,
    *,
    progress: ProgressListener = ignore_progress,
    cancel: CancelToken | None = None,
) -> RestoredPatient:
    """Add to a vault what a backup of it holds of one patient and the vault does not.

    Recordings, elements, documents, and the patient where they are gone. What is there stays, so nothing is restored
    over anything; consents, holds and shares are those of now. A verified backup of the vault is made before. The copy
    is opened encrypted beside the backups and removed again.

    Raises
    ------
    NotFoundError
        ``backup.no_patient`` when the backup does not hold the patient, or the patient was erased since (V-56).
    ClarityError
        As :func:`checked` says; ``backup.no_room``, ``backup.place``.
    CancelledError
        When stopped; what was added is complete as far as it goes, or nothing.
    """
    token = cancel or CancelToken()
    vault.require_owner()
    vault_id = vault.people.header().vault_id
    manifest = checked(backup, vault_id=vault_id, allow_older=True, progress=progress, cancel=token)
    vault.backups.make("safety", rotates=False, progress=progress, cancel=token)
    with alone(vault.backups.folder):
        work = vault.backups.folder / f"{PARTIAL}patient-{secrets.token_hex(6)}"
        try:
            with backup_failures():
                unpacked(backup, work, manifest, progress, token)
            with opener(work, Circumstances(is_copy=True)) as copy:
                copy.erasures.settle(vault.directory / "erased.ledger")
                return _brought_back(vault, copy, manifest, patient_id, progress, token)
        finally:
            shutil.rmtree(work, ignore_errors=True)


def _brought_back(
    vault: OpenVault,
    copy: OpenVault,
    manifest: Manifest,
    patient_id: PatientId,
    progress: ProgressListener,
    token: CancelToken,
) -> RestoredPatient:
    try:
        patient = copy.patients.get(patient_id)
    except NotFoundError:
        raise NotFoundError(
            "backup.no_patient",
            "This backup does not hold this person, or they were erased since.",
            remedy="Look into another backup. Whoever was erased stays erased.",
        ) from None
    absent = patient_id not in {one.id for one in vault.patients.list()}
    if absent:
        vault.patients.put_back(patient)
    counts = _recordings(vault, copy, manifest, patient_id, progress, token)
    held = {one.sha256 for one in vault.attachments.list(patient_id)}
    documents = 0
    for one in copy.attachments.list(patient_id):
        if one.sha256 not in held:
            with copy.attachments.open(one.id) as stream:
                vault.attachments.add(patient_id, cast(BinaryIO, stream), name=one.name, media_type=one.media_type)
            documents += 1
    vault.audit.append(
        "patient.restore",
        patient_id=patient_id,
        detail=f"{manifest.name}: {counts[0]} samples, {counts[1]} elements, {documents} documents",
    )
    return RestoredPatient(patient_id, manifest.name, absent, *counts, documents)


def _recordings(
    vault: OpenVault,
    copy: OpenVault,
    manifest: Manifest,
    patient_id: PatientId,
    progress: ProgressListener,
    token: CancelToken,
) -> tuple[int, int]:
    """Read the copy as a file of its own into the vault; answers samples and elements that were added."""
    began, types, met = time.monotonic(), dict[str, TypeCount](), dict[str, int]()
    held, elements = _samples(vault, patient_id), len(vault.elements.list(patient_id))
    digest = manifest.files["vault.db"].sha256
    sink = vault.begin_import(patient_id, file=manifest.name, format=_FORMAT, sha256=digest)
    try:
        found = copy.series.list(patient_id)
        for number, series in enumerate(found):
            token.check()
            progress(Progress("Bringing recordings back", number, len(found)))
            records = _series(copy, series, sink)
            was = types.get(series.kind, TypeCount(0, 0, 0, 0))
            types[series.kind] = TypeCount(was.records + records, 0, 0, 0)
        for element in copy.elements.list(patient_id):
            sink.element(element)
            met[element.kind] = met.get(element.kind, 0) + 1
        # A timeline that is there may rest on later files, so only a missing one is brought back.
        if not vault.zones.evidence(patient_id):
            sink.zones(copy.zones.evidence(patient_id))
        report = ImportReport(
            manifest.name,
            _FORMAT,
            manifest.schema,
            ImportOutcome.OK,
            complete=True,
            bytes=0,
            seconds=time.monotonic() - began,
            types=types,
            elements=met,
        )
        sink.finish(report)
    except BaseException:
        sink.abandon()
        raise
    return _samples(vault, patient_id) - held, len(vault.elements.list(patient_id)) - elements


def _series(copy: OpenVault, series: Series, sink: ImportSink) -> int:
    origins = copy.series.origins(series.id)
    places = {key: place for place, key in enumerate(origins)}
    known: tuple[Origin, ...] = tuple(origins.values()) or (Origin(),)
    records = 0
    for samples, created, keys, texts in copy.series.whole(series.id):
        extras = tuple(dict.fromkeys(text for text in texts if text))
        at = {text: place for place, text in enumerate(extras)}
        sink.samples(
            SampleBatch(
                series.kind,
                series.unit,
                series.source,
                samples.start,
                samples.length_s,
                samples.value.astype(np.float64),
                samples.flags,
                created,
                np.array([places.get(key, 0) for key in keys], np.int32),
                np.array([at.get(text, -1) for text in texts], np.int32),
                known,
                extras,
                series.labels,
            )
        )
        records += len(samples)
    return records


def _samples(vault: OpenVault, patient_id: PatientId) -> int:
    return sum(one.n for one in vault.series.list(patient_id))
