"""Makes findings of one window: what is the same in all of them is said once."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from clarity_desktop.circadian.sufficiency import insufficient_reason
from clarity_desktop.domain.findings import METRICS, Coverage, Finding, Provenance
from clarity_desktop.domain.time import Span

__all__ = ["ALGORITHM_VERSION", "FindingMaker"]

ALGORITHM_VERSION = "7"
"""Raised whenever a number of the panel may change for equal input; cached results of others are not served."""


@dataclass(frozen=True, slots=True)
class FindingMaker:
    """Everything that the findings of one panel share."""

    span: Span
    coverage: Coverage
    input_hash: str
    zone: str
    wear_rule: str
    activity_unit: str = "counts/min"
    """Unit of one minute of the activity signal; metrics declared in counts/min are answered in it."""
    parameters: Mapping[str, str] = field(default_factory=dict)

    def provenance(self, algorithm: str, parameters: Mapping[str, str] | None = None) -> Provenance:
        """What a number was computed from and how."""
        merged = {**self.parameters, **(parameters or {})}
        return Provenance(
            self.input_hash,
            algorithm,
            ALGORITHM_VERSION,
            self.zone,
            self.wear_rule,
            tuple(sorted(merged.items())),
        )

    def make(
        self,
        metric_id: str,
        value: float | None,
        n: int,
        *,
        interval: tuple[float, float] | None = None,
        reason: str | None = None,
        details: tuple[tuple[str, float], ...] = (),
        parameters: Mapping[str, str] | None = None,
    ) -> Finding:
        """One finding; insufficient below the metric's minimum, or with ``reason`` where there is no value.

        Parameters
        ----------
        metric_id:
            A declared metric.
        value:
            The number, ``None`` where it cannot be computed.
        n:
            What there is of the metric's ``rests_on``.
        interval:
            95 % interval of the value.
        reason:
            Why there is no value, when more is known than that there is too little.
        details:
            Further numbers that belong to the value.
        parameters:
            What the algorithm was told, for the provenance.
        """
        metric = METRICS[metric_id]
        unit = metric.unit.replace("counts/min", self.activity_unit)
        insufficient = reason or insufficient_reason(metric, n)
        if insufficient is None and (value is None or not math.isfinite(value)):
            insufficient = "The window holds nothing from which this can be computed."
        answered = insufficient is None
        return Finding(
            metric=metric_id,
            value=value if answered else None,
            unit=unit,
            span=self.span,
            coverage=self.coverage,
            provenance=self.provenance(metric.reference, {"row": metric.row, **(parameters or {})}),
            insufficient=insufficient,
            interval=interval if answered else None,
            n=n,
            details=details if answered else (),
        )
