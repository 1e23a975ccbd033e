"""Value axes of figures: round ticks, a grid of hairlines, labels at the left."""

from __future__ import annotations

import math
from collections.abc import Callable

from clarity_desktop.reports.sheet import Sheet

__all__ = ["TICK_SIZE", "nice_top", "value_axis"]

TICK_SIZE = 8.5
"""Points of the smallest text of a figure."""


def nice_top(highest: float, *, steps: int = 4) -> tuple[float, float]:
    """A round end of an axis from zero at or above ``highest``, and the round step of its ticks."""
    if not math.isfinite(highest) or highest <= 0:
        return 1.0, 0.5
    raw = highest / steps
    magnitude = 10 ** math.floor(math.log10(raw))
    step = next(factor * magnitude for factor in (1, 1.5, 2, 2.5, 3, 4, 5, 10) if factor * magnitude >= raw * 0.999)
    return math.ceil(highest / step - 1e-9) * step, step


def value_axis(
    sheet: Sheet,
    x: float,
    y: float,
    width: float,
    height: float,
    top: float,
    step: float,
    label: Callable[[float], str],
) -> None:
    """Grid lines and labels from 0 to ``top`` every ``step``, and the base line; ``x`` is the left end of the plot."""
    for index in range(round(top / step) + 1):
        at = y + height * index * step / top
        sheet.line(x, at, x + width, at, "axis" if index == 0 else "grid", 0.5)
        sheet.text(x - 5, at - TICK_SIZE * 0.35, label(index * step), TICK_SIZE, "text_faint", align="right")
