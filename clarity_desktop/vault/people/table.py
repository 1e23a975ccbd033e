"""The table of users, with their roles."""

from __future__ import annotations

import time
from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, insert, select, update

from clarity_desktop.domain.errors import NotFoundError
from clarity_desktop.domain.users import Role, User, roles_from_text, roles_text
from clarity_desktop.vault.store import schema

__all__ = ["all_users", "enter", "is_empty", "mark_removed", "present_user", "rename", "set_roles", "user_now"]

_TABLE = schema.people
# Asked at every call of a service, so it is put together once.
_PRESENT = select(_TABLE).where(_TABLE.c.id == bindparam("wanted"), _TABLE.c.removed.is_(None))


def is_empty(connection: Connection) -> bool:
    """Whether nobody was ever entered."""
    return connection.execute(select(func.count()).select_from(_TABLE)).scalar_one() == 0


def enter(connection: Connection, user_id: str, name: str, roles: frozenset[Role], *, emergency: bool = False) -> User:
    """Enter a user."""
    user = User(user_id, name, roles, int(time.time()), emergency=emergency)
    connection.execute(
        insert(_TABLE).values(
            id=user.id, name=user.name, roles=roles_text(roles), emergency=int(emergency), added=user.added
        )
    )
    return user


def all_users(connection: Connection) -> list[User]:
    """Everybody who ever had keys, by name."""
    rows = connection.execute(select(_TABLE).order_by(_TABLE.c.removed.is_not(None), _TABLE.c.name, _TABLE.c.added))
    return [_from_row(row) for row in rows]


def present_user(connection: Connection, user_id: str) -> User:
    """A user who has not been removed; raises :class:`NotFoundError` (``people.unknown``)."""
    user = user_now(connection, user_id)
    if user is None:
        raise NotFoundError(
            "people.unknown", "Nobody of this name opens the vault.", remedy="List the people and choose one of them."
        )
    return user


def user_now(connection: Connection, user_id: str) -> User | None:
    """A user who has not been removed, or ``None``."""
    row = connection.execute(_PRESENT, {"wanted": user_id}).first()
    return None if row is None else _from_row(row)


def rename(connection: Connection, user_id: str, name: str) -> None:
    """Give a user another name."""
    connection.execute(update(_TABLE).where(_TABLE.c.id == user_id).values(name=name))


def set_roles(connection: Connection, user_id: str, roles: frozenset[Role]) -> None:
    """Give a user other roles."""
    connection.execute(update(_TABLE).where(_TABLE.c.id == user_id).values(roles=roles_text(roles)))


def mark_removed(connection: Connection, user_id: str) -> None:
    """Say that a user has no keys any more."""
    connection.execute(update(_TABLE).where(_TABLE.c.id == user_id).values(removed=int(time.time())))


def _from_row(row: Row[Any]) -> User:
    return User(row.id, row.name, roles_from_text(row.roles), row.added, row.removed, bool(row.emergency))
