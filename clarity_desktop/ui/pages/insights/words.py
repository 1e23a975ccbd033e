"""What topics are called, and what the chip of a fact says to a screen reader."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from clarity_desktop.app.insights import Insight, fact_period
from clarity_desktop.domain.insights import Fact, Topic

__all__ = ["TOPIC_WORDS", "spoken_sources"]

TOPIC_WORDS: Final = {
    Topic.OVERVIEW: "Overview",
    Topic.SLEEP: "Sleep",
    Topic.REGULARITY: "Regularity",
    Topic.ACTIVITY: "Activity",
    Topic.HEART: "Heart",
    Topic.EVENT: "Change since an event",
    Topic.DATA_QUALITY: "Data quality",
    Topic.PAT: "PAT trajectory",
}


def spoken_sources(insight: Insight) -> dict[str, str]:
    """What the chip of each fact says: name, days, and what it rests on."""
    table = insight.facts.table
    facts: Sequence[Fact] = () if table is None else table.facts
    return {
        one.id: f"{one.label}, {fact_period(one, insight.facts).replace('/', ' to ')}, "
        f"{one.valid_days} valid days, coverage {100 * one.coverage:.0f} %"
        for one in facts
    }
