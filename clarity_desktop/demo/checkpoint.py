"""Writes a pretrained checkpoint: weights, cohort statistics, curves, and a card that says what it is and is not."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import platform
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from clarity_desktop.demo.card_page import card_page
from clarity_desktop.demo.curves import drawn_curves
from clarity_desktop.demo.population import POPULATION_VERSION
from clarity_desktop.domain.pat import ATTRIBUTION, RESEARCH_NOTICE, SIMULATED_NOTICE, Origin, WeekSignal

if TYPE_CHECKING:
    from clarity_desktop.demo.pretraining import TrainingWeeks
    from clarity_desktop.pat.comparison import ReconstructionErrors
    from clarity_desktop.pat.pretraining import Pretrained, Recipe

__all__ = ["TEST_SEED", "write_checkpoint"]

TEST_SEED: Final = 20_241_125
"""Maskings of the test people are drawn from this."""
_CARD_FORMAT: Final = 1


def write_checkpoint(
    folder: Path, name: str, run: Pretrained, weeks: TrainingWeeks, recipe: Recipe, *, seed: int, origin: Origin
) -> dict[str, Any]:
    """Write the files of a checkpoint named ``name`` into ``folder`` and return its card.

    Parameters
    ----------
    folder:
        Where; made when it is not there. Files of that name are replaced.
    name:
        Its id: small letters, digits, dots and hyphens.
    run, weeks, recipe, seed:
        The training, its people, its settings and the seed of both.
    origin:
        Whether it belongs to the program or was trained on this machine.
    """
    from clarity_desktop.pat.comparison import reconstruction_errors
    from clarity_desktop.pat.normalisation import save_cohort
    from clarity_desktop.pat.weights import save_state

    folder.mkdir(parents=True, exist_ok=True)
    size = run.model.size
    errors = reconstruction_errors(run.model, weeks.test, weeks.training.mean(axis=0), seed=TEST_SEED)
    about = {"size": size.key, "trained_on": "simulated people", "licence": "Apache-2.0"}
    weights = save_state(folder / f"{name}.safetensors", run.model.encoder.state_dict(), about)
    autoencoder = save_state(folder / f"{name}-autoencoder.safetensors", run.model.state_dict(), about)
    cohort = f"{weeks.statistics.name}-v{weeks.statistics.version}.npz"
    save_cohort(folder / cohort, weeks.statistics)
    card: dict[str, Any] = {
        "format": _CARD_FORMAT,
        "id": name,
        "size": size.key,
        "label": size.label,
        "origin": origin.value,
        "simulated": True,
        "clinical": False,
        "random": False,
        "heads": None,
        "notice": SIMULATED_NOTICE,
        "use": RESEARCH_NOTICE,
        "licence": "Apache-2.0",
        "attribution": f"Architecture and recipe: {ATTRIBUTION} These are not the authors' weights.",
        "parameters": size.parameter_count,
        "sha256": weights,
        "stored_sha256": weights,
        "autoencoder": f"{name}-autoencoder.safetensors",
        "autoencoder_sha256": autoencoder,
        "autoencoder_parameters": size.autoencoder_parameter_count,
        "cohort": cohort,
        "cohort_sha256": hashlib.sha256((folder / cohort).read_bytes()).hexdigest(),
        "trained_on": f"{_people(weeks)} simulated people, one week each; no real person's data",
        "input": f"10 080 minutes of {WeekSignal.COUNTS.words}, standardised by {cohort}",
        "wear_rule": "simulated devices were off for a charge on most days; those minutes were filled with the "
        "person's own median of the minute of the day",
        "training": _training(run, weeks, recipe, seed),
        "evaluation": _evaluation(errors),
    }
    _write(folder / f"{name}.json", json.dumps(card, indent=2, ensure_ascii=False, sort_keys=True) + "\n")
    _write(folder / f"{name}.csv", _course(run))
    _write(folder / f"{name}.svg", drawn_curves(run.epochs, run.best_epoch, size.label))
    _write(folder / f"{name}.md", card_page(card))
    return card


def _people(weeks: TrainingWeeks) -> int:
    return int(weeks.training.shape[0])


def _training(run: Pretrained, weeks: TrainingWeeks, recipe: Recipe, seed: int) -> dict[str, Any]:
    import torch

    return {
        "population_version": POPULATION_VERSION,
        "seed": seed,
        "training_people": _people(weeks),
        "validation_people": int(weeks.validation.shape[0]),
        "test_people": int(weeks.test.shape[0]),
        "batch": recipe.batch,
        "published_batch": 128,
        "mask_ratio": recipe.mask_ratio,
        "learning_rate": recipe.learning_rate,
        "epochs": len(run.epochs),
        "best_epoch": run.best_epoch,
        "steps": run.steps,
        "ended": run.ended,
        "validation_loss": min(epoch.validation_loss for epoch in run.epochs),
        "processor_minutes": round(run.epochs[-1].processor_s / 60, 1),
        "device": f"processor, {torch.get_num_threads()} thread, {platform.machine()}, {os.cpu_count()} shared cores",
        "libraries": {"torch": torch.__version__, "numpy": np.__version__},
    }


def _evaluation(errors: ReconstructionErrors) -> dict[str, Any]:
    from clarity_desktop.pat.comparison import BASELINES

    baselines = {}
    for name, words in BASELINES.items():
        difference = errors.against(name)
        baselines[name] = {
            "words": words,
            "mse": round(float(errors.baselines[name].mean()), 4),
            "model_less_baseline": round(difference.mean, 4),
            "interval_95": [round(difference.low, 4), round(difference.high, 4)],
            "model_ahead": difference.high < 0,
        }
    return {
        "what": "mean squared error at hidden minutes, 90 % of patches hidden, in squared standard deviations of the "
        "minute across the training people",
        "people": int(errors.model.size),
        "mask_seed": TEST_SEED,
        "model_mse": round(float(errors.model.mean()), 4),
        "baselines": baselines,
    }


def _course(run: Pretrained) -> str:
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(["epoch", "training_loss", "validation_loss", "learning_rate", "processor_s"])
    for one in run.epochs:
        table.writerow(
            [
                one.number,
                f"{one.training_loss:.5f}",
                f"{one.validation_loss:.5f}",
                f"{one.learning_rate:g}",
                f"{one.processor_s:.0f}",
            ]
        )
    return text.getvalue()


def _write(path: Path, text: str) -> None:
    partial = path.with_name(path.name + ".part")
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)
