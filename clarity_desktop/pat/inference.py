"""Embeds many windows: device, precision and batch by choice or detection, progress, and an end between batches.

On a processor one window at a time already reaches the machine's matrix rate, so windows are shared among workers of
one thread each; on an accelerator they go in batches that fit its free memory.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import torch
from numpy.typing import NDArray

from clarity_desktop.domain.errors import NotFoundError, UsageError
from clarity_desktop.domain.work import CancelToken, Progress, ProgressListener, ignore_progress
from clarity_desktop.pat.encoder import Encoder
from clarity_desktop.pat.refilled import RefilledEncoder
from clarity_desktop.pat.sizes import FEED_FORWARD, WIDTH, WINDOW_MIN, ModelSize

__all__ = ["DeviceName", "Embeddings", "Precision", "bytes_per_window", "devices", "embed", "fitting_batch"]

DeviceName = Literal["auto", "cpu", "cuda", "mps"]
Precision = Literal["float32", "float64"]

_PRECISIONS: Final = {"float32": torch.float32, "float64": torch.float64}
_FREE_SHARE: Final = 0.5
"""Share of an accelerator's free memory that one batch may take."""
_LARGEST_BATCH: Final = 256
_UNKNOWN_FREE: Final = 2 * 2**30
"""Free memory assumed where the device does not tell."""


@dataclass(frozen=True, slots=True)
class Embeddings:
    """What the encoder makes of N windows of T patches."""

    pooled: NDArray[np.float32]
    """The embedding of each window, (N, 96)."""
    attention: NDArray[np.float32] | None
    """Attention that each patch receives in the last block, (N, T), sums to 1; ``None`` when not asked for."""
    tokens: NDArray[np.float32] | None
    """The last block's output, (N, T, 96); ``None`` when not asked for."""
    others: NDArray[np.float32] | None
    """The embedding of each window under its other fill, (N, 96); ``None`` when there was none."""
    device: str
    """Device that computed it: ``cpu``, ``cuda`` or ``mps``."""
    precision: Precision


def devices() -> tuple[str, ...]:
    """Devices of this machine that can compute, the one that ``auto`` takes first."""
    found = []
    if torch.cuda.is_available():
        found.append("cuda")
    if torch.backends.mps.is_available():
        found.append("mps")
    return (*found, "cpu")


def embed(
    encoder: Encoder,
    windows: NDArray[np.float32],
    *,
    others: NDArray[np.float32] | None = None,
    device: str = "auto",
    dtype: str = "float32",
    batch: int | None = None,
    workers: int | None = None,
    tokens: bool = False,
    attention: bool = True,
    progress: ProgressListener = ignore_progress,
    cancel: CancelToken | None = None,
) -> Embeddings:
    """Embed standardised windows by the folded route; equal arguments on one device give equal numbers.

    Parameters
    ----------
    encoder:
        The model, with verified weights.
    windows:
        Standardised, filled minutes, float32 (N, 10080), every one finite.
    others:
        The same windows with missing minutes filled in another way, of the same shape. Their embeddings alone are
        computed: windows that are equal under both fills are not computed twice, and on a processor what an encoder of
        one block shares between both is computed once.
    device:
        ``cpu``, ``cuda``, ``mps``, or ``auto`` for the first of :func:`devices`.
    dtype:
        ``float32``, or ``float64`` where the device has it. The 16-bit formats miss every gate of accuracy (their
        tokens are off by 0.09 and more) and are refused.
    batch:
        Windows computed at once; chosen by the device's free memory unless given, one a worker on a processor.
    workers:
        Threads on a processor, one a core unless given. Each computes on one thread.
    tokens, attention:
        Whether tokens and the attention profile are kept.
    progress, cancel:
        Told after each batch; checked before each.

    Raises
    ------
    UsageError
        ``pat.precision``, ``pat.windows`` for another shape or a number that is not finite, ``pat.batch``.
    NotFoundError
        ``pat.device`` when the machine has no such device.
    CancelledError
        When ``cancel`` was raised; nothing is returned then.
    """
    name = _chosen(device)
    precision = _precision(dtype, name)
    _check(windows)
    if others is not None:
        _check(others, windows.shape[0])
    if (batch is not None and batch < 1) or (workers is not None and workers < 1):
        raise UsageError("pat.batch", "At least one window is computed at a time.", remedy="Choose 1 or more.")
    size, count = encoder.size, windows.shape[0]
    cancel = cancel or CancelToken()
    rows = batch or (1 if name == "cpu" else fitting_batch(size, name, attention=attention))
    folded = RefilledEncoder(encoder, device=name, dtype=_PRECISIONS[precision])
    pooled = np.empty((count, WIDTH), np.float32)
    refilled = None if others is None else np.empty((count, WIDTH), np.float32)
    shared = name == "cpu" and rows == 1 and attention
    received = np.empty((count, size.tokens), np.float32) if attention else None
    kept = np.empty((count, size.tokens, WIDTH), np.float32) if tokens else None

    def one_batch(start: int, stop: int) -> int:
        part = slice(start, stop)
        if others is not None and refilled is not None and shared:
            encoded, again = folded.encode_both(torch.from_numpy(windows[part]), torch.from_numpy(others[part]))
            refilled[part] = again.numpy()
        else:
            encoded = folded.encode(torch.from_numpy(windows[part]), attention=attention)
        pooled[part] = encoded.pooled.cpu().numpy()
        if others is not None and refilled is not None and not shared:
            refilled[part] = pooled[part]
            differ = start + np.flatnonzero((windows[part] != others[part]).any(axis=1))
            if differ.size:
                refilled[differ] = folded.encode(torch.from_numpy(others[differ])).pooled.cpu().numpy()
        if received is not None and encoded.attention is not None:
            received[part] = encoded.attention.cpu().numpy()
        if kept is not None:
            kept[part] = encoded.tokens.cpu().numpy()
        return stop - start

    parts = [(start, min(start + rows, count)) for start in range(0, count, rows)]
    crew = min(workers or _cores(), len(parts)) if name == "cpu" else 1
    done = 0
    for finished in _worked_through(one_batch, parts, crew, cancel):
        done += finished
        progress(Progress("Computing weeks", done, count, "weeks"))
    return Embeddings(pooled, received, kept, refilled, name, precision)


def _worked_through(
    work: Callable[[int, int], int], parts: list[tuple[int, int]], crew: int, cancel: CancelToken
) -> Iterator[int]:
    """Do ``work`` for each part, by ``crew`` threads of one compute thread each, or here where there is one thread."""
    if crew <= 1:
        for part in parts:
            cancel.check()
            yield work(*part)
        return
    threads = torch.get_num_threads()
    try:
        with ThreadPoolExecutor(crew, "pat", initializer=torch.set_num_threads, initargs=(1,)) as pool:
            waiting = iter(parts)
            running: set[Future[int]] = set()
            while True:
                cancel.check()
                while len(running) < 2 * crew and (following := next(waiting, None)) is not None:
                    running.add(pool.submit(work, *following))
                if not running:
                    return
                ended, running = wait(running, return_when=FIRST_COMPLETED)
                for future in ended:
                    yield future.result()
    finally:
        # A worker's setting becomes the default of threads to come.
        torch.set_num_threads(threads)


def _chosen(device: str) -> str:
    present = devices()
    if device == "auto":
        return present[0]
    if device not in present:
        raise NotFoundError(
            "pat.device",
            f"This machine has no device “{device}” that PAT can compute on.",
            remedy=f"Choose one of: {', '.join(present)}, or auto.",
        )
    return device


def _precision(dtype: str, device: str) -> Precision:
    if dtype == "float32":
        return "float32"
    if dtype == "float64" and device != "mps":
        return "float64"
    reason = "This device has no double precision." if dtype == "float64" else "It misses the gates of accuracy."
    raise UsageError(
        "pat.precision", f"PAT does not compute in {dtype} here. {reason}", remedy="Choose float32.", detail=device
    )


def _check(windows: NDArray[np.float32], count: int | None = None) -> None:
    """Refuse windows of another shape or type, of another number than ``count``, or with a minute without a number."""
    shape = (*(windows.shape[:1] if count is None else (count,)), WINDOW_MIN)
    if windows.dtype != np.float32 or windows.shape != shape:
        raise UsageError(
            "pat.windows",
            f"PAT takes windows of {WINDOW_MIN} standardised minutes in single precision.",
            remedy="Prepare the windows with the program's own window builder.",
            detail=f"{windows.dtype} {windows.shape}",
        )
    if not np.isfinite(windows).all():
        raise UsageError(
            "pat.windows",
            "A window holds minutes without a number.",
            remedy="Fill missing minutes by one of the named policies first.",
        )


def bytes_per_window(size: ModelSize, *, attention: bool, unfused: bool = False, item: int = 4) -> int:
    """Working memory that one window of a batch takes at its peak, an upper estimate.

    Parameters
    ----------
    size:
        Size of the encoder.
    attention:
        Whether the profile is computed, which holds weights of some queries.
    unfused:
        Whether the device's attention holds the weights of all heads at once: T² · H numbers, twice.
    item:
        Bytes of a number.
    """
    tokens = size.tokens
    numbers = tokens * (3 * size.inner + FEED_FORWARD + 6 * WIDTH) + WINDOW_MIN
    if attention:
        numbers += 2 * 560 * tokens
    if unfused:
        numbers += 2 * tokens * tokens * size.heads
    return item * numbers


def fitting_batch(size: ModelSize, device: str, *, attention: bool = True) -> int:
    """Windows that one batch on an accelerator holds in half of its free memory, between 1 and 256."""
    free = torch.cuda.mem_get_info()[0] if device == "cuda" else _UNKNOWN_FREE
    need = bytes_per_window(size, attention=attention, unfused=device == "mps")
    return max(1, min(_LARGEST_BATCH, int(free * _FREE_SHARE) // need))


def _cores() -> int:
    """Cores that this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)
    return os.cpu_count() or 1 if affinity is None else len(affinity(0))
