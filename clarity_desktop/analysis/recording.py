"""The panel of a recording on its own, without a vault."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np

from clarity_desktop.analysis.panels.assemble import PanelInputs, assemble_panel
from clarity_desktop.analysis.panels.heart_signal import heart_signal
from clarity_desktop.analysis.panels.still_sleep import still_stretches
from clarity_desktop.domain.epochs import Epochs
from clarity_desktop.domain.kinds import ACTIVITY_COUNTS
from clarity_desktop.domain.panel import Panel
from clarity_desktop.domain.series import Samples
from clarity_desktop.domain.sleep import SleepSegment
from clarity_desktop.domain.work import CancelToken, ProgressListener, ignore_progress
from clarity_desktop.signals.presence import combine_wear, heart_rate_evidence

__all__ = ["analyze_epochs", "asleep_epochs", "hash_of_epochs"]


def hash_of_epochs(epochs: Epochs) -> str:
    """SHA-256 of a grid: start, step, values and states."""
    digest = hashlib.sha256(f"{epochs.start}/{epochs.step_s}/{epochs.kind}/{epochs.unit}".encode())
    digest.update(np.ascontiguousarray(epochs.values).tobytes())
    digest.update(np.ascontiguousarray(epochs.state).tobytes())
    return digest.hexdigest()


def asleep_epochs(segments: Sequence[SleepSegment], epochs: Epochs) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Epochs that a recorded sleep stage touches, shape (N,)."""
    touched = np.zeros(len(epochs), dtype=np.bool_)
    for segment in segments:
        if segment.stage.is_sleep:
            first = max((segment.start - epochs.start) // epochs.step_s, 0)
            last = -(-(segment.stop - epochs.start) // epochs.step_s)
            touched[first : max(last, 0)] = True
    return touched


def analyze_epochs(
    epochs: Epochs,
    *,
    segments: Sequence[SleepSegment] = (),
    heart_rate: Samples | None = None,
    signal_note: str = "",
    notes: tuple[str, ...] = (),
    progress: ProgressListener = ignore_progress,
    cancel: CancelToken | None = None,
) -> Panel:
    """The panel of one recording of activity, over its whole length.

    Parameters
    ----------
    epochs:
        Activity on a regular grid; wear is decided here (heart rate where given, else long zero runs of counts).
    segments:
        Recorded sleep stages of all sources; without any, sleep is scored from one-minute counts.
    heart_rate:
        Heart rate of one source in beats a minute.
    signal_note:
        What the signal is, in words.
    notes:
        Sentences to carry into the panel.
    """
    counts = epochs.kind == ACTIVITY_COUNTS
    evidence = None if heart_rate is None or not len(heart_rate) else heart_rate_evidence(heart_rate.start, epochs)
    still = still_stretches(epochs) if counts and epochs.step_s == 60 else None
    wear = combine_wear(
        epochs,
        heart_rate=evidence,
        asleep=asleep_epochs(segments, epochs) if segments else None,
        choi=None if still is None else still.not_worn,
    )
    if still is not None and still.note is not None and evidence is None and not segments:
        notes = (*notes, still.note)
    note = signal_note or ("Activity counts of a worn device." if counts else f"{epochs.kind} in {epochs.unit}.")
    return assemble_panel(
        PanelInputs(
            wear=wear,
            signal_note=note,
            input_hash=hash_of_epochs(epochs),
            segments=segments,
            heart_rate=heart_rate,
            heart=heart_signal(heart_rate, None, epochs.span, epochs.zone),
            activity_unit="counts/min" if counts else f"{epochs.unit}/min",
            notes=notes,
        ),
        progress=progress,
        cancel=cancel,
    )
