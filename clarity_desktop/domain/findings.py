"""Findings: a metric's value with all it rests on, and the registry that declares each metric once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from clarity_desktop.domain.time import Span

__all__ = ["METRICS", "Coverage", "Finding", "Metric", "MetricRegistry", "Provenance"]


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much of a window holds usable data."""

    epochs: int
    worn: int
    not_worn: int
    missing: int
    days: int
    """Local days touched by the window."""
    valid_days: int
    """Days that meet the valid-day rule (RH-5: at least 16 h worn with at least 1 h in each quarter)."""

    @property
    def worn_share(self) -> float:
        """Worn epochs over all epochs, 0…1."""
        return self.worn / self.epochs if self.epochs else 0.0


@dataclass(frozen=True, slots=True)
class Provenance:
    """What a number was computed from and how. Equal provenance, equal number."""

    input_hash: str
    algorithm: str
    version: str
    zone: str
    wear_rule: str
    parameters: tuple[tuple[str, str], ...] = ()
    model: str = ""
    """Id and hash of model weights, where a model spoke."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One metric's answer for one window: a value, or ``insufficient`` with the reason."""

    metric: str
    value: float | None
    unit: str
    span: Span
    coverage: Coverage | None
    provenance: Provenance
    insufficient: str | None = None
    """Why there is no value, in a sentence: ``Needs 5 valid days, has 3.``"""
    interval: tuple[float, float] | None = None
    """95 % interval, where one was computed."""
    n: int | None = None
    """What it rests on: days, nights or pairs, as the metric says in ``Metric.rests_on``."""
    details: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric as declared once, in the file that computes it."""

    id: str
    """Short name, also the JSON key: ``is``, ``l5_onset_h``."""
    title: str
    unit: str
    decimals: int
    family: str
    """``circadian``, ``sleep``, ``heart`` …"""
    reference: str
    """Author and year of the definition followed."""
    row: str
    """Acceptance row: ``RH-10``."""
    rests_on: str = "days"
    minimum: int = 0
    """Least number of what it rests on; below it the answer is insufficient."""
    clock_hour: bool = False
    """Value is a local clock hour 0…24 and is shown as hh:mm."""


@dataclass(slots=True)
class MetricRegistry:
    """All metrics, in order of declaration."""

    _metrics: dict[str, Metric] = field(default_factory=dict)

    def declare(self, metric: Metric) -> Metric:
        """Add a metric. A second one of the same id is an error of the program."""
        if metric.id in self._metrics:
            raise ValueError(f"metric {metric.id} is declared twice")
        self._metrics[metric.id] = metric
        return metric

    def __iter__(self) -> Iterator[Metric]:
        return iter(self._metrics.values())

    def __getitem__(self, metric_id: str) -> Metric:
        return self._metrics[metric_id]

    def __contains__(self, metric_id: object) -> bool:
        return metric_id in self._metrics


METRICS = MetricRegistry()
"""The one registry. Modules in ``circadian`` and ``sleep`` declare into it at import."""
