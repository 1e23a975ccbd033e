"""Unusual hours: what the masked autoencoder, which sees a tenth of the week, does not foresee of the rest."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from clarity_desktop.domain.errors import InputError
from clarity_desktop.domain.pat import WINDOW_MIN
from clarity_desktop.domain.work import CancelToken, Progress, ProgressListener, ignore_progress
from clarity_desktop.pat.sizes import ModelSize
from clarity_desktop.pat.weights import read_bytes, refused

if TYPE_CHECKING:
    from clarity_desktop.pat.autoencoder import MaskedAutoencoder

__all__ = ["MASKINGS", "hourly_residual", "load_autoencoder", "minute_residual"]

MASKINGS: Final = 20
"""Random maskings a week is judged by, always the same ones; each patch is hidden in about nine of ten."""
_SEED: Final = 20_250_331


def load_autoencoder(path: Path, size: ModelSize) -> MaskedAutoencoder:
    """The whole autoencoder of a checkpoint.

    Raises
    ------
    InputError
        ``pat.weights.…`` when the file is no autoencoder of this size.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load

    from clarity_desktop.pat.autoencoder import MaskedAutoencoder

    try:
        state = load(read_bytes(path))
    except SafetensorError as error:
        raise refused(
            "not_safetensors", f"“{path.name}” is not a safetensors file.", detail=str(error)[:200]
        ) from error
    if not all(bool(tensor.isfinite().all()) for tensor in state.values()):
        raise refused("not_finite", f"“{path.name}” holds numbers that are not finite.")
    model = MaskedAutoencoder(size)
    try:
        model.load_state_dict(state)
    except RuntimeError as error:
        raise InputError(
            "pat.weights.layout",
            f"“{path.name}” is no autoencoder of {size.label}.",
            remedy="Install the program again.",
            detail=str(error)[:300],
        ) from error
    return model.eval()


def minute_residual(
    model: MaskedAutoencoder,
    window: NDArray[np.float32],
    *,
    maskings: int = MASKINGS,
    progress: ProgressListener = ignore_progress,
    cancel: CancelToken | None = None,
) -> NDArray[np.float64]:
    """Mean squared residual of each minute over the maskings that hid it, shape (10080,).

    Parameters
    ----------
    window:
        Standardised minutes, shape (10080,).

    Raises
    ------
    CancelledError
        When stopped between two maskings.
    """
    import torch

    from clarity_desktop.pat.autoencoder import draw_masking

    cancel = cancel or CancelToken()
    generator = torch.Generator().manual_seed(_SEED)
    size = model.size
    patches = window.reshape(size.tokens, size.patch).astype(np.float64)
    total, count = np.zeros_like(patches), np.zeros(size.tokens)
    given = torch.from_numpy(np.ascontiguousarray(window[None]))
    with torch.inference_mode():
        for done in range(maskings):
            cancel.check()
            progress(Progress("Hiding patches", done, maskings))
            masking = draw_masking(size.tokens, generator)
            found = model.reconstruct(given, masking).hidden[0].double().numpy()
            hidden = masking.hidden.numpy()
            total[hidden] += (patches[hidden] - found) ** 2
            count[hidden] += 1
    mean = np.divide(total, count[:, None], out=np.full_like(total, np.nan), where=count[:, None] > 0)
    return np.asarray(mean.reshape(WINDOW_MIN))


def hourly_residual(squared: NDArray[np.float64], worn: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Root mean square of the residual by hour over worn minutes, shape (168,); NaN with less than half an hour worn.

    Parameters
    ----------
    squared:
        From :func:`minute_residual`.
    worn:
        Shape (10080,). What was filled is not asked about: it would only show the fill.
    """
    usable = (worn & np.isfinite(squared)).reshape(-1, 60)
    n = usable.sum(axis=1)
    total = np.where(usable, squared.reshape(-1, 60), 0.0).sum(axis=1)
    return np.asarray(np.sqrt(np.divide(total, n, out=np.full(n.size, np.nan), where=n >= 30)))
