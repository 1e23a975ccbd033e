"""Heart rate of a window with the steps taken in it: what the rhythm and the dip of heart rate are made from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from clarity_desktop.circadian.heart_rhythm import BIN_S, HeartBins, heart_bins
from clarity_desktop.domain.epochs import Epochs
from clarity_desktop.domain.kinds import HEART_RATE, STEPS, kind_of
from clarity_desktop.domain.series import Samples, Series
from clarity_desktop.domain.time import Span, ZoneTimeline
from clarity_desktop.signals.epochs import to_epochs
from clarity_desktop.signals.merge import SourceSamples, merge_sources

if TYPE_CHECKING:
    from clarity_desktop.vault import Vault

__all__ = ["HeartSignal", "heart_signal", "read_steps"]

_MINUTE_S: Final = 60


@dataclass(frozen=True, slots=True)
class HeartSignal:
    """Heart rate of one source and the steps of all sources."""

    bins: HeartBins
    """Means of five minutes, with steps where any were recorded."""
    minute: NDArray[np.int64]
    """UTC seconds of the minutes that have a heart rate, shape (M,)."""
    rate: NDArray[np.float64]
    """Mean heart rate of these minutes, beats a minute."""
    walked: NDArray[np.int64] | None
    """UTC seconds of the minutes in which steps were taken, in order; ``None`` where no steps were recorded."""


def read_steps(vault: Vault, series: Sequence[Series], span: Span) -> Samples | None:
    """Steps of all sources merged by priority, or ``None`` where there are none in the span."""
    kind = kind_of(STEPS)
    parts = [
        SourceSamples(one.source, vault.series.read(one.id, span), one.device)
        for one in series
        if one.kind == STEPS and one.first is not None and one.last is not None
        if one.first < span.stop and one.last >= span.start
    ]
    if not any(len(part.samples) for part in parts):
        return None
    return merge_sources(parts, kind, vault.source_orders.order(series[0].patient_id, STEPS)).samples


def heart_signal(rate: Samples | None, steps: Samples | None, span: Span, zone: ZoneTimeline) -> HeartSignal | None:
    """Both signals on their grids; ``None`` without heart rate.

    A device that samples heart rate is worn, so five minutes with a rate and no steps count 0 steps.

    Parameters
    ----------
    rate:
        Heart rate of one source in beats a minute.
    steps:
        Merged steps, ``None`` where none were recorded.
    span:
        UTC window.
    zone:
        Clock of the person.
    """
    if rate is None or not len(rate):
        return None
    beats = to_epochs([(rate, kind_of(HEART_RATE))], span, zone, BIN_S)
    walked: Epochs | None = None
    stepped: NDArray[np.int64] | None = None
    if steps is not None:
        walked = to_epochs([(steps, kind_of(STEPS))], span, zone, BIN_S, absent_is_zero=beats.valid)
        by_minute = to_epochs([(steps, kind_of(STEPS))], span, zone, _MINUTE_S)
        stepped = by_minute.times[by_minute.valid & (by_minute.values > 0)]
    minutes = to_epochs([(rate, kind_of(HEART_RATE))], span, zone, _MINUTE_S)
    known = minutes.valid
    return HeartSignal(
        heart_bins(beats, walked), minutes.times[known], minutes.values[known].astype(np.float64), stepped
    )
