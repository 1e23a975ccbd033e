"""Reading what an account holds at its server: an index without any column unpacked, then pieces, a few at a time."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from clarity_desktop.cloud.api.capabilities import CloudApi
from clarity_desktop.cloud.sync.packing import Channel, PackedPart, peek, unpack
from clarity_desktop.cloud.sync.records import read_records
from clarity_desktop.domain.errors import IntegrityError
from clarity_desktop.domain.exchange import RECORDS_KIND, RecordClass
from clarity_desktop.domain.time import Instant

__all__ = ["PieceReader", "RemoteIndex", "RemotePiece", "read_index"]

PAGE: Final = 25
"""Uploads asked for at once: few, since each may weigh megabytes."""
_PROBE: Final = "ClarityProbe"
_MOST_WAITING: Final = 32 * 2**20
"""Bytes of text that wait for the rest of their pieces; beyond it the largest are read again later."""


@dataclass(slots=True)
class RemotePiece:
    """A packed piece at the server, known by its parts."""

    group: str
    parts: int
    found: dict[int, str] = field(default_factory=dict)
    """Hash of the text of each part that is there, by number."""
    ops: set[str] = field(default_factory=set)
    """Metric ids of its parts, copies included."""
    processing_ids: set[str] = field(default_factory=set)
    person: str = ""
    kinds: Mapping[str, int] = field(default_factory=dict)
    """Samples by kind, from the header."""
    first: Instant | None = None
    last: Instant | None = None
    """Start of its last sample; ``None`` where the header does not say."""
    size: int = 0
    erases: bool = False
    """Whether it tells that its person was erased."""
    is_tagged: bool = True
    """False for a piece of the first version, which names nobody."""

    @property
    def is_complete(self) -> bool:
        """Whether every part is there."""
        return len(self.found) == self.parts

    @property
    def has_records(self) -> bool:
        """Whether notes, names or the like travel in it."""
        return RECORDS_KIND in self.kinds

    def missing(self) -> str:
        """The parts that are not there, by range: ``parts 2–4 of 9``."""
        absent = [number for number in range(1, self.parts + 1) if number not in self.found]
        ranges: list[tuple[int, int]] = []
        for number in absent:
            if ranges and ranges[-1][1] == number - 1:
                ranges[-1] = (ranges[-1][0], number)
            else:
                ranges.append((number, number))
        words = ", ".join(str(low) if low == high else f"{low}–{high}" for low, high in ranges)
        return f"part{'s' if len(absent) > 1 else ''} {words} of {self.parts} ({self.group[:8]})"


@dataclass(slots=True)
class RemoteIndex:
    """What the server showed."""

    pieces: dict[str, RemotePiece] = field(default_factory=dict)
    """By the hash of their content."""
    damaged: int = 0
    """Metrics that are not what was sent."""
    uploads: int = 0


async def read_index(api: CloudApi) -> RemoteIndex:
    """Walk the list once and note every piece; texts are hashed as they come and not kept.

    Raises
    ------
    CloudError
        What the client raises.
    """
    index = RemoteIndex()
    async for processing_id, metric_id, part in _parts(api, index):
        piece = index.pieces.setdefault(part.group, RemotePiece(part.group, part.parts))
        digest = hashlib.sha256(part.text.encode()).hexdigest()
        if part.part not in piece.found:
            piece.found[part.part] = digest
            piece.size += len(part.text)
        piece.ops.add(metric_id)
        piece.processing_ids.add(processing_id)
        if part.part == 1 and not piece.kinds:
            try:
                _head(piece, part)
            except IntegrityError:
                index.damaged += 1
                del index.pieces[part.group]
    return index


def _head(piece: RemotePiece, part: PackedPart) -> None:
    """Note whose the piece is and what is in it."""
    person, headers = peek(part.text)
    kinds: dict[str, int] = {}
    starts, lasts = [], []
    for header in headers:
        if header.get("text"):
            told = read_records(str(header["text"]))
            piece.erases |= any(one.record_class is RecordClass.ERASURE for one in told)
        kind = str(header.get("kind", ""))
        kinds[kind] = kinds.get(kind, 0) + int(header.get("count") or 0)
        if isinstance(header.get("start"), int) and kind != RECORDS_KIND:
            starts.append(int(header["start"]))
            lasts.append(int(header.get("last", header["start"])))
    piece.kinds, piece.first, piece.last = kinds, min(starts, default=None), max(lasts, default=None)
    piece.is_tagged = bool(person)
    # A piece of the first version names nobody: each of its sources stands for somebody whom a person here may know.
    sources = sorted(str(header.get("source", "")) for header in headers)
    piece.person = person or (sources[0] if sources else "")


async def _parts(api: CloudApi, index: RemoteIndex | None = None) -> AsyncIterator[tuple[str, str, PackedPart]]:
    async for upload in api.list_uploads(page_size=PAGE):
        if index is not None:
            index.uploads += 1
        for metric in upload.metrics:
            if "clarity_pack" not in metric.raw_data:
                continue
            try:
                part = PackedPart.from_document(metric.raw_data)
            except IntegrityError:
                if index is not None:
                    index.damaged += 1
                continue
            yield upload.processing_id, metric.metric_id, part


class PieceReader:
    """Reads wanted pieces in the order in which their last parts come; memory stays bounded.

    Parameters
    ----------
    wanted:
        Contents of whole pieces of the index.
    """

    def __init__(self, api: CloudApi, wanted: Collection[str]) -> None:
        self._api = api
        self._wanted = set(wanted)
        self._waiting: dict[str, dict[int, PackedPart]] = {}
        self._size = 0
        self._walk: AsyncIterator[tuple[str, str, PackedPart]] | None = None
        self._found_in_walk = 0
        self._first: str | None = None
        self.damaged: list[str] = []
        """Contents of pieces that are not what was sent."""

    async def some(self, most: int = 16, most_bytes: int = 8 * 2**20) -> list[tuple[str, list[Channel]]]:
        """The next whole pieces with their channels, unpacked; empty when all were read."""
        ready: list[tuple[str, list[Channel]]] = []
        size = 0
        while self._wanted and len(ready) < most and size < most_bytes:
            if self._walk is None:
                self._walk, self._found_in_walk, self._first = _parts(self._api), 0, next(iter(self._waiting), None)
            entry = await anext(self._walk, None)
            if entry is None:
                self._walk = None
                self._end_of_walk()
                continue
            part = entry[2]
            if part.group not in self._wanted:
                continue
            whole = self._take(part)
            if whole is None:
                continue
            self._wanted.discard(part.group)
            self._found_in_walk += 1
            size += sum(len(one.text) for one in whole)
            try:
                ready.append((part.group, unpack(whole)))
            except IntegrityError:
                self.damaged.append(part.group)
        return ready

    def _end_of_walk(self) -> None:
        """Give up what a whole walk did not show: it is gone since the index was made; the next pull says so."""
        if self._found_in_walk:
            return
        if not self._waiting:
            self._wanted.clear()
        elif next(iter(self._waiting)) == self._first:
            self._wanted.discard(str(self._first))
            self._size -= sum(len(one.text) for one in self._waiting.pop(str(self._first)).values())

    def _take(self, part: PackedPart) -> list[PackedPart] | None:
        """All parts of a piece once the last has come."""
        held = self._waiting.setdefault(part.group, {})
        if part.part not in held:
            held[part.part] = part
            self._size += len(part.text)
        if len(held) == part.parts:
            del self._waiting[part.group]
            self._size -= sum(len(one.text) for one in held.values())
            return list(held.values())
        while self._size > _MOST_WAITING and len(self._waiting) > 1:
            # The first one waits on, so that every walk gets further.
            largest = max(
                list(self._waiting)[1:],
                key=lambda group: sum(len(one.text) for one in self._waiting[group].values()),
            )
            self._size -= sum(len(one.text) for one in self._waiting.pop(largest).values())
        return None


def is_probe(piece: RemotePiece) -> bool:
    """Whether it is a sentinel that asked what the server takes."""
    return set(piece.kinds) == {_PROBE}


def kinds_of(pieces: Collection[RemotePiece]) -> dict[str, int]:
    """Samples by kind, records left out."""
    found: dict[str, Any] = {}
    for piece in pieces:
        for kind, count in piece.kinds.items():
            if kind != RECORDS_KIND:
                found[kind] = found.get(kind, 0) + count
    return found
