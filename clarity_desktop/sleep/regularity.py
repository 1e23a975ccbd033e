"""How alike the days are: the sleep regularity index and the direction of sleep on the clock (RH-46, RH-47)."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from clarity_desktop.domain.findings import METRICS, Metric
from clarity_desktop.sleep.states import SLEEP, UNKNOWN, States

__all__ = [
    "SRI",
    "DayPairs",
    "VectorMidpoint",
    "day_matrix",
    "pairs_of_days",
    "sleep_regularity_elapsed",
    "sleep_regularity_index",
    "vector_midpoint",
]

_MINUTES: Final = 1440

SRI = METRICS.declare(
    Metric(
        "sri",
        "Sleep regularity index",
        "",
        0,
        "sleep",
        "Phillips 2017; Windred 2021",
        "RH-46",
        rests_on="pairs",
        minimum=5,
    )
)


@dataclass(frozen=True, slots=True)
class DayPairs:
    """Pairs of equal clock minutes on successive dates, by the pair's first date. Arrays of shape (P,)."""

    day: NDArray[np.int64]
    """Local day (days since 1970-01-01) of the first date."""
    equal: NDArray[np.int64]
    """Pairs in the same state."""
    known: NDArray[np.int64]
    """Pairs of which both states are known."""

    @property
    def with_data(self) -> int:
        """Date pairs that hold at least one known pair."""
        return int(np.count_nonzero(self.known))

    @property
    def index(self) -> float | None:
        """−100 + 200·equal/known, or ``None`` without a known pair. 100 is every day alike, 0 chance."""
        known = int(self.known.sum())
        return -100.0 + 200.0 * int(self.equal.sum()) / known if known else None


def day_matrix(
    states: States, minute_of_day: NDArray[np.int64], local_day: NDArray[np.int64]
) -> tuple[NDArray[np.int8], int]:
    """States as local days × clock minutes, with the first local day.

    Unknown where nothing is recorded or the clock skipped the minute; a repeated minute keeps its first state.
    """
    if states.size == 0:
        return np.empty((0, _MINUTES), np.int8), 0
    first = int(local_day.min())
    rows = int(local_day.max()) - first + 1
    matrix = np.full(rows * _MINUTES, UNKNOWN, dtype=np.int8)
    place = (local_day - first) * _MINUTES + minute_of_day
    # Between two changes of the clock, places follow one another: such a stretch is one copy. Written from the last
    # stretch to the first, so that of two epochs of one minute the first remains.
    cuts = np.concatenate(([0], np.flatnonzero(place[1:] - place[:-1] != 1) + 1, [place.size])).tolist()
    for begin, stop in reversed(list(pairwise(cuts))):
        at = int(place[begin])
        matrix[at : at + stop - begin] = states[begin:stop]
    return matrix.reshape(rows, _MINUTES), first


def pairs_of_days(matrix: NDArray[np.int8], first_day: int, *, most_unknown_min: int | None = None) -> DayPairs:
    """Equal and known pairs of each two successive dates of a day matrix.

    Parameters
    ----------
    matrix:
        From :func:`day_matrix`, shape (D, 1440).
    first_day:
        Local day of the matrix' first row.
    most_unknown_min:
        When given, a date with more unknown minutes than this is left out whole (Windred 2021: 360).
    """
    known = matrix != UNKNOWN
    if most_unknown_min is not None:
        known &= (known.sum(axis=1) >= _MINUTES - most_unknown_min)[:, None]
    both = known[1:] & known[:-1]
    equal = both & (matrix[1:] == matrix[:-1])
    day = first_day + np.arange(max(matrix.shape[0] - 1, 0), dtype=np.int64)
    return DayPairs(day, equal.sum(axis=1).astype(np.int64), both.sum(axis=1).astype(np.int64))


def sleep_regularity_index(
    states: States,
    minute_of_day: NDArray[np.int64],
    local_day: NDArray[np.int64],
    *,
    most_unknown_min: int | None = None,
    least_pairs: int = 0,
) -> float | None:
    """The sleep regularity index on the local clock, −100…100 (Phillips et al. 2017, Sci Rep 7:3216).

    Parameters
    ----------
    states:
        One state a minute, shape (N,).
    minute_of_day, local_day:
        Local clock of each epoch, shape (N,).
    most_unknown_min, least_pairs:
        Handling after Windred 2021: 360 and 5. ``None`` is answered below ``least_pairs`` date pairs with data.
    """
    pairs = pairs_of_days(*day_matrix(states, minute_of_day, local_day), most_unknown_min=most_unknown_min)
    return pairs.index if pairs.with_data >= least_pairs else None


def sleep_regularity_elapsed(states: States, *, per_day: int = _MINUTES) -> float | None:
    """The index over pairs exactly 24 h apart in elapsed time, whatever the clock did; ``None`` without a pair."""
    earlier, later = states[:-per_day], states[per_day:]
    both = (earlier != UNKNOWN) & (later != UNKNOWN)
    known = int(np.count_nonzero(both))
    return -100.0 + 200.0 * int(np.count_nonzero(both & (earlier == later))) / known if known else None


@dataclass(frozen=True, slots=True)
class VectorMidpoint:
    """Mean direction of sleep on the 24-h dial."""

    hour: float
    """Local clock hour, 0…24."""
    concentration: float
    """Length of the mean vector: 1 when all sleep falls on one minute, 0 when it is spread evenly."""


def vector_midpoint(states: States, minute_of_day: NDArray[np.int64]) -> VectorMidpoint | None:
    """Angle of Σ e^(i·2π·minute/1440) over sleeping epochs (RH-47), or ``None`` when there is no sleep."""
    asleep = np.bincount(minute_of_day[states == SLEEP], minlength=_MINUTES)
    number = asleep.sum()
    if number == 0:
        return None
    total = complex(np.sum(asleep * np.exp(2j * np.pi * np.arange(_MINUTES) / _MINUTES)))
    hour = float(np.angle(total)) * 24 / (2 * np.pi) % 24
    return VectorMidpoint(hour, abs(total) / float(number))
