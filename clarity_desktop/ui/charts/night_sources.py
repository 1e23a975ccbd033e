"""The lane of sources under a night: a bar for each who recorded it or wrote it down, from first to last record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from clarity_desktop.domain.sleep import Night, SleepSegment
from clarity_desktop.domain.time import Span, ZoneTimeline
from clarity_desktop.ui import theme
from clarity_desktop.ui.charts.paint import text, text_width
from clarity_desktop.ui.charts.timescale import TimeScale
from clarity_desktop.ui.charts.wording import clock
from clarity_desktop.ui.qt import QPainter, QPointF, QPolygonF, QRectF, Qt

__all__ = ["SourceBar", "paint_sources", "source_bars", "sources_height"]

_ROW: Final = 18.0
_MOST: Final = 5
"""Sources that have a row; more are named in the table of accounts."""
_COLOURS: Final = ("core", "lux", "rem", "hr", "activity")
DIARY: Final = "Diary"


@dataclass(frozen=True, slots=True)
class SourceBar:
    """One source of a night and the time it covers."""

    name: str
    span: Span


def source_bars(segments: Sequence[SleepSegment], night: Night, diary: Night | None) -> tuple[SourceBar, ...]:
    """What each source covers of a night, by its first record, and the diary last.

    A source covers from its first to its last record that touches the night.
    """
    low = night.onset if night.in_bed is None else min(night.in_bed, night.onset)
    high = night.offset if night.out_of_bed is None else max(night.out_of_bed, night.offset)
    spans: dict[str, Span] = {}
    for one in segments:
        if one.start < high and one.stop > low:
            known = spans.get(one.source, Span(one.start, one.stop))
            spans[one.source] = Span(min(known.start, one.start), max(known.stop, one.stop))
    bars = [SourceBar(name or "One source", span) for name, span in sorted(spans.items(), key=lambda item: item[1])]
    if diary is not None:
        start, stop = diary.in_bed or diary.onset, diary.out_of_bed or diary.offset
        bars.append(SourceBar(DIARY, Span(start, stop)))
    return tuple(bars[: _MOST - 1] + bars[-1:] if len(bars) > _MOST else bars)


def sources_height(bars: Sequence[SourceBar]) -> float:
    """Pixels that the lane takes; none without a bar."""
    return _ROW * len(bars) + 8 if bars else 0.0


def paint_sources(
    painter: QPainter, area: QRectF, scale: TimeScale, zone: ZoneTimeline, bars: Sequence[SourceBar]
) -> None:
    """Draw a mark, a bar and its words for each source; colour, shape and name each tell them apart."""
    now = theme.current()
    text(painter, 12, area.top() + _ROW / 2, "Sources", now.ui["text"], strong=True)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
    for row, bar in enumerate(bars):
        y, colour = area.top() + (row + 0.5) * _ROW, now.data[_COLOURS[row % len(_COLOURS)]]
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        centre = QPointF(area.left() - 16, y)
        if row % 3 == 0:
            painter.drawEllipse(centre, 4, 4)
        elif row % 3 == 1:
            painter.drawRect(QRectF(centre.x() - 4, y - 4, 8, 8))
        else:
            painter.drawPolygon(QPolygonF([centre + QPointF(0, -5), centre + QPointF(5, 4), centre + QPointF(-5, 4)]))
        left, right = max(area.left(), scale.x(bar.span.start)), min(area.right(), scale.x(bar.span.stop))
        if right > left:
            painter.drawRoundedRect(QRectF(left, y - 4, right - left, 8), 2, 2)
        _words(painter, area, y, (left, right), zone, bar)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)


def _words(
    painter: QPainter, area: QRectF, y: float, ends: tuple[float, float], zone: ZoneTimeline, bar: SourceBar
) -> None:
    """Name and times beside a bar, the name alone where both have no room."""
    left, right = ends
    colour = theme.current().ui["text_muted"]
    both = (f"{bar.name} · {clock(zone, bar.span.start)}–{clock(zone, bar.span.stop)}", bar.name)
    # After the bar first, where no mark of the night crosses the words.
    for words in both:
        if right + text_width("micro", words) + 8 <= area.right() + 12:
            text(painter, right + 8, y, words, colour)
            return
    for words in both:
        if left - text_width("micro", words) - 8 >= area.left():
            text(painter, left - 8, y, words, colour, align="right")
            return
