"""What an open vault is: its repositories, its session, and the facts it tells of itself."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from types import TracebackType
from typing import Self

from clarity_desktop.domain.errors import IntegrityError, LockedError, NotFoundError
from clarity_desktop.domain.importing import ImportSink
from clarity_desktop.domain.overwriting import overwrite
from clarity_desktop.domain.people import PatientId
from clarity_desktop.domain.users import roles_text
from clarity_desktop.vault.attachments.attachments import Attachments
from clarity_desktop.vault.backup.backups import Backups, folder_beside
from clarity_desktop.vault.consent.records import Consents
from clarity_desktop.vault.consent.retention import Retention
from clarity_desktop.vault.consent.segments import AuditSegments
from clarity_desktop.vault.drafts import Drafts
from clarity_desktop.vault.erasure.certificate import CertificateOfErasure
from clarity_desktop.vault.erasure.copies import BackupPlace
from clarity_desktop.vault.erasure.erasures import Erasures
from clarity_desktop.vault.erasure.holds import Holds
from clarity_desktop.vault.facts import clock_went_back, content_hash, row_counts
from clarity_desktop.vault.intake.journal import ImportJournal, ImportPlace
from clarity_desktop.vault.intake.reversal import Reversals
from clarity_desktop.vault.intake.sink import VaultSink
from clarity_desktop.vault.intake.stage import remove_stale_stages
from clarity_desktop.vault.intake.undo import prune_old
from clarity_desktop.vault.keys import keychain
from clarity_desktop.vault.keys.codes import PendingCode
from clarity_desktop.vault.keys.header import KeyHeader
from clarity_desktop.vault.keys.secrets import KeptSecrets
from clarity_desktop.vault.keys.tries import Tries
from clarity_desktop.vault.keys.unlocked import UnlockedKeys
from clarity_desktop.vault.people.openings import Openings
from clarity_desktop.vault.people.people import People
from clarity_desktop.vault.people.personal import Personal
from clarity_desktop.vault.people.sharing import Sharing
from clarity_desktop.vault.people.ways_in import job_key, tries_outside
from clarity_desktop.vault.records import Slot, VaultInfo, VerifyReport
from clarity_desktop.vault.seal.identity import IdentitySeal
from clarity_desktop.vault.seal.keyring import PatientKeys
from clarity_desktop.vault.store.chain import AuditChain
from clarity_desktop.vault.store.circumstances import Circumstances
from clarity_desktop.vault.store.engine import cipher_facts, open_engine
from clarity_desktop.vault.store.failures import database_failures, file_failures
from clarity_desktop.vault.store.layout import VaultLayout
from clarity_desktop.vault.store.migrate import bring_up_to_date, current_revision
from clarity_desktop.vault.store.opening import anchors_of, note_closing, note_opening
from clarity_desktop.vault.store.owner import Owner, Ownership
from clarity_desktop.vault.store.place import require_own_disk
from clarity_desktop.vault.store.transactions import Store
from clarity_desktop.vault.tables.audit import Audit
from clarity_desktop.vault.tables.cloud import CloudTable
from clarity_desktop.vault.tables.diary import Diary
from clarity_desktop.vault.tables.elements import Elements
from clarity_desktop.vault.tables.exchange import Exchange
from clarity_desktop.vault.tables.exchange_conflicts import Conflicts
from clarity_desktop.vault.tables.exchange_records import ExchangeRecords
from clarity_desktop.vault.tables.findings import Findings
from clarity_desktop.vault.tables.imports import Imports
from clarity_desktop.vault.tables.insights import InsightTable
from clarity_desktop.vault.tables.levels import Levels
from clarity_desktop.vault.tables.outbox import Outbox
from clarity_desktop.vault.tables.pat import PatTable
from clarity_desktop.vault.tables.patients import Patients
from clarity_desktop.vault.tables.rules import Rules
from clarity_desktop.vault.tables.series import SeriesTable
from clarity_desktop.vault.tables.source_orders import SourceOrders
from clarity_desktop.vault.tables.zone_corrections import ZoneCorrections
from clarity_desktop.vault.tables.zones import Zones
from clarity_desktop.vault.verification import verify_store

__all__ = ["OpenVault"]


class OpenVault:
    """An open vault. May be used from several threads; a context manager that closes itself.

    Attributes
    ----------
    directory:
        The vault's folder.
    patients, series, elements, zones, imports, findings, audit:
        The repositories.
    sharing, openings:
        Who may see whom, and whom this session has looked at.
    backups:
        The backups of this vault.
    """

    def __init__(self, layout: VaultLayout, keys: UnlockedKeys, circumstances: Circumstances | None = None) -> None:
        """Open with a user's keys; callers use :meth:`create`, :meth:`open` and their kin."""
        circumstances = circumstances or Circumstances()
        self.directory = layout.directory
        self._layout = layout
        self._keys = keys
        # One object for all who need bytes, overwritten when the vault closes.
        keys.shared = data_key = bytes(keys.data)
        require_own_disk(layout.directory)
        with file_failures():
            self._ownership = Ownership.claim(layout, keys.name, circumstances.owner, take_over=circumstances.take_over)
        engine = open_engine(layout.database, data_key)
        try:
            identity = IdentitySeal(keys.identity)
            header, mac = KeyHeader.read(layout.keys)
            with database_failures(), engine.connect():
                header.check(mac, data_key)
            with database_failures():
                bring_up_to_date(
                    layout,
                    engine,
                    data_key,
                    backups=circumstances.backups,
                    is_copy=circumstances.is_copy,
                    ownership=self._ownership,
                    identity=identity,
                )
            chain = AuditChain(data_key, layout, anchors_of(header, data_key, circumstances, layout.directory))
            patient_keys = PatientKeys(layout.patient_keys, data_key)
            self._store = Store(
                layout,
                engine,
                chain,
                keys.name,
                circumstances,
                keys=patient_keys,
                identity=identity,
                ownership=self._ownership,
            )
            self.people = People(self._store, keys)
            self._store.role = roles_text(self.people.found().roles)
            self._gap = note_opening(self._store, keys.how)
            self.erasures = Erasures(self._store, self._shared_key)
            outside = None if circumstances.is_copy else circumstances.state
            if not self.is_read_only:
                self.people.settle()
            self.people.tell_tries(Tries(layout.tries, outside=tries_outside(layout, outside)), data_key)
            if not self.is_read_only:
                remove_stale_stages(self._store)
                prune_old(self._store)
                self.erasures.settle()
        except BaseException:
            engine.dispose()
            self._ownership.release()
            keys.wipe()
            raise
        self.patients = Patients(self._store)
        self.series = SeriesTable(self._store)
        self.levels = Levels(self._store)
        self.elements = Elements(self._store)
        self.zones = Zones(self._store)
        self.imports = Imports(self._store)
        self.journal = ImportJournal(self._store)
        self.reversals = Reversals(self._store)
        self.zone_corrections = ZoneCorrections(self._store)
        self.source_orders = SourceOrders(self._store)
        self.findings = Findings(self._store)
        self.audit = Audit(self._store)
        self.sharing = Sharing(self._store)
        self.openings = Openings(self._store)
        self.personal = Personal(self._store, keys.user_id)
        self.holds = Holds(self._store)
        self.consents = Consents(self._store)
        self.retention = Retention(self._store)
        self.audit_segments = AuditSegments(self._store, self.retention)
        self.attachments = Attachments(self._store)
        self.diary = Diary(self._store)
        self.drafts = Drafts(self._store, keys)
        self.rules = Rules(self._store)
        self.pat = PatTable(self._store)
        self.insights = InsightTable(self._store)
        self.cloud = CloudTable(self._store)
        self.outbox = Outbox(self._store)
        self.exchange = Exchange(self._store)
        self.records = ExchangeRecords(self._store)
        self.conflicts = Conflicts(self._store)
        self.secrets = KeptSecrets(KeyHeader.read(layout.keys)[0].vault_id)
        backups = circumstances.backups or folder_beside(layout.directory)
        self.backups = Backups(self._store, self._shared_key, backups)

    def _shared_key(self) -> bytes:
        """The data key for parts of the vault that do not outlive it: no copy, so nothing is left of it at the end."""
        if not self._keys.data:
            raise LockedError("vault.closed", "The vault is closed.", remedy="Open it again.")
        return self._keys.shared

    def data_key(self) -> bytes:
        """The data key, to hand to a spawned job by pipe. Never store, log or print it."""
        if not self._keys.data:
            raise LockedError("vault.closed", "The vault is closed.", remedy="Open it again.")
        return bytes(self._keys.data)

    def job_key(self) -> bytes:
        """What a spawned job needs to work in this user's name, by pipe. Never store, log or print it."""
        self.data_key()
        return job_key(self._keys)

    @staticmethod
    def new_code() -> PendingCode:
        """A fresh printable code for :attr:`people` to keep once two of its groups were typed back."""
        return PendingCode.new()

    @property
    def who(self) -> str:
        """Whose name the audit's entries bear: the label of the slot that opened the vault."""
        return self._store.who

    @property
    def is_read_only(self) -> bool:
        """Whether another process owns the vault: here it can be read, and reading is recorded in the audit (V-70)."""
        return self._store.is_read_only

    @property
    def owner(self) -> Owner | None:
        """Who owns the vault, when that is somebody else."""
        return self._ownership.other

    def require_owner(self) -> None:
        """Raise :class:`OccupiedError` (``vault.occupied``) where another process owns the vault."""
        self._store.require_owner()

    def owner_token(self) -> str:
        """What lets a process started by this one write too, by pipe. Empty where this process may not write."""
        return self._ownership.token

    @property
    def gap(self) -> str:
        """What does not fit between the audit and a record of it outside, as a sentence; empty when all fits (V-31)."""
        return self._gap

    def close(self) -> None:
        """Close all connections and overwrite the key; a second call does nothing."""
        if self._keys.data:
            try:
                note_closing(self._store)
            finally:
                self.levels.forget()
                self._store.dispose()
                self._ownership.release()
                self._keys.wipe()
                overwrite(self._keys.shared)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Vault {'open' if self._keys.data else 'closed'}>"

    def info(self) -> VaultInfo:
        """Facts for diagnostics."""
        header, _ = KeyHeader.read(self._layout.keys)
        with self._store.reading() as connection:
            cipher, page_size = cipher_facts(connection)
            revision = current_revision(connection)
        return VaultInfo(self.directory, cipher, revision, tuple(slot.shown for slot in header.slots), page_size)

    def clock_went_back(self) -> bool:
        """Whether the clock is behind the last entry of the audit by more than a minute."""
        return clock_went_back(self._store)

    def row_counts(self) -> dict[str, int]:
        """Rows by table, to compare a copy with."""
        return row_counts(self._store)

    def verify(self) -> VerifyReport:
        """Check everything: pages, rows, chunks against their digests, key file, audit chain and its seal."""
        problems: list[str] = []
        try:
            header, mac = KeyHeader.read(self._layout.keys)
            header.check(mac, self._shared_key())
        except (IntegrityError, NotFoundError) as error:
            problems.append(error.message)
        return verify_store(self._store, problems)

    def keychain_available(self) -> bool:
        """Whether this session has a keychain that can keep a secret."""
        return keychain.is_available()

    def add_keychain_slot(self, label: str) -> Slot:
        """Let the operating system's keychain open this vault too.

        Raises
        ------
        LockedError
            ``keychain.unavailable``.
        """
        return self.people.add_keychain_slot(label)

    def remove_slot(self, slot_id: str) -> None:
        """Remove a slot; the last passphrase stays (``vault.last_passphrase``).

        Raises
        ------
        NotFoundError
            ``vault.no_slot``.
        UsageError
            ``vault.last_passphrase``.
        """
        self.people.remove_slot(slot_id)

    def erase(
        self, patient_id: PatientId, *, requested_by: str, confirmed_by: str, places: Sequence[BackupPlace] = ()
    ) -> CertificateOfErasure:
        """Erase a patient for good; see :meth:`Erasures.erase` for what stands in the way and what remains where."""
        return self.erasures.erase(
            patient_id,
            requested_by=requested_by,
            confirmed_by=confirmed_by,
            content_sha256=self.content_hash(patient_id),
            places=(*self.backups.places(), *places),
        )

    def begin_import(
        self,
        patient_id: PatientId,
        *,
        file: str,
        format: str,  # noqa: A002 (the word of the interface)
        sha256: str,
        place: ImportPlace | None = None,
    ) -> ImportSink:
        """Begin an import into a patient; raises :class:`NotFoundError` (``patient.unknown``).

        Parameters
        ----------
        place:
            Where the file lies; with it an interrupted import of the same file goes on where it was.
        """
        self._store.require_owner()
        self.patients.get(patient_id)
        where, entry = place or ImportPlace(file), None
        if place is not None:
            entry = self.journal.take_up(patient_id, format=format, sha256=sha256, place=where)
        if entry is None:
            entry = self.journal.begin(patient_id, format=format, sha256=sha256, place=where)
        return VaultSink(self._store, entry, format=format, sha256=sha256)

    def content_hash(self, patient_id: PatientId, kinds: Collection[str] | None = None) -> str:
        """64 hexadecimal digits that change when a sample, extra, element or zone of these kinds changes.

        Parameters
        ----------
        kinds:
            Kinds of series and elements; ``None`` takes all. The zone timeline always counts.
        """
        return content_hash(self._store, patient_id, kinds)
