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
from clarity_desktop.signals.presence import runs

__all__ = ["choi", "nonwear_minutes", "troiano"]

NONWEAR = METRICS.declare(Metric("nonwear_min", "Time not worn", "min", 0, "wear", "Choi 2011", "RH-6"))

_CHOI_RUN = 90
_CHOI_SPIKE = 2
_CHOI_WINDOW = 30
_BITS = np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1).astype(np.bool_)
_TRUE_AT_START = np.logical_and.accumulate(_BITS, axis=1).sum(axis=1)
_TRUE_AT_END = np.logical_and.accumulate(_BITS[:, ::-1], axis=1).sum(axis=1)
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


def _bridged(
    zero: tuple[NDArray[np.int64], NDArray[np.int64]], bridge: NDArray[np.bool_], least: int
) -> tuple[tuple[int, int], ...]:
    """Runs from a first to a last zero run whose gaps are all bridged, of at least ``least`` epochs.

    ``bridge[i]`` says whether zero run i joins zero run i + 1.
    """
    start, stop = zero
    if not start.size:
        return ()
    parted = np.flatnonzero(~bridge)
    first = np.concatenate((start[:1], start.take(parted + 1)))
    last = np.concatenate((stop.take(parted), stop[-1:]))
    long = last - first >= least
    return tuple(zip(first.compress(long).tolist(), last.compress(long).tolist(), strict=True))


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
    # Only zero runs that fill a window can be bridged or be a bout, and windows beyond the record's ends are cut. So
    # the runs of at least 30 on a record that goes on in zeros on both sides are all there is to look at.
    start, stop = _long_zeros(values, _CHOI_WINDOW)
    if not start.size:
        return ()
    gap = start[1:] - stop[:-1]
    candidates = np.flatnonzero(gap <= _CHOI_SPIKE)
    bridge = np.zeros(gap.size, dtype=np.bool_)
    bridge[candidates[_all_present(values, stop, gap, candidates)]] = True
    return _bridged((start, stop), bridge, _CHOI_RUN)


def _long_zeros(values: NDArray[np.float32], least: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """``(start, stop)`` of the runs of 0 of at least ``least``, as if 0 went on beyond both ends; ``least`` ≥ 23.

    Eight epochs are read at once as one byte: such a run holds two full bytes next to each other, and how far it
    reaches into the bytes beside them stands in a table. A run at an end of the record may be shorter.
    """
    size = values.size
    if not size:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    # Four full bytes on either side stand for what lies beyond, as they are as long as a run has to be; an empty one
    # behind them is the neighbour of both ends.
    octets = np.empty(-(-size // 8) + 9, np.uint8)
    octets[:4] = octets[-5:] = 255
    octets[-1] = 0
    octets[4:-5] = np.packbits(values == 0)
    if size % 8:
        octets[-6] |= 255 >> size % 8
    full = octets == 255
    pair = full[1:] & full[:-1]
    # It begins full and ends empty, so that changes are the end of a run and the beginning of the next by turns.
    edges = np.concatenate(([0], np.flatnonzero(pair[1:] != pair[:-1]) + 1))
    begin, end = edges[::2], edges[1::2] + 1
    start = 8 * (begin - 4) - _TRUE_AT_END.take(octets.take(begin - 1))
    stop = 8 * (end - 4) + _TRUE_AT_START.take(octets.take(end))
    long = stop - start >= least
    # Only the first and the last can lie beyond the record, where they are the bytes that stand for it.
    long[0] &= bool(stop[0] > 0)
    long[-1] &= bool(start[-1] < size)
    start, stop = start.compress(long), stop.compress(long)
    if start.size:
        start[0], stop[-1] = max(start[0], 0), min(stop[-1], size)
    return start, stop


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
    start, stop = runs(values == 0)
    if not start.size:
        return ()
    gap = start[1:] - stop[:-1]
    candidates = np.flatnonzero(gap <= _TROIANO_SPIKE)
    first, last = stop[candidates], start[candidates + 1] - 1
    low = (values[first] <= _TROIANO_CEILING) & (values[last] <= _TROIANO_CEILING)
    bridge = np.zeros(gap.size, dtype=np.bool_)
    bridge[candidates[low & _all_present(values, stop, gap, candidates)]] = True
    return _bridged((start, stop), bridge, _TROIANO_RUN)


def _all_present(
    values: NDArray[np.float32], stop: NDArray[np.int64], gap: NDArray[np.int64], candidates: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Whether both ends of a burst of one or two epochs are present."""
    first = stop[candidates]
    return np.asarray(np.isfinite(values[first]) & np.isfinite(values[first + gap[candidates] - 1]))


def nonwear_minutes(bouts: tuple[tuple[int, int], ...]) -> int:
    """Minutes in the bouts."""
    return sum(stop - start for start, stop in bouts)
