"""Likeness of weeks: trajectory, neighbours, baseline; occlusion and residual; only like is compared with like."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from clarity_desktop.domain.errors import CancelledError, InputError, UsageError
from clarity_desktop.domain.pat import WINDOW_MIN, Fill, Recipe, WeekSignal
from clarity_desktop.domain.work import CancelToken
from clarity_desktop.pat.autoencoder import MaskedAutoencoder
from clarity_desktop.pat.encoder import Encoder
from clarity_desktop.pat.likeness import (
    baseline_distance,
    cosine,
    nearest,
    neighbour_distances,
    principal_trajectory,
    require_like,
)
from clarity_desktop.pat.occlusion import occluded, occlusion_sensitivity
from clarity_desktop.pat.residual import hourly_residual, load_autoencoder, minute_residual
from clarity_desktop.pat.sizes import SIZES
from clarity_desktop.pat.weights import read_published, save_state

DATA = Path(__file__).resolve().parent.parent / "data" / "pat"


@settings(max_examples=25, deadline=None)
@given(st.integers(3, 40), st.integers(0, 10_000))
def test_the_trajectory_is_that_of_the_covariance_and_always_the_same(n: int, seed: int) -> None:
    x = np.random.default_rng(seed).normal(size=(n, 96))
    made = principal_trajectory(x)
    values, vectors = np.linalg.eigh(np.cov(x.T, bias=True))
    order = np.argsort(values)[::-1][:2]
    expected = (x - x.mean(axis=0)) @ vectors[:, order]
    assert np.allclose(np.abs(made.places), np.abs(expected), atol=1e-8)
    assert np.allclose(made.explained, values[order] / values.sum(), atol=1e-10)
    assert np.array_equal(principal_trajectory(x.copy()).places, made.places)


def test_a_trajectory_needs_three_weeks() -> None:
    with pytest.raises(UsageError, match="at least 3"):
        principal_trajectory(np.zeros((2, 96)))
    assert principal_trajectory(np.zeros((4, 96))).places.shape == (4, 0)


def test_neighbours_are_the_weeks_seven_days_away() -> None:
    day = np.array([0, 3, 7, 14, 30])
    x = np.zeros((5, 96))
    x[:, 0] = [0, 100, 1, 4, 50]
    found = neighbour_distances(day, x)
    assert found[[0, 2, 3]].tolist() == [1, 2, 3]
    assert np.isnan(found[[1, 4]]).all()


def test_nearest_and_cosine() -> None:
    x = np.eye(3, 96)
    assert nearest(x[1], x, 2).tolist() == [1, 0]
    assert cosine(x[0], x).tolist() == [1, 0, 0]
    assert cosine(np.zeros(96), x).tolist() == [0, 0, 0]


def test_a_baseline_week_is_never_held_against_days_it_shares() -> None:
    day = np.arange(60)
    x = np.zeros((60, 96))
    x[30:, 0] = 5
    found = baseline_distance(day, x)
    assert found.weeks == 22
    assert found.distance[:22].tolist() == [0] * 22
    assert found.distance[30:].tolist() == [5] * 30
    assert found.spread == 0
    alone = baseline_distance(np.arange(5), x[:5])
    assert np.isnan(alone.distance).all()


def test_only_like_is_compared_with_like() -> None:
    one = Recipe("a", "PAT-S", WeekSignal.COUNTS, "n", Fill.AVERAGE)
    require_like(one, one)
    with pytest.raises(UsageError, match="signal, normalisation differ"):
        require_like(one, Recipe("a", "PAT-S", WeekSignal.STEPS, "m", Fill.AVERAGE))


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    weights = read_published(DATA / "pat_S_random.h5")
    encoder = Encoder(weights.size)
    encoder.load_state_dict(weights.state)
    return encoder.eval()


def test_occlusion_replaces_one_block_at_a_time_and_moves_nothing_where_there_was_the_average(
    encoder: Encoder,
) -> None:
    window = np.load(DATA / "golden_S.npz")["windows"][0].copy()
    window[: 6 * 1440] = 0
    copies = occluded(window, 1440)
    assert copies.shape == (7, WINDOW_MIN)
    assert np.array_equal(copies[6, : 6 * 1440], window[: 6 * 1440])
    assert (copies[6, 6 * 1440 :] == 0).all()
    moved = occlusion_sensitivity(encoder, window, block_min=1440)
    assert (moved[:6] < 1e-5).all()
    assert moved[6] > 0.1
    token = CancelToken()
    token.cancel()
    with pytest.raises(CancelledError):
        occlusion_sensitivity(encoder, window, block_min=1440, cancel=token)


def test_the_residual_finds_what_was_not_foreseen_and_leaves_gaps_open(tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = MaskedAutoencoder(SIZES["s"]).eval()
    window = np.zeros(WINDOW_MIN, np.float32)
    window[3000:3060] = 30
    squared = minute_residual(model, window, maskings=8)
    assert np.array_equal(minute_residual(model, window, maskings=8), squared, equal_nan=True)
    worn = np.ones(WINDOW_MIN, np.bool_)
    worn[:40] = False
    hours = hourly_residual(squared, worn)
    assert np.isnan(hours[0])
    assert int(np.nanargmax(hours)) == 50
    path = tmp_path / "whole.safetensors"
    save_state(path, model.state_dict(), {"size": "s"})
    again = load_autoencoder(path, SIZES["s"])
    assert np.array_equal(minute_residual(again, window, maskings=8), squared, equal_nan=True)
    with pytest.raises(InputError, match="no autoencoder of PAT-M"):
        load_autoencoder(path, SIZES["m"])
