"""Workouts of the app Health Auto Export as the elements that a phone's own export gives."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from clarity_desktop.domain.importing import Element
from clarity_desktop.domain.time import Instant
from clarity_desktop.importers.healthkit.gpx import route_element
from clarity_desktop.importers.healthkit.records import canonical_json

__all__ = ["workout_elements"]

_APP = "Health Auto Export"
_TOTALS = {
    "energy": ("activeEnergyBurned", "activeEnergy"),
    "distance": ("distance",),
    "hr_avg": ("avgHeartRate",),
    "hr_max": ("maxHeartRate",),
}
_COLUMNS = {
    "time": ("timestamp", "time"),
    "lat": ("latitude", "lat"),
    "lon": ("longitude", "lon"),
    "ele": ("altitude", "ele"),
    "speed": ("speed",),
    "course": ("course",),
    "hAcc": ("horizontalAccuracy",),
    "vAcc": ("verticalAccuracy",),
}


def workout_elements(item: dict[str, object], instant: Callable[[str], Instant | None]) -> list[Element]:
    """The workout and, when it has track points, its route; none when it does not say when it was.

    The payload holds ``attributes`` (activity name, duration in seconds), ``totals`` in the file's units, and
    ``details``: everything else the app says.
    """
    start, stop = instant(str(item.get("start", ""))), instant(str(item.get("end", "")))
    if start is None or stop is None or stop < start:
        return []
    name = str(item.get("name", ""))
    totals: dict[str, object] = {}
    for key, names in _TOTALS.items():
        quantity = next((item[one] for one in names if one in item), None)
        if isinstance(quantity, dict) and isinstance(quantity.get("qty"), int | float):
            totals[key] = quantity["qty"]
            if quantity.get("units") and not key.startswith("hr"):
                totals[f"{key}_unit"] = str(quantity["units"])
    if isinstance(item.get("duration"), int | float):
        totals["duration"], totals["duration_unit"] = item["duration"], "s"
    document = {
        "attributes": {"workoutActivityType": name, "duration": str(item.get("duration", "")), "durationUnit": "s"},
        "totals": totals,
        "details": {key: value for key, value in item.items() if key != "route"},
    }
    source = str(item.get("source") or _APP)
    key = "|".join((name, source, str(start), str(stop)))
    elements = [Element("Workout", key, start, stop, source, _plain(document))]
    route = item.get("route")
    points = [point for point in route if isinstance(point, dict)] if isinstance(route, list) else []
    if points:
        elements.append(_route(points, key, source, instant))
    return elements


def _route(
    points: list[dict[str, object]], workout: str, source: str, instant: Callable[[str], Instant | None]
) -> Element:
    texts = {
        column: [str(next((point[name] for name in names if name in point), "")) for point in points]
        for column, names in _COLUMNS.items()
    }
    seconds = [instant(text) for text in texts["time"]]
    texts["time"] = ["" if second is None else str(second) for second in seconds]
    digest = hashlib.sha256(_plain({"points": points}).encode()).hexdigest()
    return route_element(texts, f"route of {workout}", workout, digest, source=source)


def _plain(document: object) -> str:
    return canonical_json(document).encode("utf-8", "replace").decode()
