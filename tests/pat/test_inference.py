"""Devices, precision, batches, progress and cancelling of the inference route."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from clarity_desktop.domain.errors import CancelledError, NotFoundError, UsageError
from clarity_desktop.domain.work import CancelToken, Progress
from clarity_desktop.pat.encoder import Encoded, Encoder
from clarity_desktop.pat.inference import bytes_per_window, devices, embed, fitting_batch
from clarity_desktop.pat.refilled import RefilledEncoder
from clarity_desktop.pat.sizes import SIZES

Goldens = Callable[[str], Mapping[str, NDArray[np.float64]]]
Encoders = Callable[[str], Encoder]


def weeks(golden_of: Goldens, count: int) -> NDArray[np.float32]:
    windows = golden_of("s")["windows"].astype(np.float32)
    return np.resize(windows, (count, windows.shape[1]))


@pytest.mark.parametrize(("batch", "workers"), [(1, 1), (1, 2), (3, 1), (2, 3), (64, 2)])
def test_batches_and_workers_change_no_order(
    batch: int, workers: int, encoder_of: Encoders, golden_of: Goldens
) -> None:
    windows = weeks(golden_of, 7)
    found = embed(encoder_of("s"), windows, device="cpu", batch=batch, workers=workers)
    assert np.abs(found.pooled - golden_of("s")["pooled"][np.arange(7) % 5]).max() < 5e-5
    assert found.attention is not None
    assert found.attention.shape == (7, 560)
    assert found.tokens is None


def test_equal_runs_give_equal_numbers_and_leave_the_threads_alone(encoder_of: Encoders, golden_of: Goldens) -> None:
    windows, before = weeks(golden_of, 4), torch.get_num_threads()
    first, second = (embed(encoder_of("s"), windows, device="cpu", workers=2) for _ in range(2))
    np.testing.assert_array_equal(first.pooled, second.pooled)
    assert torch.get_num_threads() == before


def test_progress_is_told_and_a_cancel_ends_between_batches(encoder_of: Encoders, golden_of: Goldens) -> None:
    told: list[Progress] = []
    cancel = CancelToken()

    def listen(progress: Progress) -> None:
        told.append(progress)
        if len(told) == 2:
            cancel.cancel()

    with pytest.raises(CancelledError):
        embed(encoder_of("s"), weeks(golden_of, 6), device="cpu", workers=1, progress=listen, cancel=cancel)
    assert [one.done for one in told] == [1, 2]
    assert told[0].total == 6


def test_cancelling_ends_workers_too(encoder_of: Encoders, golden_of: Goldens) -> None:
    cancel = CancelToken()
    with pytest.raises(CancelledError):
        embed(
            encoder_of("s"),
            weeks(golden_of, 40),
            device="cpu",
            workers=2,
            progress=lambda progress: cancel.cancel(),
            cancel=cancel,
        )


def test_no_window_is_no_work(encoder_of: Encoders) -> None:
    found = embed(encoder_of("s"), np.empty((0, 10_080), np.float32), device="cpu")
    assert found.pooled.shape == (0, 96)


@pytest.mark.parametrize("dtype", ["bfloat16", "float16", "int8"])
def test_a_precision_that_misses_the_gates_is_refused(dtype: str, encoder_of: Encoders, golden_of: Goldens) -> None:
    with pytest.raises(UsageError) as refused:
        embed(encoder_of("s"), weeks(golden_of, 1), device="cpu", dtype=dtype)
    assert refused.value.code == "pat.precision"


def test_double_precision_is_there_on_a_processor(encoder_of: Encoders, golden_of: Goldens) -> None:
    found = embed(encoder_of("s"), weeks(golden_of, 1), device="cpu", dtype="float64")
    assert found.precision == "float64"
    # Rounding of the answer alone: far below what single precision leaves.
    assert np.abs(found.pooled - golden_of("s")["pooled"][:1]).max() < 1e-6


@pytest.mark.parametrize(
    "windows",
    [
        np.zeros((2, 1440), np.float32),
        np.zeros(10_080, np.float32),
        np.zeros((1, 10_080)),
        np.full((1, 10_080), np.nan, np.float32),
    ],
)
def test_other_windows_are_refused(windows: NDArray[np.float32], encoder_of: Encoders) -> None:
    with pytest.raises(UsageError) as refused:
        embed(encoder_of("s"), windows, device="cpu")
    assert refused.value.code == "pat.windows"


def test_a_device_that_is_not_there_is_named(encoder_of: Encoders, golden_of: Goldens) -> None:
    missing = next(name for name in ("cuda", "mps") if name not in devices())
    with pytest.raises(NotFoundError, match=missing):
        embed(encoder_of("s"), weeks(golden_of, 1), device=missing)
    assert devices()[-1] == "cpu"
    assert embed(encoder_of("s"), weeks(golden_of, 1)).device == devices()[0]


def test_a_batch_knows_what_attention_weighs() -> None:
    large = SIZES["l"]
    fused, unfused = (bytes_per_window(large, attention=False, unfused=value) for value in (False, True))
    assert unfused - fused == 2 * 1120 * 1120 * 12 * 4
    assert 1 <= fitting_batch(large, "mps") < fitting_batch(SIZES["s"], "mps") <= 256


def test_an_accelerator_that_is_there_comes_before_the_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    assert devices() == ("cuda", "cpu")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert devices() == ("mps", "cpu")
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    assert devices() == ("cpu",)


@pytest.mark.parametrize("key", ["s", "m", "l", "conv-l"])
def test_batches_follow_the_free_memory_of_the_accelerator(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    size, found = SIZES[key], []
    for gibibytes in (0.001, 0.25, 0.5, 1, 80):
        free = int(gibibytes * 2**30)
        monkeypatch.setattr(torch.cuda, "mem_get_info", lambda free=free: (free, 2 * free))
        batch = fitting_batch(size, "cuda")
        assert batch == 1 or batch * bytes_per_window(size, attention=True) <= free / 2
        found.append(batch)
    assert found == sorted(found)
    assert found[0] == 1
    assert found[-1] == 256


def test_a_device_without_double_precision_says_so(
    encoder_of: Encoders, golden_of: Goldens, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    with pytest.raises(UsageError, match="no double precision"):
        embed(encoder_of("s"), weeks(golden_of, 1), device="mps", dtype="float64")


def test_workers_are_no_more_than_windows_and_each_computes_alone(
    encoder_of: Encoders, golden_of: Goldens, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: set[int] = set()
    original = RefilledEncoder.encode

    def encode(self: RefilledEncoder, windows: torch.Tensor, *, attention: bool = False) -> Encoded:
        seen.add(torch.get_num_threads())
        return original(self, windows, attention=attention)

    monkeypatch.setattr(RefilledEncoder, "encode", encode)
    embed(encoder_of("s"), weeks(golden_of, 3), device="cpu", workers=16)
    assert seen == {1}
