"""The paragraph “In short”: sentences made from findings and nights by templates, with units and no verdict."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, timedelta

import numpy as np

from clarity_desktop.domain.panel import Panel
from clarity_desktop.domain.sleep import Night
from clarity_desktop.reports.figures.local_time import ClockChange, clock_changes
from clarity_desktop.reports.measures import metric_of
from clarity_desktop.reports.words import (
    MONTHS,
    clock_text,
    date_text,
    duration_text,
    interval_text,
    number_text,
    value_text,
)

__all__ = ["in_short"]

_LONG_WAKE_MIN = 90.0
_AFTER, _BEFORE = 3, 7
_STEADY_SD_H = 1.0
"""With more scatter before the change (shifts, travel) a difference says nothing about it."""
_NUMBER_AND_WORD = re.compile(rf"(\d) (?=(?:%|min|h|days?|nights?|hours|{'|'.join(MONTHS)})\b)")


def in_short(panel: Panel) -> list[str]:
    """Sentences in order of what a reader asks first; each rests on numbers that the panel holds."""
    sentences = [*_time_asleep(panel), *_long_wake(panel.nights), *_rhythm(panel), *_clock(panel), *_left_out(panel)]
    return [_kept_together(text) for text in sentences] or ["This window holds too little data for a summary."]


def _kept_together(text: str) -> str:
    """A no-break space between a number and its unit or month."""
    return _NUMBER_AND_WORD.sub("\\1\u00a0", text)


def _time_asleep(panel: Panel) -> list[str]:
    finding = panel.finding("tst_min")
    if finding is None:
        return []
    if finding.value is None:
        return [f"Time asleep: {finding.insufficient}"] if finding.insufficient else []
    metric = metric_of(finding)
    nights = f"{finding.n} nights" if finding.n is not None else "the nights recorded"
    text = f"Time asleep was {value_text(metric, finding.value)} at the median of {nights}"
    if finding.interval is not None:
        text += f" (95 % interval {interval_text(metric, finding.interval)})"
    return [text + "."]


def _long_wake(nights: Sequence[Night]) -> list[str]:
    """Runs of at least two nights in a row with long wake after onset."""
    runs: list[list[Night]] = []
    for night in nights:
        if night.waso_min <= _LONG_WAKE_MIN:
            continue
        if runs and night.date - runs[-1][-1].date == timedelta(days=1):
            runs[-1].append(night)
        else:
            runs.append([night])
    longest = max((run for run in runs if len(run) >= 2), key=len, default=None)
    if longest is None:
        return []
    minutes = [number_text(night.waso_min, 0) for night in longest]
    values = f"{', '.join(minutes[:-1])} and {minutes[-1]}"
    if len(longest) > 5:
        low, high = (number_text(edge(night.waso_min for night in longest), 0) for edge in (min, max))
        values = f"between {low} and {high}"
    days = _days(longest[0].date, longest[-1].date)
    return [f"On {len(longest)} nights in a row, {days}, time awake after sleep onset was {values} min."]


def _days(first: date, last: date) -> str:
    begin = str(first.day) if (first.year, first.month) == (last.year, last.month) else date_text(first)
    return f"{begin} to {date_text(last)}"


def _rhythm(panel: Panel) -> list[str]:
    onsets = [panel.finding(metric) for metric in ("l5_onset_h", "m10_onset_h")]
    if any(finding is None or finding.value is None for finding in onsets):
        return []
    low, high = (clock_text(finding.value) for finding in onsets if finding is not None and finding.value is not None)
    return [f"The least active 5 hours of the average day began at {low}, the most active 10 hours at {high}."]


def _clock(panel: Panel) -> list[str]:
    changes = clock_changes(panel.zone, panel.span)
    travel = [change for change in changes if change.is_travel]
    sentences = []
    if travel:
        steps = ", ".join(f"from {date_text(_local_date(panel, one.at))} {one.zone_after}" for one in travel)
        sentences.append(f"The clock followed {travel[0].zone_before}, {steps}.")
    for change in changes:
        if not change.is_travel:
            sentences.extend(_around_change(panel, change))
    return sentences


def _local_date(panel: Panel, instant: int) -> date:
    day = int(panel.zone.local_days(np.array([instant], dtype=np.int64))[0])
    return date(1970, 1, 1) + timedelta(days=day)


def _around_change(panel: Panel, change: ClockChange) -> list[str]:
    """Mid-sleep in the first nights after a clock change against the nights before it, where those were steady."""
    whole = [night for night in panel.nights if not night.incomplete]
    before = [night.midsleep_h for night in whole if night.offset <= change.at][-_BEFORE:]
    after = [night.midsleep_h for night in whole if night.onset >= change.at][:_AFTER]
    if len(before) < _BEFORE or len(after) < _AFTER:
        return []
    reference = before[0]
    unwrapped = [(hour - reference + 12) % 24 - 12 for hour in (*before, *after)]
    if np.std(unwrapped[: len(before)], ddof=1) > _STEADY_SD_H:
        return []
    shift = 60 * float(np.median(unwrapped[len(before) :]) - np.median(unwrapped[: len(before)]))
    if abs(round(shift)) < 1:
        return []
    length = f"{duration_text(abs(shift))} {'later' if shift > 0 else 'earlier'}"
    nights = f"in the first {_AFTER} nights after the clock change than in the {_BEFORE} nights before"
    return [f"Mid-sleep was {length} on the local clock {nights}."]


def _left_out(panel: Panel) -> list[str]:
    """Days below the valid-day rule, and dates without a night between the first and the last one."""
    sentences = []
    thin = [day for day in panel.days if not day.valid]
    if thin and len(thin) < len(panel.days):
        shown = ", ".join(date_text(day.date) for day in thin[:3])
        rest = f" and {len(thin) - 3} more" if len(thin) > 3 else ""
        days = "1 day" if len(thin) == 1 else f"{len(thin)} days"
        does = "does" if len(thin) == 1 else "do"
        off = sum(day.not_worn_min + day.missing_min for day in thin)
        sentences.append(
            f"{days} of {len(panel.days)} {does} not meet the valid-day rule ({shown}{rest}; {duration_text(off)} "
            "not worn or without a sample)."
        )
    partly = [night.date for night in panel.nights if night.incomplete]
    if partly:
        shown = ", ".join(date_text(one) for one in partly[:3])
        rest = f" and {len(partly) - 3} more" if len(partly) > 3 else ""
        noun = "night is" if len(partly) == 1 else "nights are"
        sentences.append(
            f"{len(partly)} {noun} left out of medians, as the device was not worn for a part "
            f"(waking on {shown}{rest})."
        )
    if len(panel.nights) >= 2:
        have = {night.date for night in panel.nights}
        length = (panel.nights[-1].date - panel.nights[0].date).days
        dates = [panel.nights[0].date + timedelta(days=step) for step in range(length + 1)]
        lacking = [one for one in dates if one not in have]
        if lacking:
            shown = ", ".join(date_text(one) for one in lacking[:3])
            rest = f" and {len(lacking) - 3} more" if len(lacking) > 3 else ""
            noun = "night is" if len(lacking) == 1 else "nights are"
            sentences.append(f"{len(lacking)} {noun} without a sleep record (waking on {shown}{rest}).")
    return sentences
