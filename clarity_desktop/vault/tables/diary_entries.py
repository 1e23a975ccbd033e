"""Sealed entries that people write by hand, with every earlier version, who wrote it and when."""

from __future__ import annotations

import builtins
import hashlib
import json
import time
from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Row, delete, func, insert, select
from sqlalchemy.dialects.sqlite import insert as upsert

from clarity_desktop.domain.errors import ConflictError, NotFoundError
from clarity_desktop.domain.people import PatientId
from clarity_desktop.domain.time import Instant, Span
from clarity_desktop.vault.seal.cipher import PatientSeal
from clarity_desktop.vault.store import schema
from clarity_desktop.vault.store.transactions import Store, WriteTransaction

__all__ = ["ABSENT", "DiaryEntries", "Draft", "Entry", "Version"]

_NOW = schema.diary_entries
_HISTORY = schema.diary_history
ABSENT: Final = 0
"""The revision before an entry was written first."""


@dataclass(frozen=True, slots=True)
class Draft:
    """What is to be written under a key."""

    key: str
    payload: Mapping[str, Any]
    span: Span
    """When it speaks of, for retention."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What stands now under a key."""

    key: str
    payload: dict[str, Any]
    revision: int
    who: str
    at: Instant


@dataclass(frozen=True, slots=True)
class Version:
    """One version there was."""

    area: str
    key: str
    revision: int
    action: str
    """``add``, ``edit``, ``remove``, ``import`` or ``undo``."""
    who: str
    at: Instant
    payload: dict[str, Any] | None
    """``None`` for a removal."""


class DiaryEntries:
    """Entries of any area (``annotation``, ``night``, ``week``, ``day``). Writing is audited, without what is written.

    Parameters
    ----------
    names:
        First word of the audit's actions by area.
    """

    def __init__(self, store: Store, names: Mapping[str, str]) -> None:
        self._store = store
        self._names = dict(names)

    def list(self, patient_id: PatientId, area: str) -> list[Entry]:
        """What stands now, by start and key."""
        query = select(_NOW).where(_NOW.c.patient_id == patient_id, _NOW.c.area == area)
        with self._store.reading() as connection:
            rows = connection.execute(query.order_by(_NOW.c.start, _NOW.c.key)).all()
        if not rows:
            return []
        seal = self._store.seal_of(patient_id)
        return [Entry(row.key, _opened(seal, row, _NOW.name), row.revision, row.who, row.at) for row in rows]

    def write(self, patient_id: PatientId, area: str, drafts: Sequence[Draft], action: str) -> None:
        """Write entries in one transaction with one entry of the audit; an equal one is left as it is."""
        with self._writing(patient_id, area, action) as write:
            done = 0
            for draft in drafts:
                done += self._write(write, patient_id, area, draft, action)
            write.detail = drafts[0].key if len(drafts) == 1 else f"{done} of {len(drafts)} entries"

    def remove(self, patient_id: PatientId, area: str, key: str) -> None:
        """Remove an entry; its history stays.

        Raises
        ------
        NotFoundError
            ``diary.no_entry``.
        """
        with self._writing(patient_id, area, "remove") as write:
            write.detail = key
            row = _current(write.connection, patient_id, area, key)
            if row is None:
                raise _no_entry()
            self._clear(write, patient_id, area, row, "remove")

    def history(self, patient_id: PatientId, area: str | None = None, key: str | None = None) -> builtins.list[Version]:
        """Every version, oldest first."""
        query = select(_HISTORY).where(_HISTORY.c.patient_id == patient_id)
        if area is not None:
            query = query.where(_HISTORY.c.area == area)
        if key is not None:
            query = query.where(_HISTORY.c.key == key)
        with self._store.reading() as connection:
            rows = connection.execute(query.order_by(_HISTORY.c.id)).all()
        if not rows:
            return []
        seal = self._store.seal_of(patient_id)
        return [
            Version(
                row.area,
                row.key,
                row.revision,
                row.action,
                row.who,
                row.at,
                _opened(seal, row, _HISTORY.name) if row.sealed else None,
            )
            for row in rows
        ]

    def restore(self, patient_id: PatientId, area: str, key: str, revision: int, *, seen: int | None = None) -> None:
        """Bring back a version as a new one; :data:`ABSENT` and removals take the entry away.

        Parameters
        ----------
        seen:
            The revision that the caller believes to be the latest; ``None`` does not ask.

        Raises
        ------
        NotFoundError
            ``diary.no_entry`` when there is no such version.
        ConflictError
            ``diary.changed`` when somebody has changed the entry since.
        """
        seal = self._store.seal_of(patient_id)
        with self._writing(patient_id, area, "undo") as write:
            write.detail = key
            latest = _latest(write.connection, patient_id, area, key)
            if latest == ABSENT:
                raise _no_entry()
            if seen is not None and seen != latest:
                raise ConflictError(
                    "diary.changed",
                    "This entry was changed since.",
                    remedy="Look at it again; its history has every version.",
                )
            row = None
            if revision != ABSENT:
                wanted = (_HISTORY.c.patient_id == patient_id, _HISTORY.c.area == area, _HISTORY.c.key == key)
                query = select(_HISTORY).where(*wanted, _HISTORY.c.revision == revision)
                row = write.connection.execute(query).first()
                if row is None:
                    raise _no_entry()
            if row is None or not row.sealed:
                now = _current(write.connection, patient_id, area, key)
                if now is not None:
                    self._clear(write, patient_id, area, now, "undo")
                return
            draft = Draft(key, _opened(seal, row, _HISTORY.name), Span(row.start, row.stop))
            self._write(write, patient_id, area, draft, "undo")

    def latest_revision(self, patient_id: PatientId, area: str, key: str) -> int:
        """The number of the latest version, removals counted; :data:`ABSENT` when there never was one."""
        with self._store.reading() as connection:
            return _latest(connection, patient_id, area, key)

    def digest(self, patient_id: PatientId, areas: Collection[str]) -> str:
        """32 hexadecimal digits that change when an entry of these areas changes; empty when there is none."""
        query = select(_NOW.c.area, _NOW.c.key, _NOW.c.digest)
        query = query.where(_NOW.c.patient_id == patient_id, _NOW.c.area.in_(sorted(areas)))
        with self._store.reading() as connection:
            rows = connection.execute(query.order_by(_NOW.c.area, _NOW.c.key)).all()
        if not rows:
            return ""
        return hashlib.blake2b(repr([tuple(row) for row in rows]).encode(), digest_size=16).hexdigest()

    # -- within a transaction --------------------------------------------------------------------------------

    def _writing(self, patient_id: PatientId, area: str, action: str) -> AbstractContextManager[WriteTransaction]:
        return self._store.writing(f"{self._names[area]}.{action}", patient_id)

    def _write(self, write: WriteTransaction, patient_id: PatientId, area: str, draft: Draft, action: str) -> bool:
        said = json.dumps(dict(draft.payload), ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
        digest = hashlib.blake2b(said, digest_size=16).digest()
        now = _current(write.connection, patient_id, area, draft.key)
        if now is not None and now.digest == digest:
            return False
        revision = _latest(write.connection, patient_id, area, draft.key) + 1
        seal, at = self._store.seal_of(patient_id), int(time.time())
        row = {
            "patient_id": patient_id,
            "area": area,
            "key": draft.key,
            "start": draft.span.start,
            "stop": draft.span.stop,
            "revision": revision,
            "at": at,
            "who": self._store.who,
        }
        fresh = {
            **row,
            "digest": digest,
            "sealed": seal.seal(said, _NOW.name, area, draft.key, revision),
        }
        statement = upsert(_NOW).values(fresh)
        write.connection.execute(
            statement.on_conflict_do_update(index_elements=["patient_id", "area", "key"], set_=fresh)
        )
        kept = seal.seal(said, _HISTORY.name, area, draft.key, revision)
        write.connection.execute(insert(_HISTORY).values({**row, "action": action, "sealed": kept}))
        return True

    def _clear(self, write: WriteTransaction, patient_id: PatientId, area: str, row: Row[Any], action: str) -> None:
        of_entry = (_NOW.c.patient_id == patient_id, _NOW.c.area == area, _NOW.c.key == row.key)
        write.connection.execute(delete(_NOW).where(*of_entry))
        gone = {
            "patient_id": patient_id,
            "area": area,
            "key": row.key,
            "revision": _latest(write.connection, patient_id, area, row.key) + 1,
            "start": row.start,
            "stop": row.stop,
            "at": int(time.time()),
            "who": self._store.who,
            "action": action,
            "sealed": b"",
        }
        write.connection.execute(insert(_HISTORY).values(gone))


def _current(connection: Connection, patient_id: PatientId, area: str, key: str) -> Row[Any] | None:
    query = select(_NOW).where(_NOW.c.patient_id == patient_id, _NOW.c.area == area, _NOW.c.key == key)
    return connection.execute(query).first()


def _latest(connection: Connection, patient_id: PatientId, area: str, key: str) -> int:
    of_entry = (_HISTORY.c.patient_id == patient_id, _HISTORY.c.area == area, _HISTORY.c.key == key)
    found = connection.execute(select(func.max(_HISTORY.c.revision)).where(*of_entry)).scalar_one()
    return ABSENT if found is None else int(found)


def _opened(seal: PatientSeal, row: Row[Any], table: str) -> dict[str, Any]:
    payload: dict[str, Any] = json.loads(seal.open(row.sealed, table, row.area, row.key, row.revision))
    return payload


def _no_entry() -> NotFoundError:
    return NotFoundError("diary.no_entry", "There is no such entry.", remedy="List the entries and choose one of them.")
