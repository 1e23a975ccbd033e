"""What the client of a server keeps between runs: times of calls for its own limits, and answers with an ETag."""

from __future__ import annotations

import json
import time
import zlib
from typing import Any, Final

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.sqlite import insert

from clarity_desktop.vault.store import schema
from clarity_desktop.vault.store.transactions import Store

__all__ = ["MOST_KEPT", "CloudTable"]

MOST_KEPT: Final = 16 * 2**20
"""Bytes of answers kept for all accounts together; the least recently used go first (L-32)."""
_STATE, _BODIES = schema.sync_state, schema.cloud_bodies
_TIMES: Final = "limit/"


class CloudTable:
    """Counts and copies, none of them anybody's record, so they have no entries in the audit of their own.

    They lie in the encrypted database, bound to the account that fetched them.
    """

    def __init__(self, store: Store, most_kept: int = MOST_KEPT) -> None:
        self._store = store
        self._most = most_kept

    # -- own limits ---------------------------------------------------------------------------------------------

    def times(self, name: str) -> tuple[float, ...]:
        """When the calls of a limit were made, seconds since 1970."""
        with self._store.reading() as connection:
            found = connection.execute(select(_STATE.c.document).where(_STATE.c.name == _TIMES + name)).scalar()
        return () if found is None else tuple(float(one) for one in json.loads(found))

    def keep_times(self, name: str, times: tuple[float, ...]) -> None:
        """Keep them in place of earlier ones."""
        row = {"name": _TIMES + name, "document": json.dumps(times), "at": int(time.time())}
        with self._store.staging() as connection:
            connection.execute(insert(_STATE).values(row).on_conflict_do_update(index_elements=["name"], set_=row))

    # -- answers ------------------------------------------------------------------------------------------------

    def body(self, account: str, request: str) -> tuple[str, Any, int] | None:
        """ETag, document and time (seconds since 1970) of a kept answer."""
        own = (_BODIES.c.account == account, _BODIES.c.request == request)
        with self._store.reading() as connection:
            row = connection.execute(select(_BODIES.c.etag, _BODIES.c.body, _BODIES.c.fetched).where(*own)).first()
        return None if row is None else (row.etag, json.loads(zlib.decompress(row.body)), int(row.fetched))

    def touch(self, account: str, request: str) -> None:
        """Note that a kept answer was used."""
        own = (_BODIES.c.account == account, _BODIES.c.request == request)
        with self._store.staging() as connection:
            connection.execute(update(_BODIES).where(*own).values(used=time.time_ns() // 1000))

    def keep_body(self, account: str, request: str, etag: str, document: Any, fetched: int) -> None:
        """Keep an answer; the least recently used go when there are too many."""
        body = zlib.compress(json.dumps(document).encode())
        if len(body) > self._most:
            return
        row = {
            "account": account,
            "request": request,
            "etag": etag,
            "fetched": fetched,
            "used": time.time_ns() // 1000,
            "size": len(body),
            "body": body,
        }
        keys = ["account", "request"]
        with self._store.staging() as connection:
            connection.execute(insert(_BODIES).values(row).on_conflict_do_update(index_elements=keys, set_=row))
            total = connection.execute(select(func.coalesce(func.sum(_BODIES.c.size), 0))).scalar_one()
            oldest = connection.execute(
                select(_BODIES.c.account, _BODIES.c.request, _BODIES.c.size).order_by(_BODIES.c.used)
            ).all()
            for one in oldest:
                if total <= self._most:
                    break
                own = (_BODIES.c.account == one.account, _BODIES.c.request == one.request)
                connection.execute(delete(_BODIES).where(*own))
                total -= one.size

    def kept(self) -> list[tuple[str, int, int, int, int]]:
        """By account: how many answers are kept, their bytes, and when the oldest and the newest were fetched."""
        query = select(
            _BODIES.c.account,
            func.count(),
            func.sum(_BODIES.c.size),
            func.min(_BODIES.c.fetched),
            func.max(_BODIES.c.fetched),
        ).group_by(_BODIES.c.account)
        with self._store.reading() as connection:
            rows = connection.execute(query.order_by(_BODIES.c.account)).all()
        return [(str(row[0]), int(row[1]), int(row[2]), int(row[3]), int(row[4])) for row in rows]

    def forget_bodies(self, account: str | None = None) -> int:
        """Drop the answers of an account, or all; answers how many."""
        query = delete(_BODIES) if account is None else delete(_BODIES).where(_BODIES.c.account == account)
        with self._store.writing("cloud.cache_clear") as write:
            done = write.connection.execute(query).rowcount
            write.detail = f"{done} answers"
            return int(done)
