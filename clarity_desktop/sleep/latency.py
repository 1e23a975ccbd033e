"""Sleep latency by persistent sleep: the first of ten sleep minutes in eleven (RH-37)."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from clarity_desktop.domain.sleep import Night
from clarity_desktop.sleep.states import SLEEP, UNKNOWN, WAKE, States

__all__ = ["LEAST_ASLEEP", "WINDOW_MIN", "first_of_ten_in_eleven", "latency_10_of_11", "minutes_of_night"]

WINDOW_MIN: Final = 11
LEAST_ASLEEP: Final = 10


def first_of_ten_in_eleven(states: States) -> int | None:
    """Number of the first sleeping minute from which on at least 10 of 11 minutes are sleep; ``None`` without one.

    Unknown minutes are no sleep. Windows that would reach beyond the end are not looked at.

    Parameters
    ----------
    states:
        One state a minute from going to bed, shape (N,).
    """
    asleep = states == SLEEP
    if asleep.size < WINDOW_MIN:
        return None
    total = np.concatenate(([0], np.cumsum(asleep)))
    enough = total[WINDOW_MIN:] - total[:-WINDOW_MIN] >= LEAST_ASLEEP
    found = np.flatnonzero(enough & asleep[: enough.size])
    return int(found[0]) if found.size else None


def minutes_of_night(night: Night) -> States:
    """State of each minute from going to bed to getting up, by the record in force at its middle.

    Empty without an in-bed record.
    """
    if night.in_bed is None or night.out_of_bed is None or not night.segments:
        return np.empty(0, np.int8)
    middle: NDArray[np.int64] = np.arange(night.in_bed + 30, night.out_of_bed, 60, dtype=np.int64)
    start = np.array([segment.start for segment in night.segments], dtype=np.int64)
    stop = np.array([segment.stop for segment in night.segments], dtype=np.int64)
    state = np.array([SLEEP if s.stage.is_sleep else WAKE for s in night.segments], dtype=np.int8)
    place = np.maximum(np.searchsorted(start, middle, side="right") - 1, 0)
    held = (middle >= start[place]) & (middle < stop[place])
    return np.where(held, state[place], np.int8(UNKNOWN)).astype(np.int8)


def latency_10_of_11(night: Night) -> float | None:
    """Minutes from going to bed to persistent sleep; ``None`` without an in-bed record or without such a minute."""
    if night.sol_min is None:
        return None
    found = first_of_ten_in_eleven(minutes_of_night(night))
    return None if found is None else float(found)
