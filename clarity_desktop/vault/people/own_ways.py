"""A user's own ways into the vault: passphrase, keychain, recovery code."""

from __future__ import annotations

from dataclasses import replace

from clarity_desktop.domain.errors import LockedError
from clarity_desktop.vault.keys import keychain
from clarity_desktop.vault.keys.codes import PendingCode, code_from_text
from clarity_desktop.vault.keys.kdf import KdfParameters, check_new_passphrase, derive_key
from clarity_desktop.vault.keys.slots import (
    KEYCHAIN,
    PASSPHRASE,
    RECOVERY,
    code_slot,
    code_wrapping_key,
    keychain_slot,
    passphrase_slot,
)
from clarity_desktop.vault.keys.tries import CODES, Tries
from clarity_desktop.vault.people.key_changes import KeyChanges
from clarity_desktop.vault.records import Slot

__all__ = ["OwnWays"]


class OwnWays(KeyChanges):
    """Ways in are added, changed and removed without touching data or other users."""

    def change_passphrase(self, old: str, new: str, *, kdf: KdfParameters | None = None) -> None:
        """Put a new passphrase in place of one's own. Until the one moment of the change the old one opens (V-11).

        Raises
        ------
        LockedError
            ``vault.wrong_passphrase`` when ``old`` is not one's passphrase.
        InputError
            ``vault.passphrase_short``, ``vault.passphrase_common``.
        """
        check_new_passphrase(new)
        header = self.header()
        (slot,) = header.slots_of(self._keys.user_id, PASSPHRASE)
        if slot.unwrap(header.vault_id, derive_key(old, slot.salt, slot.kdf or header.cost)) is None:
            raise LockedError(
                "vault.wrong_passphrase",
                "The present passphrase is another one.",
                remedy="Type the passphrase that you unlock with.",
            )
        self._new_passphrase("passphrase.change", self._keys.user_id, bytes(self._keys.user), new, kdf)

    def reset_passphrase(self, user_id: str, new: str, *, kdf: KdfParameters | None = None) -> None:
        """As an admin, give a user who has forgotten theirs a new passphrase; raises as :meth:`add`."""
        check_new_passphrase(new)
        header = self.header()
        user_key = header.user(user_id).user_key(header.vault_id, bytes(self.admin_keys().admin))
        self._new_passphrase("passphrase.reset", user_id, user_key, new, kdf)

    def recovered(self, new: str, *, kdf: KdfParameters | None = None) -> None:
        """After opening with a recovery code: set a passphrase, and let that code open nothing any more (V-13)."""
        check_new_passphrase(new)
        self._new_passphrase("recovery.use", self._keys.user_id, self._own_key(), new, kdf, gone=self._keys.slot_id)

    def renew_slot(self, passphrase: str) -> None:
        """Bring one's passphrase slot to the vault's cost when that was raised (V-8)."""
        header = self.header()
        slot = next((one for one in header.slots if one.id == self._keys.slot_id and one.kdf is not None), None)
        if slot is not None and slot.kdf is not None and slot.kdf.is_below(header.cost):
            self._new_passphrase("slot.renew", slot.user, self._own_key(), passphrase, None)

    def raise_cost(self, cost: KdfParameters) -> None:
        """Say what passphrase slots should cost from now on; each is renewed at its next unlock."""
        with self._changing("slot.cost") as change:
            change.header = replace(change.header, cost=cost.checked())
            change.write.detail = f"time_cost={cost.time_cost} memory_kib={cost.memory_kib} lanes={cost.lanes}"

    def add_keychain_slot(self, label: str) -> Slot:
        """Let the system's keychain open the vault for oneself too; raises ``keychain.unavailable``."""
        header = self.header()
        slot, wrapping_key = keychain_slot(header.vault_id, self._keys.user_id, label, self._own_key())
        keychain.keep(header.vault_id, slot.id, wrapping_key)
        try:
            with self._changing("slot.add") as change:
                change.header = change.header.with_slot(slot)
                change.write.detail = f"{slot.kind} {slot.id}"
        except BaseException:
            self._forget(header.vault_id, slot)
            raise
        return slot.shown

    def remove_slot(self, slot_id: str) -> None:
        """Remove a slot; a user's last passphrase stays.

        Raises
        ------
        NotFoundError
            ``vault.no_slot``.
        UsageError
            ``vault.last_passphrase``.
        """
        with self._changing("slot.remove") as change:
            slot = change.header.slot(slot_id)
            vault_id = change.header.vault_id
            change.header = change.header.without_slot(slot_id)
            change.write.detail = f"{slot.kind} {slot.id}"
        if slot.kind == KEYCHAIN:
            self._forget(vault_id, slot)

    def keep_recovery_code(self, pending: PendingCode, answers: dict[int, str]) -> Slot:
        """Let a code that was shown, and partly typed back, open the vault for oneself; an older one opens no more.

        Raises
        ------
        InputError
            ``code.not_typed_back``.
        """
        pending.check(answers)
        mine = self._keys.user_id
        with self._changing("recovery.new") as change:
            header = change.header
            name = header.user(mine).name
            slot = code_slot(header.vault_id, RECOVERY, mine, name, pending.text, self._own_key())
            change.header = header.with_slot(slot, instead=lambda one: one.kind == RECOVERY and one.user == mine)
            change.write.detail = slot.id
        return slot.shown

    def check_recovery_code(self, code: str) -> None:
        """See whether this is one's own recovery code, which goes on opening the vault; a wrong one is counted.

        Raises
        ------
        InputError
            ``code.shape``, ``code.group`` for a typing error, which is not counted.
        LockedError
            ``vault.wrong_code``; ``vault.wait`` while a pause lasts.
        """
        code_from_text(code)
        tries, header = Tries(self._store.layout.tries), self.header()
        tries.begin(CODES)
        for slot in header.slots_of(self._keys.user_id, RECOVERY):
            if slot.unwrap(header.vault_id, code_wrapping_key(code, slot.salt)) is not None:
                # Wrong ones before it wait for the next opening, which tells the audit of them.
                tries.told(0, self._keys.shared, CODES)
                return
        raise LockedError(
            "vault.wrong_code",
            "This is not your recovery code.",
            remedy="Look for the newest print; a code that was used or replaced is none any more.",
        )

    def _new_passphrase(
        self, action: str, user_id: str, user_key: bytes, new: str, kdf: KdfParameters | None, *, gone: str = ""
    ) -> None:
        cost = None if kdf is None else kdf.checked()
        header = self.header()
        (old,) = header.slots_of(user_id, PASSPHRASE)
        name = header.user(user_id).name
        # The slow derivation comes before the transaction, so that nobody waits for it.
        slot = passphrase_slot(header.vault_id, user_id, name, new, user_key, cost or header.cost, old.id)
        with self._changing(action) as change:
            change.header = change.header.with_slot(slot, instead=lambda one: one.id in {old.id, gone})
            change.write.detail = f"{user_id} {slot.id}"
