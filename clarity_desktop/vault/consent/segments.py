"""Expiry of the audit: whole segments whose time is over go, oldest first, each leaving a signed stub (V-34, V-35)."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, func, select

from clarity_desktop.domain.time import DAY_S, Instant, format_instant
from clarity_desktop.vault.consent.retention import DataClass, Retention
from clarity_desktop.vault.erasure.holds import held_patients
from clarity_desktop.vault.store import schema
from clarity_desktop.vault.store.stubs import AuditStub, read_stubs
from clarity_desktop.vault.store.transactions import Store

__all__ = ["SEGMENT", "AuditSegments", "Segment"]

SEGMENT: Final = 1000
"""Entries of a segment. There is no way to take fewer."""
_TABLE = schema.audit


@dataclass(frozen=True, slots=True)
class Segment:
    """A run of entries that goes as a whole."""

    first: int
    last: int
    began: Instant
    """Earliest time of its entries, UTC seconds."""
    ended: Instant


class AuditSegments:
    """The segments of a vault's audit.

    How long entries are kept is the policy of the class ``audit``: for good by default; under six years takes a second
    person and a reason, both of which stay in the audit. The latest segment always stays, and so does everything from
    the first segment on that speaks of a patient on legal hold.
    """

    def __init__(self, store: Store, retention: Retention) -> None:
        self._store = store
        self._retention = retention

    def due(self, *, now: Instant | None = None) -> list[Segment]:
        """The segments that would go now, oldest first."""
        keep_days = self._keep_days()
        if keep_days is None:
            return []
        moment = int(time.time()) if now is None else now
        with self._store.reading() as connection:
            return _due(connection, moment - keep_days * DAY_S)

    def expire(self, *, now: Instant | None = None) -> list[AuditStub]:
        """Let the segments go that are due; answers what they leave. The expiry is an entry itself.

        Raises
        ------
        IntegrityError
            ``audit.changed`` when an entry among them is not as it was written; nothing goes then.
        """
        keep_days = self._keep_days()
        moment = int(time.time()) if now is None else now
        if keep_days is None or not self.due(now=moment):
            return []
        left = []
        with self._store.writing("audit.expire") as write:
            for one in _due(write.connection, moment - keep_days * DAY_S):
                stub = self._store.chain.expire(write.connection, one.first, one.last, moment, self._store.who)
                left.append(stub)
            if left:
                write.detail = (
                    f"entries {left[0].first} to {left[-1].last}, until {format_instant(left[-1].ended)}, "
                    f"last hash {left[-1].last_hash.hex()}"
                )
        return left

    def stubs(self) -> list[AuditStub]:
        """What expired segments have left, oldest first."""
        with self._store.reading() as connection:
            return read_stubs(connection)

    def _keep_days(self) -> int | None:
        policies = self._retention.policies()
        return next(one.keep_days for one in policies if one.data_class is DataClass.AUDIT and not one.study)


def _due(connection: Connection, cutoff: Instant) -> list[Segment]:
    stubs = read_stubs(connection)
    first = stubs[-1].last + 1 if stubs else 1
    end = connection.execute(select(func.max(_TABLE.c.seq))).scalar_one_or_none() or 0
    held = held_patients(connection)
    found = []
    while first + 2 * SEGMENT - 1 <= end:
        last = first + SEGMENT - 1
        among = _TABLE.c.seq.between(first, last)
        began, ended = connection.execute(select(func.min(_TABLE.c.at), func.max(_TABLE.c.at)).where(among)).one()
        about = select(_TABLE.c.patient_id).where(among, _TABLE.c.patient_id.is_not(None)).distinct()
        if ended is None or ended >= cutoff or held.intersection(connection.execute(about).scalars()):
            break
        found.append(Segment(first, last, began, ended))
        first = last + 1
    return found
