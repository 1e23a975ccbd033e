"""Rules that an admin sets once for every workstation that opens the vault."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.dialects.sqlite import insert

from clarity_desktop.vault.store import schema
from clarity_desktop.vault.store.transactions import Store

__all__ = ["Rules"]

_TABLE = schema.workstation_rules


class Rules:
    """Whole numbers by name. They lie in the vault, so a workstation's settings file cannot change them."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def get(self, name: str) -> int | None:
        """The value of a rule, or ``None`` when nobody has set it."""
        with self._store.reading() as connection:
            found = connection.execute(select(_TABLE.c.value).where(_TABLE.c.name == name)).scalar_one_or_none()
        return None if found is None else int(found)

    def set(self, name: str, value: int) -> None:
        """Set a rule; the audit tells which and to what (V-28)."""
        with self._store.writing("rules.set") as write:
            write.detail = f"{name}={value}"
            row = {"name": name, "value": value}
            write.connection.execute(
                insert(_TABLE).values(row).on_conflict_do_update(index_elements=["name"], set_=row)
            )
