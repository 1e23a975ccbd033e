"""What is read from a person's embeddings: trajectory and baseline, similar weeks, occlusion and unusual hours."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Final

import numpy as np

from clarity_desktop.analysis.findings.trends import change_points
from clarity_desktop.analysis.weeks.codec import decode_week
from clarity_desktop.analysis.weeks.embedding import PatStudy, window_of
from clarity_desktop.domain.errors import NotFoundError
from clarity_desktop.domain.pat import DAYS, WeekEmbedding
from clarity_desktop.domain.pat_results import (
    Occlusion,
    PatRequest,
    PatResult,
    SimilarWeek,
    TrajectoryView,
    UnusualHours,
)
from clarity_desktop.domain.work import CancelToken, ProgressListener, ignore_progress
from clarity_desktop.pat.likeness import baseline_distance, cosine, principal_trajectory
from clarity_desktop.pat.windows import prepare

if TYPE_CHECKING:
    from clarity_desktop.pat.registry import Registry
    from clarity_desktop.vault import Vault

__all__ = ["occlusion_of", "similar_weeks", "trajectory_of", "unusual_hours"]

_LEAST_FOR_CHANGE: Final = 14
"""Days of a level before another one is sought: a week's window moves slowly, day by day."""


def trajectory_of(result: PatResult) -> TrajectoryView:
    """Weeks on their principal components, distance to the own first weeks, and days on which its level changes.

    Raises
    ------
    UsageError
        ``pat.few_weeks``.
    """
    day = np.array([one.day for one in result.embeddings], dtype=np.int64)
    pooled = np.stack([one.pooled for one in result.embeddings]) if result.embeddings else np.empty((0, 96))
    path = principal_trajectory(pooled)
    baseline = baseline_distance(day, pooled)
    known = np.flatnonzero(np.isfinite(baseline.distance))
    changes = change_points(baseline.distance[known], least=_LEAST_FOR_CHANGE)
    return TrajectoryView(
        day,
        path.places,
        path.explained,
        baseline.distance,
        baseline.weeks,
        baseline.spread,
        tuple(int(day[known[place]]) for place in changes),
    )


def similar_weeks(
    vault: Vault, result: PatResult, patient_id: str, day: int, *, count: int = 5, others: Collection[str] = ()
) -> tuple[SimilarWeek, ...]:
    """Weeks nearest to one week: the person's own that share no day with it, and those of others in one recipe.

    Parameters
    ----------
    result:
        The person's weeks.
    day:
        Local day the week begins with.
    others:
        People to look among too; only weeks that are computed in the same way already are found.

    Raises
    ------
    NotFoundError
        ``pat.week_not_computed``.
    """
    target = result.embedding_of(day)
    if target is None:
        raise NotFoundError(
            "pat.week_not_computed",
            "This week is not computed.",
            remedy="Choose a week that is, from the list of weeks.",
        )
    found: list[tuple[str, WeekEmbedding]] = [
        (patient_id, one) for one in result.embeddings if abs(one.day - day) >= DAYS
    ]
    for other in others:
        if other == patient_id:
            continue
        kept = (decode_week(blob) for blob in vault.pat.embeddings(other, result.recipe.key).values())
        found += [(other, one.week) for one in kept if one is not None and one.week.minutes.coverage >= result.gate]
    if not found:
        return ()
    pooled = np.stack([week.pooled for _, week in found]).astype(np.float64)
    away = np.linalg.norm(pooled - target.pooled, axis=1)
    alike = cosine(target.pooled, pooled)
    chosen: list[SimilarWeek] = []
    taken: dict[str, list[int]] = {}
    for place in np.argsort(away, kind="stable").tolist():
        owner, week = found[place]
        # Neighbouring windows share days: of each stretch only the nearest week is named.
        if any(abs(week.day - one) < DAYS for one in taken.get(owner, ())):
            continue
        taken.setdefault(owner, []).append(week.day)
        chosen.append(
            SimilarWeek(owner, week.day, week.start, float(away[place]), float(alike[place]), week.minutes.coverage)
        )
        if len(chosen) == count:
            break
    return tuple(chosen)


def occlusion_of(
    study: PatStudy,
    patient_id: str,
    request: PatRequest,
    day: int,
    *,
    progress: ProgressListener = ignore_progress,
    cancel: CancelToken | None = None,
) -> Occlusion:
    """Occlusion sensitivity of one week, hour by hour."""
    from clarity_desktop.pat.occlusion import BLOCK_MIN, occlusion_sensitivity

    ready = study.prepare(patient_id, request)
    window = np.array([window_of(ready.reading.weeks, day)], dtype=np.int64)
    fed = prepare(ready.reading.weeks, window, ready.normalisation, ready.recipe.fill, ready.profile)
    encoder = study.encoder(ready.checkpoint)
    distance = occlusion_sensitivity(encoder, fed.values[0], progress=progress, cancel=cancel)
    return Occlusion(day, BLOCK_MIN, distance)


def unusual_hours(
    study: PatStudy,
    registry: Registry,
    patient_id: str,
    request: PatRequest,
    day: int,
    *,
    progress: ProgressListener = ignore_progress,
    cancel: CancelToken | None = None,
) -> UnusualHours:
    """Hours of one week that the masked autoencoder does not foresee from the rest.

    Raises
    ------
    NotFoundError
        ``pat.no_autoencoder`` when the checkpoint holds the encoder alone.
    """
    from clarity_desktop.pat.residual import MASKINGS, hourly_residual, load_autoencoder, minute_residual
    from clarity_desktop.pat.sizes import SIZES

    ready = study.prepare(patient_id, request)
    path = registry.autoencoder_path(ready.checkpoint)
    if path is None:
        raise NotFoundError(
            "pat.no_autoencoder",
            f"“{ready.checkpoint.id}” holds the encoder alone; unusual hours need the whole autoencoder.",
            remedy="Choose a checkpoint that was trained here or came with the program.",
        )
    weeks = ready.reading.weeks
    window = np.array([window_of(weeks, day)], dtype=np.int64)
    fed = prepare(weeks, window, ready.normalisation, ready.recipe.fill, ready.profile)
    model = load_autoencoder(path, SIZES[ready.checkpoint.size])
    squared = minute_residual(model, fed.values[0], progress=progress, cancel=cancel)
    worn = np.isfinite(weeks.values[weeks.places(window)[0]])
    hours = hourly_residual(squared, worn)
    known = hours[np.isfinite(hours)]
    return UnusualHours(day, hours, float(np.median(known)) if known.size else float("nan"), MASKINGS)
