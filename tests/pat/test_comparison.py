"""Baselines at hidden minutes, and the differences to them."""

from __future__ import annotations

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from clarity_desktop.pat.autoencoder import MaskedAutoencoder, draw_masking
from clarity_desktop.pat.comparison import BASELINES, ReconstructionErrors, interpolated, reconstruction_errors
from clarity_desktop.pat.sizes import SIZES

SIZE = SIZES["s"]


@given(seed=st.integers(0, 2**31), patches=st.booleans())
@settings(max_examples=20, deadline=None)
def test_straight_lines_are_numpys(seed: int, patches: bool) -> None:
    masking = draw_masking(560, torch.Generator().manual_seed(seed))
    window = np.random.default_rng(seed).standard_normal(10_080).astype(np.float32)
    visible = np.sort(masking.visible.numpy())
    if patches:
        known, values = visible * 18 + 8.5, window.reshape(560, 18)[visible].mean(axis=1, dtype=np.float64)
    else:
        known = (visible[:, None] * 18 + np.arange(18)).reshape(-1)
        values = window[known].astype(np.float64)
    found = interpolated(window[None], masking, SIZE, patches=patches)[0]
    np.testing.assert_allclose(found, np.interp(np.arange(10_080), known, values), atol=1e-12)


def test_a_straight_week_is_interpolated_without_error_and_only_hidden_minutes_count() -> None:
    torch.manual_seed(0)
    slope = np.linspace(-1, 1, 10_080, dtype=np.float32)
    windows = np.stack([slope, -slope])
    errors = reconstruction_errors(MaskedAutoencoder(SIZE), windows, np.zeros(10_080), seed=1)
    assert set(errors.baselines) == set(BASELINES)
    # Beyond the outermost visible minutes the line is constant, which leaves a little.
    assert errors.baselines["linear_interpolation"].max() < 1e-3
    assert errors.baselines["minute_mean"].min() > 0.3
    assert errors.model.shape == (2,)


def test_a_difference_has_an_interval_by_people() -> None:
    random = np.random.default_rng(0)
    base = random.normal(1.0, 0.3, 200)
    errors = ReconstructionErrors(base - 0.1 + random.normal(0, 0.05, 200), {"minute_mean": base})
    difference = errors.against("minute_mean")
    assert difference.low < difference.mean < difference.high < 0
    assert abs(difference.mean + 0.1) < 0.02
    assert difference == errors.against("minute_mean")
