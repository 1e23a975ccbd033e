"""Sleep over months and years: each night an upright stroke from noon to noon, so that drift and journeys show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clarity_desktop.domain.sleep import SleepSegment, Stage
from clarity_desktop.domain.time import DAY_S, ZoneTimeline
from clarity_desktop.ui import theme
from clarity_desktop.ui.charts.paint import pixel_ratio, text
from clarity_desktop.ui.charts.timescale import TimeScale
from clarity_desktop.ui.qt import QImage, QPainter, QPen, QPointF, QRectF

__all__ = ["SleepHours", "hour_axis", "paint_sleep_hours", "sleep_hours"]

_STAGES = (Stage.AWAKE, Stage.ASLEEP, Stage.CORE, Stage.DEEP, Stage.REM)


@dataclass(frozen=True, slots=True)
class SleepHours:
    """Segments by noon-to-noon day; all arrays of shape (N,)."""

    noon: NDArray[np.int64]
    """Instant of the local noon that begins the day, to the hour of a clock change."""
    low: NDArray[np.float64]
    """Start as a share of the day, 0…1 from noon to noon."""
    high: NDArray[np.float64]
    stage: NDArray[np.intp]
    """Index into the order awake, asleep, core, deep, REM."""


def sleep_hours(segments: Sequence[SleepSegment], zone: ZoneTimeline) -> SleepHours:
    """Lay segments on the local clock; time in bed is left out, and a segment over noon goes into both days."""
    kept = [segment for segment in segments if segment.stage in _STAGES]
    start = np.array([segment.start for segment in kept], dtype=np.int64)
    length = np.array([segment.stop - segment.start for segment in kept], dtype=np.int64)
    stage = np.array([_STAGES.index(segment.stage) for segment in kept], dtype=np.intp)
    second = (zone.local_seconds(start) - DAY_S // 2) % DAY_S
    noon, low, high = start - second, second / DAY_S, (second + length) / DAY_S
    over = high > 1
    return SleepHours(
        np.concatenate([noon, noon[over] + DAY_S]),
        np.concatenate([low, np.zeros(int(over.sum()))]),
        np.concatenate([np.minimum(high, 1.0), np.minimum(high[over] - 1, 1.0)]),
        np.concatenate([stage, stage[over]]),
    )


def paint_sleep_hours(painter: QPainter, area: QRectF, scale: TimeScale, hours: SleepHours) -> None:
    """Ink every segment into an area whose top and bottom are noon and whose middle is midnight."""
    ratio = pixel_ratio(painter)
    width, height = max(1, round(area.width() * ratio)), max(1, round(area.height() * ratio))
    per_second = width / max(1, scale.span.length_s)
    left = np.floor((hours.noon - scale.span.start) * per_second).astype(np.int64)
    right = np.maximum(left + 1, np.floor((hours.noon + DAY_S - scale.span.start) * per_second).astype(np.int64))
    left, right = np.maximum(left, 0), np.minimum(right, width)
    top = np.floor(hours.low * height).astype(np.int64)
    bottom = np.minimum(height, np.maximum(top + 1, np.floor(hours.high * height).astype(np.int64)))
    shown = (right > left) & (bottom > top)
    left, right, top, bottom, stage = (part[shown] for part in (left, right, top, bottom, hours.stage))
    wide, size = right - left, (right - left) * (bottom - top)
    owner = np.repeat(np.arange(size.size), size)
    place = np.arange(int(size.sum())) - np.repeat(np.cumsum(size) - size, size)
    data = theme.current().data
    colours = np.array([data[one.value].rgba() for one in _STAGES], dtype=np.uint32)
    pixels = np.zeros((height, width), dtype=np.uint32)
    pixels[top[owner] + place // wide[owner], left[owner] + place % wide[owner]] = colours[stage[owner]]
    picture = QImage(pixels.data, width, height, 4 * width, QImage.Format.Format_ARGB32)
    painter.drawImage(area, picture)


def hour_axis(painter: QPainter, area: QRectF) -> None:
    """Clock hours at the left edge of the lane, noon above, midnight in the middle."""
    now = theme.current()
    for share, words in ((0.0, "12:00"), (0.25, "18:00"), (0.5, "00:00"), (0.75, "06:00"), (1.0, "12:00")):
        y = round(area.top() + share * area.height()) + 0.5
        painter.setPen(QPen(now.ui["grid"], 1))
        painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))
        if area.height() >= 70 or share in (0.5, 1.0):
            text(painter, area.left() - 8, y, words, now.ui["text_faint"], align="right")
