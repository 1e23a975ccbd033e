"""What belongs to one user alone: whom they looked at lately, and their own settings (V-43)."""

from __future__ import annotations

import json
import time
from typing import Any, Final

from sqlalchemy import delete, select
from sqlalchemy.dialects.sqlite import insert

from clarity_desktop.domain.errors import InputError
from clarity_desktop.domain.people import PatientId
from clarity_desktop.vault.store import schema
from clarity_desktop.vault.store.transactions import Store

__all__ = ["Personal"]

_VISITS, _SETTINGS = schema.visits, schema.personal
_KEPT: Final = 30
_LONGEST: Final = 16_384


class Personal:
    """The visits and settings of the user who has opened the vault; those of others are never read.

    They are no data of patients and nobody decides by them, so changing them is no entry of the audit.
    """

    def __init__(self, store: Store, user_id: str) -> None:
        self._store = store
        self._user = user_id

    def visited(self, patient_id: PatientId) -> None:
        """Remember that the user opened a patient; the latest 30 are kept. Nothing where the vault is read only."""
        if self._store.is_read_only:
            return
        with self._store.staging() as connection:
            row = {"user_id": self._user, "patient_id": patient_id, "at": time.time_ns()}
            statement = insert(_VISITS).values(row)
            connection.execute(
                statement.on_conflict_do_update(index_elements=["user_id", "patient_id"], set_={"at": row["at"]})
            )
            latest = select(_VISITS.c.patient_id).where(_VISITS.c.user_id == self._user)
            latest = latest.order_by(_VISITS.c.at.desc()).limit(_KEPT)
            connection.execute(
                delete(_VISITS).where(_VISITS.c.user_id == self._user, _VISITS.c.patient_id.not_in(latest))
            )

    def recent(self, limit: int = 10) -> list[PatientId]:
        """The patients that the user opened, the latest first."""
        query = select(_VISITS.c.patient_id).where(_VISITS.c.user_id == self._user)
        with self._store.reading() as connection:
            return list(connection.execute(query.order_by(_VISITS.c.at.desc()).limit(limit)).scalars())

    def get(self, name: str, default: Any = None) -> Any:
        """A JSON value that the user has set, or ``default``."""
        query = select(_SETTINGS.c.value).where(_SETTINGS.c.user_id == self._user, _SETTINGS.c.name == name)
        with self._store.reading() as connection:
            value = connection.execute(query).scalar_one_or_none()
        return default if value is None else json.loads(value)

    def set(self, name: str, value: Any) -> None:
        """Keep a JSON value for the user; ``None`` forgets it.

        Raises
        ------
        InputError
            ``personal.long`` for more than 16 384 characters.
        """
        text = json.dumps(value, ensure_ascii=False)
        if len(text) > _LONGEST:
            raise InputError("personal.long", "This is too much to remember.", remedy="Keep less of it.")
        with self._store.staging() as connection:
            if value is None:
                connection.execute(delete(_SETTINGS).where(_SETTINGS.c.user_id == self._user, _SETTINGS.c.name == name))
                return
            statement = insert(_SETTINGS).values(user_id=self._user, name=name, value=text)
            connection.execute(
                statement.on_conflict_do_update(index_elements=["user_id", "name"], set_={"value": text})
            )
