"""The part of the services that is about recordings: what is stored of a person, importing, and looking into a file."""

from __future__ import annotations

import logging
import time
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

from clarity_desktop.app.corrections import CorrectionServices
from clarity_desktop.app.import_checks import PersonCheck
from clarity_desktop.app.import_process import ImportOrder, run_import_process
from clarity_desktop.app.permissions import needs, open_to_all
from clarity_desktop.app.pseudonyms import IDENTIFYING, masked_elements, masked_imports, masked_series
from clarity_desktop.app.reimport import ReimportServices
from clarity_desktop.domain.changes import Change
from clarity_desktop.domain.errors import CancelledError, ClarityError, UsageError
from clarity_desktop.domain.importing import Element, ImportOutcome, ImportReport, ImportSink, Problem, TypeCount
from clarity_desktop.domain.people import Patient
from clarity_desktop.domain.series import Rollup, Samples, Series
from clarity_desktop.domain.time import Span, ZoneTimeline
from clarity_desktop.domain.users import Right
from clarity_desktop.domain.work import CancelToken, CancelWay, ProgressListener, ignore_progress

__all__ = ["RecordingServices"]

_log = logging.getLogger(__name__)


class _AlreadyImportedError(Exception):
    """Leaves the pipeline when the file's hash is in the journal; never passes beyond ``import_file``."""

    def __init__(self, report: ImportReport) -> None:
        super().__init__()
        self.report = report


class RecordingServices(ReimportServices, CorrectionServices):
    """Series, elements, zones, imports. Part of ``Services``."""

    home: Path
    origin: str

    @needs(Right.READ_DATA)
    def series(self, patient_id: str) -> list[Series]:
        """The stored series of a person, per kind, unit and source."""
        found = self.vault.series.list(patient_id)
        return found if self._sees_identity() else masked_series(found)

    @needs(Right.READ_DATA)
    def elements(self, patient_id: str, kind: str | None = None) -> list[Element]:
        """Workouts, correlations and other elements that are kept whole."""
        if self._sees_identity():
            return self.vault.elements.list(patient_id, kind)
        return masked_elements(self.vault.elements.list(patient_id, kind, without=IDENTIFYING))

    @needs(Right.READ_DATA)
    def zone_timeline(self, patient_id: str) -> ZoneTimeline:
        """The zones the person's clock followed; the home zone when nothing is known."""
        return self._timeline(patient_id)

    @needs(Right.READ_DATA)
    def imports(self, patient_id: str | None = None) -> list[ImportReport]:
        """Reports of all imports of one person, or of everyone."""
        ids = [patient_id] if patient_id is not None else [one.id for one in self._visible(self.vault.patients.list())]
        found = [report for one in ids for report in self.vault.imports.list(one)]
        return found if self._sees_identity() else masked_imports(found)

    @needs(Right.CHANGE_DATA)
    def import_file(
        self,
        path: Path,
        *,
        patient_id: str | None = None,
        new_name: str | None = None,
        zone: str | None = None,
        format: str | None = None,  # noqa: A002 - the contract's own word
        progress: ProgressListener = ignore_progress,
        cancel: CancelToken | None = None,
        confirmed: bool = False,
    ) -> ImportReport:
        """Import any supported file for one person, in this process.

        Exactly one of ``patient_id`` and ``new_name`` is given. A new person is added only when the file can be read.
        An import of the same file that was interrupted goes on where it was.

        Parameters
        ----------
        cancel:
            Its way says what becomes of the part that was read when it is stopped.
        confirmed:
            Somebody has confirmed that the file is this person's, though it looks like another's.

        Raises
        ------
        ConflictError
            ``import.other_person`` when the file looks like another person's.
        ClarityError
            ``InputError`` for a file that cannot be read, ``CancelledError`` when stopped; nothing is visible then.
        """
        from clarity_desktop.importers.pipeline import import_file
        from clarity_desktop.vault.intake.journal import ImportPlace

        if (patient_id is None) == (new_name is None):
            raise UsageError(
                "import.whose",
                "An import belongs to exactly one person.",
                remedy="Choose a person, or give the name of a new one.",
            )
        if new_name is not None:
            self.require(Right.CHANGE_IDENTITY, "import_file")
        vault = self.vault
        existing = None if patient_id is None else vault.patients.get(patient_id)
        added: list[Patient] = []
        changed: list[str] = []
        token = cancel or CancelToken()

        def sink(format_name: str, sha256: str, file_name: str) -> ImportSink:
            if existing is None:
                owner = self._begun_before(sha256, new_name or "") or vault.patients.add(
                    (new_name or "").strip(), home_zone=zone
                )
                added.append(owner)
            else:
                owner = existing
                where = str(path.absolute())
                if vault.journal.changed_file(owner.id, sha256=sha256, path=where):
                    changed.append(where)
                earlier = vault.imports.find(owner.id, sha256)
                if earlier is not None and earlier.complete:
                    raise _AlreadyImportedError(earlier)
            place = ImportPlace(file_name, str(path.absolute()), zone, adds_patient=existing is None)
            return vault.begin_import(owner.id, file=file_name, format=format_name, sha256=sha256, place=place)

        checks = None
        if existing is not None:
            checks = PersonCheck(existing, vault.imports.list(existing.id), confirmed=confirmed)
        home_zone = zone or (existing.home_zone if existing is not None else None)
        started = time.monotonic()
        try:
            report = import_file(
                path, sink, home_zone=home_zone, format=format, progress=progress, cancel=token, checks=checks
            )
        except _AlreadyImportedError as again:
            return _nothing_new(again.report, path.name, time.monotonic() - started)
        except BaseException as error:
            paused = isinstance(error, CancelledError) and token.way is CancelWay.PAUSE
            for patient in () if paused else added:
                vault.patients.discard_empty(patient.id)
            raise
        if changed:
            report = replace(report, problems=(*report.problems, _file_changed()))
        owner_id = added[0].id if added else (existing.id if existing is not None else "")
        try:
            vault.levels.prepare(owner_id)
        except ClarityError as error:
            # The import is whole. What charts read beside the samples is made when a chart first asks for it.
            _log.warning("Levels for charts were not prepared: %s", error.code)
        self._announce(Change.PATIENTS | Change.SAMPLES | Change.IMPORTS | Change.ZONES, owner_id)
        return replace(report, patient_id=owner_id)

    def _begun_before(self, sha256: str, name: str) -> Patient | None:
        """The person of this name who was added for an interrupted import of the same file."""
        for patient_id in self.vault.journal.begun_for_new(sha256):
            patient = self.vault.patients.get(patient_id)
            if patient.name == name.strip():
                return patient
        return None

    @needs(Right.CHANGE_DATA)
    def import_in_process(
        self,
        path: Path,
        *,
        patient_id: str | None = None,
        new_name: str | None = None,
        zone: str | None = None,
        format: str | None = None,  # noqa: A002 - the contract's own word
        progress: ProgressListener = ignore_progress,
        cancel: CancelToken | None = None,
        confirmed: bool = False,
    ) -> ImportReport:
        """As :meth:`import_file`, in a spawned process that gets the key by pipe. Blocks: call it from a worker."""
        order = ImportOrder(
            str(self.home),
            str(self.vault_directory),
            self.vault.job_key(),
            str(path),
            patient_id,
            new_name,
            zone,
            format,
            self.origin,
            self.vault.owner_token(),
            confirmed,
        )
        report = run_import_process(order, progress, cancel or CancelToken())
        if report.patient_id is not None and report.outcome is not ImportOutcome.ALREADY:
            self._announce(
                Change.PATIENTS | Change.SAMPLES | Change.IMPORTS | Change.ZONES | Change.FINDINGS, report.patient_id
            )
        return report

    @open_to_all
    def inspect(
        self,
        path: Path,
        *,
        zone: str | None = None,
        format: str | None = None,  # noqa: A002 - the contract's own word
        progress: ProgressListener = ignore_progress,
        cancel: CancelToken | None = None,
    ) -> ImportReport:
        """Read a file without storing anything; needs no vault."""
        from clarity_desktop.importers.pipeline import inspect_file

        return inspect_file(path, home_zone=zone, format=format, progress=progress, cancel=cancel or CancelToken())

    @needs(Right.READ_DATA)
    def known_kinds(self, patient_id: str, wanted: Collection[str] | None = None) -> list[str]:
        """Kinds a person has series of, in the order of the list, optionally only the wanted ones."""
        kinds = dict.fromkeys(one.kind for one in self.series(patient_id))
        return [kind for kind in kinds if wanted is None or kind in wanted]

    @needs(Right.READ_DATA)
    def samples(self, series_id: int, span: Span | None = None) -> Samples:
        """The samples of a series in the unit of its source."""
        return self.vault.series.read(series_id, span)

    @needs(Right.READ_DATA)
    def rollup(self, series_id: int, span: Span | None = None) -> Rollup:
        """Hourly minimum, maximum, mean and total of a series."""
        return self.vault.series.rollup(series_id, span)


def _file_changed() -> Problem:
    from clarity_desktop.importers.problems import PROBLEMS

    return Problem("file.changed", 1, "", PROBLEMS["file.changed"].sentence)


def _nothing_new(earlier: ImportReport, file: str, seconds: float) -> ImportReport:
    """The report of a file that is in the journal already: the same records, all of them repeats."""
    types = {
        name: TypeCount(count.records, count.unique, count.records - count.rejected, count.rejected, 0)
        for name, count in earlier.types.items()
    }
    return replace(earlier, file=file, outcome=ImportOutcome.ALREADY, types=types, seconds=seconds)
