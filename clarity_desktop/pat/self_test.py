"""The self-test of a checkpoint: the route that will be used, against a plain float64 forward pass in NumPy.

The reference is written from pat.md section 1 and shares no code with the encoder but the names of the tensors, so it
serves as a golden for any weights. It runs once after an install; nothing runs on weights that did not pass.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from clarity_desktop.domain.errors import IntegrityError
from clarity_desktop.pat.sizes import WIDTH, WINDOW_MIN, ModelSize

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["GATES", "Reference", "SelfTest", "forward_float64", "probe_windows", "run_self_test"]

GATES: Final = {"tokens": 5e-4, "pooled": 5e-5, "attention": 2e-6}
"""Largest absolute error against float64 (pat.md section 7)."""
_EPS: Final = 1e-6
_SHORT: Final = 2

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Reference:
    """What float64 makes of one window."""

    tokens: Array
    """Shape (T, 96)."""
    pooled: Array
    """Shape (96,)."""
    attention: Array
    """Shape (T,), sums to 1."""


@dataclass(frozen=True, slots=True)
class SelfTest:
    """Largest absolute errors over the probe windows, each below its gate."""

    tokens: float
    pooled: float
    attention: float


def forward_float64(size: ModelSize, state: Mapping[str, Array], window: Array) -> Reference:
    """One standardised window (10080,) through the encoder in float64."""
    patches = window.reshape(size.tokens, size.patch)
    weight, bias = state["embedding.weight"], state["embedding.bias"]
    if size.conv:
        padded = np.pad(patches, ((0, 0), (1, 1)))
        taps = np.stack([padded[:, k : k + size.patch] for k in range(3)], axis=2)
        x = np.maximum(taps @ weight[:, 0, :].T + bias, 0.0).mean(axis=1)
    else:
        x = patches @ weight.T + bias
    x = x + _positions(size.tokens)
    profile = np.zeros(size.tokens)
    for block in range(size.blocks):
        x, profile = _block(x, state, f"blocks.{block}", size.heads)
    return Reference(x, x.mean(axis=0), profile)


def _positions(tokens: int) -> Array:
    rate = np.exp(-np.log(10_000.0) * 2 * np.arange(WIDTH // 2) / WIDTH)
    angle = np.arange(tokens)[:, None] * rate
    return np.concatenate((np.sin(angle), np.cos(angle)), axis=1)


def _block(x: Array, state: Mapping[str, Array], at: str, heads: int) -> tuple[Array, Array]:
    def through(name: str, values: Array) -> Array:
        return np.asarray(values @ state[f"{at}.{name}.weight"].T + state[f"{at}.{name}.bias"])

    def normed(name: str, values: Array) -> Array:
        away = values - values.mean(axis=1, keepdims=True)
        spread = np.sqrt((away * away).mean(axis=1, keepdims=True) + _EPS)
        return np.asarray(away / spread * state[f"{at}.{name}.weight"] + state[f"{at}.{name}.bias"])

    n = x.shape[0]
    query, key, value = (through(f"attention.{part}", x) for part in ("query", "key", "value"))
    mixed = np.empty_like(query)
    received = np.zeros(n)
    for head in range(heads):
        own = slice(head * WIDTH, (head + 1) * WIDTH)
        score = query[:, own] @ key[:, own].T / np.sqrt(WIDTH)
        score = np.exp(score - score.max(axis=1, keepdims=True))
        score /= score.sum(axis=1, keepdims=True)
        mixed[:, own] = score @ value[:, own]
        received += score.sum(axis=0)
    h = normed("norm1", x + through("attention.output", mixed))
    out = normed("norm2", h + through("ff2", np.maximum(through("ff1", h), 0.0)))
    return out, received / received.sum()


def probe_windows() -> NDArray[np.float32]:
    """Three windows, always the same: nothing but zeros, a week of days and nights, and one with large values."""
    random = np.random.default_rng(20_250_406)
    minute = np.arange(WINDOW_MIN)
    day = np.sin(2 * np.pi * (minute - 480) / 1440)
    week = np.where(day > -0.3, day + random.gamma(1.2, 0.6, WINDOW_MIN) - 0.7, -0.6 + 0.05 * random.random(WINDOW_MIN))
    large = 6 * np.roll(week, 700)
    large[random.choice(WINDOW_MIN, 40, replace=False)] = random.uniform(30, 60, 40) * random.choice([-1, 1], 40)
    return np.stack((np.zeros(WINDOW_MIN), week, large)).astype(np.float32)


def run_self_test(size: ModelSize, state: Mapping[str, Tensor]) -> SelfTest:
    """Compare the route that embeddings take with float64 on the probe windows.

    Raises
    ------
    IntegrityError
        ``pat.self_test`` when a gate is not kept; the checkpoint must not be used then.
    """
    from clarity_desktop.pat.encoder import Encoder
    from clarity_desktop.pat.inference import embed

    encoder = Encoder(size)
    encoder.load_state_dict(dict(state))
    encoder.eval()
    # The largest size takes seconds a window in float64; the window with large values is the hardest.
    windows = probe_windows() if size.blocks <= _SHORT else probe_windows()[-1:]
    made = embed(encoder, windows, device="cpu", tokens=True)
    assert made.tokens is not None
    assert made.attention is not None
    plain = {key: tensor.detach().double().numpy() for key, tensor in state.items()}
    errors = dict.fromkeys(GATES, 0.0)
    for index, window in enumerate(windows):
        truth = forward_float64(size, plain, window.astype(np.float64))
        pairs = (
            ("tokens", made.tokens[index], truth.tokens),
            ("pooled", made.pooled[index], truth.pooled),
            ("attention", made.attention[index], truth.attention),
        )
        for name, got, want in pairs:
            errors[name] = max(errors[name], float(np.abs(got - want).max()))
    # Written so that NaN does not pass.
    kept = all(errors[name] <= gate for name, gate in GATES.items())
    if not kept:
        worst = ", ".join(f"{name} {errors[name]:.1e} (gate {gate:.0e})" for name, gate in GATES.items())
        raise IntegrityError(
            "pat.self_test",
            "The self-test of this checkpoint did not give the numbers it must give.",
            remedy="The checkpoint is not used. Install the program and the weights again.",
            detail=worst,
        )
    return SelfTest(**errors)
