"""The vault: one encrypted file of people and their recordings, opened by a key and spoken to through repositories."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Collection, Sequence
from pathlib import Path
from types import TracebackType

from sqlalchemy import func, select

from clarity_desktop.domain.errors import ConflictError, IntegrityError, LockedError, NotFoundError
from clarity_desktop.domain.importing import ImportSink
from clarity_desktop.domain.people import PatientId
from clarity_desktop.domain.users import roles_text
from clarity_desktop.vault.attachments.attachments import Attachments
from clarity_desktop.vault.backup.backups import Backups, folder_beside
from clarity_desktop.vault.consent.records import Consents
from clarity_desktop.vault.consent.retention import Retention
from clarity_desktop.vault.erasure.certificate import CertificateOfErasure
from clarity_desktop.vault.erasure.copies import BackupPlace
from clarity_desktop.vault.erasure.erasures import Erasures
from clarity_desktop.vault.erasure.holds import Holds
from clarity_desktop.vault.intake.sink import VaultSink
from clarity_desktop.vault.intake.stage import remove_stale_stages
from clarity_desktop.vault.keys import keychain
from clarity_desktop.vault.keys.clock import Clock
from clarity_desktop.vault.keys.codes import PendingCode
from clarity_desktop.vault.keys.header import KeyHeader
from clarity_desktop.vault.keys.kdf import KdfParameters, check_new_passphrase
from clarity_desktop.vault.keys.slots import EMERGENCY, RECOVERY
from clarity_desktop.vault.keys.swap import finish_swap
from clarity_desktop.vault.keys.tries import Tries
from clarity_desktop.vault.keys.unlocked import UnlockedKeys
from clarity_desktop.vault.people.people import People
from clarity_desktop.vault.people.ways_in import Entrance, checked_reason, founded, job_key, keys_of_job
from clarity_desktop.vault.records import Slot, VaultInfo, VerifyReport
from clarity_desktop.vault.seal.keyring import PatientKeys
from clarity_desktop.vault.store import schema
from clarity_desktop.vault.store.chain import AuditChain
from clarity_desktop.vault.store.circumstances import Circumstances
from clarity_desktop.vault.store.engine import cipher_facts, open_engine
from clarity_desktop.vault.store.failures import database_failures, file_failures
from clarity_desktop.vault.store.layout import VaultLayout, create_private_file, sync_folder
from clarity_desktop.vault.store.migrate import bring_up_to_date, current_revision, make_database
from clarity_desktop.vault.store.opening import anchors_of, note_closing, note_opening
from clarity_desktop.vault.store.owner import Owner, Ownership
from clarity_desktop.vault.store.place import require_own_disk
from clarity_desktop.vault.store.transactions import Store
from clarity_desktop.vault.tables.audit import Audit
from clarity_desktop.vault.tables.elements import Elements
from clarity_desktop.vault.tables.findings import Findings
from clarity_desktop.vault.tables.imports import Imports
from clarity_desktop.vault.tables.patients import Patients
from clarity_desktop.vault.tables.series import SeriesTable
from clarity_desktop.vault.tables.zones import Zones
from clarity_desktop.vault.verification import verify_store

__all__ = ["Vault", "apply_erasure_ledger"]


class Vault:
    """An open vault. May be used from several threads; a context manager that closes itself.

    Attributes
    ----------
    directory:
        The vault's folder.
    patients, series, elements, zones, imports, findings, audit:
        The repositories.
    backups:
        The backups of this vault.
    """

    def __init__(self, layout: VaultLayout, keys: UnlockedKeys, circumstances: Circumstances | None = None) -> None:
        """Open with a user's keys; callers use :meth:`create`, :meth:`open` and their kin."""
        circumstances = circumstances or Circumstances()
        self.directory = layout.directory
        self._layout = layout
        self._keys = keys
        data_key = bytes(keys.data)
        require_own_disk(layout.directory)
        with file_failures():
            self._ownership = Ownership.claim(layout, keys.name, circumstances.owner, take_over=circumstances.take_over)
        engine = open_engine(layout.database, data_key)
        try:
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
                )
            chain = AuditChain(data_key, layout, anchors_of(header, data_key, circumstances, layout.directory))
            patient_keys = PatientKeys(layout.patient_keys, data_key)
            self._store = Store(
                layout, engine, chain, keys.name, circumstances, keys=patient_keys, ownership=self._ownership
            )
            self.people = People(self._store, keys)
            self._store.role = roles_text(self.people.found().roles)
            self._gap = note_opening(self._store, keys.how)
            self.erasures = Erasures(self._store, self.data_key)
            if not self.is_read_only:
                self.people.settle(Tries(layout.tries))
                remove_stale_stages(self._store)
                self.erasures.settle()
        except BaseException:
            engine.dispose()
            self._ownership.release()
            keys.wipe()
            raise
        self.patients = Patients(self._store)
        self.series = SeriesTable(self._store)
        self.elements = Elements(self._store)
        self.zones = Zones(self._store)
        self.imports = Imports(self._store)
        self.findings = Findings(self._store)
        self.audit = Audit(self._store)
        self.holds = Holds(self._store)
        self.consents = Consents(self._store)
        self.retention = Retention(self._store)
        self.attachments = Attachments(self._store)
        backups = circumstances.backups or folder_beside(layout.directory)
        self.backups = Backups(self._store, self.data_key, backups)

    @classmethod
    def create(
        cls,
        directory: Path,
        passphrase: str,
        *,
        label: str = "Owner",
        kdf: KdfParameters | None = None,
        circumstances: Circumstances | None = None,
    ) -> Vault:
        """Make a vault and open it.

        Parameters
        ----------
        label:
            Whose passphrase it is; the audit names it.
        kdf:
            Cost of the passphrase slot; ``None`` calibrates it to 0.5–1 s on this machine.

        Raises
        ------
        ConflictError
            ``vault.exists``.
        InputError
            ``vault.passphrase_short``; ``vault.kdf_floor`` for a cost below the floor that is not marked for tests.
        ClarityError
            ``vault.folder`` when the folder cannot be written to.
        """
        require_own_disk(directory)
        check_new_passphrase(passphrase)
        parameters = (kdf or KdfParameters.calibrated()).checked()
        layout = VaultLayout(directory)
        if layout.database.exists():
            raise ConflictError(
                "vault.exists", "There is a vault in this folder already.", remedy="Open it, or choose another folder."
            )
        header, keys = founded(label, passphrase, parameters)
        data_key = bytes(keys.data)
        with file_failures():
            layout.prepare()
            # Keys first: a crash then leaves keys without a database, which hold nothing, never the reverse.
            header.write(layout.keys, data_key)
            create_private_file(layout.unfinished_database)
            with database_failures():
                make_database(layout.unfinished_database, data_key)
            layout.unfinished_database.replace(layout.database)
            sync_folder(directory)
        return cls(layout, keys, circumstances)

    @classmethod
    def open(
        cls,
        directory: Path,
        passphrase: str,
        *,
        person: str | None = None,
        kdf_floor: KdfParameters | None = None,
        clock: Clock | None = None,
        circumstances: Circumstances | None = None,
    ) -> Vault:
        """Open with a passphrase. Takes as long as its slot's cost, 0.5–1 s; call it off the UI thread.

        Parameters
        ----------
        person:
            Whose passphrase it is, in any case; may be left out where only one person has one.
        kdf_floor:
            Least cost that a slot must ask for. Only tests pass one, for vaults of ``KdfParameters.for_tests()``.
        clock:
            Measures the pauses after wrong tries; ``None`` takes this machine's.

        Raises
        ------
        NotFoundError
            ``vault.absent``.
        UsageError
            ``vault.whose`` when several people have a passphrase and none is named.
        LockedError
            ``vault.wrong_passphrase``, for an unknown person too; ``vault.wait`` while a pause lasts.
        IntegrityError
            ``vault.kdf_floor``, ``vault.key_file``, ``vault.key_file_altered``, ``vault.database_missing``.
        ConflictError
            ``vault.schema_newer``.
        """
        entrance = _entrance(directory, kdf_floor, clock)
        vault = cls(entrance.layout, entrance.by_passphrase(passphrase, person), circumstances)
        try:
            if not vault.is_read_only:
                vault.people.renew_slot(passphrase)
        except BaseException:
            vault.close()
            raise
        return vault

    @classmethod
    def open_with_recovery_code(
        cls,
        directory: Path,
        code: str,
        new_passphrase: str,
        *,
        kdf: KdfParameters | None = None,
        clock: Clock | None = None,
        circumstances: Circumstances | None = None,
    ) -> Vault:
        """Open with a printed recovery code, which opens nothing afterwards; the passphrase is replaced (V-13).

        Parameters
        ----------
        kdf:
            Cost of the new passphrase; ``None`` takes what the vault's slots cost.

        Raises
        ------
        InputError
            ``code.shape``, ``code.group`` for a typing error; ``vault.passphrase_short``, ``vault.passphrase_common``.
        LockedError
            ``vault.wrong_code``; ``vault.wait`` while a pause lasts.
        """
        check_new_passphrase(new_passphrase)
        entrance = _entrance(directory, None, clock)
        vault = cls(entrance.layout, entrance.by_code(code, RECOVERY), circumstances)
        try:
            vault.people.recovered(new_passphrase, kdf=kdf)
        except BaseException:
            vault.close()
            raise
        return vault

    @classmethod
    def open_with_emergency_code(
        cls,
        directory: Path,
        code: str,
        reason: str,
        *,
        clock: Clock | None = None,
        circumstances: Circumstances | None = None,
    ) -> Vault:
        """Open with the sealed emergency code. The reason and every action bear the emergency's name (V-14).

        Raises
        ------
        InputError
            ``emergency.reason``, ``code.shape``, ``code.group``.
        LockedError
            ``vault.wrong_code``; ``vault.wait`` while a pause lasts.
        """
        text = checked_reason(reason)
        entrance = _entrance(directory, None, clock)
        vault = cls(entrance.layout, entrance.by_code(code, EMERGENCY), circumstances)
        try:
            vault.audit.append("emergency.open", detail=text)
        except BaseException:
            vault.close()
            raise
        return vault

    @classmethod
    def open_with_key(
        cls,
        directory: Path,
        data_key: bytes,
        *,
        who: str | None = None,
        circumstances: Circumstances | None = None,
    ) -> Vault:
        """Open with what :meth:`job_key` gave, as a spawned job does that got it by pipe.

        Parameters
        ----------
        data_key:
            :meth:`job_key`, or :meth:`data_key` to work as the vault's first user.
        who:
            Name for the audit's entries; ``None`` takes the user's.

        Raises
        ------
        NotFoundError
            ``vault.absent``.
        LockedError
            ``vault.wrong_key``.
        """
        layout = _entrance(directory, None, None).layout
        header, _ = KeyHeader.read(layout.keys)
        return cls(layout, keys_of_job(header, data_key, who), circumstances)

    @classmethod
    def open_with_keychain(
        cls, directory: Path, *, person: str | None = None, circumstances: Circumstances | None = None
    ) -> Vault:
        """Open with a key that the operating system's keychain keeps, for one person or the first that it opens for.

        Raises
        ------
        NotFoundError
            ``vault.absent``.
        LockedError
            ``keychain.no_slot`` when the vault has no such slot, ``keychain.lost`` when the keychain does not hold the
            key (any more), ``keychain.unavailable`` without a keychain. The passphrase still opens the vault (V-15).
        """
        entrance = _entrance(directory, None, None)
        return cls(entrance.layout, entrance.by_keychain(person), circumstances)

    @staticmethod
    def names(directory: Path) -> tuple[str, ...]:
        """Who opens a vault with a passphrase, as the unlock screen shows them; raises ``NotFoundError``."""
        return Entrance(VaultLayout(directory), KdfParameters.floor()).names()

    @staticmethod
    def wait_s(directory: Path, person: str | None = None, *, clock: Clock | None = None) -> float:
        """Seconds that the pause after wrong passphrases still lasts for a person (V-24)."""
        return Entrance(VaultLayout(directory), KdfParameters.floor(), clock).wait_s(person)

    @staticmethod
    def exists(directory: Path) -> bool:
        """Whether a folder holds a vault."""
        layout = VaultLayout(directory)
        return layout.keys.is_file() and layout.database.is_file()

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
                self._store.dispose()
                self._ownership.release()
                self._keys.wipe()

    def __enter__(self) -> Vault:
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
        with self._store.reading() as connection:
            latest = connection.execute(select(func.max(schema.audit.c.at))).scalar_one_or_none()
        return latest is not None and time.time() < int(latest) - 60

    def row_counts(self) -> dict[str, int]:
        """Rows by table, to compare a copy with."""
        with self._store.reading() as connection:
            return {
                table.name: int(connection.execute(select(func.count()).select_from(table)).scalar_one())
                for table in schema.metadata.sorted_tables
            }

    def verify(self) -> VerifyReport:
        """Check everything: pages, rows, chunks against their digests, key file, audit chain and its seal."""
        problems: list[str] = []
        try:
            header, mac = KeyHeader.read(self._layout.keys)
            header.check(mac, self.data_key())
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

    def begin_import(self, patient_id: PatientId, *, file: str, format: str, sha256: str) -> ImportSink:  # noqa: A002 (the word of the interface)
        """Begin an import into a patient; raises :class:`NotFoundError` (``patient.unknown``)."""
        self._store.require_owner()
        self.patients.get(patient_id)
        return VaultSink(self._store, patient_id, file=file, format=format, sha256=sha256)

    def content_hash(self, patient_id: PatientId, kinds: Collection[str] | None = None) -> str:
        """64 hexadecimal digits that change when a sample, extra, element or zone of these kinds changes.

        Parameters
        ----------
        kinds:
            Kinds of series and elements; ``None`` takes all. The zone timeline always counts.
        """
        state = hashlib.sha256()
        series, elements, zones = schema.series, schema.elements, schema.zones
        of_series = select(series.c.kind, series.c.unit, series.c.source, series.c.labels, series.c.digest)
        of_series = of_series.where(series.c.patient_id == patient_id, series.c.n > 0)
        of_elements = select(elements.c.kind, elements.c.key, elements.c.digest)
        of_elements = of_elements.where(elements.c.patient_id == patient_id)
        of_zones = select(zones.c.from_utc, zones.c.zone, zones.c.certainty).where(zones.c.patient_id == patient_id)
        if kinds is not None:
            of_series = of_series.where(series.c.kind.in_(sorted(kinds)))
            of_elements = of_elements.where(elements.c.kind.in_(sorted(kinds)))
        with self._store.reading() as connection:
            for query in (
                of_series.order_by(series.c.kind, series.c.unit, series.c.source),
                of_elements.order_by(elements.c.kind, elements.c.key),
                of_zones.order_by(zones.c.position),
            ):
                for row in connection.execute(query):
                    state.update(repr(tuple(row)).encode())
                state.update(b"\n")
        return state.hexdigest()


def _entrance(directory: Path, floor: KdfParameters | None, clock: Clock | None) -> Entrance:
    """The door of a vault whose files are there; raises ``NotFoundError`` or ``IntegrityError``."""
    layout = VaultLayout(directory)
    finish_swap(layout)
    KeyHeader.read_any(layout.keys)
    _require_database(layout)
    return Entrance(layout, floor or KdfParameters.floor(), clock)


def apply_erasure_ledger(vault: Vault, ledger: Path | None = None) -> tuple[PatientId, ...]:
    """Erase again whom a restored copy has brought back; answers whom.

    Opening a vault does it by itself with the ledger of its own folder, before anybody can look.

    Parameters
    ----------
    ledger:
        A further ledger whose entries hold too, such as the one that lies beside a backup.
    """
    return vault.erasures.settle(ledger)


def _require_database(layout: VaultLayout) -> None:
    if not layout.database.is_file():
        raise IntegrityError(
            "vault.database_missing",
            "The vault's key file is here, but its database is not.",
            remedy="Bring vault.db back into the folder, from where it was moved or from a backup.",
        )
