"""Bootstrap of what a fit or a search finds: sigmoidal cosinor, periods, and the exponents of fluctuation (RH-63)."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from clarity_desktop.analysis.findings.uncertainty import (
    REPLICATES,
    Interval,
    circular_interval,
    interval_of,
)
from clarity_desktop.circadian.fractal import redrawn
from clarity_desktop.circadian.period_replicates import chi_square_replicates, lomb_scargle_replicates
from clarity_desktop.circadian.prepared import PreparedRecording
from clarity_desktop.circadian.sigmoid_cosinor import refitted, sigmoid_cosinor
from clarity_desktop.signals.clock import MINUTES_PER_DAY

__all__ = ["BLOCK_DAYS", "fluctuation_intervals", "period_intervals", "sigmoid_intervals"]

BLOCK_DAYS: Final = 3
"""Length of the blocks of time that are drawn for fluctuation, whose windows reach over a day."""

_COARSE: Final = 10
_LEAST_BLOCKS: Final = 3
_CLOCK: Final = ("acrophase_h", "up_mesor_h", "down_mesor_h")

Array = NDArray[np.float64]


def sigmoid_intervals(recording: PreparedRecording, weight: Array) -> dict[str, Interval | None]:
    """Intervals of the sigmoidal curve, refitted to the average day of each replicate in steps of ten minutes."""
    found = sigmoid_cosinor(recording)
    if found is None:
        return {}
    rows = recording.row_days()
    days = np.unique(rows)
    logs = np.log1p(np.maximum(recording.grid_values, 0.0)).reshape(recording.rows, -1, _COARSE).sum(axis=2)
    held = recording.grid_valid.reshape(recording.rows, -1, _COARSE).sum(axis=2, dtype=np.float64)
    total, number = (np.zeros((days.size, MINUTES_PER_DAY // _COARSE)) for _ in range(2))
    place = np.searchsorted(days, rows)
    np.add.at(total, place, logs)
    np.add.at(number, place, held)
    drawn = weight @ number
    whole = (drawn > 0).all(axis=1)
    if 2 * np.count_nonzero(whole) < whole.size:
        return {}
    drawn = drawn[whole]
    replicates = refitted(weight[whole] @ total / drawn, drawn, found)
    intervals: dict[str, Interval | None] = {}
    for name, values in replicates.items():
        if name in _CLOCK:
            intervals[f"sigmoid_{name}"] = circular_interval(values, getattr(found, name))
        else:
            intervals[f"sigmoid_{name}"] = interval_of(values)
    return intervals


def period_intervals(recording: PreparedRecording, weight: Array) -> dict[str, Interval | None]:
    """Intervals of the period by either periodogram, and of the power at the peak."""
    intervals: dict[str, Interval | None] = {}
    wave = lomb_scargle_replicates(recording, weight)
    if wave is not None:
        intervals["lomb_scargle_period_h"], intervals["lomb_scargle_power"] = (interval_of(part) for part in wave)
    chi = chi_square_replicates(recording, weight)
    if chi is not None:
        intervals["chi_square_period_h"] = interval_of(chi)
    return intervals


def fluctuation_intervals(recording: PreparedRecording, random: np.random.Generator) -> dict[str, Interval | None]:
    """Intervals of the exponents and of the crossover; empty with fewer than three blocks of three days."""
    block_min = BLOCK_DAYS * MINUTES_PER_DAY
    blocks = len(recording.epochs) // block_min
    if blocks < _LEAST_BLOCKS:
        return {}
    weight = random.multinomial(blocks, np.full(blocks, 1 / blocks), size=REPLICATES).astype(np.float64)
    drawn = redrawn(recording, block_min, weight)

    def over(values: list[float | None]) -> Interval | None:
        return interval_of(np.array([np.nan if value is None else value for value in values]))

    return {
        "dfa_alpha": over([one.alpha for one in drawn]),
        "dfa_alpha_10_90": over([one.alpha_10_90 for one in drawn]),
        "dfa_alpha_120_600": over([one.alpha_120_600 for one in drawn]),
        "dfa_crossover_min": over(
            [float(one.crossover.n) if one.crossover is not None and one.crossover.present else None for one in drawn]
        ),
    }
