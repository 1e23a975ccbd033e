"""``Services``: everything the window and the command line may ask of the program, over one vault."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from clarity_desktop import __version__
from clarity_desktop.app.clinic_summary import ClinicSummaryServices
from clarity_desktop.app.cloud import CloudServices
from clarity_desktop.app.colleagues import ColleagueServices
from clarity_desktop.app.diagnosis import DiagnosisServices
from clarity_desktop.app.import_batch import BatchServices
from clarity_desktop.app.insight_exports import InsightExportServices, cited_text
from clarity_desktop.app.insight_joining import QuestionsUnderWay
from clarity_desktop.app.locking import LockingServices
from clarity_desktop.app.oversight import OversightServices
from clarity_desktop.app.permissions import needs, open_to_all
from clarity_desktop.app.pseudonyms import (
    masked_patient,
)
from clarity_desktop.app.settings import Settings, default_home
from clarity_desktop.app.summaries import PatientSummary
from clarity_desktop.app.sync_pull import SyncPullServices
from clarity_desktop.app.updates import UpdateServices
from clarity_desktop.domain.changes import Change, Changes
from clarity_desktop.domain.errors import NotFoundError, UsageError
from clarity_desktop.domain.people import Patient, Sex
from clarity_desktop.domain.time import DAY_S, Span, date_of_day
from clarity_desktop.domain.users import Right
from clarity_desktop.domain.work import CancelToken, ProgressListener, ignore_progress

if TYPE_CHECKING:
    from clarity_desktop.analysis.study import Study
    from clarity_desktop.app.insights import Insight
    from clarity_desktop.cloud.network import Network
    from clarity_desktop.reports.pdf import ReportFile
    from clarity_desktop.vault import Vault, VaultInfo, VerifyReport

__all__ = ["Services", "open_services"]

_SUMMARY_METRICS = ("tst_min", "se_pct", "midsleep_h", "sri", "ra")


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


class Services(
    BatchServices,
    DiagnosisServices,
    CloudServices,
    SyncPullServices,
    ClinicSummaryServices,
    InsightExportServices,
    OversightServices,
    LockingServices,
    ColleagueServices,
    UpdateServices,
):
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
        self._network: Network | None = None
        self._under_way = QuestionsUnderWay()
        self._begin_cloud()

    # -- the vault and its lock -----------------------------------------------------------------------------

    @property
    @open_to_all
    def unlocked(self) -> bool:
        """Whether a vault is open."""
        return self._vault is not None

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
        self._close_network()
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
        """All people of the vault whom the user may see, by name. The first list of a session is an entry."""
        found = [self._shown(patient) for patient in self._visible(self.vault.patients.list())]
        self.vault.openings.list_shown(len(found))
        return sorted(found, key=lambda patient: patient.name.casefold())

    @needs(Right.READ_DATA)
    def patient(self, text: str) -> Patient:
        """The person with this id, code or exact name. Looking for a code or name is an entry, without the words."""
        try:
            found = self._found(text.strip())
        except NotFoundError:
            self.vault.openings.searched(0)
            raise
        if found.id != text.strip():
            self.vault.openings.searched(1)
        return self._shown(found)

    def _found(self, text: str) -> Patient:
        if self._sees_identity():
            found = self.vault.patients.find(text)
            self.require_visible(found.id, "patient")
            return found
        # A name that is found, or not, would tell who is here.
        for patient in self._visible(self.vault.patients.list()):
            if text.casefold() in (patient.id, patient.code.casefold()):
                return patient
        return self.vault.patients.get(text)

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

    @needs(Right.READ_DATA, enters=False)
    def open_patient(self, patient_id: str) -> Patient:
        """The person, with an audit entry that their record was opened, each time."""
        found = self.vault.patients.open(patient_id)
        self.vault.openings.opened(patient_id)
        self.vault.personal.visited(patient_id)
        return self._shown(found)

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

    # -- what leaves, and the demo --------------------------------------------------------------------------

    @needs(Right.EXPORT_IDENTIFIED, Right.EXPORT_DEIDENTIFIED)
    def report_pdf(
        self, patient_id: str, path: Path, span: Span | None = None, *, insight: Insight | None = None
    ) -> tuple[ReportFile, ...]:
        """Write the clinical PDF of a person, with a text and its sources where one is given; an audit entry."""
        from clarity_desktop.reports.pdf import write_report

        patient = self._shown(self.vault.patients.get(patient_id))
        panel = self.panel(patient_id, span)
        words = None if insight is None else cited_text(insight)
        self.vault.audit.append("report.pdf", patient_id=patient_id)
        return write_report(
            path,
            patient,
            panel,
            version=self.version,
            generated=int(time.time()),
            words=words,
            free=self.vault.diary.free_days(patient_id),
        )

    @needs(Right.CHANGE_IDENTITY)
    def build_demo(
        self, progress: ProgressListener = ignore_progress, cancel: CancelToken | None = None
    ) -> list[Patient]:
        """Add the simulated people to the vault through the real importer; those who are there already are left."""
        from clarity_desktop.demo.build import build_demo

        people = build_demo(self.vault, self.home / "demo", progress=progress, cancel=cancel or CancelToken())
        self._announce(Change.PATIENTS | Change.SAMPLES | Change.IMPORTS, *(patient.id for patient in people))
        return people

    @needs(Right.EXPORT_IDENTIFIED, Right.EXPORT_DEIDENTIFIED)
    def note_export(self, patient_id: str, action: str, detail: str) -> None:
        """Record that something of a person leaves the vault. Call it before; when it raises, nothing may leave."""
        self.vault.audit.append(action, patient_id=patient_id, detail=detail)

    def _shown(self, patient: Patient) -> Patient:
        return patient if self._sees_identity() else masked_patient(patient)
