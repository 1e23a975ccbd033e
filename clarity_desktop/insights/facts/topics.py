"""Topics of insights: which metrics each speaks of, in order of importance, and over which windows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from clarity_desktop.domain.insights import FactWindow, Topic

__all__ = ["EVENT_DAYS", "SPLIT_DAYS", "TOPIC_METRICS", "WEEK_DAYS", "topic_windows"]

WEEK_DAYS: Final = 7
SPLIT_DAYS: Final = 28
"""Last days that are told apart into work and free days."""
LONGEST_WHOLE_DAYS: Final = 1096
"""A longer recording is not spoken of as a whole: its minutes take longer to analyse than a sentence is worth."""
EVENT_DAYS: Final = 7

TOPIC_METRICS: Final[Mapping[Topic, tuple[str, ...]]] = {
    Topic.OVERVIEW: ("coverage", "tst", "midsleep", "sri", "ra", "rhr", "steps", "se", "midsleep_sd"),
    Topic.SLEEP: (
        *("coverage", "tst", "se", "waso", "midsleep", "sol", "debt", "awakenings", "tib", "onset", "offset"),
        *("deep", "rem", "core", "waso_first", "waso_second"),
    ),
    Topic.REGULARITY: (
        *("coverage", "sri", "midsleep_sd", "is", "iv", "midsleep", "sjl", "cpd"),
        *("l5_onset", "m10_onset", "onset", "offset", "period"),
    ),
    Topic.ACTIVITY: (
        *("coverage", "steps", "ra", "m10", "m10_onset", "l5", "l5_onset", "mesor", "amplitude", "acrophase"),
        *("iv", "light", "dfa"),
    ),
    Topic.HEART: ("coverage", "rhr", "hr_dip", "hr_nadir", "rmssd"),
    Topic.EVENT: ("coverage", "tst", "midsleep", "se", "waso", "sri", "ra", "rhr", "steps", "midsleep_sd", "is"),
    Topic.DATA_QUALITY: ("coverage", "wear", "nonwear", "valid_days"),
    Topic.PAT: ("coverage", "valid_days", "pat"),
}
"""Metrics by topic. A table that is too large for a request loses facts from the end of this order."""

_RECENT: Final = FactWindow("recent", 1 - WEEK_DAYS, 0, WEEK_DAYS)
_EARLIER: Final = FactWindow("earlier", 1 - 2 * WEEK_DAYS, -WEEK_DAYS, WEEK_DAYS)
_BASELINE: Final = FactWindow("baseline", 1 - 4 * WEEK_DAYS, -3 * WEEK_DAYS, WEEK_DAYS)


def topic_windows(topic: Topic, event_day: int | None = None, *, whole_days: int) -> tuple[FactWindow, ...]:
    """The windows of a topic, most important first.

    Parameters
    ----------
    whole_days:
        Days from the first with data to the last: the sentences call this window the whole recording.
    event_day:
        For :attr:`Topic.EVENT` the day of the event relative to the last day with data, 0 or negative.

    Notes
    -----
    Windows that are compared have equal lengths: before and after an event both are as long as the shorter of seven
    days and what lies between the event and the last day. Work and free days split the last four weeks. A recording
    of more than :data:`LONGEST_WHOLE_DAYS` has no whole window.
    """
    found = _windows(topic, event_day, whole_days)
    return found if whole_days <= LONGEST_WHOLE_DAYS else tuple(one for one in found if one.key != "whole")


def _windows(topic: Topic, event_day: int | None, whole_days: int) -> tuple[FactWindow, ...]:
    whole = FactWindow("whole", 1 - whole_days, 0, whole_days)
    if topic is Topic.EVENT:
        if event_day is None:
            return ()
        days = min(EVENT_DAYS, -event_day)
        return (
            FactWindow("after_event", event_day + 1, event_day + days, days),
            FactWindow("before_event", event_day - days, event_day - 1, days),
        )
    if topic is Topic.REGULARITY:
        work, free = (FactWindow(key, 1 - SPLIT_DAYS, 0, SPLIT_DAYS) for key in ("work", "free"))
        return _RECENT, _BASELINE, whole, work, free
    if topic is Topic.SLEEP:
        return _RECENT, _BASELINE, _EARLIER, whole
    if topic is Topic.PAT:
        return _RECENT, _BASELINE, whole
    if topic is Topic.ACTIVITY:
        return _RECENT, _BASELINE, whole
    if topic is Topic.DATA_QUALITY:
        return _RECENT, _EARLIER, whole
    return _RECENT, _BASELINE
