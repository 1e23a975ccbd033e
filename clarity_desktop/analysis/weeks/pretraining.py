"""Pretraining on the recordings of a vault: people held apart, own cohort statistics, a card."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from clarity_desktop.analysis.weeks.embedding import PatStudy
from clarity_desktop.domain.errors import NotFoundError, UsageError
from clarity_desktop.domain.pat import DAYS, Fill, Origin, WeekSignal
from clarity_desktop.domain.pat_results import PatRequest
from clarity_desktop.domain.work import CancelToken, Progress, ProgressListener, ignore_progress
from clarity_desktop.pat.normalisation import CohortStatistics, fit_cohort
from clarity_desktop.pat.windows import Weeks, prepare

if TYPE_CHECKING:
    from clarity_desktop.pat.registry import Registry

__all__ = ["LEAST_PEOPLE", "PretrainOrder", "pretrain_on_people"]

LEAST_PEOPLE: Final = 20
"""People with a computed week below which nothing is trained: the statistics of a minute rest on them."""
_VALIDATION_SHARE: Final = 0.1


@dataclass(frozen=True, slots=True)
class PretrainOrder:
    """What to train and for how long."""

    size: str = "s"
    name: str = "own"
    minutes: float = 10.0
    """Wall-clock time at most."""
    seed: int = 0
    request: PatRequest = field(default_factory=PatRequest)


def pretrain_on_people(
    study: PatStudy,
    registry: Registry,
    people: Sequence[tuple[str, bool]],
    order: PretrainOrder,
    *,
    progress: ProgressListener = ignore_progress,
    cancel: CancelToken | None = None,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Train a masked autoencoder on people's weeks and keep it as a checkpoint of this machine.

    Parameters
    ----------
    people:
        Ids of the people to learn from, and whether each is simulated. Every tenth is held out for validation, with all
        their weeks.

    Returns
    -------
    Card and metrics.

    Raises
    ------
    UsageError
        ``pat.few_people``, or ``pat.unlike`` when recordings hold different signals.
    """
    from clarity_desktop.pat.pretraining import RECIPES, Epoch, pretrain
    from clarity_desktop.pat.sizes import SIZES

    cancel = cancel or CancelToken()
    size = SIZES[order.size]
    weeks: list[Weeks] = []
    simulated: list[bool] = []
    signals = set()
    for done, (patient_id, is_simulated) in enumerate(people):
        cancel.check()
        progress(Progress("Reading recordings", done, len(people), "people"))
        try:
            reading = study.read(patient_id, order.request)
        except NotFoundError as error:
            if error.code != "pat.no_signal":
                raise
            continue
        if reading.weeks.ok.any():
            weeks.append(reading.weeks)
            simulated.append(is_simulated)
            signals.add(reading.signal)
    if len(signals) > 1:
        raise UsageError(
            "pat.unlike",
            "Recordings hold different signals: " + ", ".join(sorted(one.words for one in signals)) + ".",
            remedy="Name one signal with --signal.",
        )
    if len(weeks) < LEAST_PEOPLE:
        raise UsageError(
            "pat.few_people",
            f"Insufficient: {len(weeks)} of {LEAST_PEOPLE} people have a week that is worn enough.",
            remedy="Import more recordings, or use the checkpoint that comes with the program.",
        )
    random = np.random.default_rng(order.seed)
    shuffled = random.permutation(len(weeks))
    held_out = set(shuffled[: max(1, round(_VALIDATION_SHARE * len(weeks)))].tolist())
    training = [one for place, one in enumerate(weeks) if place not in held_out]
    cohort = _cohort(training, order, next(iter(signals)), simulated=all(simulated))
    fed = _standardised(training, cohort)
    apart = _standardised([weeks[place] for place in sorted(held_out)], cohort)
    recipe = replace(RECIPES[size.name], batch=min(RECIPES[size.name].batch, fed.shape[0]))

    def tell(epoch: Epoch) -> None:
        progress(Progress("Training", epoch.number, None, "epochs", f"validation loss {epoch.validation_loss:.4f}"))

    run = pretrain(
        size,
        fed,
        apart,
        recipe=recipe,
        seed=order.seed,
        seconds=order.minutes * 60,
        progress=tell,
        cancelled=lambda: cancel.cancelled,
    )
    cancel.check()
    best = next((one for one in run.epochs if one.number == run.best_epoch), None)
    metrics = {
        "people": len(weeks),
        "people_held_out": len(held_out),
        "windows": int(fed.shape[0]),
        "windows_held_out": int(apart.shape[0]),
        "epochs": len(run.epochs),
        "best_epoch": run.best_epoch,
        "validation_loss": None if best is None else best.validation_loss,
        "validation_loss_of_mean": float(np.mean(apart.astype(np.float64) ** 2)),
        "ended": run.ended,
        "processor_s": run.epochs[-1].processor_s if run.epochs else 0.0,
    }
    said = "simulated people" if all(simulated) else "people of this vault"
    card = {
        "id": f"{size.label.lower()}-{order.name}",
        "size": size.key,
        "label": size.label,
        "origin": Origin.TRAINED.value,
        "trained_on": f"{len(training)} {said}, {fed.shape[0]} weeks",
        "simulated": all(simulated),
        "random": False,
        "clinical": False,
        "licence": "own",
        "input": cohort.words,
        "metrics": metrics,
        "recipe": asdict(recipe),
        "made": int(time.time()),
        "use": "Research use, not a medical device. No trained head exists.",
    }
    kept = registry.keep_trained(card, run.model, cohort)
    return kept.card, metrics


def _cohort(
    training: Sequence[Weeks], order: PretrainOrder, signal: WeekSignal, *, simulated: bool
) -> CohortStatistics:
    """Statistics from one week a person, the first that is worn enough, so that each counts once."""
    rows = np.stack([one.values[one.places(np.flatnonzero(one.ok)[:1])[0]] for one in training])
    said = "simulated people of a vault" if simulated else "people of a vault"
    return fit_cohort(rows, name=f"own-{order.name}", version=1, signal=signal, simulated=simulated, source=said)


def _standardised(people: Sequence[Weeks], cohort: CohortStatistics) -> NDArray[np.float32]:
    """Weeks that share no day, standardised, with gaps at the average."""
    parts = []
    for one in people:
        chosen: list[int] = []
        for place in np.flatnonzero(one.ok).tolist():
            if not chosen or one.day[place] - one.day[chosen[-1]] >= DAYS:
                chosen.append(place)
        parts.append(prepare(one, np.array(chosen, np.int64), cohort, Fill.AVERAGE).values)
    return np.concatenate(parts)
