"""The published adult ranges that a report may show (RH-14 of the reference: only these, everything else has none)."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["HIRSHKOWITZ", "OHAYON", "PublishedRange", "published_range", "sleep_band"]

HIRSHKOWITZ = "Hirshkowitz 2015, Sleep Health 1:40, consensus on sleep duration"
OHAYON = "Ohayon 2017, Sleep Health 3:6, consensus indicators for adults, not limits for one person"
_ADULT, _OLDER = 18, 65
_OHAYON_TEXT = {"se_pct": "≥ 85 %", "waso_min": "≤ 20 min", "sol_min": "≤ 30 min", "awakenings_5min": "≤ 1"}


@dataclass(frozen=True, slots=True)
class PublishedRange:
    """What the table says in its last column."""

    text: str
    source: str | None = None
    """Footnote; ``None`` where no range exists."""


def sleep_band(age: int | None) -> tuple[float, float] | None:
    """Hours of sleep that the consensus names for an adult of this age; ``None`` when it names none here."""
    if age is None or age < _ADULT:
        return None
    return (7.0, 9.0) if age < _OLDER else (7.0, 8.0)


def published_range(metric: str, age: int | None) -> PublishedRange:
    """The range of a metric for a person of this age, or the words that there is none."""
    if metric == "tst_min":
        band = sleep_band(age)
        if band is not None and age is not None:
            group = "18–64 y" if age < _OLDER else "from 65 y"
            return PublishedRange(f"{band[0]:g}–{band[1]:g} h, adults {group}", HIRSHKOWITZ)
        if age is None:
            return PublishedRange("7–9 h at 18–64 y, 7–8 h from 65 y", HIRSHKOWITZ)
        return PublishedRange("none for this age")
    if metric in _OHAYON_TEXT:
        if age is not None and age < _ADULT:
            return PublishedRange("none for this age")
        if age is not None and age >= _OLDER:
            return PublishedRange("none held for this age")
        return PublishedRange(f"{_OHAYON_TEXT[metric]}, adults", OHAYON)
    if metric == "sri":
        return PublishedRange("none for this scoring")
    return PublishedRange("no published range")
