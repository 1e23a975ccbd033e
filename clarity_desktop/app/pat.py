"""The part of the services that is about a person's weeks through PAT: embeddings, likeness, profiles, exports."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from clarity_desktop.app.pat_heads import PatHeadServices
from clarity_desktop.app.permissions import needs
from clarity_desktop.domain.errors import InputError
from clarity_desktop.domain.pat import ATTRIBUTION, RESEARCH_NOTICE
from clarity_desktop.domain.pat_results import (
    Occlusion,
    PatRequest,
    PatResult,
    SimilarWeek,
    TrajectoryView,
    UnusualHours,
    WeekDetail,
    WeekStatus,
)
from clarity_desktop.domain.users import Right
from clarity_desktop.domain.work import CancelToken, ProgressListener, ignore_progress

if TYPE_CHECKING:
    from clarity_desktop.analysis.weeks.pretraining import PretrainOrder
    from clarity_desktop.domain.time import ZoneTimeline

__all__ = ["PatServices", "export_text", "result_head"]


class PatServices(PatHeadServices):
    """Weeks of a person and what PAT makes of them. Part of ``Services``."""

    @needs(Right.READ_DATA)
    def pat_weeks(
        self, patient_id: str, request: PatRequest | None = None
    ) -> tuple[tuple[WeekStatus, ...], ZoneTimeline]:
        """Every week of the recording with its minutes counted, and the zone; needs no model."""
        from clarity_desktop.analysis.weeks.embedding import read_weeks

        reading = read_weeks(self.vault, patient_id, request or PatRequest())
        return reading.statuses, reading.zone

    @needs(Right.READ_DATA)
    def pat_embed(
        self,
        patient_id: str,
        request: PatRequest | None = None,
        *,
        progress: ProgressListener = ignore_progress,
        cancel: CancelToken | None = None,
    ) -> PatResult:
        """Embeddings of a person's weeks; those that are cached under the same numbers are not computed again."""
        return self._pat_study().embed(patient_id, request or PatRequest(), progress=progress, cancel=cancel)

    @needs(Right.READ_DATA)
    def pat_fed(self, patient_id: str, request: PatRequest | None = None) -> NDArray[np.float32]:
        """Standardised, filled minutes of a person's weeks that are computed, shape (N, 10080), in order of day."""
        return self._pat_study().fed(patient_id, request or PatRequest())

    @needs(Right.READ_DATA)
    def pat_week(
        self, patient_id: str, day: int, request: PatRequest | None = None, result: PatResult | None = None
    ) -> WeekDetail:
        """The minutes of the week that begins with a local day, beside what ``result`` holds of it."""
        from clarity_desktop.analysis.weeks.embedding import week_detail

        return week_detail(self.vault, patient_id, request or PatRequest(), day, result)

    @needs(Right.READ_DATA)
    def pat_trajectory(self, patient_id: str, result: PatResult) -> TrajectoryView:
        """A person's weeks on their own principal components, with the distance to their first weeks."""
        from clarity_desktop.analysis.weeks.views import trajectory_of

        self.vault.patients.get(patient_id)
        return trajectory_of(result)

    @needs(Right.READ_DATA)
    def pat_similar(
        self, patient_id: str, day: int, result: PatResult, *, count: int = 5, everyone: bool = False
    ) -> tuple[SimilarWeek, ...]:
        """Weeks nearest to one week: of the person, or of everyone whose record the user may open."""
        from clarity_desktop.analysis.weeks.views import similar_weeks

        others: tuple[str, ...] = ()
        if everyone:
            computed = self.vault.pat.people_with(result.recipe.key)
            others = tuple(one for one in self._pat_visible() if one in computed)
            self.vault.audit.append("pat.similar", patient_id=patient_id, detail=f"among {len(others)} people")
        return similar_weeks(self.vault, result, patient_id, day, count=count, others=others)

    @needs(Right.READ_DATA)
    def pat_occlusion(
        self,
        patient_id: str,
        day: int,
        request: PatRequest | None = None,
        *,
        progress: ProgressListener = ignore_progress,
        cancel: CancelToken | None = None,
    ) -> Occlusion:
        """How far the embedding of a week moves when an hour of it is replaced by the average."""
        from clarity_desktop.analysis.weeks.views import occlusion_of

        study = self._pat_study()
        return occlusion_of(study, patient_id, request or PatRequest(), day, progress=progress, cancel=cancel)

    @needs(Right.READ_DATA)
    def pat_unusual_hours(
        self,
        patient_id: str,
        day: int,
        request: PatRequest | None = None,
        *,
        progress: ProgressListener = ignore_progress,
        cancel: CancelToken | None = None,
    ) -> UnusualHours:
        """Hours of a week that the masked autoencoder does not foresee from the rest."""
        from clarity_desktop.analysis.weeks.views import unusual_hours

        return unusual_hours(
            self._pat_study(),
            self._pat_registry(),
            patient_id,
            request or PatRequest(),
            day,
            progress=progress,
            cancel=cancel,
        )

    @needs(Right.CHANGE_DATA)
    def pat_pretrain(
        self, order: PretrainOrder, *, progress: ProgressListener = ignore_progress, cancel: CancelToken | None = None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Train a checkpoint on the recordings of everyone whose record the user may open; answers card and metrics."""
        from clarity_desktop.analysis.weeks.pretraining import pretrain_on_people

        visible = set(self._pat_visible())
        people = [(one.id, one.simulated) for one in self.vault.patients.list() if one.id in visible]
        self.vault.audit.append("pat.pretrain", detail=f"{len(people)} people")
        study, registry = self._pat_study(), self._pat_registry()
        return pretrain_on_people(study, registry, people, order, progress=progress, cancel=cancel)

    @needs(Right.EXPORT_IDENTIFIED, Right.EXPORT_DEIDENTIFIED)
    def pat_export(self, patient_id: str, result: PatResult, path: Path) -> None:
        """Write the embeddings of a person's weeks as CSV, with what they are and are not at the top.

        Raises
        ------
        InputError
            ``export.not_writable``.
        """
        self.vault.audit.append("pat.export", patient_id=patient_id, detail=f"{len(result.embeddings)} weeks")
        try:
            path.write_text(export_text(result), encoding="utf-8")
        except OSError as error:
            raise InputError(
                "export.not_writable",
                f"“{path.name}” could not be written.",
                remedy="Choose a folder with free space that you may write to.",
                detail=type(error).__name__,
            ) from error


def result_head(result: PatResult) -> dict[str, Any]:
    """What must stand beside every embedding that is shown or leaves the program."""
    one = result.checkpoint
    return {
        **result.recipe.as_document(),
        "model": {
            "id": one.id,
            "label": one.label,
            "size": one.size,
            "origin": one.origin.value,
            "sha256": one.sha256,
            "stored_sha256": one.stored_sha256,
            "trained_on": one.trained_on,
            "licence": one.licence,
            "clinical": False,
        },
        "normalisation_words": result.normalisation_words,
        "approximate": result.approximate,
        "gate": result.gate,
        "notice": f"{one.notice} {RESEARCH_NOTICE}",
        "attribution": ATTRIBUTION,
    }


def export_text(result: PatResult) -> str:
    """Embeddings as CSV; lines that begin with ``#`` say what they are."""
    head = json.dumps({**result_head(result), "made": int(time.time())}, ensure_ascii=False, indent=1)
    lines = [f"# {line}" for line in head.splitlines()]
    names = ["start", "worn_min", "not_worn_min", "no_sample_min", "left_out_min", "filled_own_median_min",
             "filled_average_min", "clock_changes", "sensitivity", "neighbour_distance", "unreliable"]  # fmt: skip
    width = result.embeddings[0].pooled.size if result.embeddings else 0
    lines.append(",".join([*names, *(f"e{place:02d}" for place in range(width))]))
    for one in result.embeddings:
        minutes = one.minutes
        cells: list[object] = [
            result.zone.format(one.start),
            minutes.worn,
            minutes.not_worn,
            minutes.missing,
            minutes.excluded,
            one.own_median_filled,
            one.average_filled,
            len(one.changes),
            f"{one.sensitivity:.6g}",
            "" if one.neighbour_distance is None else f"{one.neighbour_distance:.6g}",
            int(one.unreliable),
            *(f"{value:.8g}" for value in one.pooled.tolist()),
        ]
        lines.append(",".join(map(str, cells)))
    return "\n".join(lines) + "\n"
