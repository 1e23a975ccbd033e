"""A checkpoint that is written: its files, hashes, card and page; and the one that belongs to the program."""

from __future__ import annotations

import hashlib
import json
import logging
from pathlib import Path

import numpy as np
import pytest

from clarity_desktop.assets import asset
from clarity_desktop.demo.card_page import card_page
from clarity_desktop.demo.pretraining import main

NAME = "pat-s-tried"


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    level = logging.getLogger().level
    arguments = ["--people", "40", "--batch", "16", "--seconds", "0.4", "--models", str(folder), "--name", NAME]
    assert main([str(folder / "run"), *arguments]) == 0
    logging.getLogger().setLevel(level)
    return folder


def test_a_card_names_its_files_by_their_hashes(written: Path) -> None:
    card = json.loads((written / f"{NAME}.json").read_text(encoding="utf-8"))
    for file, key in (
        (f"{NAME}.safetensors", "stored_sha256"),
        (card["autoencoder"], "autoencoder_sha256"),
        (card["cohort"], "cohort_sha256"),
    ):
        assert hashlib.sha256((written / file).read_bytes()).hexdigest() == card[key]
    assert card["simulated"] is True
    assert card["clinical"] is False
    assert card["heads"] is None
    assert "simulated" in card["notice"]


def test_the_page_says_what_it_is_not(written: Path) -> None:
    page = (written / f"{NAME}.md").read_text(encoding="utf-8")
    assert "Trained on simulated data, not clinical." in page
    assert "batches of 16 in place of 128" in " ".join(page.split())
    assert "{" not in page
    curves = (written / f"{NAME}.csv").read_text(encoding="utf-8").splitlines()
    assert curves[0].startswith("epoch,training_loss,validation_loss")
    assert len(curves) > 1
    assert (written / f"{NAME}.svg").read_text(encoding="utf-8").startswith("<svg")


def test_a_checkpoint_that_is_behind_a_baseline_says_so(written: Path) -> None:
    card = json.loads((written / f"{NAME}.json").read_text(encoding="utf-8"))
    one = card["evaluation"]["baselines"]["minute_mean"]
    one.update(model_ahead=False)
    assert f"Not ahead of {one['words']}." in card_page(card)


def test_the_programs_own_checkpoint_is_whole_and_ahead_of_its_baselines() -> None:
    folder = asset("models")
    card = json.loads((folder / "pat-s-simulated.json").read_text(encoding="utf-8"))
    weights = (folder / "pat-s-simulated.safetensors").read_bytes()
    assert hashlib.sha256(weights).hexdigest() == card["stored_sha256"]
    assert len(weights) < 1_200_000
    assert card["training"]["training_people"] >= 5000
    assert all(one["model_ahead"] for one in card["evaluation"]["baselines"].values())
    page = (folder / "pat-s-simulated.md").read_text(encoding="utf-8")
    assert page == card_page(card)
    assert card["stored_sha256"] in page


def test_the_programs_own_checkpoint_reconstructs_what_its_card_says() -> None:
    from safetensors.numpy import load_file
    from safetensors.torch import load_file as load_tensors

    from clarity_desktop.demo.pretraining import filled_with_own_median, simulate_population
    from clarity_desktop.pat.autoencoder import MaskedAutoencoder
    from clarity_desktop.pat.comparison import reconstruction_errors
    from clarity_desktop.pat.normalisation import load_cohort
    from clarity_desktop.pat.sizes import SIZES

    folder = asset("models")
    card = json.loads((folder / "pat-s-simulated.json").read_text(encoding="utf-8"))
    model = MaskedAutoencoder(SIZES["s"])
    model.load_state_dict(load_tensors(folder / card["autoencoder"]))
    statistics = load_cohort(folder / card["cohort"])
    others = simulate_population(48, 99)
    errors = reconstruction_errors(
        model, statistics.standardised(filled_with_own_median(others)), np.zeros(10_080), seed=5
    )
    assert errors.model.mean() < errors.baselines["minute_mean"].mean()
    assert errors.model.mean() < errors.baselines["linear_interpolation"].mean()
    encoder = load_file(folder / "pat-s-simulated.safetensors")
    for key, value in encoder.items():
        np.testing.assert_array_equal(value, model.encoder.state_dict()[key].numpy())
