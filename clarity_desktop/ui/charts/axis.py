"""The local time axis drawn under lanes: clock ticks, midnights with their date, clock changes and journeys."""

from __future__ import annotations

from clarity_desktop.domain.time import ZoneTimeline
from clarity_desktop.ui import theme
from clarity_desktop.ui.charts.paint import dashed, pixel_ratio, text, text_width
from clarity_desktop.ui.charts.timescale import ClockChange, TimeScale, clock_changes, clock_ticks
from clarity_desktop.ui.qt import QPainter, QPen, QPointF, QRectF

__all__ = ["change_flags", "local_axis"]


def local_axis(
    painter: QPainter, area: QRectF, scale: TimeScale, zone: ZoneTimeline, *, left_limit: float | None = None
) -> None:
    """Draw the base line, vertical grid and labels of local time. A label that would be cut is dropped.

    ``left_limit`` is how far to the left (px) a label may reach; 20 px beyond the plot when not given.
    """
    now = theme.current()
    ticks = clock_ticks(zone, scale.span, scale.width)
    dates_only = all(tick.strong for tick in ticks)
    reached = (area.left() - 20 if left_limit is None else left_limit) - 5
    y = area.bottom() + 12
    # Dates of midnights are placed first: they matter more than an hour beside them.
    dates: list[tuple[float, float]] = []
    for tick in ticks:
        x = round(scale.x(tick.instant)) + 0.5
        painter.setPen(QPen(now.ui["axis" if tick.strong and not dates_only else "grid"], 1))
        painter.drawLine(QPointF(x, area.top()), QPointF(x, area.bottom()))
        painter.setPen(QPen(now.ui["axis"], 1))
        painter.drawLine(QPointF(x, area.bottom()), QPointF(x, area.bottom() + 4))
        if tick.strong:
            width = text_width("micro", tick.label)
            clear = all(x + 4 > high + 6 for _, high in dates)
            if clear and x + 4 + width <= area.right() + 12:
                text(painter, x + 4, y, tick.label, now.ui["text"])
                dates.append((x, x + 4 + width))
    for tick in ticks:
        if tick.strong:
            continue
        x, half = scale.x(tick.instant), text_width("micro", tick.label) / 2
        clear = all(x + half + 5 < low or x - half - 5 > high for low, high in dates)
        if clear and x - half > reached + 5 and x + half <= area.right() + 14:
            text(painter, x, y, tick.label, now.ui["text_faint"], align="centre")
            reached = x + half
    painter.setPen(QPen(now.ui["axis"], 1))
    painter.drawLine(QPointF(area.left(), area.bottom() + 0.5), QPointF(area.right(), area.bottom() + 0.5))


def change_flags(
    painter: QPainter, scale: TimeScale, zone: ZoneTimeline, top: float, bottom: float, *, words: bool = True
) -> tuple[ClockChange, ...]:
    """Dashed lines at clock changes and journeys, with a flag at the top that says by how much."""
    now = theme.current()
    changes = clock_changes(zone, scale.span)
    reached = scale.left - 1e9
    for change in changes:
        x = round(scale.x(change.instant)) + 0.5
        painter.setPen(dashed(now.ui["warn"], 4, 3))
        painter.drawLine(QPointF(x, top), QPointF(x, bottom))
    for change in changes if words else ():
        x = round(scale.x(change.instant)) + 0.5
        icon = 15 if change.travel else 0
        width = text_width("micro", change.label) * 1.06 + 12 + icon
        left = x + 3 if x + 3 + width <= scale.left + scale.width else x - 3 - width
        if left < reached or left < scale.left:
            continue
        box = QRectF(round(left), round(top) + 1, round(width), 17)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        painter.setPen(QPen(now.ui["warn"], 1))
        painter.setBrush(now.ui["warn_bg"])
        painter.drawRoundedRect(box.adjusted(0.5, 0.5, -0.5, -0.5), 3, 3)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        if icon:
            plane = theme.pixmap("plane", 12, "warn", pixel_ratio(painter))
            painter.drawPixmap(QPointF(box.left() + 5, box.center().y() - 6), plane)
        text(painter, box.left() + 6 + icon, box.center().y(), change.label, now.ui["warn"], strong=True)
        reached = box.right() + 4
    return changes
