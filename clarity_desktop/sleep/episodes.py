"""Which stretches of sleep are the night of a date, and which are naps (§7)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from clarity_desktop.domain.sleep import SleepSegment
from clarity_desktop.domain.time import DAY_S, ZoneTimeline

__all__ = ["EPISODE_GAP_S", "Assignment", "assign_episodes", "group_episodes"]

EPISODE_GAP_S: Final = 3600
"""Records less than this apart belong to one episode."""

_LEAST_DAY_SLEEP_S: Final = 3 * 3600
_LONGEST_RECORD_S: Final = 24 * 3600


@dataclass(frozen=True, slots=True)
class Assignment:
    """Local day of waking of each episode, and whether it is that date's main sleep. Arrays of shape (K,)."""

    day: NDArray[np.int64]
    main: NDArray[np.bool_]


def group_episodes(segments: Sequence[SleepSegment]) -> tuple[tuple[SleepSegment, ...], ...]:
    """Records in order of start, cut where 60 minutes or more hold no record of any source.

    A record of a day or longer (a forgotten in-bed timer) joins nothing and is left out.
    """
    ordered = sorted(
        (s for s in segments if 0 < s.stop - s.start < _LONGEST_RECORD_S), key=lambda s: (s.start, s.stop, s.source)
    )
    if not ordered:
        return ()
    starts = np.array([s.start for s in ordered], dtype=np.int64)
    reach = np.maximum.accumulate(np.array([s.stop for s in ordered], dtype=np.int64))
    cuts = np.flatnonzero(starts[1:] - reach[:-1] >= EPISODE_GAP_S) + 1
    edges = [0, *cuts.tolist(), len(ordered)]
    return tuple(tuple(ordered[a:b]) for a, b in pairwise(edges))


def assign_episodes(onset: NDArray[np.int64], offset: NDArray[np.int64], zone: ZoneTimeline) -> Assignment:
    """The local date of waking of each episode, and the main sleep of each date.

    Main sleep is the longest episode whose middle lies between noon of the day before and noon of the date. A date
    without one (sleep after a night shift) takes its longest episode of at least 3 h; everything else is a nap.

    Parameters
    ----------
    onset, offset:
        UTC seconds of first sleep and final awakening, shape (K,).
    zone:
        Clock of the person.
    """
    day = zone.local_days(offset)
    length = offset - onset
    from_midnight = zone.local_seconds((onset + offset) // 2) - day * DAY_S
    around_night = (from_midnight >= -DAY_S // 2) & (from_midnight < DAY_S // 2)
    main = np.zeros(day.size, np.bool_)
    for date in np.unique(day).tolist():
        of_date = np.flatnonzero(day == date)
        nightly = of_date[around_night[of_date]]
        if nightly.size:
            main[nightly[np.argmax(length[nightly])]] = True
            continue
        longest = of_date[np.argmax(length[of_date])]
        main[longest] = length[longest] >= _LEAST_DAY_SLEEP_S
    return Assignment(day, main)
