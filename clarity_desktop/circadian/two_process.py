"""Sleep pressure by the two-process model: a curve from sleep times alone, modelled and not measured (RH-62).

Borbély 1982, Hum Neurobiol 1:195; Daan et al. 1984, Am J Physiol 246:R161. Pressure rises toward 1 while awake with a
time constant of 18.2 h and falls toward 0 asleep with 4.2 h; a cosine that is lowest at the temperature minimum moves
the two thresholds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from clarity_desktop.domain.findings import METRICS, Metric
from clarity_desktop.domain.time import Instant

__all__ = ["LABEL", "TwoProcess", "two_process"]

LABEL: Final = "model, not measured"
"""Words that stand beside every curve and number of this model."""

RISE_H: Final = 18.2
FALL_H: Final = 4.2
KNOWN_WITHIN: Final = 0.05
"""Pressure is known where the bounds from any start and any unknown stretch lie within this."""
SHORT_H: Final = 2.0
"""An unknown stretch up to this long between two stretches of one state is taken as that state."""
UPPER: Final = 0.67
LOWER: Final = 0.17
SWING: Final = 0.10
"""Means of the two thresholds and the amplitude of the gate (Daan 1984, in the round numbers in common use)."""

_DAAN: Final = "Borbély 1982; Daan 1984"
PRESSURE_ONSET = METRICS.declare(
    Metric("pressure_onset", "Sleep pressure at sleep onset, model", "", 2, "model", _DAAN, "RH-62", "nights", 3)
)
PRESSURE_WAKE = METRICS.declare(
    Metric("pressure_wake", "Sleep pressure at waking, model", "", 2, "model", _DAAN, "RH-62", "nights", 3)
)


@dataclass(frozen=True, slots=True)
class TwoProcess:
    """The curves at the borders of epochs, shape (N + 1,) each."""

    times: NDArray[np.int64]
    """UTC seconds."""
    pressure: NDArray[np.float64]
    """0…1, NaN where the sleep of the days before is not known well enough."""
    least: NDArray[np.float64]
    """Pressure if every unknown epoch was slept through and nobody was tired at the start."""
    most: NDArray[np.float64]
    """Pressure if every unknown epoch was spent awake after the longest day."""
    upper: NDArray[np.float64] | None
    """Threshold at which sleep begins, moved by the gate; ``None`` without a phase."""
    lower: NDArray[np.float64] | None
    """Threshold at which sleep ends."""
    gate: str = ""
    """Where the phase of the gate comes from, in words; ``""`` without a gate."""

    def at(self, instants: NDArray[np.int64]) -> NDArray[np.float64]:
        """Pressure at instants inside the record, to the nearest epoch; NaN outside and where unknown."""
        if self.times.size < 2:
            return np.full(instants.shape, np.nan)
        step = int(self.times[1] - self.times[0])
        place = np.rint((instants - self.times[0]) / step).astype(np.int64)
        inside = (place >= 0) & (place < self.times.size)
        return np.where(inside, self.pressure[np.clip(place, 0, self.times.size - 1)], np.nan)


def _course(awake: NDArray[np.bool_], start: float, step_h: float) -> NDArray[np.float64]:
    """Pressure at the borders of epochs for a known course of wake and sleep, exact within each run."""
    course = np.empty(awake.size + 1)
    course[0] = start
    edges = np.concatenate(([0], np.flatnonzero(np.diff(awake)) + 1, [awake.size]))
    for first, stop in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        if stop == first:
            continue
        goal, constant = (1.0, RISE_H) if awake[first] else (0.0, FALL_H)
        elapsed = step_h * np.arange(1, stop - first + 1)
        course[first + 1 : stop + 1] = goal + (course[first] - goal) * np.exp(-elapsed / constant)
    return course


def _bridged(states: NDArray[np.int8], step_h: float) -> NDArray[np.int8]:
    """States with short unknown stretches filled where the same state lies on both sides (a charging watch)."""
    edges = np.concatenate(([0], np.flatnonzero(np.diff(states)) + 1, [states.size]))
    value = states[edges[:-1]]
    inner = np.zeros(value.size, dtype=np.bool_)
    inner[1:-1] = (value[1:-1] == -1) & (value[:-2] == value[2:])
    short = inner & (np.diff(edges) * step_h <= SHORT_H)
    filled = np.where(short, np.roll(value, 1), value)
    return np.repeat(filled, np.diff(edges))


def two_process(
    states: NDArray[np.int8], start: Instant, step_s: int, *, cbtmin: NDArray[np.int64] | None = None
) -> TwoProcess:
    """Sleep pressure over a record of sleep and wake.

    The start is unknown, and so are epochs without a state. Two courses bound what is possible: the lowest starts at 0
    and takes unknown epochs as sleep, the highest starts at 1 and takes them as wake. Where they agree within 0.05
    their middle is the pressure; that is so about two nights after the start. An unknown stretch of at most two hours
    between two of one state is taken as that state.

    Parameters
    ----------
    states:
        1 asleep, 0 awake, −1 unknown, shape (N,).
    start:
        UTC seconds of the first epoch.
    step_s:
        Length of an epoch in seconds.
    cbtmin:
        UTC seconds of temperature minima (measured or a model's), in order. Between two of them the gate turns once,
        before the first and after the last in 24 h.

    Raises
    ------
    ValueError
        When the minima are not in strictly rising order.
    """
    step_h = step_s / 3600
    known = _bridged(states, step_h) if states.size else states
    least = _course(known == 0, 0.0, step_h)
    most = _course(known != 1, 1.0, step_h)
    times = start + step_s * np.arange(states.size + 1, dtype=np.int64)
    pressure = np.where(most - least <= KNOWN_WITHIN, (least + most) / 2, np.nan)
    if cbtmin is None or not cbtmin.size:
        return TwoProcess(times, pressure, least, most, None, None)
    if np.any(np.diff(cbtmin) <= 0):
        raise ValueError("temperature minima must rise strictly")
    gate = -SWING * np.cos(2 * np.pi * _turns(times, cbtmin))
    return TwoProcess(times, pressure, least, most, UPPER + gate, LOWER + gate)


def _turns(times: NDArray[np.int64], cbtmin: NDArray[np.int64]) -> NDArray[np.float64]:
    """Turns of the circadian cycle since the first minimum."""
    inside = np.interp(times, cbtmin, np.arange(cbtmin.size, dtype=np.float64))
    before = np.minimum(times - cbtmin[0], 0) / 86_400
    after = np.maximum(times - cbtmin[-1], 0) / 86_400
    return np.asarray(inside + before + after)
