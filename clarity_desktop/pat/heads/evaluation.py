"""Measures of a head: area under the curve with its interval, Brier score, reliability, calibration slope."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["AucInterval", "ReliabilityBin", "auc", "auc_interval", "brier", "reliability"]

_Z95: Final = 1.959963984540054

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class AucInterval:
    """Area under the receiver operating characteristic with a 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """People of similar predicted probability, and how many of them have the label."""

    predicted: float
    """Mean predicted probability."""
    observed: float
    """Share that has the label."""
    low: float
    high: float
    """Wilson's 95 % interval of the share."""
    people: int


def _midranks(values: Array) -> Array:
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    _, first, count = np.unique(ordered, return_index=True, return_counts=True)
    ranks = np.empty(values.size)
    ranks[order] = np.repeat(first + (count + 1) / 2, count)
    return ranks


def auc(score: Array, y: NDArray[np.bool_]) -> float:
    """Probability that somebody with the label scores above somebody without; ties count half."""
    m, n = int(y.sum()), int((~y).sum())
    return float((_midranks(score)[y].sum() - m * (m + 1) / 2) / (m * n))


def auc_interval(score: Array, y: NDArray[np.bool_]) -> AucInterval:
    """DeLong's variance (1988), with the interval on the logit scale so that it stays within 0…1.

    One score a person: people are the units. With perfect separation DeLong's variance is 0; the interval then uses
    half a discordant pair, so that it is not empty.
    """
    m, n = int(y.sum()), int((~y).sum())
    value = auc(score, y)
    ranks = _midranks(score)
    positive = (ranks[y] - _midranks(score[y])) / n
    negative = 1 - (ranks[~y] - _midranks(score[~y])) / m
    variance = float(positive.var(ddof=1) / m + negative.var(ddof=1) / n)
    least = 0.5 / (m * n)
    held = min(max(value, least), 1 - least)
    spread = max(math.sqrt(variance), math.sqrt(held * (1 - held) / (m + n)) if variance == 0 else 0.0)
    logit, reach = math.log(held / (1 - held)), _Z95 * spread / (held * (1 - held))

    def back(at: float) -> float:
        return 1 / (1 + math.exp(-max(min(at, 700.0), -700.0)))

    # The value stands in its own interval also where it was moved off an end to have a logit.
    return AucInterval(value, min(back(logit - reach), value), max(back(logit + reach), value))


def brier(probability: Array, y: NDArray[np.bool_]) -> float:
    """Mean squared difference between probability and outcome, 0…1; lower is closer."""
    return float(np.mean((probability - y) ** 2))


def reliability(probability: Array, y: NDArray[np.bool_], bins: int = 5) -> tuple[ReliabilityBin, ...]:
    """Predicted against observed share in bins of equally many people, lowest first."""
    order = np.argsort(probability, kind="stable")
    found = []
    for part in np.array_split(order, min(bins, y.size)):
        k, n = int(y[part].sum()), int(part.size)
        low, high = _wilson(k, n)
        found.append(ReliabilityBin(float(probability[part].mean()), k / n, low, high, n))
    return tuple(found)


def _wilson(k: int, n: int) -> tuple[float, float]:
    share, z2 = k / n, _Z95**2
    middle = (share + z2 / (2 * n)) / (1 + z2 / n)
    reach = _Z95 / (1 + z2 / n) * math.sqrt(share * (1 - share) / n + z2 / (4 * n * n))
    return max(0.0, middle - reach), min(1.0, middle + reach)
