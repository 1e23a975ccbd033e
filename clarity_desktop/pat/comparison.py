"""How well hidden minutes are reconstructed, beside what needs no model: the minute's mean and straight lines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray

from clarity_desktop.pat.autoencoder import MASK_RATIO, MaskedAutoencoder, Masking, draw_masking
from clarity_desktop.pat.sizes import WINDOW_MIN, ModelSize

__all__ = ["BASELINES", "Difference", "ReconstructionErrors", "interpolated", "reconstruction_errors"]

BASELINES: Final = {
    "minute_mean": "mean of the training people at the same minute",
    "linear_interpolation": "straight lines between the nearest visible minutes",
    "patch_interpolation": "straight lines between the means of the nearest visible patches",
}
"""What the model is compared with at the same hidden minutes, and in words."""

_BATCH: Final = 32
_RESAMPLES: Final = 2_000


@dataclass(frozen=True, slots=True)
class Difference:
    """Mean over people of the model's error less the baseline's, with its 95 % interval; below 0 the model is ahead."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class ReconstructionErrors:
    """Mean squared errors at hidden minutes by person, in squared standard deviations of the minute, each (N,)."""

    model: NDArray[np.float64]
    baselines: dict[str, NDArray[np.float64]]
    """By name in :data:`BASELINES`."""

    def against(self, baseline: str, *, seed: int = 0) -> Difference:
        """Model less baseline, person by person; the interval is of 2,000 resamples of the people."""
        difference = self.model - self.baselines[baseline]
        random = np.random.default_rng(seed)
        rows = random.integers(0, difference.size, (_RESAMPLES, difference.size))
        low, high = np.quantile(difference[rows].mean(axis=1), [0.025, 0.975])
        return Difference(float(difference.mean()), float(low), float(high))


def interpolated(
    windows: NDArray[np.float32], masking: Masking, size: ModelSize, *, patches: bool
) -> NDArray[np.float64]:
    """Windows (N, 10080) with hidden minutes on straight lines between visible ones; constant beyond the outermost.

    Parameters
    ----------
    windows, masking, size:
        What is hidden of what.
    patches:
        Whether lines run between the means of visible patches, at their middles, and not between visible minutes.
    """
    visible = np.sort(masking.visible.numpy())
    minutes = np.arange(WINDOW_MIN)
    if patches:
        known = visible * size.patch + (size.patch - 1) / 2
        values = windows.reshape(-1, size.tokens, size.patch)[:, visible].mean(axis=2, dtype=np.float64)
    else:
        known = (visible[:, None] * size.patch + np.arange(size.patch)).reshape(-1).astype(np.float64)
        values = windows[:, known.astype(np.intp)].astype(np.float64)
    after = np.clip(np.searchsorted(known, minutes, side="left"), 1, known.size - 1)
    share = np.clip((minutes - known[after - 1]) / (known[after] - known[after - 1]), 0.0, 1.0)
    return np.asarray(values[:, after - 1] * (1 - share) + values[:, after] * share)


def reconstruction_errors(
    model: MaskedAutoencoder,
    windows: NDArray[np.float32],
    minute_mean: NDArray[np.floating],
    *,
    seed: int,
    ratio: float = MASK_RATIO,
) -> ReconstructionErrors:
    """Errors at hidden minutes of people the model never saw, one masking for each 32 of them.

    Parameters
    ----------
    model:
        The autoencoder.
    windows:
        Standardised windows of held-out people, (N, 10080).
    minute_mean:
        Mean of the training people's standardised windows, (10080,).
    seed:
        Of the maskings.
    """
    model.eval()
    size = model.size
    generator = torch.Generator().manual_seed(seed)
    errors: dict[str, list[NDArray[np.float64]]] = {name: [] for name in ("model", *BASELINES)}
    for start in range(0, windows.shape[0], _BATCH):
        part = windows[start : start + _BATCH]
        masking = draw_masking(size.tokens, generator, ratio=ratio)
        with torch.inference_mode():
            found = model.reconstruct(torch.from_numpy(part), masking).hidden.double().numpy()
        hidden = masking.hidden.numpy()
        truth = _patched(part.astype(np.float64), size)[:, hidden]
        guesses = {
            "model": found,
            "minute_mean": _patched(minute_mean[None].astype(np.float64), size)[:, hidden],
            "linear_interpolation": _patched(interpolated(part, masking, size, patches=False), size)[:, hidden],
            "patch_interpolation": _patched(interpolated(part, masking, size, patches=True), size)[:, hidden],
        }
        for name, guess in guesses.items():
            errors[name].append(((guess - truth) ** 2).mean(axis=(1, 2)))
    together = {name: np.concatenate(parts) for name, parts in errors.items()}
    return ReconstructionErrors(together.pop("model"), together)


def _patched(windows: NDArray[np.float64], size: ModelSize) -> NDArray[np.float64]:
    return windows.reshape(windows.shape[0], size.tokens, size.patch)
