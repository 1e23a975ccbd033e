"""Non-wear from long runs of zero counts (RH-6, RH-7).

Choi et al. 2011, Med Sci Sports Exerc 43:357; Troiano et al. 2008, Med Sci Sports Exerc 40:181. A still sleeper also
gives long zero runs: where heart rate or sleep stages exist, they decide (RH-9).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from clarity_desktop.domain.epochs import Epochs
from clarity_desktop.domain.errors import UsageError
from clarity_desktop.domain.findings import METRICS, Metric

__all__ = ["choi", "nonwear_minutes", "troiano"]

NONWEAR = METRICS.declare(Metric("nonwear_min", "Time not worn", "min", 0, "wear", "Choi 2011", "RH-6"))

_CHOI_RUN = 90
_CHOI_SPIKE = 2
_CHOI_WINDOW = 30
_BITS = np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1).astype(np.bool_)
_ALL_EIGHT = np.uint64(0x0101010101010101)
"""Eight flags that are all true, read as one number."""
_PADDING = 5
"""Words of eight flags before and behind a record: an empty one outside, four as long as a run has to be inside."""
_REACH_BACK = -np.logical_and.accumulate(_BITS[:, ::-1], axis=1).sum(axis=1) - 8 * (_PADDING - 1)
"""By the eight flags of the word before a run: where it begins, counted from that word in the record."""
_REACH_ON = np.logical_and.accumulate(_BITS, axis=1).sum(axis=1) - 8 * _PADDING
"""By the eight flags of the word behind a run: where it stops, counted from that word in the record."""
_ONE = np.ones(1, dtype=np.bool_)
_TROIANO_RUN = 60
_TROIANO_SPIKE = 2
_TROIANO_CEILING = 100.0


def _counts(epochs: Epochs) -> NDArray[np.float32]:
    if epochs.step_s != 60:
        raise UsageError(
            "circadian.epoch_length",
            "Wear from zero counts needs counts per minute.",
            remedy="Read the recording with an epoch of 60 seconds.",
            detail=f"step_s={epochs.step_s}",
        )
    return epochs.values


def choi(epochs: Epochs) -> tuple[tuple[int, int], ...]:
    """Bouts ``[start, stop)`` of non-wear by Choi 2011, as epoch indices.

    A bout is at least 90 min of zeros; a burst of at most 2 consecutive non-zero minutes is bridged when the 30 min
    before and after it hold only zeros (windows cut at the record's ends count what exists). A bout starts and ends on
    a zero; a missing epoch ends it.

    Raises
    ------
    UsageError
        ``circadian.epoch_length`` when the epochs are not 60 s long.
    """
    values = _counts(epochs)
    if not values.size:
        return ()
    # Only zero runs that fill a window can be bridged or be a bout, and windows beyond the record's ends are cut. So
    # the runs of at least 30 on a record that goes on in zeros on both sides are all there is to look at.
    flags, inside = _flags(values.size, beyond=True)
    np.equal(values, 0, out=inside)
    start, stop = _long_runs(flags)
    length = stop - start
    matters = length >= _CHOI_RUN
    # Only the first and the last can lie beyond the record, where there is nothing to join.
    length[0] *= bool(stop[0] > 0)
    length[-1] *= bool(start[-1] < values.size)
    start[0], stop[-1] = max(start[0], 0), min(stop[-1], values.size)
    near = (start[1:] <= stop[:-1] + _CHOI_SPIKE).nonzero()[0]
    joined = near.compress(np.minimum(length.take(near), length.take(near + 1)) >= _CHOI_WINDOW)
    spike = values.take(stop.take(joined)) + values.take(start.take(joined + 1) - 1)
    joined = joined.compress(np.isfinite(spike))
    # Most runs are neither long by themselves nor joined to another; only the others are looked at further.
    matters[joined] = matters[joined + 1] = True
    at = matters.nonzero()[0]
    ends = np.ones(length.size, dtype=np.bool_)
    ends[joined] = False
    ends = ends.take(at)
    begins = np.concatenate((_ONE, ends[:-1]))[: ends.size]
    return _bouts(start.take(at.compress(begins)), stop.take(at.compress(ends)), _CHOI_RUN)


def _flags(size: int, *, beyond: bool) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Flags for a record of ``size`` epochs with ``beyond`` on both sides of it, and the part to fill in."""
    flags = np.empty(8 * (-(-size // 8) + 2 * _PADDING), np.bool_)
    first = 8 * _PADDING
    flags[8:first] = flags[first + size : -8] = beyond
    flags[:8] = flags[-8:] = False
    return flags, flags[first : first + size]


def _long_runs(flags: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """``(start, stop)`` of all runs of true of at least 23, and of some shorter ones, from the record's first epoch.

    Eight epochs are read at once: such a run holds two words of eight next to each other that are all true, and how
    far it reaches into the words beside them stands in a table. ``flags`` are those of :func:`_flags`, filled in.
    """
    words = flags.view(np.uint64)
    full = words == _ALL_EIGHT
    pair = full[1:] & full[:-1]
    # Begins and ends with false, so that changes are the beginning of a run and its end by turns; behind each there is
    # a word that is not full.
    beside = (pair[1:] != pair[:-1]).nonzero()[0]
    beside[1::2] += 2
    shapes = np.packbits(words[beside].view(np.uint8))
    beside *= 8
    start, stop = _REACH_BACK.take(shapes[::2]), _REACH_ON.take(shapes[1::2])
    start += beside[::2]
    stop += beside[1::2]
    return start, stop


def _bouts(start: NDArray[np.int64], stop: NDArray[np.int64], least: int) -> tuple[tuple[int, int], ...]:
    long = stop - start >= least
    return tuple(zip(start.compress(long).tolist(), stop.compress(long).tolist(), strict=True))


def troiano(epochs: Epochs) -> tuple[tuple[int, int], ...]:
    """Bouts ``[start, stop)`` of non-wear by Troiano 2008 (NHANES), as epoch indices.

    A bout is at least 60 min from first to last zero, bridging bursts of at most 2 min whose every count is at most
    100. Meant for waist-worn devices; on wrist data of 24 h it takes sleep for non-wear.

    Raises
    ------
    UsageError
        ``circadian.epoch_length`` when the epochs are not 60 s long.
    """
    values = _counts(epochs)
    if values.size < _TROIANO_RUN:
        return ()
    # A bout lies between epochs that no bout can hold: those missing or above the ceiling, and the middle of three
    # that are not zero. What is left over at its ends is at most two epochs that are not zero.
    flags, quiet = _flags(values.size, beyond=False)
    np.less_equal(values, _TROIANO_CEILING, out=quiet)
    moving = values != 0
    third = moving[1:-1] & moving[:-2]
    third &= moving[2:]
    np.greater(quiet[1:-1], third, out=quiet[1:-1])
    start, stop = _long_runs(flags)
    long = stop - start >= _TROIANO_RUN
    start, stop = start.compress(long), stop.compress(long)
    start += moving[start] * (1 + moving[start + 1])
    stop -= moving[stop - 1] * (1 + moving[stop - 2])
    return _bouts(start, stop, _TROIANO_RUN)


def nonwear_minutes(bouts: tuple[tuple[int, int], ...]) -> int:
    """Minutes in the bouts."""
    return sum(stop - start for start, stop in bouts)
