"""How alike weeks are: distances, similar weeks, distance to an own baseline, and the trajectory of embeddings.

All distances are Euclidean between pooled embeddings of one recipe. They are numbers inside a model: large means that
the model sees the weeks apart, and says nothing of why.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from clarity_desktop.domain.errors import UsageError
from clarity_desktop.domain.pat import DAYS, Recipe

__all__ = [
    "BASELINE_DAYS",
    "Baseline",
    "Trajectory",
    "baseline_distance",
    "cosine",
    "nearest",
    "neighbour_distances",
    "principal_trajectory",
    "require_like",
]

BASELINE_DAYS: Final = 28
"""Days of the first weeks that serve as a person's own baseline. A choice of this program."""
_LEAST_WEEKS: Final = 3

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Trajectory:
    """Embeddings on their own principal components."""

    places: Array
    """Shape (N, K): coordinates of each week."""
    explained: Array
    """Shape (K,): share of the variance on each component."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """Distances to a person's own first weeks."""

    distance: Array
    """Shape (N,): distance of each week to the mean of the baseline weeks; a baseline week is held against the others.
    NaN where no other baseline week is free of overlap."""
    spread: float
    """Median distance among the baseline weeks themselves; NaN with fewer than two."""
    weeks: int
    """Weeks in the baseline."""


def require_like(one: Recipe, other: Recipe) -> None:
    """Only like is compared with like.

    Raises
    ------
    UsageError
        ``pat.unlike`` naming what differs.
    """
    differences = [
        words
        for words, same in (
            ("weights", one.weights == other.weights),
            ("signal", one.signal is other.signal),
            ("normalisation", one.normalisation == other.normalisation),
            ("fill of missing minutes", one.fill is other.fill),
        )
        if not same
    ]
    if differences:
        raise UsageError(
            "pat.unlike",
            f"These weeks were not made alike: {', '.join(differences)} differ.",
            remedy="Compute both in the same way, then compare them.",
        )


def principal_trajectory(pooled: NDArray[np.floating], components: int = 2) -> Trajectory:
    """Weeks on their principal components, by singular value decomposition of the centred embeddings.

    Exact, so no seed plays a part. Each component's sign is set so that its largest loading is positive: the same
    weeks always give the same picture.

    Parameters
    ----------
    pooled:
        Shape (N, 96).
    components:
        How many; fewer come back when the weeks span fewer.
    """
    x = np.asarray(pooled, dtype=np.float64)
    if x.shape[0] < _LEAST_WEEKS:
        raise UsageError(
            "pat.few_weeks",
            f"A trajectory needs at least {_LEAST_WEEKS} computed weeks, and there are {x.shape[0]}.",
            remedy="Choose a longer recording, or a lower share of worn minutes.",
        )
    centred = x - x.mean(axis=0)
    left, size, right = np.linalg.svd(centred, full_matrices=False)
    total = float((size * size).sum())
    kept = min(components, int((size > 1e-12 * max(size[0], 1e-300)).sum()))
    sign = np.sign(right[np.arange(kept), np.abs(right[:kept]).argmax(axis=1)])
    share = size[:kept] ** 2 / total if total > 0 else np.zeros(kept)
    return Trajectory(left[:, :kept] * size[:kept] * sign, share)


def neighbour_distances(day: NDArray[np.int64], pooled: NDArray[np.floating]) -> Array:
    """Median distance of each week to those that begin seven days before and after it, shape (N,); NaN without any.

    Parameters
    ----------
    day:
        Local day each week begins with, ascending, shape (N,).
    pooled:
        Shape (N, 96).
    """
    x = np.asarray(pooled, dtype=np.float64)
    found = np.full((2, day.size), np.nan)
    for row, shift in enumerate((-DAYS, DAYS)):
        place = np.searchsorted(day, day + shift)
        there = place < day.size
        there[there] &= day[place[there]] == (day + shift)[there]
        found[row, there] = np.linalg.norm(x[there] - x[place[there]], axis=1)
    count = np.isfinite(found).sum(axis=0)
    total = np.where(np.isfinite(found), found, 0.0).sum(axis=0)
    # The median of one or two numbers is their mean.
    return np.asarray(np.divide(total, count, out=np.full(day.size, np.nan), where=count > 0))


def nearest(target: NDArray[np.floating], pooled: NDArray[np.floating], count: int) -> NDArray[np.int64]:
    """Indices of the weeks nearest to a target embedding (96,), nearest first; ties keep their order."""
    away = np.linalg.norm(np.asarray(pooled, np.float64) - np.asarray(target, np.float64), axis=1)
    return np.argsort(away, kind="stable")[:count]


def cosine(target: NDArray[np.floating], pooled: NDArray[np.floating]) -> Array:
    """Cosine similarity of a target (96,) with each week (N, 96), −1…1; 0 where one of them is all zeros."""
    x, t = np.asarray(pooled, np.float64), np.asarray(target, np.float64)
    size = np.linalg.norm(x, axis=1) * np.linalg.norm(t)
    return np.asarray(np.divide(x @ t, size, out=np.zeros(x.shape[0]), where=size > 0))


def baseline_distance(day: NDArray[np.int64], pooled: NDArray[np.floating], *, days: int = BASELINE_DAYS) -> Baseline:
    """Distance of each week to the person's own first weeks.

    The baseline is made of the weeks that lie wholly within the first ``days`` days. A week is held only against
    baseline weeks with which it shares no day, because weeks that share days are alike by construction.

    Parameters
    ----------
    day:
        Local day each week begins with, ascending, shape (N,).
    pooled:
        Shape (N, 96).
    """
    x = np.asarray(pooled, dtype=np.float64)
    if not day.size:
        return Baseline(np.empty(0), float("nan"), 0)
    base = np.flatnonzero(day <= day[0] + days - DAYS)
    apart = np.abs(day[:, None] - day[base][None, :]) >= DAYS
    weight = apart.sum(axis=1)
    mean = np.divide(apart @ x[base], weight[:, None], out=np.full_like(x, np.nan), where=weight[:, None] > 0)
    distance = np.linalg.norm(x - mean, axis=1)
    pairs = np.linalg.norm(x[base][:, None] - x[base][None], axis=2)[apart[base]]
    return Baseline(distance, float(np.median(pairs)) if pairs.size else float("nan"), int(base.size))
