"""The vault: one encrypted file of people and their recordings, opened by a key and spoken to through repositories."""

from __future__ import annotations

import contextlib
import hashlib
import secrets
import uuid
from collections.abc import Collection
from pathlib import Path
from types import TracebackType
from typing import Final

from sqlalchemy import select

from clarity_desktop.domain.errors import ConflictError, IntegrityError, LockedError, NotFoundError
from clarity_desktop.domain.importing import ImportSink
from clarity_desktop.domain.people import PatientId
from clarity_desktop.vault.intake.sink import VaultSink
from clarity_desktop.vault.intake.stage import remove_stale_stages
from clarity_desktop.vault.keys import keychain
from clarity_desktop.vault.keys.header import KEYCHAIN, KeyHeader, keychain_slot, passphrase_slot
from clarity_desktop.vault.keys.kdf import KdfParameters, check_new_passphrase
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
from clarity_desktop.vault.store.transactions import Store
from clarity_desktop.vault.tables.audit import Audit
from clarity_desktop.vault.tables.elements import Elements
from clarity_desktop.vault.tables.findings import Findings
from clarity_desktop.vault.tables.imports import Imports
from clarity_desktop.vault.tables.patients import Patients
from clarity_desktop.vault.tables.series import SeriesTable
from clarity_desktop.vault.tables.zones import Zones
from clarity_desktop.vault.verification import verify_store

__all__ = ["Vault"]

_KEY_BYTES: Final = 32


class Vault:
    """An open vault. May be used from several threads; a context manager that closes itself.

    Attributes
    ----------
    directory:
        The vault's folder.
    patients, series, elements, zones, imports, findings, audit:
        The repositories.
    """

    def __init__(
        self, layout: VaultLayout, data_key: bytes, who: str, how: str, circumstances: Circumstances | None = None
    ) -> None:
        """Open with the data key; callers use :meth:`create`, :meth:`open` and their kin."""
        circumstances = circumstances or Circumstances()
        self.directory = layout.directory
        self._layout = layout
        self._data_key = bytearray(data_key)
        engine = open_engine(layout.database, data_key)
        try:
            header, mac = KeyHeader.read(layout.keys)
            with database_failures(), engine.connect():
                header.check(mac, data_key)
            with database_failures():
                bring_up_to_date(layout, engine, data_key)
            keys = PatientKeys(layout.patient_keys, data_key)
            chain = AuditChain(data_key, layout, anchors_of(header, data_key, circumstances))
            self._store = Store(layout, engine, chain, who, circumstances, keys=keys)
            self._gap = note_opening(self._store, how)
            remove_stale_stages(self._store)
        except BaseException:
            engine.dispose()
            raise
        self.patients = Patients(self._store)
        self.series = SeriesTable(self._store)
        self.elements = Elements(self._store)
        self.zones = Zones(self._store)
        self.imports = Imports(self._store)
        self.findings = Findings(self._store)
        self.audit = Audit(self._store)

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
        check_new_passphrase(passphrase)
        parameters = (kdf or KdfParameters.calibrated()).checked()
        layout = VaultLayout(directory)
        if layout.database.exists():
            raise ConflictError(
                "vault.exists", "There is a vault in this folder already.", remedy="Open it, or choose another folder."
            )
        data_key = secrets.token_bytes(_KEY_BYTES)
        vault_id = str(uuid.uuid4())
        header = KeyHeader(vault_id, (passphrase_slot(vault_id, label, passphrase, data_key, parameters),))
        with file_failures():
            layout.prepare()
            # Keys first: a crash then leaves keys without a database, which hold nothing, never the reverse.
            header.write(layout.keys, data_key)
            create_private_file(layout.unfinished_database)
            with database_failures():
                make_database(layout.unfinished_database, data_key)
            layout.unfinished_database.replace(layout.database)
            sync_folder(directory)
        return cls(layout, data_key, label, "created", circumstances)

    @classmethod
    def open(
        cls,
        directory: Path,
        passphrase: str,
        *,
        kdf_floor: KdfParameters | None = None,
        circumstances: Circumstances | None = None,
    ) -> Vault:
        """Open with a passphrase. Takes as long as its slot's cost, 0.5–1 s; call it off the UI thread.

        Parameters
        ----------
        kdf_floor:
            Least cost that a slot must ask for. Only tests pass one, for vaults of ``KdfParameters.for_tests()``.

        Raises
        ------
        NotFoundError
            ``vault.absent``.
        LockedError
            ``vault.wrong_passphrase``.
        IntegrityError
            ``vault.kdf_floor``, ``vault.key_file``, ``vault.key_file_altered``, ``vault.database_missing``.
        ConflictError
            ``vault.schema_newer``.
        """
        layout = VaultLayout(directory)
        header, _ = KeyHeader.read(layout.keys)
        _require_database(layout)
        data_key, slot = header.unlock(passphrase, kdf_floor or KdfParameters.floor())
        return cls(layout, data_key, slot.label, slot.kind, circumstances)

    @classmethod
    def open_with_key(
        cls,
        directory: Path,
        data_key: bytes,
        *,
        who: str | None = None,
        circumstances: Circumstances | None = None,
    ) -> Vault:
        """Open with the data key itself, as a spawned job does that got it by pipe.

        Parameters
        ----------
        who:
            Name for the audit's entries; ``None`` takes the label of the vault's first slot.

        Raises
        ------
        NotFoundError
            ``vault.absent``.
        LockedError
            ``vault.wrong_key``.
        """
        layout = VaultLayout(directory)
        header, _ = KeyHeader.read(layout.keys)
        _require_database(layout)
        if len(data_key) != _KEY_BYTES:
            raise LockedError("vault.wrong_key", "The key does not open the vault.", remedy="Use the passphrase.")
        return cls(layout, data_key, who or header.slots[0].label, "data key", circumstances)

    @classmethod
    def open_with_keychain(cls, directory: Path, *, circumstances: Circumstances | None = None) -> Vault:
        """Open with a key that the operating system's keychain keeps.

        Raises
        ------
        NotFoundError
            ``vault.absent``.
        LockedError
            ``keychain.no_slot`` when the vault has no such slot, ``keychain.lost`` when the keychain does not hold the
            key (any more), ``keychain.unavailable`` without a keychain. The passphrase still opens the vault (V-15).
        """
        layout = VaultLayout(directory)
        header, _ = KeyHeader.read(layout.keys)
        _require_database(layout)
        slots = [slot for slot in header.slots if slot.kind == KEYCHAIN]
        for slot in slots:
            wrapping_key = keychain.wrapping_key(header.vault_id, slot.id)
            data_key = slot.unwrap(header.vault_id, wrapping_key) if wrapping_key is not None else None
            if data_key is not None:
                return cls(layout, data_key, slot.label, slot.kind, circumstances)
        raise LockedError(
            "keychain.lost" if slots else "keychain.no_slot",
            "The keychain of this computer does not hold a key for this vault.",
            remedy="Open the vault with its passphrase.",
        )

    @staticmethod
    def exists(directory: Path) -> bool:
        """Whether a folder holds a vault."""
        layout = VaultLayout(directory)
        return layout.keys.is_file() and layout.database.is_file()

    def data_key(self) -> bytes:
        """The data key, to hand to a spawned job by pipe. Never store, log or print it."""
        if not self._data_key:
            raise LockedError("vault.closed", "The vault is closed.", remedy="Open it again.")
        return bytes(self._data_key)

    @property
    def who(self) -> str:
        """Whose name the audit's entries bear: the label of the slot that opened the vault."""
        return self._store.who

    @property
    def gap(self) -> str:
        """What does not fit between the audit and a record of it outside, as a sentence; empty when all fits (V-31)."""
        return self._gap

    def close(self) -> None:
        """Close all connections and overwrite the key; a second call does nothing."""
        if self._data_key:
            note_closing(self._store)
            self._store.dispose()
            self._data_key[:] = bytes(len(self._data_key))
            self._data_key.clear()

    def __enter__(self) -> Vault:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Vault {'open' if self._data_key else 'closed'}>"

    def info(self) -> VaultInfo:
        """Facts for diagnostics."""
        header, _ = KeyHeader.read(self._layout.keys)
        with self._store.reading() as connection:
            cipher, page_size = cipher_facts(connection)
            revision = current_revision(connection)
        return VaultInfo(self.directory, cipher, revision, tuple(slot.shown for slot in header.slots), page_size)

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
        header = self._header()
        slot, wrapping_key = keychain_slot(header.vault_id, label, self.data_key())
        keychain.keep(header.vault_id, slot.id, wrapping_key)
        try:
            self._replace_header("slot.add", header, header.with_slot(slot), f"{slot.kind} {slot.id}")
        except BaseException:
            keychain.forget(header.vault_id, slot.id)
            raise
        return slot.shown

    def remove_slot(self, slot_id: str) -> None:
        """Remove a slot; the last passphrase stays (``vault.last_passphrase``).

        Raises
        ------
        NotFoundError
            ``vault.no_slot``.
        UsageError
            ``vault.last_passphrase``.
        """
        header = self._header()
        remaining = header.without_slot(slot_id)
        (slot,) = (slot for slot in header.slots if slot.id == slot_id)
        self._replace_header("slot.remove", header, remaining, f"{slot.kind} {slot.id}")
        if slot.kind == KEYCHAIN:
            # Without the slot the keychain's entry opens nothing, so one that cannot be reached now may stay behind.
            with contextlib.suppress(LockedError):
                keychain.forget(header.vault_id, slot.id)

    def begin_import(self, patient_id: PatientId, *, file: str, format: str, sha256: str) -> ImportSink:  # noqa: A002 (the word of the interface)
        """Begin an import into a patient; raises :class:`NotFoundError` (``patient.unknown``)."""
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

    def _header(self) -> KeyHeader:
        header, mac = KeyHeader.read(self._layout.keys)
        header.check(mac, self.data_key())
        return header

    def _replace_header(self, action: str, before: KeyHeader, after: KeyHeader, detail: str) -> None:
        """Change the key file with its audit entry, or not at all."""
        try:
            with self._store.writing(action) as write:
                write.detail = detail
                after.write(self._layout.keys, self.data_key())
        except BaseException:
            before.write(self._layout.keys, self.data_key())
            raise


def _require_database(layout: VaultLayout) -> None:
    if not layout.database.is_file():
        raise IntegrityError(
            "vault.database_missing",
            "The vault's key file is here, but its database is not.",
            remedy="Bring vault.db back into the folder, from where it was moved or from a backup.",
        )
