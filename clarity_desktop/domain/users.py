"""Who works with the program: users, their roles, and what each role may do."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from clarity_desktop.domain.time import Instant

__all__ = ["FOUNDER_ROLES", "RIGHTS", "Right", "Role", "User", "rights_of", "roles_from_text", "roles_text"]


class Role(StrEnum):
    """What a user is here for. A user may have several roles."""

    ADMIN = "admin"
    CLINICIAN = "clinician"
    RESEARCHER = "researcher"
    READ_ONLY = "read_only"


class Right(StrEnum):
    """One thing that somebody may be allowed to do."""

    OWN_ACCESS = "own_access"
    """Own passphrase, keychain and recovery code; facts about the vault."""
    SEE_IDENTITY = "see_identity"
    """Open a patient with name and date of birth."""
    READ_DATA = "read_data"
    """Recordings and findings, without identity unless :attr:`SEE_IDENTITY` is there too."""
    CHANGE_IDENTITY = "change_identity"
    """Add patients; change who they are."""
    CHANGE_DATA = "change_data"
    """Import, annotate, analyse."""
    EXPORT_IDENTIFIED = "export_identified"
    EXPORT_DEIDENTIFIED = "export_deidentified"
    SEND_INSIGHT = "send_insight"
    """Send to an external service, with consent."""
    SET_POLICY = "set_policy"
    """Decide what may be sent to external services."""
    MANAGE_PEOPLE = "manage_people"
    MANAGE_RETENTION = "manage_retention"
    RESTORE = "restore"
    REQUEST_ERASURE = "request_erasure"
    CONFIRM_ERASURE = "confirm_erasure"
    READ_OWN_AUDIT = "read_own_audit"
    READ_ALL_AUDIT = "read_all_audit"


RIGHTS: Final[Mapping[Role, frozenset[Right]]] = {
    Role.ADMIN: frozenset(
        {
            Right.OWN_ACCESS,
            Right.SET_POLICY,
            Right.MANAGE_PEOPLE,
            Right.MANAGE_RETENTION,
            Right.RESTORE,
            Right.CONFIRM_ERASURE,
            Right.READ_OWN_AUDIT,
            Right.READ_ALL_AUDIT,
        }
    ),
    Role.CLINICIAN: frozenset(
        {
            Right.OWN_ACCESS,
            Right.SEE_IDENTITY,
            Right.READ_DATA,
            Right.CHANGE_IDENTITY,
            Right.CHANGE_DATA,
            Right.EXPORT_IDENTIFIED,
            Right.EXPORT_DEIDENTIFIED,
            Right.SEND_INSIGHT,
            Right.REQUEST_ERASURE,
            Right.READ_OWN_AUDIT,
        }
    ),
    Role.RESEARCHER: frozenset(
        {Right.OWN_ACCESS, Right.READ_DATA, Right.CHANGE_DATA, Right.EXPORT_DEIDENTIFIED, Right.READ_OWN_AUDIT}
    ),
    Role.READ_ONLY: frozenset({Right.OWN_ACCESS, Right.SEE_IDENTITY, Right.READ_DATA}),
}
"""The table of rights: what each role may do. Nothing else decides it."""

FOUNDER_ROLES: Final = frozenset({Role.ADMIN, Role.CLINICIAN})
"""Roles of the person who makes a vault."""


def rights_of(roles: Collection[Role]) -> frozenset[Right]:
    """All that a user with these roles may do."""
    return frozenset().union(*(RIGHTS[role] for role in roles))


def roles_text(roles: Collection[Role]) -> str:
    """Roles as stored: their names in order, joined by commas."""
    return ",".join(sorted(roles))


def roles_from_text(text: str) -> frozenset[Role]:
    """Read :func:`roles_text` back; raises ``ValueError`` for a role nobody knows."""
    return frozenset(Role(name.strip()) for name in text.split(",") if name.strip())


@dataclass(frozen=True, slots=True)
class User:
    """Somebody who opens the vault with keys of their own."""

    id: str
    """Random identifier (UUID4)."""
    name: str
    """Nobody else has or had it; the audit names them by it."""
    roles: frozenset[Role]
    added: Instant = 0
    removed: Instant | None = None
    """When they lost their keys; users are never forgotten, because the audit speaks of them."""
    emergency: bool = False
    """The sealed emergency access, which belongs to nobody (V-14)."""

    @property
    def rights(self) -> frozenset[Right]:
        """All that this user may do."""
        return rights_of(self.roles)
