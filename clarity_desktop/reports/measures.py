"""The rows of the table of measures: each finding with value, interval, what it rests on, and published range."""

from __future__ import annotations

from dataclasses import dataclass

from clarity_desktop.domain.findings import METRICS, Finding, Metric
from clarity_desktop.domain.panel import Panel
from clarity_desktop.reports.ranges import PublishedRange, published_range
from clarity_desktop.reports.words import interval_text, value_text

__all__ = ["PRINTED", "MeasureRow", "measure_rows", "metric_of"]

PRINTED = (
    "tst_min",
    "se_pct",
    "waso_min",
    "sol_min",
    "awakenings",
    "midsleep_h",
    "sri",
    "social_jetlag_h",
    "is",
    "iv",
    "ra",
    "l5",
    "l5_onset_h",
    "m10",
    "m10_onset_h",
    "acrophase_h",
)
"""Metrics that a report prints, in this order, where the panel has them."""


@dataclass(frozen=True, slots=True)
class MeasureRow:
    """One printed row. ``reason`` is given in place of a value when the data do not allow one."""

    title: str
    value: str
    interval: str
    rests_on: str
    published: PublishedRange
    reason: str = ""


def metric_of(finding: Finding) -> Metric:
    """The declaration of a finding's metric; one made from the finding itself when nobody declared it."""
    if finding.metric in METRICS:
        return METRICS[finding.metric]
    return Metric(finding.metric, finding.metric, finding.unit, 2, "", "", "")


def measure_rows(panel: Panel, age: int | None) -> list[MeasureRow]:
    """The rows of the table, for a person of this age at the end of the window."""
    rows = []
    for name in PRINTED:
        finding = panel.finding(name)
        if finding is None:
            continue
        metric = metric_of(finding)
        published = published_range(name, age)
        if finding.value is None:
            reason = finding.insufficient or "The data do not allow a value."
            rows.append(MeasureRow(metric.title, "Insufficient", "", "", published, reason))
            continue
        interval = interval_text(metric, finding.interval) if finding.interval is not None else "none"
        unit = finding.unit or metric.unit
        shown = value_text(_with_unit(metric, unit), finding.value)
        rows.append(MeasureRow(metric.title, shown, interval, _rests_on(panel, finding, metric), published))
    return rows


def _with_unit(metric: Metric, unit: str) -> Metric:
    if unit == metric.unit:
        return metric
    return Metric(
        metric.id, metric.title, unit, metric.decimals, metric.family, metric.reference, metric.row,
        metric.rests_on, metric.minimum, metric.clock_hour,
    )  # fmt: skip


def _rests_on(panel: Panel, finding: Finding, metric: Metric) -> str:
    """``27 of 28 days``, ``26 nights``: what the number was computed from."""
    if finding.n is not None:
        number = finding.n
    elif metric.rests_on == "days":
        number = (finding.coverage or panel.coverage).valid_days
    else:
        return metric.rests_on
    if metric.rests_on == "days":
        return f"{number} of {(finding.coverage or panel.coverage).days} days"
    if metric.id == "sri":
        return f"{number} day pairs"
    words = metric.rests_on if number != 1 else metric.rests_on.removesuffix("s")
    return f"{number} {words}"
