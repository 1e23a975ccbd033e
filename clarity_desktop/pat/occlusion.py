"""Occlusion sensitivity: how far the embedding moves when an hour of the week is replaced by the average."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from clarity_desktop.domain.pat import WINDOW_MIN
from clarity_desktop.domain.work import CancelToken, ProgressListener, ignore_progress

if TYPE_CHECKING:
    from clarity_desktop.pat.encoder import Encoder

__all__ = ["BLOCK_MIN", "occluded", "occlusion_sensitivity"]

BLOCK_MIN: Final = 60


def occluded(window: NDArray[np.float32], block_min: int = BLOCK_MIN) -> NDArray[np.float32]:
    """One copy of a standardised window (10080,) a block, with that block set to 0, shape (B, 10080).

    0 is the average of whom the standardisation rests on; it does not mean stillness.
    """
    if WINDOW_MIN % block_min:
        raise ValueError("the length of a block must divide 10080 minutes")
    blocks = WINDOW_MIN // block_min
    copies = np.repeat(window[None], blocks, axis=0)
    copies.reshape(blocks, blocks, block_min)[np.arange(blocks), np.arange(blocks)] = 0.0
    return copies


def occlusion_sensitivity(
    encoder: Encoder,
    window: NDArray[np.float32],
    *,
    block_min: int = BLOCK_MIN,
    progress: ProgressListener = ignore_progress,
    cancel: CancelToken | None = None,
) -> NDArray[np.float64]:
    """Euclidean distance between the embedding of a window and that with each block occluded, shape (B,).

    Raises
    ------
    CancelledError
        When stopped between two batches.
    """
    from clarity_desktop.pat.inference import embed

    copies = np.concatenate((window[None], occluded(window, block_min)))
    pooled = embed(encoder, copies, progress=progress, cancel=cancel).pooled.astype(np.float64)
    return np.asarray(np.linalg.norm(pooled[1:] - pooled[0], axis=1))
