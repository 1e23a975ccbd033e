"""Sadeh (1994): a linear score of level, variability and count class of the eleven minutes around each epoch."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from clarity_desktop.domain.errors import UsageError
from clarity_desktop.sleep.scoring.counts import Counts, KnownCounts, Rule, in_stretches, needs_minutes, neighbour_sums
from clarity_desktop.sleep.states import States

__all__ = ["SADEH_VARIANTS", "sadeh", "sadeh_rule"]

SADEH_VARIANTS: Final = ("original", "actigraph")
"""``actigraph`` caps counts at 300 and takes scores from −4 up as sleep."""

_BAND: Final = np.float32(0.05)
"""Scores this near to the threshold are formed anew in double precision."""
_FEW: Final = 16
"""Epochs beside a missing one are formed anew too, while they are fewer than one in sixteen."""


def sadeh(counts: Counts, *, step_s: int = 60, variant: str = "original") -> States:
    """Sleep and wake by Sadeh, Sharkey and Carskadon 1994 (Sleep 17:201).

    PS = 7.601 − 0.065·mean(A₋₅…A₅) − 1.08·NAT − 0.056·SD(A₋₅…A₀) − 0.703·ln(A₀ + 1), sleep where PS ≥ 0.
    NAT counts epochs of the window with 50 ≤ A < 100; the standard deviation divides by n − 1. Windows use what
    exists: neither epochs beyond the record nor missing ones enter mean and deviation.

    Parameters
    ----------
    counts:
        Counts per minute, shape (N,), NaN where missing.
    step_s:
        Epoch length in seconds; 60 is the only one accepted.
    variant:
        One of :data:`SADEH_VARIANTS`.

    Raises
    ------
    InputError
        ``sleep.epoch_length``.
    UsageError
        ``sleep.variant`` for an unknown variant.
    """
    if variant not in SADEH_VARIANTS:
        raise UsageError(
            "sleep.variant",
            f"“{variant}” is not a variant of Sadeh scoring.",
            remedy="Use one of: " + ", ".join(SADEH_VARIANTS) + ".",
        )
    needs_minutes("Sadeh", step_s)
    return in_stretches(counts, 5, sadeh_rule(variant))[0]


def sadeh_rule(variant: str = "original") -> Rule:
    """The rule of one of :data:`SADEH_VARIANTS`."""
    cap, threshold = (300.0, -4.0) if variant == "actigraph" else (None, 0.0)

    def rule(counts: KnownCounts) -> NDArray[np.bool_]:
        held = neighbour_sums(counts.present.view(np.uint8), 5, 5)
        uneven = counts.present & (held != 11)
        few = np.count_nonzero(uneven) * _FEW <= uneven.size
        margin = _estimate(counts, cap, _FULL if few else _shares(counts))
        margin -= np.float32(threshold)
        asleep = margin >= 0
        open_ = np.abs(margin, out=margin) < _BAND
        close = np.flatnonzero(open_ | uneven if few else open_)
        if close.size:
            asleep[close] = _exactly(counts, cap, threshold, close)
        return np.asarray(asleep)

    return rule


_Shares = tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]
_FULL: Final[_Shares] = (np.array(1 / 11, np.float32), np.array(1 / 6, np.float32), np.array(1 / 5, np.float32))


def _shares(counts: KnownCounts) -> _Shares:
    """1/n of the eleven epochs that exist, 1/n and 1/(n − 1) of the six, at least 1 below the line."""
    present = counts.present.astype(np.float32)
    eleven, six = neighbour_sums(present, 5, 5), neighbour_sums(present, 5, 0)
    return _inverse(eleven), _inverse(six), _inverse(six - 1)


def _inverse(n: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.reciprocal(np.maximum(n, np.float32(1)))


def _estimate(counts: KnownCounts, cap: float | None, shares: _Shares) -> NDArray[np.float32]:
    """PS in single precision, of which a processor forms twice as many at once.

    It is off by less than :data:`_BAND` wherever PS is near a threshold: means are below 180 there, so that sums are
    below 2²⁴ and only the difference of squares loses digits, at most 0.006 of PS. Further down it may be off by
    more, but not across.
    """
    values = counts.once("single", lambda: counts.values.astype(np.float32))
    if cap is not None:
        values = np.minimum(values, np.float32(cap))
    of_eleven, of_six, of_five = shares
    score = neighbour_sums(values, 5, 5)
    score *= of_eleven
    score *= np.float32(-0.065)
    score += np.float32(7.601)
    middling = neighbour_sums(((values >= 50) & (values < 100)).view(np.uint8), 5, 5)
    score -= np.multiply(middling, np.float32(1.08))
    spread, total = neighbour_sums(values * values, 5, 0), neighbour_sums(values, 5, 0)
    total *= total
    total *= of_six
    spread -= total
    spread *= of_five
    np.maximum(spread, 0, out=spread)
    np.sqrt(spread, out=spread)
    spread *= np.float32(0.056)
    score -= spread
    level = np.log1p(values)
    level *= np.float32(0.703)
    score -= level
    return score


def _exactly(counts: KnownCounts, cap: float | None, threshold: float, at: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether PS reaches the threshold, in double precision, at some places."""
    around = at[:, None] + np.arange(-5, 6)
    inside = (around >= 0) & (around < counts.values.size)
    around = np.where(inside, around, 0)
    present = inside & counts.present[around]
    values = np.where(present, counts.values[around], 0.0)
    if cap is not None:
        values = np.minimum(values, cap)
    held = present.sum(axis=1)
    margin = -0.065 * (values.sum(axis=1) / np.maximum(held, 1)) + (7.601 - threshold)
    margin -= 1.08 * ((values >= 50) & (values < 100)).sum(axis=1)
    margin -= 0.703 * np.log(values[:, 5] + 1.0)
    # The last term by its square: (n − 1)·PS²/0.056² against Σx² − (Σx)²/n over the six minutes up to the epoch.
    last, size = values[:, :6], present[:, :6].sum(axis=1)
    total = last.sum(axis=1)
    squares = (last * last).sum(axis=1) - total * (total / np.maximum(size, 1))
    reach = margin * (1 / 0.056)
    return np.asarray((margin >= 0) & (reach * reach * np.maximum(size - 1, 1) >= squares))
