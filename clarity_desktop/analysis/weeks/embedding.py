"""``PatStudy``: a person's weeks and their embeddings, cached under the very numbers that the model was fed."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from clarity_desktop.analysis.study import zone_of_patient
from clarity_desktop.analysis.weeks.codec import decode_week, encode_week, placed, window_key
from clarity_desktop.analysis.weeks.signal import chosen_signal, read_minutes, whole_of
from clarity_desktop.domain.errors import NotFoundError, UsageError
from clarity_desktop.domain.pat import DEFAULT_GATE, Checkpoint, Recipe, WeekEmbedding, WeekSignal
from clarity_desktop.domain.pat_results import NormalisationChoice, PatRequest, PatResult, WeekDetail, WeekStatus
from clarity_desktop.domain.time import ZoneTimeline
from clarity_desktop.domain.work import CancelToken, Progress, ProgressListener, ignore_progress
from clarity_desktop.pat.normalisation import Normalisation, OwnStatistics
from clarity_desktop.pat.windows import Prepared as FilledWeeks
from clarity_desktop.pat.windows import Weeks, own_profile, prepare, weeks_of, why_not

if TYPE_CHECKING:
    from clarity_desktop.pat.encoder import Encoder
    from clarity_desktop.pat.registry import Registry
    from clarity_desktop.vault import Vault

__all__ = ["PatStudy", "Prepared", "Reading", "read_weeks", "week_detail", "window_of"]

_AT_ONCE: Final = 32
"""Weeks embedded between two looks at the cancel token."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A person's windows before any model."""

    weeks: Weeks
    signal: WeekSignal
    zone: ZoneTimeline

    @property
    def statuses(self) -> tuple[WeekStatus, ...]:
        """Every window with the reason when it is not computed."""
        starts = self.weeks.start.tolist()
        days = self.weeks.day.tolist()
        return tuple(
            WeekStatus(start, day, minutes, changes, why_not(minutes, self.weeks.gate))
            for start, day, minutes, changes in zip(starts, days, self.weeks.minutes, self.weeks.changes, strict=True)
        )


@dataclass(frozen=True, slots=True)
class Prepared:
    """A reading with the checkpoint and normalisation it goes through."""

    reading: Reading
    checkpoint: Checkpoint
    normalisation: Normalisation
    recipe: Recipe
    profile: NDArray[np.float64]


def read_weeks(vault: Vault, patient_id: str, request: PatRequest) -> Reading:
    """A person's windows, without a model; works where PyTorch is not installed.

    Raises
    ------
    NotFoundError
        ``pat.no_signal`` when the recording holds nothing to feed.
    """
    zone = zone_of_patient(vault, vault.patients.get(patient_id), request.zone)
    series = vault.series.list(patient_id)
    signal = chosen_signal(series, request.signal)
    epochs = read_minutes(vault, patient_id, series, signal, whole_of(series, signal), zone)
    return Reading(weeks_of(epochs, gate=request.gate), signal, zone)


class PatStudy:
    """PAT of one person at a time; holds the vault and the registry of checkpoints."""

    def __init__(self, vault: Vault, registry: Registry) -> None:
        self._vault = vault
        self._registry = registry
        self._encoder: tuple[str, Encoder] | None = None

    def read(self, patient_id: str, request: PatRequest) -> Reading:
        """As :func:`read_weeks`."""
        return read_weeks(self._vault, patient_id, request)

    def prepare(self, patient_id: str, request: PatRequest) -> Prepared:
        """The person's windows with a verified checkpoint and its normalisation.

        Raises
        ------
        NotFoundError
            ``pat.no_signal``, ``pat.no_model``, ``pat.no_weights``, ``pat.no_cohort``.
        UsageError
            ``pat.cohort_signal`` when cohort statistics of another signal are asked for.
        IntegrityError
            When the checkpoint is not what was installed.
        """
        reading = self.read(patient_id, request)
        named = self._registry.default() if request.model is None else self._registry.get(request.model)
        checkpoint = self._registry.ready(named.id)
        normalisation = self._normalisation(checkpoint, reading, request.normalisation)
        recipe = Recipe(checkpoint.stored_sha256, checkpoint.label, reading.signal, normalisation.id, request.fill)
        return Prepared(reading, checkpoint, normalisation, recipe, own_profile(reading.weeks))

    def _normalisation(self, checkpoint: Checkpoint, reading: Reading, choice: NormalisationChoice) -> Normalisation:
        cohort = None if choice is NormalisationChoice.OWN else self._registry.cohort(checkpoint)
        fits = cohort is not None and cohort.signal is reading.signal
        if cohort is not None and fits:
            return cohort
        if choice is NormalisationChoice.COHORT:
            if cohort is None:
                raise NotFoundError(
                    "pat.no_cohort",
                    f"No cohort statistics belong to “{checkpoint.id}”.",
                    remedy="Use the person's own z-score, which is approximate, or another checkpoint.",
                )
            raise UsageError(
                "pat.cohort_signal",
                f"The cohort statistics are of {cohort.signal.words}; this recording holds {reading.signal.words}.",
                remedy="Use the person's own z-score, which is approximate.",
            )
        return OwnStatistics.of(reading.weeks.values)

    def encoder(self, checkpoint: Checkpoint) -> Encoder:
        """The encoder of a checkpoint; the last one used is kept."""
        if self._encoder is None or self._encoder[0] != checkpoint.stored_sha256:
            self._encoder = (checkpoint.stored_sha256, self._registry.encoder(checkpoint))
        return self._encoder[1]

    def embed(
        self,
        patient_id: str,
        request: PatRequest,
        *,
        progress: ProgressListener = ignore_progress,
        cancel: CancelToken | None = None,
    ) -> PatResult:
        """Every computed week of a person; what is cached under the same numbers is not computed again.

        Raises
        ------
        CancelledError
            When stopped between two batches; what was computed until then is kept.
        """
        from clarity_desktop.pat.likeness import neighbour_distances

        cancel = cancel or CancelToken()
        began = time.monotonic()
        progress(Progress("Reading the recording", 0, None))
        ready = self.prepare(patient_id, request)
        weeks = ready.reading.weeks
        wanted = np.flatnonzero(weeks.ok).astype(np.int64)
        cached = self._vault.pat.embeddings(patient_id, ready.recipe.key)
        cancel.check()
        keys: list[str] = []
        found: dict[str, WeekEmbedding] = {}
        fresh: dict[str, bytes] = {}
        try:
            for at in range(0, wanted.size, _AT_ONCE):
                cancel.check()
                progress(Progress("Embedding weeks", at, int(wanted.size), "weeks"))
                part = wanted[at : at + _AT_ONCE]
                both = _under_both_fills(ready, part)
                named = [window_key(ready.recipe, a, b) for a, b in zip(both[0].values, both[1].values, strict=True)]
                for key in named:
                    kept = decode_week(cached[key]) if key in cached else None
                    if kept is not None:
                        found[key] = kept.week
                todo = np.array([row for row, key in enumerate(named) if key not in found], dtype=np.int64)
                for row, week in zip(
                    todo.tolist(), self._embedded(ready, part, both, todo, request, cancel), strict=True
                ):
                    found[named[row]] = week
                    fresh[named[row]] = encode_week(week, ready.recipe)
                keys += named
        finally:
            # Under a stricter gate than usual, weeks of the usual one are still weeks of the recording; and weeks that
            # were not come to before it was stopped are.
            stopped = len(keys) < wanted.size
            current = [*keys, *cached] if stopped or request.gate > DEFAULT_GATE else keys
            if fresh or set(cached) - set(current):
                self._vault.pat.keep_embeddings(patient_id, ready.recipe.key, fresh, current)
        days = weeks.day[wanted]
        pooled = np.stack([found[key].pooled for key in keys]) if keys else np.empty((0, 96), np.float32)
        neighbours = neighbour_distances(days, pooled)
        embeddings = tuple(
            placed(
                found[key],
                start=int(weeks.start[window]),
                day=int(day),
                neighbour=float(away) if np.isfinite(away) else None,
            )
            for key, window, day, away in zip(keys, wanted, days, neighbours, strict=True)
        )
        return PatResult(
            ready.checkpoint,
            ready.recipe,
            ready.normalisation.words,
            ready.normalisation.approximate,
            ready.reading.zone,
            request.gate,
            ready.reading.statuses,
            embeddings,
            len(fresh),
            time.monotonic() - began,
            request.device,
        )

    def fed(self, patient_id: str, request: PatRequest) -> NDArray[np.float32]:
        """What the model is fed of the weeks that are computed, shape (N, 10080), in order of day."""
        ready = self.prepare(patient_id, request)
        wanted = np.flatnonzero(ready.reading.weeks.ok).astype(np.int64)
        return prepare(ready.reading.weeks, wanted, ready.normalisation, request.fill, ready.profile).values

    def embed_people(
        self,
        people: Sequence[str],
        request: PatRequest,
        *,
        progress: ProgressListener = ignore_progress,
        cancel: CancelToken | None = None,
    ) -> Recipe:
        """Embed several people alike; answers the one recipe. People without the signal are passed over.

        Raises
        ------
        UsageError
            ``pat.unlike`` when their recordings hold different signals, ``pat.few_people`` when there is nobody.
        """
        from clarity_desktop.pat.likeness import require_like

        cancel = cancel or CancelToken()
        recipe: Recipe | None = None
        for done, patient_id in enumerate(dict.fromkeys(people)):
            cancel.check()
            progress(Progress("Embedding people", done, len(people), "people"))
            try:
                made = self.embed(patient_id, request, cancel=cancel).recipe
            except NotFoundError as error:
                if error.code != "pat.no_signal":
                    raise
                continue
            if recipe is None:
                recipe = made
            require_like(recipe, made)
        if recipe is None:
            raise UsageError(
                "pat.few_people", "Nobody with this label has a recording to embed.", remedy="Label people with data."
            )
        return recipe

    def _embedded(
        self,
        ready: Prepared,
        windows: NDArray[np.int64],
        both: tuple[FilledWeeks, FilledWeeks],
        rows: NDArray[np.int64],
        request: PatRequest,
        cancel: CancelToken,
    ) -> list[WeekEmbedding]:
        """Embed the given rows of some windows that were filled in both ways."""
        from clarity_desktop.pat.inference import embed

        if not rows.size:
            return []
        weeks, (fed, other) = ready.reading.weeks, both
        encoder = self.encoder(ready.checkpoint)
        made = embed(encoder, fed.values[rows], others=other.values[rows], device=request.device, cancel=cancel)
        assert made.attention is not None
        assert made.others is not None
        sensitivity = np.linalg.norm(made.others.astype(np.float64) - made.pooled, axis=1)
        return [
            WeekEmbedding(
                int(weeks.start[windows[row]]),
                int(weeks.day[windows[row]]),
                weeks.minutes[windows[row]],
                int(fed.own_median[row]),
                int(fed.average[row]),
                weeks.changes[windows[row]],
                made.pooled[place],
                made.attention[place],
                float(sensitivity[place]),
            )
            for place, row in enumerate(rows.tolist())
        ]


def _under_both_fills(ready: Prepared, windows: NDArray[np.int64]) -> tuple[FilledWeeks, FilledWeeks]:
    """Windows as they are fed, and as they would be under the other fill."""
    fill = ready.recipe.fill
    first, second = (
        prepare(ready.reading.weeks, windows, ready.normalisation, one, ready.profile) for one in (fill, fill.other)
    )
    return first, second


def week_detail(
    vault: Vault, patient_id: str, request: PatRequest, day: int, result: PatResult | None = None
) -> WeekDetail:
    """The minutes of the week that begins with a local day, beside its embedding where ``result`` has one.

    Raises
    ------
    NotFoundError
        ``pat.no_week``.
    """
    from clarity_desktop.pat.likeness import cosine

    reading = read_weeks(vault, patient_id, request)
    place = window_of(reading.weeks, day)
    minutes = reading.weeks.places(np.array([place], dtype=np.int64))[0]
    embedding = None if result is None else result.embedding_of(day)
    first = result.embeddings[0] if result is not None and result.embeddings else None
    alike = None
    if embedding is not None and first is not None and first.day != day:
        alike = float(cosine(embedding.pooled, first.pooled[None])[0])
    return WeekDetail(
        reading.statuses[place],
        reading.weeks.values[minutes],
        reading.weeks.state[minutes],
        reading.weeks.minute_of_day[minutes],
        reading.signal,
        reading.zone,
        embedding,
        alike,
        None if first is None else first.day,
    )


def window_of(weeks: Weeks, day: int) -> int:
    """Index of the window that begins with a local day.

    Raises
    ------
    NotFoundError
        ``pat.no_week``.
    """
    place = int(np.searchsorted(weeks.day, day))
    if place == len(weeks) or weeks.day[place] != day:
        raise NotFoundError(
            "pat.no_week", "No week of the recording begins with this day.", remedy="Choose a day of the list of weeks."
        )
    return place
