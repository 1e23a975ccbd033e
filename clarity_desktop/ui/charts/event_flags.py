"""Events over charts of time: a flag at an instant, a tint over a stretch, and the words for what lies there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from clarity_desktop.domain.time import DAY_S, Instant, Span, ZoneTimeline
from clarity_desktop.ui import theme
from clarity_desktop.ui.charts.paint import text, text_width, tint
from clarity_desktop.ui.charts.timescale import TimeScale
from clarity_desktop.ui.charts.wording import day_short, local_parts, moment
from clarity_desktop.ui.qt import QPainter, QPen, QPointF, QPolygonF, QRectF, Qt

__all__ = [
    "EventFlag",
    "day_position",
    "event_rows",
    "event_summary",
    "event_words",
    "paint_events",
    "paint_flag",
    "paint_row_events",
    "reach_of",
    "row_pieces",
]

_REACH_PX = 5.0
_LEAST_BAND_PX = 3.0


class EventFlag(NamedTuple):
    """Something that happened: a point (``span`` of length 0) or a stretch."""

    span: Span
    label: str
    """What happened, in the words of who entered it."""
    kind: str
    """The sort of event in one word, such as ``medication``; spoken before the label."""


def event_words(event: EventFlag) -> str:
    """``medication: 2 mg in the evening``; the kind alone where the label adds nothing."""
    label = event.label.strip()
    return f"{event.kind}: {label}" if label and label.casefold() != event.kind.casefold() else event.kind


def event_rows(
    events: Sequence[EventFlag], zone: ZoneTimeline, instant: Instant, reach_s: float
) -> tuple[tuple[str, str], ...]:
    """Lines of a read-out for the events that hold an instant or lie within ``reach_s`` seconds of it."""
    near = (one for one in events if one.span.start - reach_s <= instant <= one.span.stop + reach_s)
    return tuple((event_words(one), _when(one, zone)) for one in near)


def _when(event: EventFlag, zone: ZoneTimeline) -> str:
    first = moment(zone, event.span.start)[0]
    if event.span.length_s <= 0:
        return first
    if event.span.length_s < DAY_S:
        return f"{first} – {moment(zone, event.span.stop)[0].rsplit(' ', 1)[-1]}"
    last = local_parts(zone, event.span.stop - 1)[0]
    return f"{day_short(local_parts(zone, event.span.start)[0])} – {day_short(last)}"


def event_summary(events: Sequence[EventFlag], zone: ZoneTimeline, window: Span) -> str:
    """One sentence a chart adds to its spoken summary; empty without events in the window."""
    seen = [one for one in events if one.span.start < window.stop and one.span.stop >= window.start]
    if not seen:
        return ""
    return "Events: " + "; ".join(f"{event_words(one)}, {_when(one, zone)}" for one in seen) + "."


def day_position(zone: ZoneTimeline, instant: Instant) -> float:
    """Place of an instant on an axis of local days, where day *d* reaches from d − 0.5 to d + 0.5."""
    return float(zone.local_seconds(np.array([instant], dtype=np.int64))[0]) / DAY_S - 0.5


def paint_flag(painter: QPainter, x: float, top: float, *, size: float = 8.0) -> None:
    """A filled triangle that points down, ``size`` px wide, its base at ``top``."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme.current().ui["accent"])
    corners = (QPointF(x - size / 2, top), QPointF(x + size / 2, top), QPointF(x, top + 0.75 * size))
    painter.drawPolygon(QPolygonF(list(corners)))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)


def paint_events(
    painter: QPainter,
    area: QRectF,
    scale: TimeScale,
    events: Sequence[EventFlag],
    *,
    top: float,
    words: bool = True,
    lines: bool = True,
) -> None:
    """Draw events over an area: stretches tinted, a line through all lanes and a flag at each start.

    Parameters
    ----------
    area:
        The plot; stretches and lines are held inside it.
    top:
        Where the flags stand (px).
    words:
        Write the label beside a flag where nothing stands in its way.
    lines:
        Draw the line; a strip of 26 px shows the flag only.
    """
    accent = theme.current().ui["accent"]
    reached = area.left() - 1e9
    for event in sorted(events, key=lambda one: one.span.start):
        left, right = scale.x(event.span.start), scale.x(event.span.stop)
        if right < area.left() or left > area.right():
            continue
        low, high = max(left, area.left()), min(right, area.right())
        if high - low >= _LEAST_BAND_PX:
            painter.fillRect(QRectF(low, area.top(), high - low, area.height()), tint(accent, 0.10))
        if left < area.left():
            continue
        x = round(left) + 0.5
        if lines:
            painter.setPen(QPen(accent, 1))
            painter.drawLine(QPointF(x, top), QPointF(x, area.bottom()))
        paint_flag(painter, x, top)
        width = text_width("micro", event.label) + 8
        if words and event.label and x + 6 > reached and x + 6 + width <= area.right() + 8:
            painter.fillRect(QRectF(x + 5, top - 1, width, 13), tint(theme.current().ui["surface"], 0.85))
            text(painter, x + 8, top + 5, event.label, accent)
            reached = x + 10 + width


def reach_of(scale: TimeScale) -> float:
    """Seconds within which a cursor still means an event's flag."""
    return _REACH_PX / max(1.0, scale.width) * scale.span.length_s


def row_pieces(
    event: EventFlag, zone: ZoneTimeline, first_day: int, origin_s: int, rows: int
) -> list[tuple[int, float, float]]:
    """``(row, from, to)`` of an event on rows of a local day each, as shares of a day; a point has equal ends.

    Parameters
    ----------
    zone, first_day, origin_s:
        Clock of the rows, the local day (since 1970-01-01) of row 0 and the second of the day at which rows begin.
    rows:
        How many rows there are; pieces outside are left out.
    """
    ends = np.array([event.span.start, event.span.stop], dtype=np.int64)
    low, high = ((zone.local_seconds(ends) - origin_s) / DAY_S - first_day).tolist()
    found: list[tuple[int, float, float]] = []
    for row in range(max(0, int(np.floor(low))), min(rows - 1, int(np.floor(high))) + 1):
        start, stop = max(0.0, low - row), min(1.0, high - row)
        if stop > start or low == high:
            found.append((row, start, stop))
    return found


def paint_row_events(
    painter: QPainter,
    frame: QRectF,
    pieces: Sequence[Sequence[tuple[int, float, float]]],
    shown: range,
    days: int,
) -> None:
    """Draw events on visible rows: stretches tinted, the start as a line down the row with a flag at its top.

    ``pieces`` holds the answer of :func:`row_pieces` for each event; ``frame`` is the area of the rows ``shown``,
    each ``days`` local days wide.
    """
    accent = theme.current().ui["accent"]
    height = frame.height() / max(1, len(shown))
    for event in pieces:
        for number, (row, low, high) in enumerate(event):
            for half in range(days):
                place = row - half - shown.start
                if not 0 <= place < len(shown):
                    continue
                top = frame.top() + place * height
                left, right = (frame.left() + (half + end) / days * frame.width() for end in (low, high))
                if right - left >= 1:
                    painter.fillRect(QRectF(left, top, right - left, height), tint(accent, 0.12))
                if number == 0:
                    x = round(left) + 0.5
                    painter.setPen(QPen(accent, 1))
                    painter.drawLine(QPointF(x, top), QPointF(x, top + height - 1))
                    paint_flag(painter, x, top)
