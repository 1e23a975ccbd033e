"""Webster rescoring (1982, as in Cole 1992): short sleep after or between long wake becomes wake."""

from __future__ import annotations

from typing import Final

import numpy as np

from clarity_desktop.sleep.states import SLEEP, WAKE, States, runs_of

__all__ = ["webster_rescored"]

_AFTER_WAKE: Final = ((4, 1), (10, 3), (15, 4))
"""After this many minutes of wake, the next minutes of sleep become wake: rules a, b, c."""
_BETWEEN_WAKE: Final = ((10, 6), (20, 10))
"""With this much wake on both sides, a sleep run of at most this length becomes wake: rules d, e."""


def webster_rescored(states: States) -> States:
    """The states after the five rules, all of which read the states given and are united (RH-28).

    A run is contiguous: an unknown epoch ends it. A sleep run shorter than the 3 or 4 minutes of rules b and c is
    rescored as a whole. One epoch is one minute.
    """
    runs = runs_of(states)
    result = states.copy()
    if len(runs) == 0:
        return result
    length = runs.length
    wake = np.where(runs.value == WAKE, length, 0)
    before = np.concatenate(([0], wake[:-1]))
    after = np.concatenate((wake[1:], [0]))
    asleep = runs.value == SLEEP
    rescored = np.zeros(len(runs), np.int64)
    for minutes, head in _AFTER_WAKE:
        rescored = np.where(before >= minutes, head, rescored)
    for minutes, longest in _BETWEEN_WAKE:
        rescored = np.where((before >= minutes) & (after >= minutes) & (length <= longest), length, rescored)
    rescored = np.where(asleep, np.minimum(rescored, length), 0)
    touched = np.flatnonzero(rescored)
    # Epoch numbers of the heads of the touched runs, without a loop over runs.
    heads = rescored[touched]
    within = np.arange(int(heads.sum())) - np.repeat(np.cumsum(heads) - heads, heads)
    result[np.repeat(runs.start[touched], heads) + within] = WAKE
    return result
