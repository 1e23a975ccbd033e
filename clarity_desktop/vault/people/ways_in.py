"""From what somebody brings (passphrase, code, keychain) to the keys of an open vault; each wrong try is counted."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from clarity_desktop.domain.errors import InputError, IntegrityError, LockedError, UsageError
from clarity_desktop.domain.overwriting import overwrite
from clarity_desktop.vault.keys import keychain
from clarity_desktop.vault.keys.clock import Clock
from clarity_desktop.vault.keys.codes import code_from_text
from clarity_desktop.vault.keys.header import Holder, KeyHeader, altered, plain_name
from clarity_desktop.vault.keys.header_v1 import FirstHeader
from clarity_desktop.vault.keys.kdf import KdfParameters, derive_key
from clarity_desktop.vault.keys.slots import (
    EMERGENCY,
    KEYCHAIN,
    PASSPHRASE,
    RECOVERY,
    KeySlot,
    code_wrapping_key,
    passphrase_slot,
)
from clarity_desktop.vault.keys.tries import CODES, Tries, unknown_name
from clarity_desktop.vault.keys.unlocked import UnlockedKeys
from clarity_desktop.vault.keys.wrapping import KEY_BYTES, new_key
from clarity_desktop.vault.store.anchors import outside_file
from clarity_desktop.vault.store.layout import VaultLayout

__all__ = ["Entrance", "checked_reason", "counted_as", "founded", "job_key", "keys_of_job", "tries_outside"]

_FIRST: Final = "first"


def founded(name: str, passphrase: str, cost: KdfParameters) -> tuple[KeyHeader, UnlockedKeys]:
    """The header and keys of a new vault with one user."""
    data_key = new_key()
    keys = _founding_keys(name, data_key, "created")
    overwrite(data_key)
    return _header_of(str(uuid.uuid4()), keys, passphrase, cost), keys


def _founding_keys(name: str, data_key: bytes, how: str) -> UnlockedKeys:
    user, identity, admin = (_held(new_key()) for _ in range(3))
    return UnlockedKeys(str(uuid.uuid4()), name.strip(), how, bytearray(data_key), user, identity, admin)


def _held(key: bytes) -> bytearray:
    """A key in memory that can be overwritten, and nowhere else."""
    kept = bytearray(key)
    overwrite(key)
    return kept


def _header_of(vault_id: str, keys: UnlockedKeys, passphrase: str, cost: KdfParameters) -> KeyHeader:
    user_key = bytes(keys.user)
    user = Holder(keys.user_id, keys.name, b"").granted(vault_id, user_key, keys, identity=True, admin=True)
    slot = passphrase_slot(vault_id, keys.user_id, keys.name, passphrase, user_key, cost)
    keys.slot_id = slot.id
    return KeyHeader(vault_id, (user,), (slot,), cost)


def job_key(keys: UnlockedKeys) -> bytes:
    """What a job's process needs to work in a user's name; without their own key and the admin key."""
    document = {"user": keys.user_id, "data": keys.data.hex(), "identity": keys.identity.hex()}
    return json.dumps(document).encode()


def keys_of_job(header: KeyHeader, key: bytes, who: str | None) -> UnlockedKeys:
    """The keys in what :func:`job_key` made, or in a bare data key; raises ``LockedError`` (``vault.wrong_key``)."""
    first = next(user for user in header.users if not user.emergency)
    if len(key) == KEY_BYTES:
        return UnlockedKeys(first.id, who or first.name, "data key", bytearray(key))
    try:
        document = json.loads(key)
        data, identity = bytearray.fromhex(document["data"]), bytearray.fromhex(document["identity"])
        user = next((one for one in header.users if one.id == document["user"]), None)
    except (ValueError, KeyError, TypeError):
        user = None
    if user is None or len(data) != KEY_BYTES:
        raise LockedError("vault.wrong_key", "The key does not open the vault.", remedy="Use the passphrase.")
    return UnlockedKeys(user.id, who or user.name, "data key", data, identity=identity)


@dataclass(slots=True)
class Entrance:
    """The door of one vault.

    Parameters
    ----------
    floor:
        Least cost that a passphrase slot must ask for.
    clock:
        Measures the pauses; ``None`` takes this machine's.
    state:
        This account's own folder, which keeps a second record of the tries; ``None`` for none.
    """

    layout: VaultLayout
    floor: KdfParameters
    clock: Clock | None = None
    state: Path | None = None

    @property
    def tries(self) -> Tries:
        """The counter of wrong tries. A right one is taken back when the vault is open, with its key."""
        return Tries(self.layout.tries, self.clock, tries_outside(self.layout, self.state))

    def names(self) -> tuple[str, ...]:
        """Who can open the vault with a passphrase."""
        found = KeyHeader.read_any(self.layout.keys)
        if isinstance(found, FirstHeader):
            return tuple(slot.label for slot in found.passphrases)
        return tuple(user.name for user in found[0].users if not user.emergency)

    def wait_s(self, person: str | None = None) -> float:
        """Seconds until somebody may try; without a name, of the only user or of a stranger."""
        found = KeyHeader.read_any(self.layout.keys)
        if isinstance(found, FirstHeader):
            return self.tries.wait_s(_FIRST)
        header, _ = found
        user = header.named(person) if person is not None else _only(header)
        return self.tries.wait_s(_counted_as(header, user, person or ""))

    def by_passphrase(self, passphrase: str, person: str | None) -> UnlockedKeys:
        """The keys of a user by their passphrase.

        The answer to an unknown name takes as long and says the same as that to a wrong passphrase (V-27).

        Raises
        ------
        IntegrityError
            ``vault.kdf_floor`` when a slot asks for less work than the floor: nobody but an attacker writes that.
        UsageError
            ``vault.whose`` without a name where several users have a passphrase.
        LockedError
            ``vault.wrong_passphrase``; ``vault.wait`` while a pause lasts.
        """
        found = KeyHeader.read_any(self.layout.keys)
        if isinstance(found, FirstHeader):
            return self._converted(found, passphrase)
        header, _ = found
        for slot in header.slots:
            if slot.kdf is not None and slot.kdf.is_below(self.floor):
                raise _below_floor(slot.kdf)
        user = header.named(person) if person is not None else _only(header)
        if user is None and person is None:
            raise UsageError(
                "vault.whose", "Several people open this vault.", remedy="Say who you are, then type your passphrase."
            )
        counted_as = _counted_as(header, user, person or "")
        slot = next(one for one in header.slots if one.kind == PASSPHRASE and (user is None or one.user == user.id))
        user_key = self._tried(counted_as, header, slot, passphrase)
        if user is None or user_key is None:
            raise _wrong()
        return _keys(user, header, user_key, slot)

    def _tried(self, counted_as: str, header: KeyHeader, slot: KeySlot, passphrase: str) -> bytes | None:
        self.tries.begin(counted_as)
        wrapping_key = derive_key(passphrase, slot.salt, slot.kdf or header.cost)
        try:
            return slot.unwrap(header.vault_id, wrapping_key)
        finally:
            overwrite(wrapping_key)

    def by_code(self, code: str, kind: str) -> UnlockedKeys:
        """The keys of the user whose printed code this is.

        Raises
        ------
        InputError
            ``code.shape``, ``code.group`` for a typing error, which is not counted.
        LockedError
            ``vault.wrong_code``; ``vault.wait`` while a pause lasts.
        """
        code_from_text(code)
        header, _ = KeyHeader.read(self.layout.keys)
        self.tries.begin(CODES)
        for slot in header.slots:
            if slot.kind != kind:
                continue
            user_key = slot.unwrap(header.vault_id, code_wrapping_key(code, slot.salt))
            if user_key is not None:
                return _keys(header.user(slot.user), header, user_key, slot)
        raise LockedError(
            "vault.wrong_code",
            "This code does not open the vault.",
            remedy="Look for the newest print; a code that was used or replaced opens nothing.",
        )

    def by_keychain(self, person: str | None) -> UnlockedKeys:
        """The keys of the user whose entry the system's keychain holds.

        Raises
        ------
        LockedError
            ``keychain.no_slot``, ``keychain.lost``, ``keychain.unavailable``: the passphrase still opens (V-15).
        """
        found = KeyHeader.read_any(self.layout.keys)
        slots: list[KeySlot] = []
        if not isinstance(found, FirstHeader):
            header, _ = found
            wanted = None if person is None else plain_name(person)
            slots = [
                slot
                for slot in header.slots
                if slot.kind == KEYCHAIN and wanted in (None, plain_name(header.user(slot.user).name))
            ]
            for slot in slots:
                wrapping_key = keychain.wrapping_key(header.vault_id, slot.id)
                user_key = slot.unwrap(header.vault_id, wrapping_key) if wrapping_key is not None else None
                if user_key is not None:
                    return _keys(header.user(slot.user), header, user_key, slot)
        raise LockedError(
            "keychain.lost" if slots else "keychain.no_slot",
            "The keychain of this computer does not hold a key for this vault.",
            remedy="Open the vault with its passphrase.",
        )

    def _converted(self, first: FirstHeader, passphrase: str) -> UnlockedKeys:
        """Open a vault of the first format and write its key file anew; its one passphrase stays."""
        for old in first.passphrases:
            if old.kdf is not None and old.kdf.is_below(self.floor):
                raise _below_floor(old.kdf)
        self.tries.begin(_FIRST)
        opened = first.unlock(passphrase)
        if opened is None:
            raise _wrong()
        data_key, slot = opened
        if not first.is_genuine(data_key):
            raise altered()
        self.tries.told(0, data_key, _FIRST)
        cost = slot.kdf or KdfParameters.floor()
        keys = _founding_keys(slot.label, data_key, PASSPHRASE)
        header = _header_of(first.vault_id, keys, passphrase, cost)
        for old in first.keychains:
            # An entry that the keychain does not give out now is dropped with its slot: the passphrase opens.
            wrapping_key = _entry(first.vault_id, old.id)
            if wrapping_key is not None and old.unwrap(first.vault_id, wrapping_key) == data_key:
                new = KeySlot(old.id, KEYCHAIN, keys.user_id, old.label, b"")
                header = header.with_slot(new.wrap(first.vault_id, wrapping_key, bytes(keys.user)))
        header.write(self.layout.keys, data_key)
        return keys


def _entry(vault_id: str, slot_id: str) -> bytes | None:
    try:
        return keychain.wrapping_key(vault_id, slot_id)
    except LockedError:
        return None


def _keys(user: Holder, header: KeyHeader, user_key: bytes, slot: KeySlot) -> UnlockedKeys:
    """All keys of a user; the one they came with is overwritten."""
    try:
        return user.keys(header.vault_id, user_key, slot.kind, slot.id)
    finally:
        overwrite(user_key)


def _only(header: KeyHeader) -> Holder | None:
    users = [user for user in header.users if not user.emergency]
    return users[0] if len(users) == 1 else None


def _counted_as(header: KeyHeader, user: Holder | None, name: str) -> str:
    return user.id if user is not None else unknown_name(header.vault_id, plain_name(name))


def _wrong() -> LockedError:
    return LockedError(
        "vault.wrong_passphrase",
        "This passphrase does not open the vault.",
        remedy="Type it again; check the name, the keyboard layout and the Caps Lock key.",
    )


def _below_floor(kdf: KdfParameters) -> IntegrityError:
    return IntegrityError(
        "vault.kdf_floor",
        "The key file asks for a weaker protection than this program accepts.",
        remedy="Restore vault.keys from a backup of the vault folder.",
        detail=f"time_cost={kdf.time_cost} memory_kib={kdf.memory_kib}",
    )


def counted_as(keys: UnlockedKeys) -> str:
    """What the try that gave these keys was counted under; empty for a way in whose tries are not counted."""
    if keys.how == PASSPHRASE:
        return keys.user_id
    return CODES if keys.how in (RECOVERY, EMERGENCY) else ""


def tries_outside(layout: VaultLayout, state: Path | None) -> Path | None:
    """The own record that an account keeps of the tries at one vault at one place; its name tells nothing of either."""
    if state is None:
        return None
    found = KeyHeader.read_any(layout.keys)
    vault_id = found.vault_id if isinstance(found, FirstHeader) else found[0].vault_id
    return outside_file(state, vault_id, layout.directory, "tries")


def checked_reason(reason: str) -> str:
    """A reason for the emergency access, fit for the audit; raises :class:`InputError` (``emergency.reason``)."""
    text = " ".join(reason.split())[:200]
    if len(text) < 8:
        raise InputError(
            "emergency.reason",
            "The emergency access needs a reason.",
            remedy="Say in a few words why, without naming a patient.",
        )
    return text
