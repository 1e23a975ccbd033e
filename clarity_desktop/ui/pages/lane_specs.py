"""How each kind of series looks as a lane of a time chart."""

from __future__ import annotations

from typing import Literal

from clarity_desktop.domain.kinds import HEART_RATE, LIGHT, kind_of
from clarity_desktop.domain.panel import Panel
from clarity_desktop.domain.series import Drawing
from clarity_desktop.ui.charts import LaneSpec
from clarity_desktop.ui.charts.wording import activity_unit

__all__ = ["lane_of", "signal_lane", "stage_lane"]

_LIMITS = {HEART_RATE: (40.0, 160.0), "HKQuantityTypeIdentifierOxygenSaturation": (0.8, 1.0)}
_UNITS = {"1/min": "bpm", "count": "per sample", "counts": "per sample"}
_DECIMALS = {"°C": 1, "fraction": 2, "m/s": 2, "kg": 1, "m": 1, "kcal": 1}


def lane_of(kind_id: str, unit: str = "", *, weight: float = 1.0) -> LaneSpec:
    """The lane of a kind; its id is the kind."""
    kind = kind_of(kind_id, unit)
    drawing: Literal["line", "bars", "points", "area"] = "area" if kind_id == LIGHT else "line"
    if kind.drawing is Drawing.BARS:
        drawing = "bars"
    elif kind.drawing is Drawing.POINTS:
        drawing = "points"
    return LaneSpec(
        kind_id,
        kind.title,
        "lux, log" if drawing == "area" else _UNITS.get(kind.unit, kind.unit),
        drawing,
        kind.colour,
        weight,
        _LIMITS.get(kind_id),
        gap_s=2 * 86_400 if drawing in ("bars", "points") else 2700,
        decimals=_DECIMALS.get(kind.unit, 0),
    )


def signal_lane(panel: Panel, *, weight: float = 1.0) -> LaneSpec:
    """The lane of the activity signal a panel rests on, under the id ``signal``."""
    _, unit = activity_unit(panel.epochs)
    kind = kind_of(panel.signal)
    title = "Activity" if kind.unit == "counts" else kind.title
    gap = 2700 if kind.unit == "counts" else 2 * 86_400
    return LaneSpec("signal", title, unit, "bars", kind.colour, weight, gap_s=gap)


def stage_lane(*, weight: float = 1.0) -> LaneSpec:
    """The lane of sleep stages, under the id ``stages``."""
    return LaneSpec("stages", "Sleep", "stage", "stages", "asleep", weight)
