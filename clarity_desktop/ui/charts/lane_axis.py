"""The head and the value axis of one lane of a time chart."""

from __future__ import annotations

from clarity_desktop.domain.sleep import Stage
from clarity_desktop.domain.time import Span, ZoneTimeline
from clarity_desktop.ui import theme
from clarity_desktop.ui.charts.hypnogram import STAGE_WORDS
from clarity_desktop.ui.charts.lanes import STAGES_UP_TO_S, LaneContent
from clarity_desktop.ui.charts.paint import text, text_width
from clarity_desktop.ui.charts.sleep_hours import hour_axis, sleep_hours
from clarity_desktop.ui.charts.valuescale import thousands
from clarity_desktop.ui.qt import QPainter, QPen, QPointF, QRectF

__all__ = ["lane_axis"]

_STAGE_LANES = (Stage.AWAKE, Stage.REM, Stage.CORE, Stage.DEEP)


def lane_axis(painter: QPainter, content: LaneContent, area: QRectF, zone: ZoneTimeline, window: Span) -> None:
    """Name and unit of a lane at its left, its values or stages as ticks, and the grid."""
    now, spec = theme.current(), content.spec
    text(painter, 12, area.top() + 8, spec.title, now.ui["text"], strong=True, limits=(0, area.left() - 4))
    upright = spec.drawing == "stages" and window.length_s > STAGES_UP_TO_S
    unit = "noon to noon" if upright else spec.unit
    text(painter, 12, area.top() + 23, unit, now.ui["text_faint"], limits=(0, area.left() - 4))
    if spec.drawing == "stages" and window.length_s > STAGES_UP_TO_S:
        if content.hours is None:
            content.hours = sleep_hours(content.segments, zone)
        hour_axis(painter, area)
        return
    if spec.drawing == "stages":
        if area.height() >= 56:
            lane = area.height() / 4
            for index, stage in enumerate(_STAGE_LANES):
                y = area.top() + (index + 0.5) * lane
                text(painter, area.left() - 8, y, STAGE_WORDS[stage], now.ui["text_faint"], align="right")
        return
    ticks = content.scale.ticks
    every = max(1, -(-len(ticks) // max(2, int(area.height() // 18))))
    title_right = 12 + 1.06 * text_width("micro", spec.title) + 6
    for tick in ticks[::every]:
        y = round(area.bottom() - content.scale.share(tick) * area.height()) + 0.5
        painter.setPen(QPen(now.ui["grid"], 1))
        painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))
        if content.columns is None:
            continue
        taken = title_right if y < area.top() + 15 else 14 + text_width("micro", spec.unit)
        taken = taken if y < area.top() + 31 else 0.0
        label = content.label(tick)
        if area.left() - 6 - text_width("micro", label) < taken:
            # Beside the name and the unit there is room for "1k" where "1 000" has none.
            label = thousands(tick if spec.drawing != "area" else 10**tick if tick else 0.0)
        if label and area.left() - 6 - text_width("micro", label) >= taken:
            text(painter, area.left() - 6, y, label, now.ui["text_faint"], align="right")
