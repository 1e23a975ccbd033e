"""Ranges that the server enforces, value by value: what lies outside stays here, whole, and is told (Y-25)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from clarity_desktop.domain.kinds import conversion, kind_of

__all__ = ["RANGES", "ServerRange", "outside_range"]

_Q: Final = "HKQuantityTypeIdentifier"
_EDGE: Final = 1e-9


@dataclass(frozen=True, slots=True)
class ServerRange:
    """What the server takes of a kind."""

    least: float
    most: float
    unit: str
    """Unit of both ends, as the server counts."""
    per_canonical: float = 1.0
    """Server units in one unit of the catalogue."""


RANGES: Final[Mapping[str, ServerRange]] = {
    _Q + "HeartRate": ServerRange(30, 300, "1/min"),
    _Q + "HeartRateVariabilitySDNN": ServerRange(0, 200, "ms"),
    _Q + "BloodPressureSystolic": ServerRange(70, 250, "mmHg"),
    _Q + "BloodPressureDiastolic": ServerRange(40, 150, "mmHg"),
    _Q + "OxygenSaturation": ServerRange(70, 100, "%", 100.0),
    _Q + "RespiratoryRate": ServerRange(5, 60, "1/min"),
    _Q + "BodyTemperature": ServerRange(35, 42, "°C"),
    _Q + "BloodGlucose": ServerRange(50, 500, "mg/dL", 18.01559),
}
"""Only kinds that have a field of their own at the server; what rides in the packed text alone has no range there."""


def outside_range(kind: str, unit: str, values: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which values the server would refuse. Gaps (NaN) are none, and kinds without a range have none.

    Parameters
    ----------
    unit:
        Of the values; one that does not fit the kind is not judged.
    """
    known = RANGES.get(kind)
    nothing: NDArray[Any] = np.zeros(values.shape, dtype=np.bool_)
    if known is None:
        return nothing
    scale = conversion(unit, kind_of(kind))
    if scale is None:
        return nothing
    at_server = (values * scale[0] + scale[1]) * known.per_canonical
    return np.asarray((at_server < known.least - _EDGE) | (at_server > known.most + _EDGE))
