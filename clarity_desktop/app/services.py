"""``Services``: everything the window and the command line may ask of the program, over one vault."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from clarity_desktop import __version__
from clarity_desktop.app.import_process import ImportOrder, run_import_process
from clarity_desktop.app.permissions import needs, open_to_all
from clarity_desktop.app.protection import ProtectionServices
from clarity_desktop.app.pseudonyms import (
    masked_elements,
    masked_imports,
    masked_panel,
    masked_patient,
    masked_segments,
    masked_series,
)
from clarity_desktop.app.safekeeping import SafekeepingServices
from clarity_desktop.app.settings import Settings, default_home
from clarity_desktop.app.summaries import PatientSummary
from clarity_desktop.domain.changes import Change, Changes
from clarity_desktop.domain.errors import UsageError
from clarity_desktop.domain.findings import Finding
from clarity_desktop.domain.importing import Element, ImportOutcome, ImportReport, ImportSink, TypeCount
from clarity_desktop.domain.panel import Panel
from clarity_desktop.domain.people import Patient, Sex
from clarity_desktop.domain.series import Rollup, Samples, Series
from clarity_desktop.domain.sleep import SleepSegment
from clarity_desktop.domain.time import DAY_S, Span, ZoneTimeline, date_of_day
from clarity_desktop.domain.users import Right
from clarity_desktop.domain.work import CancelToken, ProgressListener, ignore_progress

if TYPE_CHECKING:
    from clarity_desktop.analysis.change import ChangeOverTime
    from clarity_desktop.analysis.study import Study
    from clarity_desktop.analysis.timeline import TimelineColumns
    from clarity_desktop.app.rhythm import RhythmDetail
    from clarity_desktop.circadian.two_process import TwoProcess
    from clarity_desktop.reports.pdf import ReportFile
    from clarity_desktop.signals.days import DayStatistics
    from clarity_desktop.vault import Vault, VaultInfo, VerifyReport

__all__ = ["Services", "open_services"]

_SUMMARY_METRICS = ("tst_min", "se_pct", "midsleep_h", "sri", "ra")


class _AlreadyImportedError(Exception):
    """Leaves the pipeline when the file's hash is in the journal; never passes beyond :meth:`Services.import_file`."""

    def __init__(self, report: ImportReport) -> None:
        super().__init__()
        self.report = report


def open_services(home: Path | None = None, vault: Path | None = None, *, origin: str = "API") -> Services:
    """The services over a home folder and a vault folder; nothing is opened or created yet.

    Parameters
    ----------
    home:
        Root of settings, state, logs and the default vault; ``None`` takes the environment's or platform's place.
    vault:
        Folder of the vault; ``None`` takes ``home/vault``.
    origin:
        ``UI``, ``CLI`` or ``API``: what the audit says of where actions come from.
    """
    root = default_home() if home is None else home
    return Services(root, root / "vault" if vault is None else vault, origin)


class Services(ProtectionServices, SafekeepingServices):
    """The one object that holds the program together. Safe to call from any thread; nothing here touches Qt.

    Each public method declares who may call it (:mod:`clarity_desktop.app.permissions`).
    """

    version = __version__

    def __init__(self, home: Path, vault_directory: Path, origin: str = "API") -> None:
        self.home = home
        self.origin = origin
        self.vault_directory = vault_directory
        self.settings = Settings(home)
        self._vault: Vault | None = None
        self._study: Study | None = None
        self._listeners: list[Callable[[Changes], None]] = []
        self._lock = threading.RLock()

    # -- the vault and its lock -----------------------------------------------------------------------------

    @property
    @open_to_all
    def unlocked(self) -> bool:
        """Whether a vault is open."""
        return self._vault is not None

    @property
    @open_to_all
    def study(self) -> Study:
        """The analysis over the open vault."""
        with self._lock:
            if self._study is None:
                from clarity_desktop.analysis.study import Study

                self._study = Study(self.vault)
            return self._study

    @open_to_all
    def vault_exists(self) -> bool:
        """Whether there is a vault in :attr:`vault_directory`."""
        from clarity_desktop.vault import Vault, undo_interrupted

        undo_interrupted(self.vault_directory)
        return Vault.exists(self.vault_directory)

    @open_to_all
    def unlock_with_key(self, key: bytes, *, owner: str | None = None) -> None:
        """Open the vault with its data key, which came through a pipe from the process that holds it.

        Parameters
        ----------
        owner:
            That process's ownership token, so that this one may write too.
        """
        from clarity_desktop.vault import Vault

        circumstances = self._circumstances(owner)
        self._adopt(Vault.open_with_key(self.vault_directory, key, circumstances=circumstances))

    @open_to_all
    def lock(self) -> None:
        """Close the vault and forget what was read from it."""
        with self._lock:
            self._study = None
            super().lock()

    @open_to_all
    def close(self) -> None:
        """Lock, and drop all listeners."""
        self.lock()
        self._listeners.clear()

    @needs(Right.OWN_ACCESS)
    def vault_info(self) -> VaultInfo:
        """What the vault is made of: place, cipher, schema, key slots."""
        return self.vault.info()

    @needs(Right.OWN_ACCESS)
    def verify_vault(self) -> VerifyReport:
        """Check pages, chunks and the audit chain."""
        return self.vault.verify()

    # -- announcements --------------------------------------------------------------------------------------

    @open_to_all
    def subscribe(self, listener: Callable[[Changes], None]) -> Callable[[], None]:
        """Call ``listener`` after every change, from whichever thread made it. The answer unsubscribes."""
        self._listeners.append(listener)

        def unsubscribe() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return unsubscribe

    def _announce(self, what: Change, *patients: str) -> None:
        changes = Changes(what, tuple(patients))
        for listener in tuple(self._listeners):
            listener(changes)

    # -- people ---------------------------------------------------------------------------------------------

    @needs(Right.READ_DATA)
    def patients(self) -> list[Patient]:
        """All people of the vault, by name."""
        found = [self._shown(patient) for patient in self.vault.patients.list()]
        return sorted(found, key=lambda patient: patient.name.casefold())

    @needs(Right.READ_DATA)
    def patient(self, text: str) -> Patient:
        """The person with this id, code or exact name."""
        if self._sees_identity():
            return self.vault.patients.find(text)
        # A name that is found, or not, would tell who is here.
        wanted = text.strip().casefold()
        for patient in self.patients():
            if wanted in (patient.id, patient.code.casefold()):
                return patient
        return self._shown(self.vault.patients.get(text.strip()))

    @needs(Right.CHANGE_IDENTITY)
    def add_patient(
        self,
        name: str,
        *,
        birth_date: date | None = None,
        sex: Sex = Sex.NOT_STATED,
        home_zone: str | None = None,
        tags: tuple[str, ...] = (),
    ) -> Patient:
        """Add a person.

        Raises
        ------
        UsageError
            When the name is empty or the birth date lies in the future.
        """
        if not name.strip():
            raise UsageError("patient.no_name", "A person needs a name or a code.", remedy="Type at least one letter.")
        if birth_date is not None and birth_date > date.today():
            raise UsageError(
                "patient.birth_date", "Date of birth cannot lie in the future.", remedy="Check the year that was typed."
            )
        patient = self.vault.patients.add(name.strip(), birth_date=birth_date, sex=sex, home_zone=home_zone, tags=tags)
        self._announce(Change.PATIENTS, patient.id)
        return patient

    @needs(Right.READ_DATA)
    def open_patient(self, patient_id: str) -> Patient:
        """The person, with an audit entry that their record was opened."""
        return self._shown(self.vault.patients.open(patient_id))

    @needs(Right.READ_DATA)
    def summary(self, patient_id: str) -> PatientSummary:
        """The short view of one person. Computes the panel of the last 28 days when it is not cached."""
        patient = self._shown(self.vault.patients.get(patient_id))
        series = tuple(self.series(patient_id))
        firsts = [one.first for one in series if one.first is not None]
        lasts = [one.last for one in series if one.last is not None]
        if not firsts or not lasts:
            return PatientSummary(patient, series, None, None, "", (), None)
        panel = self.panel(patient_id)
        last = max(lasts)
        by_date = {day.date: day for day in panel.days}
        end_day = max(by_date) if by_date else date_of_day(int(last) // DAY_S)
        shares: list[float | None] = []
        for back in range(27, -1, -1):
            day = by_date.get(date.fromordinal(end_day.toordinal() - back))
            total = 0.0 if day is None else day.worn_min + day.not_worn_min + day.missing_min
            shares.append(None if day is None or total == 0 else day.worn_min / total)
        findings = tuple(found for name in _SUMMARY_METRICS if (found := panel.finding(name)) is not None)
        return PatientSummary(
            patient,
            series,
            min(firsts),
            last,
            panel.zone.format(last),
            tuple(shares),
            (panel.coverage.valid_days, panel.coverage.days),
            findings,
            panel.nights,
        )

    # -- data -----------------------------------------------------------------------------------------------

    @needs(Right.READ_DATA)
    def series(self, patient_id: str) -> list[Series]:
        """The stored series of a person, per kind, unit and source."""
        found = self.vault.series.list(patient_id)
        return found if self._sees_identity() else masked_series(found)

    @needs(Right.READ_DATA)
    def elements(self, patient_id: str, kind: str | None = None) -> list[Element]:
        """Workouts, correlations and other elements that are kept whole."""
        found = self.vault.elements.list(patient_id, kind)
        return found if self._sees_identity() else masked_elements(found)

    @needs(Right.READ_DATA)
    def zone_timeline(self, patient_id: str) -> ZoneTimeline:
        """The zones the person's clock followed; the home zone when nothing is known."""
        known = self.vault.zones.get(patient_id)
        if known is not None:
            return known
        home = self.vault.patients.get(patient_id).home_zone
        return ZoneTimeline.unknown() if home is None else ZoneTimeline.single(home, origin="home zone of the person")

    @needs(Right.READ_DATA)
    def imports(self, patient_id: str | None = None) -> list[ImportReport]:
        """Reports of all imports of one person, or of everyone."""
        ids = [patient_id] if patient_id is not None else [patient.id for patient in self.vault.patients.list()]
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
    ) -> ImportReport:
        """Import any supported file for one person, in this process.

        Exactly one of ``patient_id`` and ``new_name`` is given. A new person is added only when the file can be read.

        Raises
        ------
        ClarityError
            ``InputError`` for a file that cannot be read, ``CancelledError`` when stopped; nothing is stored then.
        """
        from clarity_desktop.importers.pipeline import import_file

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

        def sink(format_name: str, sha256: str, file_name: str) -> ImportSink:
            if existing is None:
                added.append(vault.patients.add((new_name or "").strip(), home_zone=zone))
                owner = added[0]
            else:
                owner = existing
                earlier = vault.imports.find(owner.id, sha256)
                if earlier is not None and earlier.complete:
                    raise _AlreadyImportedError(earlier)
            return vault.begin_import(owner.id, file=file_name, format=format_name, sha256=sha256)

        home_zone = zone or (existing.home_zone if existing is not None else None)
        started = time.monotonic()
        try:
            report = import_file(
                path, sink, home_zone=home_zone, format=format, progress=progress, cancel=cancel or CancelToken()
            )
        except _AlreadyImportedError as again:
            return _nothing_new(again.report, path.name, time.monotonic() - started)
        except BaseException:
            for patient in added:
                vault.patients.discard_empty(patient.id)
            raise
        owner_id = added[0].id if added else (existing.id if existing is not None else "")
        self._announce(Change.PATIENTS | Change.SAMPLES | Change.IMPORTS | Change.ZONES, owner_id)
        return replace(report, patient_id=owner_id)

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

    # -- analysis -------------------------------------------------------------------------------------------

    @needs(Right.READ_DATA)
    def panel(
        self,
        patient_id: str,
        span: Span | None = None,
        *,
        zone: str | None = None,
        epoch_s: int = 60,
        details: bool = False,
        progress: ProgressListener = ignore_progress,
        cancel: CancelToken | None = None,
    ) -> Panel:
        """Findings, nights and signals of a window (default: the last 28 local days that hold data).

        ``details`` adds the rhythm metrics that no page shows at once; they take longer than all the rest.
        """
        found = self.study.panel(
            patient_id,
            span,
            zone=zone,
            epoch_s=epoch_s,
            details=details,
            progress=progress,
            cancel=cancel or CancelToken(),
        )
        return found if self._sees_identity() else masked_panel(found)

    @needs(Right.READ_DATA)
    def beyond_panel(
        self,
        patient_id: str,
        span: Span | None = None,
        *,
        zone: str | None = None,
        progress: ProgressListener = ignore_progress,
        cancel: CancelToken | None = None,
    ) -> tuple[Finding, ...]:
        """Variability from beats, entropy, and model estimates of phase and pressure, of the panel's window."""
        cancel = cancel or CancelToken()
        heart = self.study.heart(patient_id, span, zone=zone, progress=progress, cancel=cancel)
        phase = self.study.phase(patient_id, span, zone=zone, progress=progress, cancel=cancel)
        return (*heart, *phase, self.study.complexity(patient_id, span, zone=zone, cancel=cancel))

    @needs(Right.READ_DATA)
    def sleep_pressure(self, patient_id: str, span: Span | None = None, *, zone: str | None = None) -> TwoProcess:
        """Curve of sleep pressure with its thresholds, of the window of :meth:`panel`: a model, not a measurement."""
        return self.study.sleep_pressure(patient_id, span, zone=zone)

    @needs(Right.READ_DATA)
    def change(self, patient_id: str, span: Span | None = None, *, zone: str | None = None) -> ChangeOverTime:
        """Daily values and rolling windows of the window of :meth:`panel`."""
        return self.study.change(patient_id, span, zone=zone)

    @needs(Right.READ_DATA)
    def rhythm_detail(self, patient_id: str, span: Span | None = None, *, zone: str | None = None) -> RhythmDetail:
        """Power against period, likeness of days and daily values with their trend, of the window of :meth:`panel`."""
        from clarity_desktop.app.rhythm import rhythm_detail

        daily = self.study.change(patient_id, span, zone=zone).daily
        return rhythm_detail(self.panel(patient_id, span, zone=zone), daily)

    def _panel_of(self, patient_id: str) -> Panel:
        return self.panel(patient_id)

    @needs(Right.READ_DATA)
    def days(
        self, patient_id: str, kind: str, *, merged: bool = False, zone: str | None = None
    ) -> dict[date, DayStatistics]:
        """Totals or statistics of a kind by local day."""
        return self.study.days(patient_id, kind, merged=merged, zone=zone)

    @needs(Right.READ_DATA)
    def timeline(self, patient_id: str, kind: str, span: Span, columns: int) -> TimelineColumns:
        """One lane of a time chart: minimum, maximum and mean per pixel column."""
        from clarity_desktop.analysis.timeline import timeline_columns

        return timeline_columns(self.vault, patient_id, kind, span, columns)

    @needs(Right.READ_DATA)
    def stages(self, patient_id: str, span: Span) -> tuple[SleepSegment, ...]:
        """Recorded sleep stages within a span, of all sources."""
        from clarity_desktop.analysis.timeline import stages_between

        found = stages_between(self.vault, patient_id, span)
        return found if self._sees_identity() else masked_segments(found)

    # -- what leaves, and the demo --------------------------------------------------------------------------

    @needs(Right.EXPORT_IDENTIFIED, Right.EXPORT_DEIDENTIFIED)
    def report_pdf(self, patient_id: str, path: Path, span: Span | None = None) -> tuple[ReportFile, ...]:
        """Write the clinical PDF of a person. The export is an audit entry."""
        from clarity_desktop.reports.pdf import write_report

        patient = self._shown(self.vault.patients.get(patient_id))
        panel = self.panel(patient_id, span)
        self.vault.audit.append("report.pdf", patient_id=patient_id)
        return write_report(path, patient, panel, version=self.version, generated=int(time.time()))

    @needs(Right.CHANGE_IDENTITY)
    def build_demo(
        self, progress: ProgressListener = ignore_progress, cancel: CancelToken | None = None
    ) -> list[Patient]:
        """Add the simulated people to the vault through the real importer; those who are there already are left."""
        from clarity_desktop.demo.build import build_demo

        people = build_demo(self.vault, self.home / "demo", progress=progress, cancel=cancel or CancelToken())
        self._announce(Change.PATIENTS | Change.SAMPLES | Change.IMPORTS, *(patient.id for patient in people))
        return people

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

    @needs(Right.EXPORT_IDENTIFIED, Right.EXPORT_DEIDENTIFIED)
    def note_export(self, patient_id: str, action: str, detail: str) -> None:
        """Record that something of a person leaves the vault. Call it before; when it raises, nothing may leave."""
        self.vault.audit.append(action, patient_id=patient_id, detail=detail)

    def _shown(self, patient: Patient) -> Patient:
        return patient if self._sees_identity() else masked_patient(patient)


def _nothing_new(earlier: ImportReport, file: str, seconds: float) -> ImportReport:
    """The report of a file that is in the journal already: the same records, all of them repeats."""
    types = {
        name: TypeCount(count.records, count.unique, count.records - count.rejected, count.rejected, 0)
        for name, count in earlier.types.items()
    }
    return replace(earlier, file=file, outcome=ImportOutcome.ALREADY, types=types, seconds=seconds)
