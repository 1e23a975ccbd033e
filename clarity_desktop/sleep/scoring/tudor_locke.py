"""Tudor-Locke (2014): sleep periods from scored minutes, opened by a run of sleep and closed by a run of wake."""

from __future__ import annotations

from typing import Final

import numpy as np

from clarity_desktop.sleep.states import SLEEP, States, runs_of

__all__ = ["tudor_locke_periods"]

_SLEEP_RUN_MIN: Final = 5
_WAKE_RUN_MIN: Final = 10
_SHORTEST_MIN: Final = 160


def tudor_locke_periods(
    states: States,
    *,
    sleep_run: int = _SLEEP_RUN_MIN,
    wake_run: int = _WAKE_RUN_MIN,
    shortest: int = _SHORTEST_MIN,
    join: int = 0,
) -> tuple[tuple[int, int], ...]:
    """Sleep periods as epochs ``[start, stop)`` (Tudor-Locke et al. 2014, Appl Physiol Nutr Metab 39:53).

    A period opens with the first of ``sleep_run`` consecutive sleeping minutes and closes with the first of
    ``wake_run`` consecutive minutes that are not sleep; periods shorter than ``shortest`` are dropped.

    Parameters
    ----------
    states:
        Sleep and wake by minute from Sadeh or Cole–Kripke scoring, shape (N,).
    sleep_run, wake_run, shortest:
        Minutes; the paper's package practice by default.
    join:
        Periods less than this many minutes apart are joined before the short ones are dropped.
    """
    runs = runs_of(states == SLEEP)
    length = runs.length
    opens = (runs.value == 1) & (length >= sleep_run)
    closes = (runs.value == 0) & (length >= wake_run)
    # Stretches between two closing runs; each holds at most one period, from its first opening run on.
    block = np.cumsum(closes)
    periods: list[tuple[int, int]] = []
    for number in np.unique(block[opens]).tolist():
        mine = np.flatnonzero((block == number) & (runs.value == 1))
        first = int(np.flatnonzero((block == number) & opens)[0])
        start, stop = int(runs.start[first]), int(runs.stop[mine[-1]])
        if periods and start - periods[-1][1] < join:
            periods[-1] = (periods[-1][0], stop)
        else:
            periods.append((start, stop))
    return tuple((start, stop) for start, stop in periods if stop - start >= shortest)
