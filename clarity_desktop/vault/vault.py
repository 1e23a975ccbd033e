"""The vault: one encrypted file of people and their recordings, opened by a key and spoken to through repositories."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from clarity_desktop.domain.errors import ClarityError, ConflictError, IntegrityError
from clarity_desktop.domain.overwriting import overwrite
from clarity_desktop.domain.people import PatientId
from clarity_desktop.vault.keys.clock import Clock
from clarity_desktop.vault.keys.header import KeyHeader
from clarity_desktop.vault.keys.kdf import KdfParameters, check_new_passphrase
from clarity_desktop.vault.keys.slots import EMERGENCY, RECOVERY
from clarity_desktop.vault.keys.swap import finish_swap
from clarity_desktop.vault.keys.unlocked import UnlockedKeys
from clarity_desktop.vault.open_vault import OpenVault
from clarity_desktop.vault.people.ways_in import Entrance, checked_reason, counted_as, founded, keys_of_job
from clarity_desktop.vault.store.circumstances import Circumstances
from clarity_desktop.vault.store.failures import database_failures, file_failures
from clarity_desktop.vault.store.layout import VaultLayout, create_private_file, sync_folder
from clarity_desktop.vault.store.migrate import make_database
from clarity_desktop.vault.store.place import require_own_disk

__all__ = ["Vault", "apply_erasure_ledger"]


class Vault(OpenVault):
    """An open vault with the ways of opening it. See :class:`OpenVault` for what it offers."""

    @classmethod
    def create(
        cls,
        directory: Path,
        passphrase: str,
        *,
        label: str = "Owner",
        kdf: KdfParameters | None = None,
        circumstances: Circumstances | None = None,
    ) -> Self:
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
        overwrite(data_key)
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
    ) -> Self:
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
        entrance = _entrance(directory, kdf_floor, clock, circumstances)
        vault = cls._entered(entrance, entrance.by_passphrase(passphrase, person), circumstances)
        try:
            if not vault.is_read_only:
                vault.people.renew_slot(passphrase)
        except BaseException:
            vault.close()
            raise
        return vault

    @classmethod
    def _entered(cls, entrance: Entrance, keys: UnlockedKeys, circumstances: Circumstances | None) -> Self:
        """The open vault; where it does not open although the key was right, that is no wrong try."""
        try:
            return cls(entrance.layout, keys, circumstances)
        except ClarityError:
            entrance.tries.succeeded(counted_as(keys))
            raise

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
    ) -> Self:
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
        entrance = _entrance(directory, None, clock, circumstances)
        vault = cls._entered(entrance, entrance.by_code(code, RECOVERY), circumstances)
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
    ) -> Self:
        """Open with the sealed emergency code. The reason and every action bear the emergency's name (V-14).

        Raises
        ------
        InputError
            ``emergency.reason``, ``code.shape``, ``code.group``.
        LockedError
            ``vault.wrong_code``; ``vault.wait`` while a pause lasts.
        """
        text = checked_reason(reason)
        entrance = _entrance(directory, None, clock, circumstances)
        vault = cls._entered(entrance, entrance.by_code(code, EMERGENCY), circumstances)
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
    ) -> Self:
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
    ) -> Self:
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
    def wait_s(
        directory: Path, person: str | None = None, *, clock: Clock | None = None, state: Path | None = None
    ) -> float:
        """Seconds that the pause after wrong passphrases still lasts for a person (V-24).

        Parameters
        ----------
        state:
            This account's own folder: a count that is older than the record there does not shorten the pause (V-26).
        """
        return Entrance(VaultLayout(directory), KdfParameters.floor(), clock, state).wait_s(person)

    @staticmethod
    def exists(directory: Path) -> bool:
        """Whether a folder holds a vault."""
        layout = VaultLayout(directory)
        return layout.keys.is_file() and layout.database.is_file()


def _entrance(
    directory: Path, floor: KdfParameters | None, clock: Clock | None, around: Circumstances | None = None
) -> Entrance:
    """The door of a vault whose files are there; raises ``NotFoundError`` or ``IntegrityError``."""
    layout = VaultLayout(directory)
    finish_swap(layout)
    KeyHeader.read_any(layout.keys)
    _require_database(layout)
    state = None if around is None or around.is_copy else around.state
    return Entrance(layout, floor or KdfParameters.floor(), clock, state)


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
