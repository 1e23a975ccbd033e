"""Published ranges that may stand beside a value: each with its population and citation, never a verdict."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache

from clarity_desktop.assets import asset

__all__ = ["ReferenceRange", "reference_ranges"]


@dataclass(frozen=True, slots=True)
class ReferenceRange:
    """One published range of one metric."""

    metric: str
    low: float | None
    high: float | None
    unit: str
    age_from: int
    """Completed years, inclusive."""
    age_to: int | None
    """Completed years, inclusive; ``None`` for no upper end."""
    population: str
    applies_to: tuple[str, ...]
    """Ways of measuring for which the range was published: ``stages``, ``scored``, or the name of a pipeline."""
    citation: str
    median: float | None = None


@lru_cache(maxsize=1)
def _published() -> tuple[ReferenceRange, ...]:
    content = json.loads(asset("resources/reference_ranges.json").read_text("utf-8"))
    return tuple(ReferenceRange(**{**row, "applies_to": tuple(row["applies_to"])}) for row in content["ranges"])


def reference_ranges(metric: str, *, age: int | None, method: str = "stages") -> tuple[ReferenceRange, ...]:
    """The ranges published for this metric, age and way of measuring; none when the age is not known.

    Parameters
    ----------
    metric:
        Metric id.
    age:
        Completed years, ``None`` when unknown.
    method:
        ``Night.method`` or the name of a pipeline; ``scored:…`` counts as ``scored``.
    """
    if age is None:
        return ()
    way = method.split(":", 1)[0]
    return tuple(
        one
        for one in _published()
        if one.metric == metric and way in one.applies_to
        if one.age_from <= age and (one.age_to is None or age <= one.age_to)
    )
