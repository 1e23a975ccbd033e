"""Sentences with their sources on paper and in a table: footnotes name window and method, rows name facts (I-45)."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass

from clarity_desktop.reports.sheet import Sheet

__all__ = ["CITED_COLUMNS", "CitedRow", "CitedText", "cited_csv", "draw_notes", "notes_height"]

CITED_COLUMNS = (
    *("sentence", "kind", "text", "fact_id", "value", "unit", "period", "valid_days", "coverage", "method"),
    *("origin", "made", "notice"),
)
"""Columns of the table; a sentence that rests on several facts has a row for each."""
_SIZE, _LEADING = 8.5, 11.5


@dataclass(frozen=True, slots=True)
class CitedText:
    """A text about a person whose every value is a fact of this program."""

    title: str
    origin: str
    """Who made it, in which version, and when (UTC)."""
    sentences: tuple[str, ...]
    """Each with the numbers of its notes behind it."""
    notes: tuple[str, ...]
    """Each begins with its number: measure, window, days, coverage, method."""
    notice: str
    """That it is no diagnosis."""
    facts_hash: str
    """SHA-256 of the facts; the manifest holds it."""


@dataclass(frozen=True, slots=True)
class CitedRow:
    """One fact that one sentence rests on."""

    sentence: int
    """From 1."""
    kind: str
    text: str
    fact_id: str
    value: float
    unit: str
    period: str
    """Local dates, first and last included: ``2025-03-10/2025-03-16``."""
    valid_days: int
    coverage: float
    """0–1."""
    method: str
    origin: str
    made: str
    """UTC, ISO 8601."""
    notice: str


def cited_csv(rows: tuple[CitedRow, ...]) -> bytes:
    """The table of :data:`CITED_COLUMNS`, UTF-8 with a heading; equal rows give equal bytes."""
    held = io.StringIO(newline="")
    writer = csv.writer(held, lineterminator="\r\n")
    writer.writerow(CITED_COLUMNS)
    writer.writerows(tuple(getattr(row, name) for name in CITED_COLUMNS) for row in rows)
    return held.getvalue().encode("utf-8")


def notes_height(sheet: Sheet, text: CitedText, width: float) -> float:
    """Height in points that the notes take."""
    lines = sum(len(sheet.wrap(line, width, _SIZE)) for line in (*text.notes, _last_line(text)))
    return lines * _LEADING + 8


def draw_notes(sheet: Sheet, text: CitedText, x: float, y: float, width: float) -> float:
    """Write the notes downward from base line ``y``; answer the base line after the last."""
    for line in (*text.notes, _last_line(text)):
        y = sheet.paragraph(x, y, width, line, _SIZE, _LEADING, "text_muted")
    return y


def _last_line(text: CitedText) -> str:
    return f"{text.origin} {text.notice}"
