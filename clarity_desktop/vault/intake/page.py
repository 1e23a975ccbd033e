"""A page of one patient's samples from another device: joined with what is stored, in one transaction (Y-57)."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import and_, delete, select
from sqlalchemy.dialects.sqlite import insert

from clarity_desktop.domain.exchange import PULLED
from clarity_desktop.domain.importing import (
    NO_INSTANT,
    ImportOutcome,
    ImportReport,
    SampleBatch,
    TypeCount,
    ZoneFound,
)
from clarity_desktop.domain.people import PatientId
from clarity_desktop.domain.series import Samples
from clarity_desktop.domain.sync import OperationState
from clarity_desktop.domain.time import Certainty, Instant, Span, ZonePeriod
from clarity_desktop.vault.chunks.columns import PERIOD_S, Columns
from clarity_desktop.vault.chunks.layers import rows_among
from clarity_desktop.vault.intake.journal import ImportJournal, ImportPlace, JournalEntry
from clarity_desktop.vault.intake.sink import VaultSink
from clarity_desktop.vault.intake.stand_ins import names_of_stand_ins
from clarity_desktop.vault.store import schema
from clarity_desktop.vault.store.transactions import Store, WriteTransaction
from clarity_desktop.vault.tables.series import SeriesTable
from clarity_desktop.vault.tables.zones import stored_zones

__all__ = ["PageCount", "PulledChannel", "PulledPiece", "put_page"]

_OUTBOX, _PIECES = schema.outbox, schema.exchange_pieces
_WAITS: Final = and_(_OUTBOX.c.state == OperationState.NEW.value, _OUTBOX.c.part == 1)
_FILE: Final = "Another device"
"""Stands in the journal of imports where a file has its name."""
_NO_LABEL: Final = -1.0


class PulledChannel(Protocol):
    """One series of a piece, as :class:`clarity_desktop.cloud.sync.packing.Channel` is one."""

    @property
    def kind(self) -> str: ...  # noqa: D102
    @property
    def unit(self) -> str: ...  # noqa: D102
    @property
    def zone(self) -> str: ...  # noqa: D102
    @property
    def source(self) -> str: ...  # noqa: D102
    @property
    def samples(self) -> Samples: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class PulledPiece:
    """A whole piece from the server."""

    group: str
    """Hash of its content."""
    digests: tuple[str, ...]
    """Hashes of its parts' texts."""
    channels: Sequence[PulledChannel]


@dataclass(frozen=True, slots=True)
class PageCount:
    """What a page came to, in samples."""

    new: int
    equal: int


class _PageSink(VaultSink):
    """Writes samples as an import does; what was pulled is not queued for the account that it came from."""

    def __init__(
        self, store: Store, entry: JournalEntry, account: str, pieces: Sequence[PulledPiece], sha: str
    ) -> None:
        super().__init__(store, entry, format=PULLED, sha256=sha)
        self._account, self._pieces = account, pieces
        self._waited: set[tuple[str, int]] = set()

    def _before_commit(self, write: WriteTransaction) -> None:
        write.action = "sync.pull"
        self._waited = {(row.metric_type, row.period) for row in self._waiting(write)}

    def _after_commit(self, write: WriteTransaction) -> None:
        # The trigger queues every change. What waited before has more to say than what came; the rest came from there.
        for row in self._waiting(write):
            if (row.metric_type, row.period) not in self._waited:
                write.connection.execute(delete(_OUTBOX).where(_OUTBOX.c.op_id == row.op_id))
        note_pieces(write, self._account, self._patient_id, self._pieces)

    def _waiting(self, write: WriteTransaction) -> Sequence[Any]:
        mine = and_(_OUTBOX.c.patient_id == self._patient_id, _OUTBOX.c.account == self._account)
        columns = (_OUTBOX.c.op_id, _OUTBOX.c.metric_type, _OUTBOX.c.period)
        return write.connection.execute(select(*columns).where(mine, _WAITS)).all()


def put_page(
    store: Store, patient_id: PatientId, account: str, person: str, pieces: Sequence[PulledPiece]
) -> PageCount:
    """Join a page with what is stored, in one transaction: nothing stored is changed or removed by it.

    Parameters
    ----------
    account:
        Server and user that it came from.
    person:
        The number that names the patient there.
    """
    with store.reading() as connection:
        names = names_of_stand_ins(connection, patient_id, person)
        zones = stored_zones(connection, patient_id)
    series = {(one.kind, one.unit, one.source): one.id for one in SeriesTable(store).list(patient_id)}
    batches: list[SampleBatch] = []
    new = equal = 0
    for channel in (channel for piece in pieces for channel in piece.channels if len(channel.samples)):
        source = names.get(channel.source, channel.source)
        stored = series.get((channel.kind, channel.unit, source))
        fresh = channel.samples
        if stored is not None:
            fresh = _not_among(fresh, _stored_beside(store, stored, fresh))
        new += len(fresh)
        equal += len(channel.samples) - len(fresh)
        if len(fresh):
            batches.append(_batch(channel, source, fresh))
    if not batches:
        with store.writing("sync.pull", patient_id) as write:
            note_pieces(write, account, patient_id, pieces)
            write.detail = f"{len(pieces)} pieces, nothing new"
        return PageCount(0, equal)
    sha = hashlib.sha256("".join(piece.group for piece in pieces).encode()).hexdigest()
    entry = ImportJournal(store).begin(patient_id, format=PULLED, sha256=sha, place=ImportPlace(_FILE))
    sink = _PageSink(store, entry, account, pieces, sha)
    began = time.monotonic()
    try:
        for batch in batches:
            sink.samples(batch)
        found = _zones_of(pieces, zones)
        if found:
            sink.zones(found)
        counts: dict[str, int] = {}
        for batch in batches:
            counts[batch.kind] = counts.get(batch.kind, 0) + len(batch)
        types = {kind: TypeCount(count, 0, 0, 0) for kind, count in counts.items()}
        size = sum(batch.start.nbytes + batch.value.nbytes for batch in batches)
        seconds = time.monotonic() - began
        report = ImportReport(_FILE, PULLED, "2", ImportOutcome.OK, True, size, seconds, types, zones=found)
        stored_new = sum(count.stored_new or 0 for count in sink.finish(report).values())
    except BaseException:
        sink.abandon()
        raise
    # The same stretch may have come twice within the page.
    return PageCount(stored_new, equal + new - stored_new)


def note_pieces(write: WriteTransaction, account: str, patient_id: PatientId, pieces: Iterable[PulledPiece]) -> None:
    """Keep that pieces were read, within their transaction: they are neither read again nor sent back."""
    now = int(time.time())
    rows = [
        {"account": account, "digest": digest, "patient_id": patient_id, "piece": piece.group, "at": now}
        for piece in pieces
        for digest in piece.digests
    ]
    if rows:
        write.connection.execute(insert(_PIECES).on_conflict_do_nothing(), rows)


def _stored_beside(store: Store, series_id: int, samples: Samples) -> Samples:
    """What is stored where samples start, marked ones included."""
    span = Span(int(samples.start.min()), int(samples.start.max()) + 1)
    return SeriesTable(store).read(series_id, span, with_hidden=True)


def _not_among(samples: Samples, stored: Samples) -> Samples:
    """Samples without those that are stored, by start, length and value; categories are compared by their labels."""
    mine, theirs = samples.value, stored.value
    if samples.labels or stored.labels:
        every = tuple(dict.fromkeys((*stored.labels, *samples.labels)))
        mine, theirs = _coded(samples, every), _coded(stored, every)
    known = rows_among(_columns(samples, mine), _columns(stored, theirs))
    keep = ~known
    return Samples(
        samples.start[keep],
        samples.length_s[keep],
        samples.value[keep],
        samples.flags[keep],
        samples.unit,
        samples.labels,
    )


def _coded(samples: Samples, labels: tuple[str, ...]) -> NDArray[np.float64]:
    codes = np.array([*(labels.index(one) for one in samples.labels), _NO_LABEL], np.float64)
    stated = np.isfinite(samples.value)
    value = np.full(len(samples), np.nan)
    value[stated] = codes[np.clip(samples.value[stated].astype(np.int64), 0, len(codes) - 1)]
    return value


def _columns(samples: Samples, value: NDArray[np.float64]) -> Columns:
    size = len(samples)
    return Columns(
        samples.start,
        samples.length_s,
        value,
        samples.flags,
        np.full(size, NO_INSTANT, np.int64),
        np.zeros(size, np.int32),
        np.full(size, -1, np.int32),
    )


def _batch(channel: PulledChannel, source: str, samples: Samples) -> SampleBatch:
    size = len(samples)
    return SampleBatch(
        channel.kind,
        channel.unit,
        source,
        samples.start,
        samples.length_s,
        samples.value,
        samples.flags,
        np.full(size, NO_INSTANT, np.int64),
        np.zeros(size, np.int32),
        np.full(size, -1, np.int32),
        labels=samples.labels,
    )


def _zones_of(pieces: Sequence[PulledPiece], stored: Sequence[ZoneFound]) -> tuple[ZoneFound, ...]:
    """Zones as the other device knew them, where files here say nothing of their own."""
    if any(one.evidence != PULLED and one.period.certainty in (Certainty.STATED, Certainty.DERIVED) for one in stored):
        return ()
    at: dict[Instant, str] = {
        int(channel.samples.start.min()) // PERIOD_S * PERIOD_S: channel.zone
        for piece in pieces
        for channel in piece.channels
        if channel.zone and len(channel.samples)
    }
    found: list[ZoneFound] = []
    for start, zone in sorted(at.items()):
        if not found or found[-1].period.zone != zone:
            found.append(ZoneFound(ZonePeriod(start, zone, Certainty.DERIVED, PULLED), PULLED, 1))
    return tuple(found)
