"""The data of charts as text: one function a kind of chart, for key A and the clipboard."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from clarity_desktop.domain.panel import Panel
from clarity_desktop.domain.sleep import Night, SleepSegment
from clarity_desktop.domain.time import Instant, Span, ZoneTimeline, day_of_date
from clarity_desktop.ui.charts.figure import ChartTable
from clarity_desktop.ui.charts.wording import activity_unit, clock, duration, hour_text, local_parts, moment, number

if TYPE_CHECKING:
    from clarity_desktop.ui.charts.lanes import LaneContent

__all__ = ["days_table", "lanes_table", "nights_table", "phase_table", "shares_table", "stages_table"]


def _clock_of(zone: ZoneTimeline, instant: Instant | None) -> str:
    return "–" if instant is None else clock(zone, instant)


def nights_table(nights: Sequence[Night], naps: Sequence[Night], zone: ZoneTimeline) -> ChartTable | None:
    """One row a sleep in order of time: clock times, time asleep and awake, source."""
    if not nights:
        return None
    rows = [
        (
            night.date.isoformat(),
            "nap" if night.is_nap else "night",
            _clock_of(zone, night.in_bed),
            clock(zone, night.onset),
            clock(zone, night.offset),
            _clock_of(zone, night.out_of_bed),
            duration(night.tst_min),
            duration(night.waso_min),
            f"{number(night.se_pct)} %" if night.se_pct is not None else "–",
            night.source,
        )
        for night in sorted((*nights, *naps), key=lambda one: one.onset)
    ]
    heads = ("Date of waking", "Kind", "In bed", "Asleep", "Final wake", "Up", "Time asleep", "Awake", "Efficiency")
    return ChartTable((*heads, "Source"), tuple(rows))


def shares_table(nights: Iterable[Night]) -> ChartTable | None:
    """One row a night: minutes asleep and in each stage."""
    stages = ("deep", "core", "rem", "asleep", "awake")
    rows = [
        (
            night.date.isoformat(),
            number(night.tst_min),
            *(number(night.stages_min[stage]) if stage in night.stages_min else "–" for stage in stages),
        )
        for night in nights
    ]
    heads = ("Night to", "Asleep, min", "Deep", "Core", "REM", "Not stated", "Awake")
    return ChartTable(heads, tuple(rows)) if rows else None


def stages_table(segments: Iterable[SleepSegment], zone: ZoneTimeline, words: dict[str, str]) -> ChartTable | None:
    """One row a stretch of one stage."""
    rows = [
        (
            " ".join(moment(zone, segment.start)),
            clock(zone, segment.stop),
            words.get(segment.stage.value, segment.stage.value),
            duration((segment.stop - segment.start) / 60),
            segment.source,
        )
        for segment in segments
    ]
    return ChartTable(("From", "To", "Stage", "Lasts", "Source"), tuple(rows)) if rows else None


def days_table(panel: Panel) -> ChartTable | None:
    """One row a local day of the activity signal: mean while worn, minutes by what is known, time asleep."""
    epochs = panel.epochs
    if not len(epochs):
        return None
    factor, unit = activity_unit(epochs)
    worn = epochs.valid & np.isfinite(epochs.values)
    times = epochs.start + epochs.step_s * np.flatnonzero(worn).astype(np.int64)
    days = panel.zone.local_days(times)
    asleep = {night.date: night.tst_min for night in panel.nights}
    rows = []
    for day in panel.days:
        held = epochs.values[worn][days == day_of_date(day.date)]
        mean = number(float(held.mean()) * factor, 1) if held.size else "–"
        minutes = (number(part) for part in (day.worn_min, day.not_worn_min, day.missing_min))
        valid = "yes" if day.valid else "no"
        rows.append((day.date.isoformat(), mean, *minutes, valid, duration(asleep.get(day.date, float("nan")))))
    heads = ("Date", f"Mean, {unit}", "Worn, min", "Not worn, min", "No sample, min", "Valid", "Asleep, night to")
    return ChartTable(heads, tuple(rows))


def phase_table(panel: Panel, metrics: dict[str, str]) -> ChartTable | None:
    """One row a direction of the dial, then one a night's mid-sleep; local clock."""
    rows = [
        (title, hour_text(found.value))
        for metric, title in metrics.items()
        if (found := panel.finding(metric)) is not None and found.value is not None
    ]
    rows += [(f"Mid-sleep, night to {night.date.isoformat()}", hour_text(night.midsleep_h)) for night in panel.nights]
    return ChartTable(("What", "Local clock"), tuple(rows)) if rows else None


def lanes_table(lanes: Sequence[LaneContent], zone: ZoneTimeline, window: Span) -> ChartTable | None:
    """Means of each lane's columns that lie in a window, one row a column; stretches of stages apart."""
    filled = [lane for lane in lanes if lane.columns is not None]
    if not filled:
        return None
    rows: list[tuple[str, ...]] = []
    for lane in filled:
        columns = lane.columns
        if columns is None:
            continue
        width = (columns.stop - columns.start) / max(1, columns.mean.size)
        for index, (least, mean, most) in enumerate(
            zip(columns.minimum.tolist(), columns.mean.tolist(), columns.maximum.tolist(), strict=True)
        ):
            at = int(columns.start + index * width)
            if window.start <= at < window.stop and np.isfinite(mean):
                places = max(1, lane.spec.decimals)
                values = (number(value, places) for value in (least, mean, most))
                rows.append((lane.spec.title, " ".join(_when(zone, at)), *values, columns.unit))
    return ChartTable(("Lane", "From", "Least", "Mean", "Greatest", "Unit"), tuple(rows))


def _when(zone: ZoneTimeline, instant: Instant) -> tuple[str, str]:
    return local_parts(zone, instant)[0].isoformat(), f"{clock(zone, instant)} {moment(zone, instant)[1]}"
