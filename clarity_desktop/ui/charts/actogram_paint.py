"""The strokes of the actogram: each draws one kind of mark for a run of visible rows."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from clarity_desktop.domain.free_days import FreeDays
from clarity_desktop.domain.panel import Panel
from clarity_desktop.domain.time import DAY_S, date_of_day
from clarity_desktop.ui import theme
from clarity_desktop.ui.charts.actogram_rows import BINS, ActogramRows, BinState, SleepLines
from clarity_desktop.ui.charts.paint import HatchKind, dashed, hatch, text, tint
from clarity_desktop.ui.charts.wording import day_short, hour_text
from clarity_desktop.ui.qt import QColor, QImage, QPainter, QPen, QPointF, QRectF, Qt

__all__ = [
    "activity",
    "clock_axis",
    "free_days",
    "hatches",
    "jumps",
    "labels",
    "light",
    "rhythm_bars",
    "rhythm_marks",
    "row_notes",
    "sleep_lines",
]

_FOOT = 5
"""Pixels under the base line of a row, where the sleep line lies."""
_HATCHED: dict[BinState, HatchKind] = {
    BinState.NOT_WORN: "not_worn",
    BinState.MISSING: "missing",
    BinState.EXCLUDED: "excluded",
}


def _row_height(frame: QRectF, shown: range) -> float:
    return frame.height() / max(1, len(shown))


def _x(frame: QRectF, days: int, position: float) -> float:
    return frame.left() + position / days * frame.width()


def free_days(painter: QPainter, frame: QRectF, rows: ActogramRows, shown: range, days: int, free: FreeDays) -> None:
    """Tint what lies on a date of the local calendar that is free for the person."""
    height, colour = _row_height(frame, shown), theme.current().ui["weekend"]
    to_midnight = (DAY_S - rows.origin_s) % DAY_S / DAY_S
    for number, row in enumerate(shown):
        edges = sorted({0.0, float(days), *(to_midnight + day for day in range(days + 1) if to_midnight + day < days)})
        for low, high in pairwise(edges):
            wall = (rows.first_day + row) * DAY_S + rows.origin_s + (low + high) / 2 * DAY_S
            if free.is_free(date_of_day(int(wall // DAY_S))):
                left = _x(frame, days, low)
                painter.fillRect(
                    QRectF(left, frame.top() + number * height, _x(frame, days, high) - left, height), colour
                )


def _runs(states: NDArray[np.uint8]) -> list[tuple[int, int, int]]:
    """``(state, first, last)`` of each run of equal states of one row."""
    cuts = np.flatnonzero(np.diff(states)) + 1
    edges = [0, *cuts.tolist(), int(states.size)]
    return [(int(states[low]), low, high) for low, high in pairwise(edges)]


def hatches(painter: QPainter, frame: QRectF, rows: ActogramRows, shown: range, days: int) -> None:
    """Hatch what was not worn, has no sample or was left out, and draw the base lines."""
    height = _row_height(frame, shown)
    theme_now = theme.current()
    for number, row in enumerate(shown):
        top = frame.top() + number * height
        painter.setPen(QPen(theme_now.ui["border"], 1))
        base = round(top + height - _FOOT) + 0.5
        painter.drawLine(QPointF(frame.left(), base), QPointF(frame.right(), base))
        for half in range(days):
            if row + half >= len(rows):
                continue
            for state, first, last in _runs(rows.state[row + half]):
                kind = _HATCHED.get(BinState(state))
                if kind is not None:
                    left = _x(frame, days, half + first / BINS)
                    right = _x(frame, days, half + last / BINS)
                    hatch(painter, QRectF(left, top + 1, right - left, height - _FOOT - 1), kind)


def activity(painter: QPainter, frame: QRectF, rows: ActogramRows, shown: range, days: int, ratio: float) -> None:
    """Draw all bars of the visible rows as one picture in device pixels."""
    width, height = round(frame.width() * ratio), round(_row_height(frame, shown) * ratio)
    foot = round(_FOOT * ratio)
    if not len(shown) or width <= 0 or height <= foot:
        return
    usable = height - foot - round(ratio)
    block = np.full((len(shown), days * BINS), np.nan, dtype=np.float32)
    for half in range(days):
        part = rows.mean[shown.start + half : shown.stop + half]
        block[: part.shape[0], half * BINS : (half + 1) * BINS] = part
    # An hour that passed twice is drawn apart, in two lanes of half the height.
    for jump in rows.jumps:
        for half in range(days):
            if not jump.skipped and jump.row - half in shown:
                block[jump.row - half - shown.start, half * BINS + jump.first : half * BINS + jump.last] = np.nan
    picture = _bars(block, rows.scale, width, height, usable, foot, theme.current().data["activity"])
    painter.drawImage(QRectF(frame.left(), frame.top(), frame.width(), frame.height()), picture)


def _bars(
    block: NDArray[np.float32], scale: float, width: int, height: int, usable: int, foot: int, colour: QColor
) -> QImage:
    share = np.clip(np.nan_to_num(block, nan=0.0) / scale, 0.0, 1.0)
    level = np.ceil(share * usable - 1e-6).astype(np.int16)
    starts = np.arange(width) * block.shape[1] // width
    columns = np.maximum.reduceat(level, starts, axis=1) if width < block.shape[1] else level[:, starts]
    above_base = (height - foot - 1 - np.arange(height)).astype(np.int16)
    inked = (above_base[None, :, None] < columns[:, None, :]) & (above_base[None, :, None] >= 0)
    pixels = np.where(inked, np.uint32(colour.rgba()), np.uint32(0)).reshape(-1, width)
    pixels = np.ascontiguousarray(pixels)
    picture = QImage(pixels.data, width, pixels.shape[0], 4 * width, QImage.Format.Format_ARGB32_Premultiplied)
    return picture.copy()  # the copy owns its bytes; the array goes with this frame


def sleep_lines(
    painter: QPainter, frame: QRectF, nights: SleepLines, naps: SleepLines, shown: range, days: int
) -> None:
    """Draw sleep as lines of 3 px under the base."""
    height, colours = _row_height(frame, shown), theme.current().data
    for lines, colour in ((nights, colours["core"]), (naps, colours["asleep"])):
        boxes: list[QRectF] = []
        for number, row in enumerate(shown):
            top = round(frame.top() + (number + 1) * height) - _FOOT + 1
            for half in range(days):
                for low, high in lines.of_row(row + half):
                    left = _x(frame, days, half + low)
                    boxes.append(QRectF(left, top, max(1.0, _x(frame, days, half + high) - left), 3))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        painter.drawRects(boxes)
    painter.setBrush(Qt.BrushStyle.NoBrush)


def light(painter: QPainter, frame: QRectF, levels: NDArray[np.uint8], shown: range, days: int) -> None:
    """Draw light as a strip of 2 px at the top of each row, in three strengths."""
    height, colour = _row_height(frame, shown), theme.current().data["lux"]
    inks = (None, tint(colour, 0.3), tint(colour, 0.6), colour)
    for number, row in enumerate(shown):
        top = round(frame.top() + number * height)
        for half in range(days):
            if row + half >= levels.shape[0]:
                continue
            for level, first, last in _runs(levels[row + half]):
                ink = inks[level]
                if ink is not None:
                    left = _x(frame, days, half + first / BINS)
                    painter.fillRect(QRectF(left, top, _x(frame, days, half + last / BINS) - left, 2), ink)


def jumps(painter: QPainter, frame: QRectF, rows: ActogramRows, shown: range, days: int) -> None:
    """Box the hours that the clock skipped, and split the hours that passed twice into lanes 1 and 2."""
    height, now = _row_height(frame, shown), theme.current()
    for jump in rows.jumps:
        for half in range(days):
            number = jump.row - half - shown.start
            if not 0 <= number < len(shown):
                continue
            left, right = _x(frame, days, half + jump.first / BINS), _x(frame, days, half + jump.last / BINS)
            box = QRectF(left, frame.top() + number * height + 1, right - left, height - _FOOT)
            if jump.skipped:
                painter.fillRect(box, now.ui["warn_bg"])
                painter.setPen(QPen(now.ui["warn"], 1))
                painter.drawRect(box.adjusted(0.5, 0.5, -0.5, -0.5))
                _arrow(painter, box, now.ui["warn"])
            else:
                _two_lanes(painter, box, rows, jump.row, jump.first, jump.last)


def _arrow(painter: QPainter, box: QRectF, colour: QColor) -> None:
    centre = box.center()
    reach = min(5.0, box.width() / 2 - 2)
    if reach < 2:
        return
    painter.setPen(QPen(colour, 1.25))
    tip = QPointF(centre.x() + reach, centre.y())
    painter.drawLine(QPointF(centre.x() - reach, centre.y()), tip)
    painter.drawLine(tip, QPointF(tip.x() - 3, tip.y() - 3))
    painter.drawLine(tip, QPointF(tip.x() - 3, tip.y() + 3))


def _two_lanes(painter: QPainter, box: QRectF, rows: ActogramRows, row: int, first: int, last: int) -> None:
    now = theme.current()
    painter.fillRect(box, now.ui["info_bg"])
    half = box.height() / 2
    for lane, values in enumerate((rows.mean[row, first:last], rows.second_mean[row, first:last])):
        base = box.top() + (lane + 1) * half
        step = box.width() / max(1, last - first)
        share = np.clip(np.nan_to_num(values, nan=0.0) / rows.scale, 0.0, 1.0) * (half - 1)
        for index, size in enumerate(share.tolist()):
            painter.fillRect(QRectF(box.left() + index * step, base - size, step, size), now.data["activity"])
        painter.setPen(QPen(now.ui["info"], 1))
        painter.drawLine(QPointF(box.left(), base - 0.5), QPointF(box.right(), base - 0.5))
        if box.width() >= 10 and box.height() >= 14:
            painter.fillRect(QRectF(box.left() - 10, base - half, 10, half), now.ui["info_bg"])
            text(painter, box.left() - 2, base - half / 2, str(lane + 1), now.ui["info"], align="right")
    painter.setPen(QPen(now.ui["info"], 1))
    painter.drawRect(box.adjusted(0.5, 0.5, -0.5, -0.5))


def row_notes(rows: ActogramRows) -> dict[int, tuple[str, ...]]:
    """What stands at the end of a row where the clock jumps, from the longest wording to the shortest."""
    notes: dict[int, tuple[str, ...]] = {}
    for jump in rows.jumps:
        change = jump.change
        place = change.zone.rsplit("/", 1)[-1].replace("_", " ") if change.travel else "DST"
        notes.setdefault(jump.row, (f"{change.hours} {place}", place, change.hours))
    return notes


def labels(painter: QPainter, frame: QRectF, rows: ActogramRows, shown: range, right: float, free: FreeDays) -> None:
    """Date at the start of each row (bold at weekends, month where it is new), clock change or wear at its end.

    Free days are told by their tint; their date is no fainter than that of a weekend.
    """
    height, now = _row_height(frame, shown), theme.current()
    by_row = row_notes(rows)
    for number, row in enumerate(shown):
        day = date_of_day(rows.first_day + row)
        y = frame.top() + number * height + (height - _FOOT) / 2 + 1
        with_month = row == 0 or day.day == 1 or day.weekday() == 0
        words = day_short(day, month=with_month)
        if len(rows) > 200 and (day.day == 1 or number == 0):
            words = f"{day_short(day, weekday=False)} {day.year}"
        weekend = day.weekday() >= 5
        colour = now.ui["text" if weekend or free.is_free(day) else "text_muted"]
        text(painter, frame.left() - 8, y, words, colour, align="right", strong=weekend)
        notes = by_row.get(row, ())
        end, limits = frame.right() + 6, (frame.right(), right)
        for note in notes:
            if not text(painter, end, y, note, now.ui["warn"], strong=True, limits=limits).isEmpty():
                break
        if notes:
            continue
        if float(np.mean(rows.state[row] == BinState.NOT_WORN)) > 0.4:
            text(painter, end, y, "not worn", now.ui["text_muted"], limits=limits)


def clock_axis(painter: QPainter, area: QRectF, days: int, noon: bool) -> None:
    """The local clock above (every 6 h) and under the rows (every 3 h), midnights dotted, the 24-h line solid."""
    now = theme.current()
    step = 3 if area.width() / days >= 250 else 6
    painter.setPen(QPen(now.ui["axis"], 1))
    painter.drawLine(QPointF(area.left(), area.bottom() + 0.5), QPointF(area.right(), area.bottom() + 0.5))
    for hour in range(0, days * 24 + 1, step):
        x = round(_x(area, days, hour / 24)) + 0.5
        wall = (hour + (12 if noon else 0)) % 24
        if wall == 0 and 0 < hour < days * 24:
            painter.setPen(dashed(now.ui["axis"], 2, 3))
            painter.drawLine(QPointF(x, area.top()), QPointF(x, area.bottom()))
        if hour == 24 and days == 2:
            painter.setPen(QPen(now.ui["axis"], 1))
            painter.drawLine(QPointF(x, area.top()), QPointF(x, area.bottom()))
        painter.setPen(QPen(now.ui["axis"], 1))
        painter.drawLine(QPointF(x, area.bottom()), QPointF(x, area.bottom() + 4))
        strong = wall == 0
        colour = now.ui["text" if strong else "text_faint"]
        text(painter, x, area.bottom() + 12, f"{wall:02d}", colour, align="centre", strong=strong)
        if hour % 6 == 0:
            painter.setPen(QPen(now.ui["axis"], 1))
            painter.drawLine(QPointF(x, area.top() - 4), QPointF(x, area.top()))
            text(painter, x, area.top() - 12, f"{wall:02d}", colour, align="centre", strong=strong)


def rhythm_bars(panel: Panel) -> list[tuple[str, float, float]]:
    """``(name, onset hour, length in hours)`` of L5 and M10 where the panel has them."""
    found: list[tuple[str, float, float]] = []
    for name, metric, length in (("L5", "l5_onset_h", 5.0), ("M10", "m10_onset_h", 10.0)):
        finding = panel.finding(metric)
        if finding is not None and finding.value is not None:
            found.append((name, finding.value, length))
    return found


def rhythm_marks(painter: QPainter, area: QRectF, top: float, panel: Panel, days: int, noon: bool) -> None:
    """L5 and M10 as bars under the axis, repeated each day and wrapping at the edges."""
    now = theme.current()
    origin = 12.0 if noon else 0.0
    for name, onset, length in rhythm_bars(panel):
        colour = now.data["l5" if name == "L5" else "m10"]
        for day in range(-1, days + 1):
            low, high = (onset - origin) % 24 + 24 * day, (onset - origin) % 24 + 24 * day + length
            left, right = _x(area, days, max(0.0, low) / 24), _x(area, days, min(24.0 * days, high) / 24)
            if right - left < 1:
                continue
            painter.fillRect(QRectF(left, top + 2, right - left, 5), colour)
            words = f"{name} {hour_text(onset)}–{hour_text(onset + length)}"
            room = (max(area.left(), left - 20), min(area.right() + 20, right + 20))
            whole = high <= 24 * days and low >= 0
            drawn = (
                whole
                and not text(
                    painter, (left + right) / 2, top + 17, words, now.ui["text_muted"], align="centre", limits=room
                ).isEmpty()
            )
            if not drawn:
                text(painter, (left + right) / 2, top + 17, name, now.ui["text_muted"], align="centre", limits=room)
