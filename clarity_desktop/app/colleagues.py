"""Services about colleagues: restricting a patient, sharing one for a time, and what belongs to one user."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from clarity_desktop.app.access import AccessServices
from clarity_desktop.app.permissions import needs
from clarity_desktop.app.pseudonyms import masked_patient
from clarity_desktop.domain.changes import Change
from clarity_desktop.domain.people import Patient
from clarity_desktop.domain.time import Instant
from clarity_desktop.domain.users import Right, User

if TYPE_CHECKING:
    from clarity_desktop.vault.people.sharing import Restriction, Share

__all__ = ["ColleagueServices", "PatientAccess"]


@dataclass(frozen=True, slots=True)
class PatientAccess:
    """Who sees a patient's record."""

    owner: User | None
    """``None`` while everybody who reads data sees it."""
    since: Instant | None
    shares: tuple[tuple[User, Share], ...]
    """With whom it is or was shared, oldest first."""


class ColleagueServices(AccessServices):
    """Restriction and sharing of patients, recent patients, own settings. Part of ``Services``."""

    @needs(Right.SEE_IDENTITY)
    def colleagues(self) -> list[User]:
        """Those with whom a patient can be shared: present users who read data, without oneself, by name."""
        me = self.user().id
        everybody = self.vault.people.everybody()
        found = [one for one in everybody if one.removed is None and not one.emergency and one.id != me]
        return [one for one in found if Right.READ_DATA in one.rights]

    @needs(Right.SEE_IDENTITY, Right.MANAGE_PEOPLE)
    def colleague(self, text: str) -> User:
        """The present user of a name or id; raises :class:`NotFoundError` (``people.unknown``)."""
        return self.vault.people.find(text)

    @needs(Right.READ_DATA, Right.MANAGE_PEOPLE)
    def patient_access(self, patient_id: str) -> PatientAccess:
        """Who sees a patient's record."""
        users = {one.id: one for one in self.vault.people.everybody()}
        restriction = self.vault.sharing.restriction(patient_id)
        shares = tuple((users[one.user_id], one) for one in self.vault.sharing.shares(patient_id))
        if restriction is None:
            return PatientAccess(None, None, shares)
        return PatientAccess(users[restriction.owner], restriction.since, shares)

    @needs(Right.CHANGE_IDENTITY)
    def restrict_patient(self, patient_id: str) -> Restriction:
        """Let nobody but oneself see a patient, and those the record is shared with later.

        Raises
        ------
        NotPermittedError
            ``rights.missing`` where somebody else restricted it before.
        """
        self._require_owner(patient_id, "restrict_patient")
        found = self.vault.sharing.restrict(patient_id, self.user().id)
        self._announce(Change.PATIENTS, patient_id)
        return found

    @needs(Right.CHANGE_IDENTITY, Right.MANAGE_PEOPLE)
    def lift_restriction(self, patient_id: str) -> None:
        """Open a patient to everybody who reads data again; for the owner, or an admin."""
        self._require_owner(patient_id, "lift_restriction")
        self.vault.sharing.lift(patient_id)
        self._announce(Change.PATIENTS, patient_id)

    @needs(Right.CHANGE_IDENTITY, Right.MANAGE_PEOPLE)
    def share_patient(self, patient_id: str, user_id: str, until: Instant) -> Share:
        """Give a colleague access to a restricted patient until a moment (UTC seconds); for the owner, or an admin.

        Raises
        ------
        NotPermittedError
            ``rights.missing`` for those who do not look after the patient.
        InputError
            ``share.until``.
        NotFoundError
            ``share.none``, ``people.unknown``.
        """
        self._require_owner(patient_id, "share_patient")
        found = self.vault.sharing.share(patient_id, user_id, until)
        self._announce(Change.PATIENTS, patient_id)
        return found

    @needs(Right.CHANGE_IDENTITY, Right.MANAGE_PEOPLE)
    def end_share(self, patient_id: str, user_id: str) -> None:
        """Take a colleague's access back at once; raises as :meth:`share_patient`."""
        self._require_owner(patient_id, "end_share")
        self.vault.sharing.end_share(patient_id, user_id)
        self._announce(Change.PATIENTS, patient_id)

    @needs(Right.MANAGE_PEOPLE)
    def restricted_of(self, user_id: str) -> int:
        """How many restricted patients a user looks after; somebody has to take them over before they are removed."""
        return len(self.vault.sharing.owned(user_id))

    @needs(Right.MANAGE_PEOPLE)
    def hand_over_patients(self, user_id: str, to: str) -> int:
        """Give all restricted patients of one user to another one; answers how many."""
        moved = self.vault.sharing.hand_over(user_id, to)
        self._announce(Change.PATIENTS)
        return moved

    # -- what belongs to one user ----------------------------------------------------------------------------

    @needs(Right.READ_DATA)
    def recent_patients(self, limit: int = 10) -> list[Patient]:
        """The patients that oneself opened lately and may still see, the latest first; nobody else's (V-43)."""
        people = {one.id: one for one in self._visible(self.vault.patients.list())}
        shown = [people[one] for one in self.vault.personal.recent(limit) if one in people]
        return shown if self._sees_identity() else [masked_patient(one) for one in shown]

    @needs(Right.OWN_ACCESS)
    def own_setting(self, name: str, default: Any = None) -> Any:
        """A JSON value that oneself has kept under a name; each user has their own."""
        return self.vault.personal.get(name, default)

    @needs(Right.OWN_ACCESS)
    def keep_own_setting(self, name: str, value: Any) -> None:
        """Keep a JSON value for oneself, sealed in the vault; ``None`` forgets it."""
        self.vault.personal.set(name, value)

    def _require_owner(self, patient_id: str, action: str) -> None:
        restriction = self.vault.sharing.restriction(patient_id)
        if restriction is not None and restriction.owner != self.user().id:
            self.require(Right.MANAGE_PEOPLE, action)
