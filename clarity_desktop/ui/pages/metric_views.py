"""What the six cards of the overview say: words and numbers of a panel, nothing that the panel does not hold."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import numpy as np
from numpy.typing import NDArray

from clarity_desktop.app.references import ReferenceRange, reference_ranges
from clarity_desktop.domain.findings import METRICS, Finding, Metric
from clarity_desktop.domain.panel import DayCoverage, Panel
from clarity_desktop.domain.sleep import Night
from clarity_desktop.domain.time import day_of_date
from clarity_desktop.ui.charts.wording import duration, hour_text, interval, number
from clarity_desktop.ui.components.metric_card import DayCell, MetricView, RangeMark

__all__ = [
    "CARD_METRICS",
    "CARD_TITLES",
    "declared_metric",
    "finding_words",
    "interval_words",
    "metric_views",
    "rests_on_words",
]

CARD_METRICS = ("tst_min", "se_pct", "midsleep_h", "sri", "ra", "resting_hr")
CARD_TITLES = {
    "tst_min": "Sleep per night, median",
    "se_pct": "Sleep efficiency, median",
    "midsleep_h": "Mid-sleep, mean",
    "sri": "Sleep regularity, SRI",
    "ra": "Relative amplitude",
    "resting_hr": "Resting heart rate, median",
}
_SCALES = {"sri": (-100.0, 100.0), "ra": (0.0, 1.0), "resting_hr": (40.0, 100.0)}
_ONE = {"nights": "night", "days": "day", "pairs": "day pair"}
_MANY = {"pairs": "day pairs"}


def declared_metric(metric: str) -> Metric | None:
    """The declaration of a metric, ``None`` while no module has declared it."""
    return next((one for one in METRICS if one.id == metric), None)


def first_range(metric: str, age: int | None, method: str) -> ReferenceRange | None:
    """The range published first for a metric at this age, ``None`` where none fits or the age is unknown."""
    return next(iter(reference_ranges(metric, age=age, method=method)), None)


def age_words(found: ReferenceRange) -> str:
    """``18–64 y`` or ``from 65 y``."""
    return f"{found.age_from}–{found.age_to} y" if found.age_to is not None else f"from {found.age_from} y"


def finding_words(metric: str, value: float) -> tuple[str, str]:
    """``(value, unit)`` of a metric as a person reads it."""
    if metric == "tst_min" or metric in ("tib_min", "sol_min", "waso_min"):
        return duration(value).removesuffix(" min"), "min"
    declared = declared_metric(metric)
    if metric in ("midsleep_h", "msfsc_h") or (declared is not None and declared.clock_hour):
        return hour_text(value), "local"
    if metric == "se_pct":
        return number(value, 0), "%"
    if metric == "sri":
        return number(value, 0), "−100 to 100"
    if metric == "ra":
        return number(value, 2), "0–1"
    if metric == "resting_hr":
        return number(value, 0), "bpm"
    if declared is not None:
        return number(value, min(declared.decimals, 2)), declared.unit
    return number(value, 2), ""


def interval_words(finding: Finding) -> str:
    """The 95 % interval as it stands in a table, empty when none was computed."""
    if finding.interval is None:
        return ""
    low, high = (finding_words(finding.metric, end)[0] for end in finding.interval)
    if finding.metric == "resting_hr":
        low, high = (number(end, 1) for end in finding.interval)
    return interval(low, high)


def rests_on_words(finding: Finding, of: int | None = None) -> str:
    """``26 of 27 nights``: what a finding rests on."""
    if finding.n is None:
        return ""
    kind = METRICS[finding.metric].rests_on if finding.metric in METRICS else "days"
    many = _MANY.get(kind, kind)
    if of is not None and of == finding.n >= 1000:
        return f"all {number(of)} {many}"
    if of is not None and of >= finding.n:
        return f"{number(finding.n)} of {number(of)} {many}"
    return f"{number(finding.n)} {_ONE.get(kind, kind) if finding.n == 1 else many}"


def _cells(days: tuple[DayCoverage, ...]) -> tuple[DayCell, ...]:
    return tuple("valid" if day.valid else "partial" if day.worn_min > 0 else "none" for day in days)


def _course(panel: Panel, value: Callable[[Night], float | None]) -> NDArray[np.float64] | None:
    """One value a night by date, NaN where there is none or the night is incomplete; shape (days,)."""
    if not panel.nights:
        return None
    first = day_of_date(panel.nights[0].date)
    values = np.full(day_of_date(panel.nights[-1].date) - first + 1, np.nan)
    for night in panel.nights:
        found = None if night.incomplete else value(night)
        values[day_of_date(night.date) - first] = np.nan if found is None else found
    return values


def _middle(night: Night) -> float:
    return (night.midsleep_h + 12) % 24  # continuous over midnight


def _range_words(found: ReferenceRange | None) -> str:
    if found is None:
        return "no range"
    if found.unit == "min" and found.low is not None and found.high is not None:
        return f"band {number(found.low / 60)}–{number(found.high / 60)} h"
    return f"band ≥ {number(found.low or 0)} %"


def _help(metric: str, finding: Finding | None, found: ReferenceRange | None) -> str:
    declared = declared_metric(metric)
    lines = []
    if declared is not None:
        lines.append(f"{declared.title}. Definition: {declared.reference}.")
    if finding is not None and finding.interval is not None:
        method = dict(finding.provenance.parameters).get("bootstrap", "days")
        lines.append(f"95 % interval by bootstrap over {method}.")
    if found is not None:
        lines.append(f"Range: {found.population}, {age_words(found)}, {found.citation}.")
    else:
        lines.append("No published range fits; compare with the person's own past.")
    return "\n".join(lines)


def metric_views(panel: Panel, age: int | None) -> dict[str, MetricView]:
    """The cards of a panel by metric.

    Parameters
    ----------
    panel:
        The findings, nights and days that the cards speak of.
    age:
        Years at the end of the window, for ranges that depend on age; ``None`` when unknown.
    """
    method = panel.nights[0].method if panel.nights else "stages"
    ranges = {metric: first_range(metric, age, method) for metric in ("tst_min", "se_pct")}
    courses: dict[str, Callable[[Night], float | None]] = {
        "tst_min": lambda night: night.tst_min,
        "se_pct": lambda night: night.se_pct,
        "midsleep_h": _middle,
    }
    cells = _cells(panel.days)
    spread = panel.finding("midpoint_sd_h")
    views: dict[str, MetricView] = {}
    for metric in CARD_METRICS:
        title, finding, found = CARD_TITLES[metric], panel.finding(metric), ranges.get(metric)
        words = _help(metric, finding, found)
        if finding is None or finding.value is None:
            reason = finding.insufficient if finding is not None else None
            views[metric] = MetricView(
                title,
                detail=reason or "Not computed for this window.",
                insufficient=True,
                rests_on=rests_on_words(finding) if finding is not None else "",
                reference="no range",
                cells=cells,
                help=words,
            )
            continue
        value, unit = finding_words(metric, finding.value)
        span_words = interval_words(finding)
        detail = f"95 % {span_words}" if span_words else "no interval"
        if metric == "midsleep_h" and spread is not None and spread.value is not None:
            detail = f"night to night SD {number(60 * spread.value)} min"
        course = _course(panel, courses[metric]) if metric in courses else None
        scale = _SCALES.get(metric)
        views[metric] = MetricView(
            title,
            value,
            unit,
            detail,
            course=course,
            mark=RangeMark(*scale, finding.value, finding.interval) if scale is not None else None,
            colour="hr" if metric == "resting_hr" else "accent",
            rests_on=rests_on_words(finding, _possible(panel, metric)),
            reference=_range_words(found),
            cells=cells,
            help=words,
        )
    return views


def _possible(panel: Panel, metric: str) -> int:
    """How many nights, days or pairs the window could hold."""
    if metric == "sri":
        return max(0, len(panel.days) - 1)
    if metric == "ra":
        return len(panel.days)
    dates: list[date] = [night.date for night in panel.nights] + [day.date for day in panel.days[1:]]
    return len(set(dates))
