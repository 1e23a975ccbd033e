"""Users of an open vault: who they are, what they may do, and every change of keys, each with its audit entry."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import replace
from typing import Final

from sqlalchemy import Connection

from clarity_desktop.domain.errors import ConflictError, InputError, LockedError, UsageError
from clarity_desktop.domain.time import format_instant
from clarity_desktop.domain.users import FOUNDER_ROLES, Right, Role, User, roles_text
from clarity_desktop.vault.keys.codes import PendingCode
from clarity_desktop.vault.keys.header import Holder, KeyHeader, plain_name
from clarity_desktop.vault.keys.kdf import KdfParameters, check_new_passphrase
from clarity_desktop.vault.keys.slots import (
    EMERGENCY,
    KEYCHAIN,
    PASSPHRASE,
    code_slot,
    passphrase_slot,
)
from clarity_desktop.vault.keys.tries import Tries
from clarity_desktop.vault.keys.unlocked import UnlockedKeys
from clarity_desktop.vault.keys.wrapping import new_key
from clarity_desktop.vault.people import table
from clarity_desktop.vault.people.own_ways import OwnWays
from clarity_desktop.vault.people.ways_in import counted_as
from clarity_desktop.vault.records import Slot
from clarity_desktop.vault.store.transactions import Store

__all__ = ["EMERGENCY_NAME", "People"]

EMERGENCY_NAME: Final = "Emergency access"


class People(OwnWays):
    """The users of a vault. Roles are checked by the services; here, only keys that one holds can be given."""

    def __init__(self, store: Store, keys: UnlockedKeys) -> None:
        super().__init__(store, keys)
        self._founded = False

    # -- who there is ---------------------------------------------------------------------------------------

    def found(self) -> User:
        """On opening, before anything is written: the user, after entering the one of a vault without users."""
        with self._store.reading() as connection:
            empty = table.is_empty(connection)
        if empty:
            with self._store.staging() as connection:
                for user in self.header().users:
                    table.enter(connection, user.id, user.name, FOUNDER_ROLES)
        self._founded = empty and self._keys.how != "created"
        return self.me()

    def settle(self) -> None:
        """After opening as the owner: bring keys and table together."""
        if self._founded:
            with self._store.writing("people.add") as write:
                write.detail = f"{self._keys.user_id} {roles_text(FOUNDER_ROLES)}"
        elif self._keys.admin:
            self._repair()

    def tell_tries(self, tries: Tries, data_key: bytes) -> None:
        """After opening: tell the audit of wrong tries, and of a count that is not as it was written (V-26)."""
        fresh = self._keys.how == "created" or self._founded
        if fresh:
            tries.make()
        right = counted_as(self._keys)
        vanished, verdict = tries.has_vanished() and not self._founded, "" if fresh else tries.verdict(data_key)
        if vanished:
            with self._store.noting("unlock.count_missing") as write:
                write.outcome = "noticed"
        if verdict:
            with self._store.noting("unlock.count_altered") as write:
                write.outcome = "noticed"
                write.detail = verdict
        failed, omitted = tries.untold(right)
        for one in failed:
            with self._store.noting("unlock.refused") as write:
                write.outcome = "refused"
                write.detail = f"{format_instant(one.at)} {one.user}"
        if omitted:
            with self._store.noting("unlock.refused") as write:
                write.outcome = "refused"
                write.detail = f"{omitted} earlier ones"
        if fresh or right or failed or omitted or verdict or vanished:
            tries.told(len(failed), data_key, right)

    def _repair(self) -> None:
        """Bring key file and table together where the program ended between writing the one and the other."""
        with self._store.reading() as connection:
            if _differing(self.header(), connection) == (set(), set()):
                return
        with self._changing("people.repair") as change:
            # Once more, because somebody else may have been in the middle of a change.
            only_keys, only_row = _differing(change.header, change.write.connection)
            for user_id in only_keys:
                change.header = change.header.without_user(user_id)
            for user_id in only_row:
                table.mark_removed(change.write.connection, user_id)
            change.write.detail = " ".join(sorted(only_keys | only_row))

    def everybody(self) -> list[User]:
        """Everybody, present users first; removed ones are kept."""
        with self._store.reading() as connection:
            return table.all_users(connection)

    def me(self) -> User:
        """The user whose keys opened the vault, with the roles they have now.

        Raises
        ------
        LockedError
            ``people.removed`` when they were removed meanwhile.
        """
        with self._store.reading() as connection:
            user = table.user_now(connection, self._keys.user_id)
        if user is not None:
            return user
        raise LockedError(
            "people.removed", "You no longer have access to this vault.", remedy="Ask an admin of the vault."
        )

    def find(self, text: str) -> User:
        """The present user of an id or a name in any case; raises :class:`NotFoundError` (``people.unknown``)."""
        header = self.header()
        named = header.named(text)
        with self._store.reading() as connection:
            return table.present_user(connection, named.id if named is not None else text.strip())

    def slots(self, user_id: str | None = None) -> list[Slot]:
        """The ways in of a user, or of everybody."""
        return [slot.shown for slot in self.header().slots if user_id in (None, slot.user)]

    # -- users ----------------------------------------------------------------------------------------------

    def add(self, name: str, passphrase: str, roles: Collection[Role], *, kdf: KdfParameters | None = None) -> User:
        """Add a user with a passphrase of their own. Takes as long as its cost; call it off the UI thread.

        Parameters
        ----------
        kdf:
            Cost of the slot; ``None`` takes what the vault's slots cost.

        Raises
        ------
        InputError
            ``vault.passphrase_short``, ``vault.passphrase_common``, ``people.no_name``, ``people.no_role``.
        ConflictError
            ``people.name_taken``.
        LockedError
            ``people.no_admin_key``.
        """
        check_new_passphrase(passphrase)
        wanted, held = _checked_roles(roles), self.admin_keys()
        cost = None if kdf is None else kdf.checked()
        user_id, user_key = str(uuid.uuid4()), new_key()
        with self._changing("people.add") as change:
            header = change.header
            called = _free_name(table.all_users(change.write.connection), name)
            holder = _granted(header, Holder(user_id, called, b""), user_key, held, wanted)
            slot = passphrase_slot(header.vault_id, user_id, called, passphrase, user_key, cost or header.cost)
            change.header = header.with_user(holder).with_slot(slot)
            change.write.detail = f"{user_id} {roles_text(wanted)}"
            return table.enter(change.write.connection, user_id, called, wanted)

    def rename(self, user_id: str, name: str) -> None:
        """Give a user another name; raises as :meth:`add`."""
        with self._changing("people.rename") as change:
            header = change.header
            called = _free_name(table.all_users(change.write.connection), name, but=user_id)
            slots = tuple(
                replace(slot, label=called) if slot.user == user_id and slot.kind == PASSPHRASE else slot
                for slot in header.slots
            )
            change.header = replace(header.with_user(replace(header.user(user_id), name=called)), slots=slots)
            change.write.detail = user_id
            table.rename(change.write.connection, user_id, called)
        if user_id == self._keys.user_id:
            self._keys.name = self._store.who = called

    def set_roles(self, user_id: str, roles: Collection[Role]) -> None:
        """Give a user other roles and the keys that go with them; open sessions follow at once (V-46).

        Raises
        ------
        InputError
            ``people.no_role``.
        UsageError
            ``people.last_admin``.
        LockedError
            ``people.no_admin_key``.
        """
        wanted, held = _checked_roles(roles), self.admin_keys()
        with self._changing("people.roles") as change:
            header = change.header
            holder = header.user(user_id)
            before = table.present_user(change.write.connection, user_id)
            if Role.ADMIN in before.roles and Role.ADMIN not in wanted:
                _require_other_admin(table.all_users(change.write.connection), user_id)
            user_key = holder.user_key(header.vault_id, bytes(held.admin))
            change.header = header.with_user(_granted(header, holder, user_key, held, wanted))
            table.set_roles(change.write.connection, user_id, wanted)
            change.write.detail = f"{user_id} {roles_text(before.roles)} to {roles_text(wanted)}"

    def remove(self, user_id: str) -> None:
        """Take all keys from a user. What they did stays in the audit under their name.

        Raises
        ------
        UsageError
            ``people.last_admin``.
        """
        with self._changing("people.remove") as change:
            header = change.header
            _require_other_admin(table.all_users(change.write.connection), user_id)
            entries = header.slots_of(user_id, KEYCHAIN)
            change.header = replace(header.without_user(header.user(user_id).id))
            table.mark_removed(change.write.connection, user_id)
            change.write.detail = user_id
        for slot in entries:
            self._forget(header.vault_id, slot)

    def keep_emergency_code(self, pending: PendingCode, answers: dict[int, str]) -> Slot:
        """As an admin, let a sealed code open the vault in an emergency; an older one opens no more (V-14).

        Raises
        ------
        InputError
            ``code.not_typed_back``.
        LockedError
            ``people.no_admin_key``.
        """
        pending.check(answers)
        held = self.admin_keys()
        user_id, user_key = str(uuid.uuid4()), new_key()
        roles = frozenset({Role.CLINICIAN})
        with self._changing("emergency.new") as change:
            header = change.header
            for old in [one for one in header.users if one.emergency]:
                header = header.without_user(old.id)
                table.mark_removed(change.write.connection, old.id)
            holder = _granted(header, Holder(user_id, EMERGENCY_NAME, b"", emergency=True), user_key, held, roles)
            slot = code_slot(header.vault_id, EMERGENCY, user_id, EMERGENCY_NAME, pending.text, user_key)
            change.header = header.with_user(holder).with_slot(slot)
            table.enter(change.write.connection, user_id, EMERGENCY_NAME, roles, emergency=True)
            change.write.detail = slot.id
        return slot.shown


def _differing(header: KeyHeader, connection: Connection) -> tuple[set[str], set[str]]:
    """Ids of users with keys and no row, and of those with a row and no keys."""
    present = {user.id for user in table.all_users(connection) if user.removed is None}
    held = {user.id for user in header.users}
    return held - present, present - held


def _granted(header: KeyHeader, holder: Holder, user_key: bytes, held: UnlockedKeys, roles: frozenset[Role]) -> Holder:
    """The user with the keys that their roles need."""
    sees = any(Right.SEE_IDENTITY in User("", "", frozenset({role})).rights for role in roles)
    # An admin hands the identity key on, so an admin holds it; the services keep them from using it otherwise.
    identity = sees or Role.ADMIN in roles
    return holder.granted(header.vault_id, user_key, held, identity=identity, admin=Role.ADMIN in roles)


def _checked_roles(roles: Collection[Role]) -> frozenset[Role]:
    if not roles:
        raise InputError(
            "people.no_role", "A person needs a role.", remedy="Choose admin, clinician, researcher or read_only."
        )
    return frozenset(Role(role) for role in roles)


def _free_name(users: Collection[User], name: str, *, but: str = "") -> str:
    """The name, unless somebody has or had it: the audit must never mean two people by one name."""
    called = name.strip()
    if not called or plain_name(called) == plain_name(EMERGENCY_NAME):
        raise InputError("people.no_name", "A person needs a name of their own.", remedy="Type their name.")
    if any(plain_name(user.name) == plain_name(called) and user.id != but for user in users):
        raise ConflictError(
            "people.name_taken", "Somebody of this name opens the vault, or once did.", remedy="Add a second name."
        )
    return called


def _require_other_admin(users: Collection[User], user_id: str) -> None:
    admins = {user.id for user in users if user.removed is None and Role.ADMIN in user.roles}
    if admins <= {user_id}:
        raise UsageError(
            "people.last_admin", "The last admin of a vault stays.", remedy="Give somebody else the role first."
        )
