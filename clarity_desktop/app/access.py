"""The half of the services that is about access: opening and locking the vault, its users, their ways in."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from clarity_desktop.app.permissions import needs, open_to_all, refused
from clarity_desktop.domain.changes import Change
from clarity_desktop.domain.errors import LockedError, NotPermittedError, UsageError
from clarity_desktop.domain.people import Patient
from clarity_desktop.domain.users import Right, Role, User
from clarity_desktop.domain.work import CancelToken, ProgressListener, ignore_progress

if TYPE_CHECKING:
    from clarity_desktop.vault import AuditEntry, AuditVerdict, Circumstances, Slot, Vault
    from clarity_desktop.vault.keys.codes import PendingCode as PendingCode

__all__ = ["AccessServices"]

_T = TypeVar("_T")
_REMOVED: Final = "people.removed"


class AccessServices:
    """Opening, locking, users, passphrases, codes, slots and the audit. Part of ``Services``."""

    vault_directory: Path
    _vault: Vault | None
    _lock: threading.RLock

    @property
    @open_to_all
    def vault(self) -> Vault:
        """The open vault; raises :class:`LockedError` (``vault.locked``) when none is open."""
        vault = self._vault
        if vault is None:
            raise LockedError("vault.locked", "The vault is locked.", remedy="Unlock it with your passphrase.")
        return vault

    @open_to_all
    def lock(self) -> None:
        """Close the vault and forget its keys."""
        with self._lock:
            vault, self._vault = self._vault, None
        if vault is not None:
            vault.close()

    def _adopt(self, vault: Vault) -> None:
        with self._lock:
            self.lock()
            self._vault = vault

    def _circumstances(self, owner: str | None = None) -> Circumstances:
        """From where vaults are opened here; another part of the services knows."""
        raise TypeError("the services are not whole")

    def _announce(self, what: Change, *patients: str) -> None:
        """Tell listeners; the other half of the services has them."""

    # -- who may do what ------------------------------------------------------------------------------------

    @open_to_all
    def user(self) -> User:
        """Who has opened the vault, with the roles of this moment, so that a change reaches open sessions (V-46).

        Raises
        ------
        LockedError
            ``vault.locked``; ``people.removed`` for somebody who was removed meanwhile, which locks the vault.
        """
        try:
            return self.vault.people.me()
        except LockedError as error:
            if error.code == _REMOVED:
                self.lock()
            raise

    @open_to_all
    def permits(self, right: Right) -> bool:
        """Whether the user may do this; false while the vault is locked. For showing, not for deciding."""
        return self._vault is not None and right in self.user().rights

    @open_to_all
    def require(self, right: Right, action: str) -> None:
        """Raise :class:`NotPermittedError` (``rights.missing``) unless the user may do this."""
        if right not in self.user().rights:
            self.note_refusal(action)
            raise refused(action)

    @open_to_all
    def note_refusal(self, action: str) -> None:
        """Record that the user was refused something (V-28)."""
        self.vault.audit.append("access.refused", outcome="refused", detail=action)

    @open_to_all
    def admit(self, action: str, word: str, row_id: object, *, enters: bool = True) -> None:
        """Let the user look at a patient, and record the first look of the session (V-28).

        Parameters
        ----------
        action:
            Method that was called.
        word, row_id:
            Kind of id, such as ``patient_id`` or ``series_id``, and the id.
        enters:
            False where the method writes an entry of the opening itself.

        Raises
        ------
        NotPermittedError
            ``patient.restricted`` when the record is open to others only (V-45); the refusal is an entry.
        """
        openings = self.vault.openings
        patient_id = str(row_id) if word == "patient_id" else openings.patient_of(word, row_id)
        if patient_id is None:
            return
        self.require_visible(patient_id, action)
        if enters:
            openings.look(patient_id, action)

    @open_to_all
    def require_visible(self, patient_id: str, action: str) -> None:
        """Raise :class:`NotPermittedError` (``patient.restricted``) where a record is open to others only (V-45)."""
        vault, me = self.vault, self.user()
        if not me.emergency and patient_id in vault.sharing.hidden_from(me.id):
            vault.audit.append("access.refused", patient_id=patient_id, outcome="refused", detail=action)
            raise NotPermittedError(
                "patient.restricted",
                "This person's record is open to named colleagues only.",
                remedy="Ask the colleague who looks after this person to share it.",
            )

    def _visible(self, patients: list[Patient]) -> list[Patient]:
        """Those of some patients that the user may see."""
        me = self.user()
        hidden = frozenset() if me.emergency else self.vault.sharing.hidden_from(me.id)
        return [one for one in patients if one.id not in hidden]

    def _sees_identity(self) -> bool:
        return Right.SEE_IDENTITY in self.user().rights

    # -- the door -------------------------------------------------------------------------------------------

    @open_to_all
    def unlock_names(self) -> tuple[str, ...]:
        """Who opens the vault with a passphrase, as the unlock screen offers them."""
        from clarity_desktop.vault import Vault

        return Vault.names(self.vault_directory)

    @open_to_all
    def unlock_wait_s(self, person: str | None = None) -> float:
        """Seconds that the pause after wrong passphrases still lasts for a person."""
        from clarity_desktop.vault import Vault

        return Vault.wait_s(self.vault_directory, person, state=self._circumstances().state)

    @open_to_all
    def create_vault(self, passphrase: str, *, person: str = "Owner") -> None:
        """Create the vault and leave it open. The person becomes its first admin and clinician."""
        from clarity_desktop.vault import Vault

        self._adopt(Vault.create(self.vault_directory, passphrase, label=person, circumstances=self._circumstances()))

    @open_to_all
    def unlock(self, passphrase: str, *, person: str | None = None) -> None:
        """Open the vault with a passphrase.

        Raises
        ------
        UsageError
            ``vault.whose`` when several people have a passphrase and none is named.
        LockedError
            ``vault.wrong_passphrase``, for unknown people too; ``vault.wait`` while a pause lasts.
        """
        from clarity_desktop.vault import Vault

        self._adopt(Vault.open(self.vault_directory, passphrase, person=person, circumstances=self._circumstances()))

    @open_to_all
    def unlock_with_keychain(self, *, person: str | None = None) -> bool:
        """Open the vault with the operating system's keychain; false when there is no such slot or no keychain."""
        from clarity_desktop.vault import Vault

        try:
            self._adopt(
                Vault.open_with_keychain(self.vault_directory, person=person, circumstances=self._circumstances())
            )
        except LockedError:
            return False
        return True

    @open_to_all
    def unlock_with_recovery_code(self, code: str, new_passphrase: str) -> PendingCode:
        """Open with a recovery code and set a new passphrase; answers the code that takes the old one's place.

        The old code opens nothing any more; the new one opens after :meth:`keep_recovery_code`.

        Raises
        ------
        InputError
            ``code.shape``, ``code.group``, ``vault.passphrase_short``, ``vault.passphrase_common``.
        LockedError
            ``vault.wrong_code``, ``vault.wait``.
        """
        from clarity_desktop.vault import Vault

        self._adopt(
            Vault.open_with_recovery_code(
                self.vault_directory, code, new_passphrase, circumstances=self._circumstances()
            )
        )
        return Vault.new_code()

    @open_to_all
    def unlock_with_emergency_code(self, code: str, reason: str) -> None:
        """Open with the sealed emergency code. All that follows stands under its name in the audit (V-14)."""
        from clarity_desktop.vault import Vault

        self._adopt(
            Vault.open_with_emergency_code(self.vault_directory, code, reason, circumstances=self._circumstances())
        )

    @open_to_all
    def passphrase_strength(self, passphrase: str) -> str:
        """``guessable``, ``weak``, ``fair`` or ``strong``."""
        from clarity_desktop.vault.keys.guessable import strength_words

        return strength_words(passphrase)

    # -- one's own ways in ----------------------------------------------------------------------------------

    @needs(Right.OWN_ACCESS)
    def change_passphrase(self, old: str, new: str) -> None:
        """Put a new passphrase in place of one's own; raises as the vault's ``people.change_passphrase``."""
        self._changed(lambda: self.vault.people.change_passphrase(old, new))

    @open_to_all
    def code_to_show(self) -> PendingCode:
        """A code for a vault that is about to be made. It opens nothing before :meth:`keep_recovery_code`."""
        from clarity_desktop.vault import Vault

        return Vault.new_code()

    @needs(Right.OWN_ACCESS)
    def new_recovery_code(self) -> PendingCode:
        """A recovery code to show once. It opens nothing before :meth:`keep_recovery_code`."""
        return self.vault.new_code()

    @needs(Right.OWN_ACCESS)
    def keep_recovery_code(self, pending: PendingCode, answers: dict[int, str]) -> Slot:
        """Keep a shown code when the groups it asked for were typed back (V-12); an older one opens no more."""
        return self._changed(lambda: self.vault.people.keep_recovery_code(pending, answers))

    @needs(Right.OWN_ACCESS)
    def keychain_available(self) -> bool:
        """Whether this session of the system has a keychain that can keep a secret."""
        return self.vault.keychain_available()

    @needs(Right.OWN_ACCESS)
    def add_keychain_slot(self, label: str) -> Slot:
        """Let the system's keychain open the vault for oneself too; raises ``LockedError``."""
        return self._changed(lambda: self.vault.people.add_keychain_slot(label))

    @needs(Right.OWN_ACCESS)
    def slots(self) -> list[Slot]:
        """One's own ways in; those of everybody for admins."""
        me = self.user()
        return self.vault.people.slots(None if Right.MANAGE_PEOPLE in me.rights else me.id)

    @needs(Right.OWN_ACCESS)
    def remove_slot(self, slot_id: str) -> None:
        """Remove one of one's own ways in, or as an admin anybody's; the last passphrase of a person stays."""
        if slot_id not in {slot.id for slot in self.vault.people.slots(self.user().id)}:
            self.require(Right.MANAGE_PEOPLE, "remove_slot")
        self._changed(lambda: self.vault.people.remove_slot(slot_id))

    # -- people ---------------------------------------------------------------------------------------------

    @needs(Right.MANAGE_PEOPLE)
    def users(self) -> list[User]:
        """Everybody who opens the vault, or once did."""
        return self.vault.people.everybody()

    @needs(Right.MANAGE_PEOPLE)
    def find_user(self, text: str) -> User:
        """The user of a name or id; raises :class:`NotFoundError` (``people.unknown``)."""
        return self.vault.people.find(text)

    @needs(Right.MANAGE_PEOPLE)
    def add_user(self, name: str, passphrase: str, roles: Collection[Role]) -> User:
        """Add somebody with a passphrase of their own; takes as long as its cost."""
        return self._changed(lambda: self.vault.people.add(name, passphrase, roles))

    @needs(Right.MANAGE_PEOPLE)
    def rename_user(self, user_id: str, name: str) -> None:
        """Give somebody another name."""
        self._changed(lambda: self.vault.people.rename(user_id, name))

    @needs(Right.MANAGE_PEOPLE)
    def set_user_roles(self, user_id: str, roles: Collection[Role]) -> None:
        """Give somebody other roles; their open sessions follow at once. The last admin stays one."""
        self._changed(lambda: self.vault.people.set_roles(user_id, roles))

    @needs(Right.MANAGE_PEOPLE)
    def remove_user(self, user_id: str) -> None:
        """Take all keys from somebody. The last admin stays.

        Raises
        ------
        UsageError
            ``people.last_admin``; ``people.patients_left`` while they look after restricted patients (V-10).
        """
        left = len(self.vault.sharing.owned(user_id))
        if left:
            raise UsageError(
                "people.patients_left",
                f"{left} restricted {'patient is' if left == 1 else 'patients are'} looked after by this person.",
                remedy="Say first who takes them over.",
                detail=str(left),
            )
        self._changed(lambda: self.vault.people.remove(user_id))

    @needs(Right.MANAGE_PEOPLE)
    def reset_user_passphrase(self, user_id: str, passphrase: str) -> None:
        """Give somebody who has forgotten theirs a new passphrase."""
        self._changed(lambda: self.vault.people.reset_passphrase(user_id, passphrase))

    @needs(Right.MANAGE_PEOPLE)
    def new_emergency_code(self) -> PendingCode:
        """A code to print and seal. It opens nothing before :meth:`keep_emergency_code`."""
        return self.vault.new_code()

    @needs(Right.MANAGE_PEOPLE)
    def keep_emergency_code(self, pending: PendingCode, answers: dict[int, str]) -> Slot:
        """Keep a shown emergency code when the groups it asked for were typed back; an older one opens no more."""
        return self._changed(lambda: self.vault.people.keep_emergency_code(pending, answers))

    @needs(Right.MANAGE_PEOPLE)
    def rekey_vault(self, progress: ProgressListener = ignore_progress, cancel: CancelToken | None = None) -> None:
        """Give the whole vault new keys; everybody keeps their passphrases and codes. Blocks: call it from a worker.

        Raises
        ------
        ConflictError
            ``vault.busy`` while somebody else has the vault open.
        IntegrityError
            ``vault.damaged`` when it does not verify.
        CancelledError
            When stopped. After any error the vault is locked and as before.
        """
        from clarity_desktop.vault.people.rekey import rekeyed

        try:
            again = rekeyed(self.vault, circumstances=self._circumstances(), progress=progress, cancel=cancel)
            self._adopt(again)
        except BaseException:
            self.lock()
            raise

    # -- the audit ------------------------------------------------------------------------------------------

    @needs(Right.READ_OWN_AUDIT, Right.READ_ALL_AUDIT)
    def audit_entries(self, limit: int | None = 200, patient_id: str | None = None) -> list[AuditEntry]:
        """The latest entries: everybody's for admins, one's own for others."""
        from clarity_desktop.vault import AuditQuery

        me = self.user()
        whose = None if Right.READ_ALL_AUDIT in me.rights else me.name
        return self.vault.audit.find(AuditQuery(patient_id=patient_id, who=whose, limit=limit))

    @needs(Right.OWN_ACCESS)
    def verify_audit(self) -> AuditVerdict:
        """Check that no entry was changed, removed, added or reordered."""
        return self.vault.audit.verify()

    def _changed(self, change: Callable[[], _T]) -> _T:
        found = change()
        self._announce(Change.SLOTS)
        return found
