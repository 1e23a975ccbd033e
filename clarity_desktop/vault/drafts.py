"""Unsaved text that was sealed before a lock: each user finds their own again, and nobody else's."""

from __future__ import annotations

import time
import uuid
from collections.abc import Sequence
from typing import Final

from sqlalchemy import delete, insert, select

from clarity_desktop.domain.drafts import Draft, UnsavedText
from clarity_desktop.domain.errors import IntegrityError, LockedError
from clarity_desktop.domain.overwriting import overwrite
from clarity_desktop.domain.people import PatientId
from clarity_desktop.domain.time import DAY_S
from clarity_desktop.vault.keys.unlocked import UnlockedKeys
from clarity_desktop.vault.keys.wrapping import derived_key, unwrap, wrap
from clarity_desktop.vault.store import schema
from clarity_desktop.vault.store.transactions import Store

__all__ = ["KEPT_DAYS", "Drafts"]

KEPT_DAYS: Final = 30
"""Days after which a draft that nobody took is deleted."""
_TABLE: Final = schema.drafts
_PURPOSE: Final = "drafts"


class Drafts:
    """The drafts of the user who has opened the vault.

    Text about a patient is sealed with that patient's key, so that erasing the patient makes it unreadable in every
    backup; text about nobody in the vault is sealed with a key of the user's own.
    """

    def __init__(self, store: Store, keys: UnlockedKeys) -> None:
        self._store = store
        self._keys = keys

    def keep(self, texts: Sequence[UnsavedText]) -> int:
        """Seal texts, in one transaction with its audit entry; answers how many.

        A text for a place takes the place of an earlier one. Nothing is written for an empty sequence.

        Raises
        ------
        LockedError
            ``drafts.no_key`` in a process without the user's own key.
        OccupiedError
            ``vault.occupied`` where the vault can only be read.
        """
        if not texts:
            return 0
        now = int(time.time())
        rows = [self._row(one, now) for one in texts]
        with self._store.writing("drafts.keep") as write:
            write.detail = str(len(rows))
            for row in rows:
                write.connection.execute(
                    delete(_TABLE).where(
                        _TABLE.c.user_id == row["user_id"],
                        _TABLE.c.place == row["place"],
                        _TABLE.c.patient_id.is_not_distinct_from(row["patient_id"]),
                    )
                )
            write.connection.execute(insert(_TABLE), rows)
        return len(rows)

    def list(self) -> list[Draft]:
        """The user's drafts, newest first. One whose key is gone, as after new keys for everybody, is left out."""
        oldest = int(time.time()) - KEPT_DAYS * DAY_S
        mine = select(_TABLE).where(_TABLE.c.user_id == self._keys.user_id, _TABLE.c.at >= oldest)
        with self._store.reading() as connection:
            rows = connection.execute(mine.order_by(_TABLE.c.at.desc(), _TABLE.c.place)).all()
        found = []
        for row in rows:
            text = self._opened(row.id, row.patient_id, row.place, row.sealed)
            if text is not None:
                found.append(Draft(row.id, row.place, text, row.patient_id, row.at))
        return found

    def about(self, patient_id: PatientId) -> Sequence[Draft]:
        """Everybody's drafts about one patient, oldest first, for the export of all that is held of them."""
        query = select(_TABLE).where(_TABLE.c.patient_id == patient_id).order_by(_TABLE.c.at, _TABLE.c.place)
        with self._store.reading() as connection:
            rows = connection.execute(query).all()
        seal = self._store.seal_of(patient_id) if rows else None
        return [
            Draft(
                row.id,
                row.place,
                seal.open(row.sealed, _TABLE.name, row.id, row.user_id).decode("utf-8", "surrogatepass"),
                patient_id,
                row.at,
            )
            for row in rows
            if seal is not None
        ]

    def discard(self, ids: Sequence[str]) -> None:
        """Delete drafts of the user, and all that are older than :data:`KEPT_DAYS`."""
        oldest = int(time.time()) - KEPT_DAYS * DAY_S
        with self._store.writing("drafts.discard") as write:
            gone = write.connection.execute(
                delete(_TABLE).where(
                    (_TABLE.c.at < oldest) | (_TABLE.c.id.in_(list(ids)) & (_TABLE.c.user_id == self._keys.user_id))
                )
            )
            write.detail = str(gone.rowcount)

    def _row(self, one: UnsavedText, now: int) -> dict[str, str | int | bytes | None]:
        draft_id = str(uuid.uuid4())
        plain = one.text.encode("utf-8", "surrogatepass")
        if one.patient_id is None:
            sealed = wrap(self._own_key(), plain, draft_id, one.place)
        else:
            sealed = self._store.seal_of(one.patient_id).seal(plain, _TABLE.name, draft_id, self._keys.user_id)
        return {
            "id": draft_id,
            "user_id": self._keys.user_id,
            "patient_id": one.patient_id,
            "place": one.place,
            "at": now,
            "sealed": sealed,
        }

    def _opened(self, draft_id: str, patient_id: str | None, place: str, sealed: bytes) -> str | None:
        if patient_id is None:
            plain = unwrap(self._own_key(), sealed, draft_id, place)
        else:
            try:
                plain = self._store.seal_of(patient_id).open(sealed, _TABLE.name, draft_id, self._keys.user_id)
            except IntegrityError:
                # A draft is not worth keeping somebody out of the vault; "vault verify" reports damaged seals.
                plain = None
        return None if plain is None else plain.decode("utf-8", "surrogatepass")

    def _own_key(self) -> bytes:
        if not self._keys.user:
            raise LockedError(
                "drafts.no_key",
                "Drafts open with the user's own key, which this process does not have.",
                remedy="Open the vault with a passphrase.",
            )
        own = bytes(self._keys.user)
        key = derived_key(own, _PURPOSE)
        overwrite(own)
        return key
