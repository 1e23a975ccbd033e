"""A series as text in pieces that a server can keep, and back, bit for bit (Y-16 to Y-23)."""

from __future__ import annotations

import base64
import hashlib
import json
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from clarity_desktop.domain.errors import IntegrityError
from clarity_desktop.domain.series import Samples

__all__ = ["MOST_ITEM_BYTES", "PACK_VERSION", "UNTAGGED_VERSION", "Channel", "PackedPart", "peek", "pack", "unpack"]

PACK_VERSION: Final = "2"
"""Names the person by an opaque number of the account; what names nobody keeps the first version's bytes."""
UNTAGGED_VERSION: Final = "1"
MOST_ITEM_BYTES: Final = 350_000
"""Most that one packed metric may weigh as JSON (Y-21)."""
_PEEK: Final = 8_192
_FRAME_BYTES: Final = 4_000
"""Kept free for the names around the packed text."""


@dataclass(frozen=True, slots=True)
class Channel:
    """One series inside a packed metric. It names no person, source or device (Y-23)."""

    kind: str
    unit: str
    zone: str
    """Zone name in force at the start; empty where it is unknown or may not leave."""
    source: str
    """A stand-in for the source, the same for all pieces of one: ``s`` and 8 hex digits."""
    method: str
    """How the values came about, with version: ``raw/1``."""
    samples: Samples
    person: str = ""
    """The random number by which the account's devices know whose it is; all channels of a piece have the same."""
    text: str = ""
    """What travels beside samples, as JSON; only where the person's consent names it."""

    def header(self) -> dict[str, Any]:
        """What stands beside the columns."""
        found = self._header()
        if self.person and len(self.samples):
            found["last"] = int(self.samples.start[-1])
        if self.text:
            found["text"] = self.text
        return found

    def _header(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "unit": self.unit,
            "zone": self.zone,
            "source": self.source,
            "method": self.method,
            "labels": list(self.samples.labels),
            "count": len(self.samples),
            "start": int(self.samples.start[0]) if len(self.samples) else None,
        }


@dataclass(frozen=True, slots=True)
class PackedPart:
    """One numbered part of a packed piece: what ``raw_data`` of a metric holds."""

    group: str
    """SHA-256 of the whole piece; parts of one piece share it."""
    part: int
    """From 1."""
    parts: int
    text: str
    """Base64 of the compressed columns, cut."""
    version: str = UNTAGGED_VERSION

    def document(self) -> dict[str, Any]:
        """As it travels."""
        return {
            "clarity_pack": self.version,
            "group": self.group,
            "part": self.part,
            "parts": self.parts,
            "sha256": hashlib.sha256(self.text.encode("ascii")).hexdigest(),
            "data": self.text,
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> PackedPart:
        """Read a part back; raises :class:`IntegrityError` (``sync.part``) when it is not what was sent."""
        try:
            version = str(document["clarity_pack"])
            found = cls(
                str(document["group"]), int(document["part"]), int(document["parts"]), str(document["data"]), version
            )
            told = str(document["sha256"])
        except (KeyError, TypeError, ValueError) as error:
            raise _damaged("a field of the part is missing") from error
        if version not in (UNTAGGED_VERSION, PACK_VERSION):
            raise _damaged(f"packed by version {version}")
        if hashlib.sha256(found.text.encode("utf-8")).hexdigest() != told:
            raise _damaged("the part's hash differs")
        return found


def pack(channels: Sequence[Channel]) -> list[PackedPart]:
    """Pack channels into numbered parts, each small enough for one item of the server's store.

    Equal channels give equal bytes.
    """
    headers: Any = [channel.header() for channel in channels]
    person = next((channel.person for channel in channels), "")
    if person:
        headers = {"person": person, "channels": headers}
    columns = b"".join(_columns(channel.samples) for channel in channels)
    head = json.dumps(headers, ensure_ascii=True, separators=(",", ":"), sort_keys=True).encode("ascii")
    payload = len(head).to_bytes(4, "big") + head + columns
    group = hashlib.sha256(payload).hexdigest()
    text = base64.b64encode(zlib.compress(payload, 6)).decode("ascii")
    size = MOST_ITEM_BYTES - _FRAME_BYTES
    cuts = [text[start : start + size] for start in range(0, max(len(text), 1), size)]
    version = PACK_VERSION if person else UNTAGGED_VERSION
    return [PackedPart(group, number, len(cuts), cut, version) for number, cut in enumerate(cuts, 1)]


def peek(text: str) -> tuple[str, list[dict[str, Any]]]:
    """Whose a piece is and what its channels are, from the text of its first part; no column is unpacked.

    Raises
    ------
    IntegrityError
        ``sync.part`` when the text is no beginning of a packed series.
    """
    opener = zlib.decompressobj()
    found, place, wanted = b"", 0, 4
    try:
        while len(found) < wanted:
            cut = base64.b64decode(text[place : place + _PEEK])
            if not cut and not opener.unconsumed_tail:
                raise _damaged("the piece ends within its header")
            found += opener.decompress(opener.unconsumed_tail + cut, _PEEK)
            place += _PEEK
            if wanted == 4 and len(found) >= 4:
                wanted = 4 + int.from_bytes(found[:4], "big")
        return _headers(json.loads(found[4:wanted]))
    except (ValueError, zlib.error) as error:
        raise _damaged("the text is no packed series") from error


def _headers(document: Any) -> tuple[str, list[dict[str, Any]]]:
    """``(person, headers)`` of either version; nobody is named by the first."""
    person, headers = ("", document) if isinstance(document, list) else (document["person"], document["channels"])
    return str(person), [dict(one) for one in headers]


def unpack(parts: Iterable[PackedPart]) -> list[Channel]:
    """The channels of all parts of one piece, in whatever order those came.

    Raises
    ------
    IntegrityError
        ``sync.part`` when a part is missing, which is named, belongs elsewhere or differs from what was sent.
    """
    by_number: dict[int, PackedPart] = {}
    for part in parts:
        by_number[part.part] = part
    if not by_number:
        raise _damaged("there is no part")
    first = next(iter(by_number.values()))
    if any((part.group, part.parts) != (first.group, first.parts) for part in by_number.values()):
        raise _damaged("parts of several pieces")
    missing = sorted(set(range(1, first.parts + 1)) - by_number.keys())
    if missing:
        raise _damaged("missing part " + ", ".join(map(str, missing)) + f" of {first.parts}")
    text = "".join(by_number[number].text for number in sorted(by_number))
    try:
        payload = zlib.decompress(base64.b64decode(text, validate=True))
    except (ValueError, zlib.error) as error:
        raise _damaged("the text is no packed series") from error
    if hashlib.sha256(payload).hexdigest() != first.group:
        raise _damaged("the piece's hash differs")
    return list(_channels(payload))


def _columns(samples: Samples) -> bytes:
    """Start as differences, then length, value and flags, little-endian."""
    starts = samples.start.astype("<i8")
    differences = np.diff(starts, prepend=np.int64(0)).astype("<i8") if starts.size else starts
    return b"".join(
        (
            differences.tobytes(),
            samples.length_s.astype("<i4").tobytes(),
            samples.value.astype("<f8").tobytes(),
            samples.flags.astype("u1").tobytes(),
        )
    )


def _channels(payload: bytes) -> Iterator[Channel]:
    try:
        size = int.from_bytes(payload[:4], "big")
        person, headers = _headers(json.loads(payload[4 : 4 + size]))
        place = 4 + size
        for header in headers:
            count = int(header["count"])
            start, place = _take(payload, place, count, "<i8")
            length, place = _take(payload, place, count, "<i4")
            value, place = _take(payload, place, count, "<f8")
            flags, place = _take(payload, place, count, "u1")
            samples = Samples(
                np.cumsum(start.astype(np.int64)).astype(np.int64),
                length.astype(np.int32),
                value.astype(np.float64),
                flags.astype(np.uint8),
                str(header["unit"]),
                tuple(map(str, header["labels"])),
            )
            yield Channel(
                str(header["kind"]),
                str(header["unit"]),
                str(header["zone"]),
                str(header["source"]),
                str(header["method"]),
                samples,
                person,
                str(header.get("text", "")),
            )
    except (KeyError, TypeError, ValueError) as error:
        raise _damaged("the packed columns do not fit their header") from error


def _take(payload: bytes, place: int, count: int, kind: str) -> tuple[NDArray[Any], int]:
    array = np.frombuffer(payload, dtype=np.dtype(kind), count=count, offset=place)
    return array, place + array.nbytes


def _damaged(detail: str) -> IntegrityError:
    return IntegrityError(
        "sync.part",
        "What came back from the server is not what was sent.",
        remedy="It stays whole here; let the sync panel send it again.",
        detail=detail,
    )
