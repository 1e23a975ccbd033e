"""Pretraining by masked reconstruction to the published recipe, with checkpoints, and what it is measured against."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from clarity_desktop.pat.autoencoder import MASK_RATIO, MaskedAutoencoder, draw_masking
from clarity_desktop.pat.sizes import ModelSize, SizeName

__all__ = ["RECIPES", "Epoch", "Pretrained", "Recipe", "pretrain", "validation_loss"]

_ADAM_BETAS: Final = (0.9, 0.999)
_ADAM_EPSILON: Final = 1e-7
_VALIDATION_SEED: Final = 20_241_122
"""Masks of the validation are drawn from this, so that every epoch is judged on the same hidden patches."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """Settings of a pretraining run; the published ones stand in :data:`RECIPES`."""

    learning_rate: float
    floor: float
    """The learning rate is halved no further than this."""
    patience: int
    """Stale epochs of the validation loss before the learning rate is halved."""
    stop_after: int
    """Stale epochs before the run ends."""
    batch: int = 128
    epochs: int = 10_000
    mask_ratio: float = MASK_RATIO


RECIPES: Final[Mapping[SizeName, Recipe]] = MappingProxyType(
    {
        "s": Recipe(1e-3, 1e-4, patience=75, stop_after=250),
        "m": Recipe(1e-3, 1e-4, patience=75, stop_after=250),
        "l": Recipe(1e-4, 1e-5, patience=100, stop_after=500),
    }
)
"""The authors' settings by size: Adam, mean squared error over all minutes, 90 % of patches hidden."""


@dataclass(frozen=True, slots=True)
class Epoch:
    """What one pass over the training people gave."""

    number: int
    """From 1."""
    training_loss: float
    """Mean over the epoch's steps, dropout active."""
    validation_loss: float
    """On people held out, dropout off, always the same hidden patches."""
    learning_rate: float
    processor_s: float
    """Processor seconds of the process since the run began, earlier parts of a resumed run included."""


@dataclass(slots=True)
class Pretrained:
    """A run that has ended: the weights of its best epoch and its course."""

    model: MaskedAutoencoder
    """With the weights of the epoch of least validation loss, in evaluation mode."""
    epochs: list[Epoch] = field(default_factory=list)
    best_epoch: int = 0
    steps: int = 0
    ended: str = ""
    """Why: ``epochs``, ``no progress``, ``time`` or ``cancelled``."""


def pretrain(
    size: ModelSize,
    training: NDArray[np.float32],
    validation: NDArray[np.float32],
    *,
    recipe: Recipe | None = None,
    seed: int = 0,
    checkpoint: Path | None = None,
    seconds: float | None = None,
    progress: Callable[[Epoch], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Pretrained:
    """Train a masked autoencoder from the beginning, or from its checkpoint where there is one.

    Parameters
    ----------
    size:
        Size of the encoder.
    training, validation:
        Standardised windows of different people, float32, (N, 10080).
    recipe:
        Settings; those of the size unless given.
    seed:
        Of the first weights, the order of people, the hidden patches and dropout.
    checkpoint:
        File written after each epoch: weights, optimiser and course. A run that finds it goes on from there.
    seconds:
        Wall-clock time after which no new step begins; the epoch under way is judged as it stands.
    progress, cancelled:
        Told of every epoch; asked before every step.

    Raises
    ------
    ValueError
        With fewer training people than one batch, or no validation people.
    """
    recipe = recipe or RECIPES[size.name]
    if training.shape[0] < recipe.batch or not validation.shape[0]:
        raise ValueError(f"{recipe.batch} training windows and one for validation are needed")
    torch.manual_seed(seed)
    run = _Run(MaskedAutoencoder(size), recipe, torch.Generator().manual_seed(seed))
    if checkpoint is not None and checkpoint.exists():
        run.restore(checkpoint)
        run.course.ended = run.exhausted()
    course = run.course
    deadline = None if seconds is None else time.monotonic() + seconds
    while not course.ended:
        steps = course.steps
        ended = run.train(torch.from_numpy(training), deadline, cancelled)
        if course.steps == steps and course.epochs:
            course.ended = ended
            break
        run.judge(torch.from_numpy(validation))
        if checkpoint is not None:
            run.save(checkpoint)
        if progress is not None:
            progress(course.epochs[-1])
        course.ended = ended or run.exhausted()
    run.model.load_state_dict(run.best)
    run.model.eval()
    return course


class _Run:
    """State of a run between epochs."""

    def __init__(self, model: MaskedAutoencoder, recipe: Recipe, generator: torch.Generator) -> None:
        self.model = model
        self.recipe = recipe
        self.generator = generator
        self.optimiser = torch.optim.Adam(
            model.parameters(), lr=recipe.learning_rate, betas=_ADAM_BETAS, eps=_ADAM_EPSILON
        )
        self.course = Pretrained(model)
        self.best: dict[str, Tensor] = _copied(model)
        self.least = float("inf")
        self.rate_changed = 0
        self.earlier_s = 0.0
        self.began_s = time.process_time()
        self.loss = float("nan")

    def train(self, windows: Tensor, deadline: float | None, cancelled: Callable[[], bool] | None) -> str:
        """One pass over the people in a new order; says why it ended early, or nothing."""
        self.model.train()
        order = torch.randperm(windows.shape[0], generator=self.generator)
        losses = []
        ended = ""
        for rows in order.split(self.recipe.batch):  # type: ignore[no-untyped-call]
            if deadline is not None and time.monotonic() >= deadline:
                ended = "time"
            elif cancelled is not None and cancelled():
                ended = "cancelled"
            if ended:
                break
            masking = draw_masking(self.model.size.tokens, self.generator, ratio=self.recipe.mask_ratio)
            loss = self.model.loss(windows[rows], masking)
            self.optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            self.optimiser.step()
            losses.append(float(loss.detach()))
        self.course.steps += len(losses)
        self.loss = float(np.mean(losses)) if losses else float("nan")
        return ended

    def judge(self, validation: Tensor) -> None:
        """Measure the validation loss, keep the best weights, halve the learning rate where it is due."""
        loss = validation_loss(self.model, validation, ratio=self.recipe.mask_ratio)
        rate = float(self.optimiser.param_groups[0]["lr"])
        number = len(self.course.epochs) + 1
        spent = self.earlier_s + time.process_time() - self.began_s
        self.course.epochs.append(Epoch(number, self.loss, loss, rate, spent))
        if loss < self.least:
            self.least, self.best = loss, _copied(self.model)
            self.course.best_epoch = self.rate_changed = number
        elif number - self.rate_changed >= self.recipe.patience and rate > self.recipe.floor:
            self.rate_changed = number
            for group in self.optimiser.param_groups:
                group["lr"] = max(rate / 2, self.recipe.floor)

    def exhausted(self) -> str:
        """Why no further epoch follows, or nothing."""
        done = len(self.course.epochs)
        if done >= self.recipe.epochs:
            return "epochs"
        return "no progress" if done - self.course.best_epoch >= self.recipe.stop_after else ""

    def save(self, path: Path) -> None:
        """Write the checkpoint; it appears under its name only when it is whole."""
        held: dict[str, Any] = {
            "model": self.model.state_dict(),
            "best": self.best,
            "optimiser": self.optimiser.state_dict(),
            "generator": self.generator.get_state(),
            "torch": torch.get_rng_state(),
            "epochs": [asdict(epoch) for epoch in self.course.epochs],
            "best_epoch": self.course.best_epoch,
            "rate_changed": self.rate_changed,
            "least": self.least,
            "steps": self.course.steps,
            "recipe": asdict(self.recipe),
            "size": self.model.size.key,
        }
        partial = path.with_name(path.name + ".partial")
        torch.save(held, partial)
        partial.replace(path)

    def restore(self, path: Path) -> None:
        """Go on from a checkpoint; raises ``ValueError`` where it is of another size or recipe."""
        held = torch.load(path, weights_only=True)
        if held["size"] != self.model.size.key or Recipe(**held["recipe"]) != replace(
            self.recipe, epochs=held["recipe"]["epochs"]
        ):
            raise ValueError("the checkpoint belongs to a run of another size or recipe")
        self.model.load_state_dict(held["model"])
        self.best = held["best"]
        self.optimiser.load_state_dict(held["optimiser"])
        self.generator.set_state(held["generator"])
        torch.set_rng_state(held["torch"])
        self.course.epochs = [Epoch(**epoch) for epoch in held["epochs"]]
        self.course.best_epoch, self.course.steps = held["best_epoch"], held["steps"]
        self.rate_changed, self.least = held["rate_changed"], held["least"]
        self.earlier_s = self.course.epochs[-1].processor_s


def validation_loss(model: MaskedAutoencoder, windows: Tensor, *, ratio: float = MASK_RATIO, batch: int = 64) -> float:
    """Mean squared error over all minutes of windows (N, 10080), dropout off; each batch has its own fixed masking."""
    model.eval()
    generator = torch.Generator().manual_seed(_VALIDATION_SEED)
    total = 0.0
    with torch.inference_mode():
        for start in range(0, windows.shape[0], batch):
            part = windows[start : start + batch]
            masking = draw_masking(model.size.tokens, generator, ratio=ratio)
            total += float(model.loss(part, masking)) * part.shape[0]
    return total / windows.shape[0]


def _copied(model: MaskedAutoencoder) -> dict[str, Tensor]:
    return {key: value.detach().clone() for key, value in model.state_dict().items()}
