"""Pretrains a checkpoint of our own on a simulated population: cohort statistics, training, evaluation, card.

Run as ``python -m clarity_desktop.demo.pretraining FOLDER``; it goes on from the checkpoint it finds in the folder.
"""

from __future__ import annotations

import argparse
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from clarity_desktop.demo.checkpoint import write_checkpoint
from clarity_desktop.demo.population import POPULATION_VERSION, Population, simulate_population
from clarity_desktop.domain.pat import Origin, WeekSignal

if TYPE_CHECKING:
    from clarity_desktop.pat.normalisation import CohortStatistics
    from clarity_desktop.pat.pretraining import Epoch, Pretrained, Recipe

__all__ = [
    "PEOPLE",
    "SEED",
    "TrainingWeeks",
    "filled_with_own_median",
    "main",
    "pretrain_on_simulated",
    "training_weeks",
]

SEED: Final = 20_251_121
PEOPLE: Final = 6_400
_VALIDATION_SHARE: Final = 0.10
_TEST_SHARE: Final = 0.05
_DAYS: Final = 7

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class TrainingWeeks:
    """Standardised and filled windows of simulated people, float32 (N, 10080), nobody in two of them."""

    training: NDArray[np.float32]
    validation: NDArray[np.float32]
    test: NDArray[np.float32]
    statistics: CohortStatistics
    """Of the training people alone."""


def filled_with_own_median(population: Population) -> NDArray[np.float32]:
    """Counts with minutes that were not worn filled by the person's own median of that minute of the day, (N, 10080).

    The median is over the days of the week on which the minute was worn; where it never was, over all worn minutes.
    """
    people = len(population)
    days = population.counts.reshape(people, _DAYS, -1)
    worn = population.worn.reshape(people, _DAYS, -1)
    ordered = np.sort(np.where(worn, days, np.float32(np.inf)), axis=1)
    count = worn.sum(axis=1)
    low = np.take_along_axis(ordered, np.maximum((count - 1) // 2, 0)[:, None], axis=1)[:, 0]
    high = np.take_along_axis(ordered, np.minimum(count // 2, _DAYS - 1)[:, None], axis=1)[:, 0]
    usual = np.where(count > 0, np.where(count > 0, low, 0) / 2 + np.where(count > 0, high, 0) / 2, np.nan)
    overall = np.array([np.median(row[held]) if held.any() else 0.0 for row, held in zip(days, worn, strict=True)])
    usual = np.where(np.isnan(usual), overall[:, None], usual).astype(np.float32)
    return np.where(worn, days, usual[:, None]).reshape(people, -1)


def training_weeks(people: int = PEOPLE, seed: int = SEED) -> TrainingWeeks:
    """Simulate people, part them into training, validation (10 %) and test (5 %), and standardise their weeks.

    The statistics are those of the training people, with minutes that were not worn left out.
    """
    from clarity_desktop.pat.normalisation import fit_cohort

    population = simulate_population(people, seed)
    test, validation = round(_TEST_SHARE * people), round(_VALIDATION_SHARE * people)
    last = people - test - validation
    raw = np.where(population.worn[:last], population.counts[:last], np.float32(np.nan))
    statistics = fit_cohort(
        raw,
        name="simulated-counts",
        version=1,
        signal=WeekSignal.COUNTS,
        simulated=True,
        source=f"simulated wrist counts, population version {POPULATION_VERSION}, seed {seed}",
    )
    del raw
    weeks = statistics.standardised(filled_with_own_median(population))
    return TrainingWeeks(weeks[:last], weeks[last : last + validation], weeks[last + validation :], statistics)


def pretrain_on_simulated(
    folder: Path,
    *,
    size: str = "s",
    people: int = PEOPLE,
    seed: int = SEED,
    batch: int = 32,
    seconds: float | None = None,
    progress: Callable[[Epoch], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> tuple[Pretrained, TrainingWeeks]:
    """Train, or go on training, in ``folder``; what it has reached stays there as ``pretraining-<size>.pt``.

    Parameters
    ----------
    folder:
        Where the training checkpoint lies; made when it is not there.
    size:
        Key of the size, such as ``s``.
    people, seed:
        Of the simulated population; the seed is the training's too.
    batch:
        Windows a step; the published recipe has 128.
    seconds:
        Wall-clock time for this part of the run; ``None`` follows the recipe to its end.
    """
    from clarity_desktop.pat.pretraining import pretrain
    from clarity_desktop.pat.sizes import SIZES

    folder.mkdir(parents=True, exist_ok=True)
    chosen = SIZES[size]
    weeks = training_weeks(people, seed)
    run = pretrain(
        chosen,
        weeks.training,
        weeks.validation,
        recipe=recipe_for(size, batch),
        seed=seed,
        checkpoint=folder / f"pretraining-{size}.pt",
        seconds=seconds,
        progress=progress,
        cancelled=cancelled,
    )
    return run, weeks


def recipe_for(size: str, batch: int) -> Recipe:
    """The published recipe of a size with another number of windows a step."""
    from clarity_desktop.pat.pretraining import RECIPES
    from clarity_desktop.pat.sizes import SIZES

    return replace(RECIPES[SIZES[size].name], batch=batch)


def _tell(epoch: Epoch) -> None:
    _log.info(
        "epoch %d  training %.4f  validation %.4f  rate %g  processor %.0f s",
        epoch.number,
        epoch.training_loss,
        epoch.validation_loss,
        epoch.learning_rate,
        epoch.processor_s,
    )


def main(arguments: list[str] | None = None) -> int:
    """Pretrain from the command line; progress goes to the log on standard error."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--size", default="s")
    parser.add_argument("--people", type=int, default=PEOPLE)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=None)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--models", type=Path, default=None, help="write the checkpoint and its card here")
    parser.add_argument("--name", default=None, help="id of the checkpoint")
    chosen = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    import torch

    torch.set_num_threads(chosen.threads)
    run, weeks = pretrain_on_simulated(
        chosen.folder,
        size=chosen.size,
        people=chosen.people,
        seed=chosen.seed,
        batch=chosen.batch,
        seconds=chosen.seconds,
        progress=_tell,
    )
    _log.info("ended: %s; best epoch %d", run.ended, run.best_epoch)
    if chosen.models is not None:
        name = chosen.name or f"pat-{chosen.size}-simulated"
        recipe = recipe_for(chosen.size, chosen.batch)
        write_checkpoint(chosen.models, name, run, weeks, recipe, seed=chosen.seed, origin=Origin.BUNDLED)
        _log.info("written: %s", name)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
