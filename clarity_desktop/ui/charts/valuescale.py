"""Round value axes: the top from the 99th percentile, ticks at one, two or five times a power of ten."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clarity_desktop.ui.charts.wording import number

__all__ = ["ValueScale", "bar_scale", "line_scale", "round_step", "thousands"]


@dataclass(frozen=True, slots=True)
class ValueScale:
    """Values from ``low`` to ``high`` mapped on a lane, with the round values that get a tick."""

    low: float
    high: float
    ticks: tuple[float, ...]

    def share(self, value: float) -> float:
        """0 at ``low``, 1 at ``high``; not clamped."""
        return (value - self.low) / (self.high - self.low) if self.high > self.low else 0.0

    def shares(self, values: NDArray[np.floating]) -> NDArray[np.float64]:
        """:meth:`share` of an array of any shape."""
        spread = self.high - self.low
        return (values.astype(np.float64) - self.low) / (spread if spread > 0 else 1.0)

    def label(self, tick: float) -> str:
        """A tick's text with as many decimals as the step needs."""
        step = self.ticks[1] - self.ticks[0] if len(self.ticks) > 1 else abs(tick) or 1.0
        decimals = max(0, -math.floor(math.log10(step) + 1e-9)) if step < 1 else 0
        return number(tick, decimals)


def thousands(value: float) -> str:
    """``2k`` for 2 000 and ``1.5k`` for 1 500, for places without room; empty below a thousand."""
    if not math.isfinite(value) or abs(value) < 1000:
        return ""
    return f"{number(value / 1000, 0 if value % 1000 == 0 else 1)}k"


def round_step(spread: float, at_most: int) -> float:
    """The least step of 1, 2 or 5 times a power of ten that cuts ``spread`` into at most ``at_most`` parts."""
    if not math.isfinite(spread) or spread < 1e-300:
        return 1.0
    raw = spread / max(1, at_most)
    power = 10.0 ** math.floor(math.log10(raw))
    for factor in (1.0, 2.0, 5.0, 10.0):
        if factor * power >= raw * (1 - 1e-9):
            return factor * power
    return 10.0 * power


def _ticks(low: float, high: float, step: float) -> tuple[float, ...]:
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return tuple(round(index * step, 10) for index in range(first, last + 1))


def bar_scale(values: NDArray[np.floating], *, percentile: float = 99.0, ticks: int = 4) -> ValueScale:
    """A scale from zero to a percentile of the positive finite values: for bars and areas."""
    kept = values[np.isfinite(values) & (values > 0)]
    top = float(np.percentile(kept, percentile)) if kept.size else 1.0
    step = round_step(top, ticks)
    return ValueScale(0.0, max(top, step), _ticks(0.0, max(top, step), step))


def line_scale(
    low: NDArray[np.floating],
    high: NDArray[np.floating],
    *,
    limits: tuple[float, float] | None = None,
    ticks: int = 3,
) -> ValueScale:
    """A scale with round ends around the 1st percentile of ``low`` and the 99th of ``high``: for lines.

    ``limits`` bounds it to a physiological range, such as 40…160 beats a minute.
    """
    lows, highs = low[np.isfinite(low)], high[np.isfinite(high)]
    if not lows.size or not highs.size:
        bottom, top = limits if limits is not None else (0.0, 1.0)
    else:
        bottom, top = float(np.percentile(lows, 1)), float(np.percentile(highs, 99))
        if limits is not None:
            bottom, top = min(max(bottom, limits[0]), limits[1]), max(min(top, limits[1]), limits[0])
    if top - bottom < 1e-9:
        bottom, top = bottom - 0.5, top + 0.5
    step = round_step(top - bottom, ticks)
    bottom, top = math.floor(bottom / step + 1e-9) * step, math.ceil(top / step - 1e-9) * step
    if limits is not None:
        bottom, top = max(bottom, min(limits[0], top - step)), min(top, max(limits[1], bottom + step))
    return ValueScale(bottom, top, _ticks(bottom, top, step))
