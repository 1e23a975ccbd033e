"""The masked autoencoder, its shared attention, and a training run that can be interrupted."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from clarity_desktop.pat.autoencoder import MaskedAutoencoder, draw_masking
from clarity_desktop.pat.encoder import parameter_count
from clarity_desktop.pat.pretraining import RECIPES, Epoch, Recipe, pretrain, validation_loss
from clarity_desktop.pat.sizes import SIZES

SHORT = Recipe(1e-3, 1e-4, patience=1, stop_after=3, batch=8, epochs=2)


def weeks(people: int, seed: int) -> NDArray[np.float32]:
    """Days with a rest whose place differs between people."""
    random = np.random.default_rng(seed)
    minute = np.arange(10_080) % 1440
    start = random.integers(0, 600, (people, 1))
    asleep = (minute >= start) & (minute < start + 480)
    return (np.where(asleep, -0.8, 0.5) + 0.2 * random.standard_normal((people, 10_080))).astype(np.float32)


@pytest.mark.parametrize(("key", "count"), [("s", 549_458), ("m", 1_491_090), ("l", 2_480_969)])
def test_the_autoencoder_has_the_published_number_of_parameters(key: str, count: int) -> None:
    size = SIZES[key]
    assert parameter_count(MaskedAutoencoder(size)) == size.autoencoder_parameter_count == count


@pytest.mark.parametrize(("tokens", "seen"), [(560, 56), (1120, 112)])
def test_nine_in_ten_patches_are_hidden(tokens: int, seen: int) -> None:
    masking = draw_masking(tokens, torch.Generator().manual_seed(0))
    assert masking.visible.numel() == seen
    together = torch.cat([masking.visible, masking.hidden])
    assert torch.equal(together.sort().values, torch.arange(tokens))


@pytest.mark.parametrize("key", ["s", "conv-s"])
def test_the_shared_route_is_the_plain_one(key: str) -> None:
    torch.manual_seed(3)
    model = MaskedAutoencoder(SIZES[key]).double().eval()
    windows = torch.randn(3, 10_080, dtype=torch.float64)
    masking = draw_masking(560, torch.Generator().manual_seed(1))
    whole = model(windows, masking).view(3, 560, 18)
    parts = model.reconstruct(windows, masking)
    assert torch.allclose(whole[:, masking.visible], parts.visible, rtol=0, atol=1e-12)
    assert torch.allclose(whole[:, masking.hidden], parts.hidden, rtol=0, atol=1e-12)
    plain = ((whole.reshape(3, -1) - windows) ** 2).mean()
    gradients = []
    for loss in (plain, model.loss(windows, masking)):
        model.zero_grad()
        loss.backward()
        gradients.append([one.grad.clone() for one in model.parameters() if one.grad is not None])
    assert len(gradients[0]) == len(gradients[1]) > 30
    for first, second in zip(*gradients, strict=True):
        assert float((first - second).abs().max()) < 1e-12


def test_hidden_minutes_are_not_looked_at_and_answers_stay_in_reach() -> None:
    torch.manual_seed(4)
    model = MaskedAutoencoder(SIZES["s"]).eval()
    masking = draw_masking(560, torch.Generator().manual_seed(2))
    window = torch.randn(1, 560, 18)
    other = window.clone()
    other[:, masking.hidden] = 50.0
    with torch.inference_mode():
        first, second = (model(one.reshape(1, -1), masking) for one in (window, other))
    assert torch.equal(first, second)
    assert float(first.abs().max()) <= 2.0


def test_the_recipes_are_the_published_ones() -> None:
    assert (RECIPES["s"].learning_rate, RECIPES["s"].floor, RECIPES["s"].patience) == (1e-3, 1e-4, 75)
    assert (RECIPES["l"].learning_rate, RECIPES["l"].floor, RECIPES["l"].stop_after) == (1e-4, 1e-5, 500)
    assert all(recipe.batch == 128 and recipe.mask_ratio == 0.9 for recipe in RECIPES.values())


def test_training_lowers_the_loss_and_keeps_the_best_epoch(tmp_path: Path) -> None:
    training, validation = weeks(24, 0), weeks(4, 1)
    told: list[Epoch] = []
    run = pretrain(
        SIZES["s"], training, validation, recipe=replace(SHORT, epochs=3), checkpoint=tmp_path / "run.pt",
        progress=told.append,
    )  # fmt: skip
    assert run.ended == "epochs"
    assert told == run.epochs
    assert run.steps == 9
    losses = [epoch.validation_loss for epoch in run.epochs]
    assert min(losses) < losses[0]
    assert run.best_epoch == 1 + int(np.argmin(losses))
    assert validation_loss(run.model, torch.from_numpy(validation)) == pytest.approx(min(losses), abs=1e-6)


def test_a_run_goes_on_from_its_checkpoint(tmp_path: Path) -> None:
    training, validation = weeks(16, 0), weeks(4, 1)
    whole = pretrain(SIZES["s"], training, validation, recipe=SHORT, checkpoint=tmp_path / "whole.pt")
    pretrain(SIZES["s"], training, validation, recipe=replace(SHORT, epochs=1), checkpoint=tmp_path / "parts.pt")
    resumed = pretrain(SIZES["s"], training, validation, recipe=SHORT, checkpoint=tmp_path / "parts.pt")
    assert [epoch.validation_loss for epoch in resumed.epochs] == [epoch.validation_loss for epoch in whole.epochs]
    with pytest.raises(ValueError, match="another size or recipe"):
        pretrain(SIZES["s"], training, validation, recipe=replace(SHORT, batch=4), checkpoint=tmp_path / "parts.pt")


def test_a_run_ends_by_time_or_when_cancelled() -> None:
    training, validation = weeks(16, 0), weeks(2, 1)
    assert pretrain(SIZES["s"], training, validation, recipe=SHORT, seconds=0.0).ended == "time"
    assert pretrain(SIZES["s"], training, validation, recipe=SHORT, cancelled=lambda: True).ended == "cancelled"


def test_stale_epochs_halve_the_learning_rate_to_its_floor_and_end_the_run() -> None:
    # Steps this small move no weight in single precision, so no epoch is better than the first.
    recipe = Recipe(4e-30, 1.5e-30, patience=1, stop_after=4, batch=2, epochs=50)
    stale = pretrain(SIZES["s"], weeks(2, 0), weeks(1, 1), recipe=recipe)
    assert stale.ended == "no progress"
    assert stale.best_epoch == 1
    assert [epoch.learning_rate for epoch in stale.epochs] == [4e-30, 4e-30, 2e-30, 1.5e-30, 1.5e-30]


def test_a_finished_run_is_read_back_without_another_step(tmp_path: Path) -> None:
    training, validation = weeks(16, 0), weeks(4, 1)
    first = pretrain(SIZES["s"], training, validation, recipe=SHORT, checkpoint=tmp_path / "run.pt")
    again = pretrain(SIZES["s"], training, validation, recipe=SHORT, checkpoint=tmp_path / "run.pt", seconds=0.0)
    assert again.epochs == first.epochs
    assert again.steps == first.steps
