"""The local time axis drawn under lanes: clock ticks, midnights with their date, clock changes and journeys."""

from __future__ import annotations

from clarity_desktop.domain.free_days import FreeDays
from clarity_desktop.domain.time import DAY_S, Instant, Span, ZoneTimeline, date_of_day, day_of_date
from clarity_desktop.ui import theme
from clarity_desktop.ui.charts.paint import dashed, pixel_ratio, text, text_width
from clarity_desktop.ui.charts.timescale import ClockChange, TimeScale, clock_changes, clock_ticks
from clarity_desktop.ui.charts.wording import local_parts
from clarity_desktop.ui.qt import QPainter, QPen, QPointF, QRectF

__all__ = ["change_flags", "free_day_tints", "local_axis", "zone_band", "zone_stretches", "zone_words"]


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


def free_day_tints(painter: QPainter, area: QRectF, scale: TimeScale, zone: ZoneTimeline, free: FreeDays) -> None:
    """Tint the local dates that are free for the person, in windows of up to a quarter of a year."""
    window = scale.span
    if window.length_s > 92 * DAY_S:
        return
    day = day_of_date(local_parts(zone, window.start)[0])
    while True:
        span = zone.day_span(day)
        if span.start >= window.stop:
            return
        if free.is_free(date_of_day(day)):
            left, right = max(area.left(), scale.x(span.start)), min(area.right(), scale.x(span.stop))
            painter.fillRect(QRectF(left, area.top(), right - left, area.height()), theme.current().ui["weekend"])
        day += 1


def zone_words(zone: ZoneTimeline, instant: Instant, room: float) -> str:
    """The zone at the left end of an axis; its last part when the whole name is wider than ``room`` px."""
    if zone.is_unknown:
        return "clock as recorded"
    name = zone.zone_at(instant).zone
    return name if text_width("micro", name) < room else name.rsplit("/", 1)[-1].replace("_", " ")


def zone_stretches(zone: ZoneTimeline, span: Span) -> list[tuple[Instant, Instant, str]]:
    """``(start, stop, zone)`` of each stretch of a span that was lived in one zone, in order."""
    found: list[tuple[Instant, Instant, str]] = []
    ends = [period.from_utc for period in zone.periods[1:]] + [span.stop]
    for period, end in zip(zone.periods, ends, strict=True):
        start, stop = max(period.from_utc, span.start), min(end, span.stop)
        if stop <= start:
            continue
        if found and found[-1][2] == period.zone:
            start = found.pop()[0]
        found.append((start, stop, period.zone))
    return found


def zone_band(painter: QPainter, area: QRectF, scale: TimeScale, zone: ZoneTimeline) -> None:
    """Fill a strip by zone, in two shades by turns, each with its name where it has room."""
    now = theme.current()
    for index, (start, stop, name) in enumerate(zone_stretches(zone, scale.span)):
        left, right = max(area.left(), scale.x(start)), min(area.right(), scale.x(stop))
        box = QRectF(left, area.top(), right - left, area.height())
        painter.fillRect(box, now.ui["selected" if index % 2 else "sunken"])
        painter.setPen(QPen(now.ui["border_strong"], 1))
        if index:
            painter.drawLine(QPointF(round(left) + 0.5, area.top()), QPointF(round(left) + 0.5, area.bottom()))
        for words in (name, name.rsplit("/", 1)[-1].replace("_", " ")):
            if text_width("micro", words) + 8 <= box.width():
                text(painter, box.center().x(), box.center().y(), words, now.ui["text_muted"], align="centre")
                break


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
