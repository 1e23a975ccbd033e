"""Embeddings as they are kept in the vault: a JSON head and two arrays, under a key that names all they rest on."""

from __future__ import annotations

import hashlib
import json
import struct
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from clarity_desktop.domain.pat import WIDTH, ClockChange, Recipe, WeekEmbedding, WeekMinutes

__all__ = ["FORMAT", "Kept", "decode_week", "encode_week", "placed", "window_key"]

FORMAT: Final = 1
_LENGTH: Final = struct.Struct("<I")


def window_key(recipe: Recipe, fed: NDArray[np.float32], other: NDArray[np.float32]) -> str:
    """Hash of the recipe and of the very numbers the model is fed under both fills, each (10080,)."""
    digest = hashlib.blake2b(f"{FORMAT}/{recipe.key}".encode(), digest_size=20)
    digest.update(fed.tobytes())
    digest.update(other.tobytes())
    return digest.hexdigest()


@dataclass(frozen=True, slots=True)
class Kept:
    """A week as kept; the neighbouring weeks are not part of it."""

    week: WeekEmbedding
    recipe: str


def encode_week(week: WeekEmbedding, recipe: Recipe) -> bytes:
    """The bytes of a week."""
    minutes = week.minutes
    head: dict[str, Any] = {
        "format": FORMAT,
        "recipe": recipe.key,
        "start": week.start,
        "day": week.day,
        "minutes": [minutes.worn, minutes.not_worn, minutes.missing, minutes.excluded],
        "own_median": week.own_median_filled,
        "average": week.average_filled,
        "changes": [[one.at, one.shift_s, one.zone, one.travel] for one in week.changes],
        "sensitivity": week.sensitivity,
        "tokens": int(week.attention.size),
    }
    text = json.dumps(head).encode()
    arrays = week.pooled.astype("<f4").tobytes() + week.attention.astype("<f4").tobytes()
    return _LENGTH.pack(len(text)) + text + arrays


def decode_week(blob: bytes) -> Kept | None:
    """The reverse of :func:`encode_week`; ``None`` for a form that this version does not know."""
    (length,) = _LENGTH.unpack_from(blob)
    head = json.loads(blob[_LENGTH.size : _LENGTH.size + length])
    if head.get("format") != FORMAT:
        return None
    arrays = np.frombuffer(blob, "<f4", offset=_LENGTH.size + length).astype(np.float32)
    if arrays.size != WIDTH + head["tokens"]:
        return None
    week = WeekEmbedding(
        head["start"],
        head["day"],
        WeekMinutes(*head["minutes"]),
        head["own_median"],
        head["average"],
        tuple(ClockChange(*one) for one in head["changes"]),
        arrays[:WIDTH],
        arrays[WIDTH:],
        head["sensitivity"],
    )
    return Kept(week, head["recipe"])


def placed(week: WeekEmbedding, *, start: int, day: int, neighbour: float | None) -> WeekEmbedding:
    """A kept week at its place in the present recording: equal numbers may begin on another day after a correction."""
    return replace(week, start=start, day=day, neighbour_distance=neighbour)
