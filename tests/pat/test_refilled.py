"""The embedding under another fill, from what both fills share, against a pass of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from clarity_desktop.domain.errors import UsageError
from clarity_desktop.pat import refilled
from clarity_desktop.pat.encoder import Encoder
from clarity_desktop.pat.inference import embed
from clarity_desktop.pat.refilled import RefilledEncoder

Goldens = Callable[[str], Mapping[str, NDArray[np.float64]]]
Encoders = Callable[[str], Encoder]
Windows = NDArray[np.float32]

POOLED = 5e-5


def refills(windows: Windows, minutes: int, size: float) -> Windows:
    """The windows with this many minutes of each day filled by other numbers."""
    random, others = np.random.default_rng(minutes), windows.copy()
    for row in others:
        for day in range(7):
            begin = day * 1440 + int(random.integers(0, 1440 - minutes))
            row[begin : begin + minutes] = random.normal(0, size, minutes)
    return others


@pytest.mark.parametrize(("minutes", "size"), [(1, 1.0), (60, 1.0), (60, 40.0), (300, 1.0), (900, 1.0)])
def test_the_other_fill_is_embedded_as_in_a_pass_of_its_own(
    minutes: int, size: float, encoder_of: Encoders, golden_of: Goldens
) -> None:
    model = RefilledEncoder(encoder_of("s"))
    windows = golden_of("s")["windows"].astype(np.float32)
    for window, other in zip(
        torch.from_numpy(windows).split(1), torch.from_numpy(refills(windows, minutes, size)).split(1), strict=True
    ):
        first, second = model.encode_both(window, other)
        alone = model.encode(window, attention=True)
        assert first.attention is not None
        assert alone.attention is not None
        torch.testing.assert_close(first.tokens, alone.tokens, rtol=0, atol=1e-5)
        torch.testing.assert_close(first.attention, alone.attention, rtol=0, atol=1e-8)
        assert float((second - model.encode(other).pooled).abs().max()) < POOLED / 10


def test_rows_that_looked_at_nothing_else_are_computed_anew(
    encoder_of: Encoders, golden_of: Goldens, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = RefilledEncoder(encoder_of("s"))
    window = torch.from_numpy(golden_of("s")["windows"][3:4].astype(np.float32))
    other = window.clone()
    loud = int(window.abs().argmax()) // 18 * 18
    other[0, loud : loud + 18] = 0.0
    wanted = model.encode(other).pooled

    def away() -> float:
        return float((model.encode_both(window, other)[1] - wanted).abs().max())

    assert away() < POOLED / 10
    monkeypatch.setattr(refilled, "_LEAST_LEFT", 0.0)
    assert not away() < POOLED / 10  # also where nothing is left to divide by


def test_equal_fills_have_one_embedding(encoder_of: Encoders, golden_of: Goldens) -> None:
    window = torch.from_numpy(golden_of("s")["windows"][:1].astype(np.float32))
    encoded, pooled = RefilledEncoder(encoder_of("s")).encode_both(window, window.clone())
    assert torch.equal(encoded.pooled, pooled)


@pytest.mark.parametrize(("size", "batch"), [("s", None), ("s", 3), ("m", None)])
def test_many_windows_under_two_fills(size: str, batch: int | None, encoder_of: Encoders, golden_of: Goldens) -> None:
    windows = golden_of(size)["windows"].astype(np.float32)[:4]
    others = refills(windows, 60, 1.0)
    others[1] = windows[1]
    model = encoder_of(size)
    both = embed(model, windows, others=others, device="cpu", batch=batch, workers=2)
    first, second = (embed(model, one, device="cpu", batch=batch, workers=2) for one in (windows, others))
    assert both.others is not None
    np.testing.assert_array_equal(both.pooled[1], both.others[1])
    assert np.abs(both.pooled - first.pooled).max() < 1e-6
    assert np.abs(both.others - second.pooled).max() < POOLED / 10
    assert embed(model, windows[:1], device="cpu").others is None


def test_fills_of_another_number_of_windows_are_refused(encoder_of: Encoders, golden_of: Goldens) -> None:
    windows = golden_of("s")["windows"].astype(np.float32)
    with pytest.raises(UsageError) as caught:
        embed(encoder_of("s"), windows, others=windows[:2], device="cpu")
    assert caught.value.code == "pat.windows"
