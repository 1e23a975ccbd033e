"""The overview strip: the whole recording in one line, with the window as a frame that can be moved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from clarity_desktop.domain.time import DAY_S, Span, ZoneTimeline, day_of_date
from clarity_desktop.ui import theme
from clarity_desktop.ui.charts.axis import change_flags
from clarity_desktop.ui.charts.canvas import Chart
from clarity_desktop.ui.charts.chart_tables import lanes_table
from clarity_desktop.ui.charts.column_ink import Ink
from clarity_desktop.ui.charts.event_flags import EventFlag, event_summary, paint_events
from clarity_desktop.ui.charts.figure import ChartTable
from clarity_desktop.ui.charts.lanes import Columns, LaneContent, LaneSpec, gap_stretches
from clarity_desktop.ui.charts.paint import ReadOut, hatch, pixel_ratio, text, text_width, tint
from clarity_desktop.ui.charts.timescale import TimeScale, clock_ticks
from clarity_desktop.ui.charts.valuescale import bar_scale
from clarity_desktop.ui.charts.wording import day_short, local_parts, moment, number
from clarity_desktop.ui.qt import (
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPen,
    QPointF,
    QRectF,
    QSize,
    QSizePolicy,
    Qt,
    QWidget,
    Signal,
)

__all__ = ["OverviewStrip"]

_LEFT = 152.0
_LEAST_S = 3600


class OverviewStrip(Chart):
    """Activity of the whole recording with the window as a frame.

    Dragging the frame moves it; dragging beside it, at one of its ends or with Shift draws another one; a click beside
    it moves it there. A frame around everything cannot move, so dragging in it draws.

    Keys: left and right move the window by a tenth of itself, with Shift by its length.
    """

    window_changed = Signal(object)
    """The :class:`Span` that the frame was moved to; emitted when it is let go."""
    period_chosen = Signal(object)
    """The :class:`Span` that was drawn with Shift, beside the frame, or by an end of it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Overview of the whole recording", height=48, parent=parent)
        self._content = LaneContent(LaneSpec("strip", "Whole recording", "", "bars", "activity_soft", gap_s=6 * 3600))
        self._zone = ZoneTimeline.unknown()
        self._extent: Span | None = None
        self._window: Span | None = None
        self._not_worn: tuple[Span, ...] = ()
        self._note = ""
        self._events: tuple[EventFlag, ...] = ()
        self._grip: tuple[float, Span] | None = None
        self._before: Span | None = None
        self._drawn: float | None = None
        """Pixel at which the other end of a stretch that is being drawn is held."""
        self._plate = False
        self.setFixedHeight(48)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_columns(
        self,
        columns: Columns | None,
        zone: ZoneTimeline,
        *,
        not_worn: Sequence[Span] = (),
        note: str = "",
        gap_s: int = 6 * 3600,
    ) -> None:
        """Show the whole recording; stretches without samples are hatched when longer than ``gap_s``.

        ``note`` is the second line at the left, such as ``28 days, 97.5 % worn``.
        """
        self._zone, self._not_worn, self._note = zone, tuple(not_worn), note
        self._content.spec = replace(self._content.spec, gap_s=gap_s)
        if columns is None or columns.stop <= columns.start:
            self._extent = None
        else:
            self._extent = Span(columns.start, columns.stop)
            self._content.columns = columns
            self._content.scale = bar_scale(columns.mean, percentile=98)
        self.refresh()

    def set_events(self, events: Sequence[EventFlag | tuple[Span, str, str]]) -> None:
        """Flag events, each ``(span, label, kind)``; they stay until others are given."""
        self._events = tuple(EventFlag(*event) for event in events)
        self.refresh()

    def set_window(self, window: Span | None) -> None:
        """Frame a span."""
        self._window = window
        self.refresh()

    @property
    def columns_wanted(self) -> int:
        """How many columns the strip can draw."""
        return max(50, round(self.width() - _LEFT - 16))

    def sizeHint(self) -> QSize:
        return QSize(600, 48)

    def table(self) -> ChartTable | None:
        return lanes_table([self._content], self._zone, self._extent) if self._extent is not None else None

    def message(self) -> str:
        return "" if self._extent is not None else "No recording yet."

    def summary(self) -> str:
        if self._extent is None:
            return self.message()
        ends = [day_short(local_parts(self._zone, at)[0]) for at in (self._extent.start, self._extent.stop - 1)]
        words = f"The whole recording runs from {ends[0]} to {ends[1]}. {self._note}."
        if self._window is not None:
            shown = [day_short(local_parts(self._zone, at)[0]) for at in (self._window.start, self._window.stop - 1)]
            words += f" The window shows {shown[0]} to {shown[1]}."
        return f"{words} {event_summary(self._events, self._zone, self._extent)}".rstrip()

    @property
    def _area(self) -> QRectF:
        return QRectF(_LEFT, 5, max(40.0, self.width() - _LEFT - 16), 26)

    @property
    def _scale(self) -> TimeScale:
        return TimeScale(self._extent or Span(0, 1), self._area.left(), self._area.width())

    def _frame(self, window: Span) -> QRectF:
        area, scale = self._area, self._scale
        left, right = max(area.left(), scale.x(window.start)), min(area.right(), scale.x(window.stop))
        if right - left < 8:
            left = min(max(area.left(), (left + right) / 2 - 4), area.right() - 8)
            right = left + 8
        return QRectF(left, area.top() - 1, right - left, area.height() + 2)

    def draw(self, painter: QPainter) -> None:
        now, area, scale, columns = theme.current(), self._area, self._scale, self._content.columns
        text(painter, 16, 14, "Whole recording", now.ui["text"], token="small", strong=True, limits=(0, _LEFT - 6))
        text(painter, 16, 32, self._note, now.ui["text_muted"], limits=(0, _LEFT - 4))
        painter.fillRect(area, now.ui["sunken"])
        if columns is None or self._extent is None:
            return
        for span in gap_stretches(self._content, self._extent):
            box = QRectF(scale.x(span.start), area.top(), scale.x(span.stop) - scale.x(span.start), area.height())
            if box.width() >= 1:
                hatch(painter, box, "missing")
        for span in self._not_worn:
            left = max(area.left(), scale.x(span.start))
            box = QRectF(left, area.top(), min(area.right(), scale.x(span.stop)) - left, area.height())
            if box.width() >= 1:
                hatch(painter, box, "not_worn")
        step = area.width() / max(1, columns.mean.size)
        x = area.left() + (np.arange(columns.mean.size) + 0.5) * step
        tops = area.bottom() - np.clip(self._content.scale.shares(columns.mean), 0.0, 1.0) * area.height()
        ink = Ink(area, pixel_ratio(painter))
        ink.fill(ink.lay(x, step, tops, greatest=False), np.full(ink.width, area.bottom()), now.data["activity_soft"])
        ink.paint(painter)
        painter.setPen(QPen(now.ui["border_strong"], 1))
        painter.drawLine(QPointF(area.left(), area.bottom() + 0.5), QPointF(area.right(), area.bottom() + 0.5))
        few = len(self._zone.offset_changes(self._extent.start, self._extent.stop)) <= 12
        if few:
            change_flags(painter, scale, self._zone, area.top(), area.bottom(), words=False)
        paint_events(painter, area, scale, self._events, top=area.top() - 4, words=False, lines=False)
        self._dates(painter)
        if self._window is not None:
            self._window_frame(painter, self._frame(self._window))

    def _dates(self, painter: QPainter) -> None:
        now, area, scale = theme.current(), self._area, self._scale
        reached = 0.0
        days = self._scale.span.length_s / DAY_S
        ticks = clock_ticks(self._zone, self._scale.span, area.width() / (2 if days > 6 else 1))
        for tick in ticks:
            if not tick.strong and days > 2:
                continue
            x = scale.x(tick.instant)
            painter.setPen(QPen(now.ui["axis"], 1))
            painter.drawLine(QPointF(round(x) + 0.5, area.bottom()), QPointF(round(x) + 0.5, area.bottom() + 3))
            if x > reached and x + 3 + text_width("micro", tick.label) <= area.right() + 14:
                text(painter, x + 2, area.bottom() + 9, tick.label, now.ui["text_faint"])
                reached = x + text_width("micro", tick.label) + 14

    def _window_frame(self, painter: QPainter, frame: QRectF) -> None:
        accent = theme.current().ui["accent"]
        painter.fillRect(frame, tint(accent, 0.10))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        painter.setPen(QPen(accent, 2))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(frame, 3, 3)
        if frame.width() > 24:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(accent)
            for x in (frame.left(), frame.right()):
                painter.drawRoundedRect(QRectF(x - 2, frame.center().y() - 6, 4, 12), 2, 2)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)

    def read_out_at(self, point: QPointF) -> ReadOut | None:
        del point
        return None  # 48 px have no room for a box; the moment stands in the tool tip

    def _moved(self, start: float, window: Span) -> None:
        if self._extent is None:
            return
        length = min(window.length_s, self._extent.length_s)
        begin = int(min(max(start, self._extent.start), self._extent.stop - length))
        self._window = Span(begin, begin + length)
        self.refresh()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        window, x = self._window, event.position().x()
        if window is None or self._extent is None or not self._area.adjusted(-4, -6, 4, 16).contains(event.position()):
            return
        frame = self._frame(window)
        shifted = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        ends = {frame.left(): frame.right(), frame.right(): frame.left()} if frame.width() > 24 else {}
        held = next((other for end, other in ends.items() if abs(x - end) <= 5), None)
        inside = frame.adjusted(-4, 0, 4, 0).contains(QPointF(x, self._area.center().y()))
        self._before = window
        if held is not None and not shifted:
            self._drawn = held
        elif shifted or not inside or window.length_s >= 0.98 * self._extent.length_s:
            self._drawn = x
        else:
            self._grip = (x, window)

    def _draw_to(self, x: float) -> None:
        """Let the window reach from the held end to a pixel, at least an hour."""
        if self._drawn is None or self._extent is None or (self._window == self._before and abs(x - self._drawn) < 4):
            return
        ends = sorted(self._scale.instant(one) for one in (self._drawn, x))
        start = min(max(ends[0], self._extent.start), self._extent.stop - _LEAST_S)
        self._window = Span(start, max(start + _LEAST_S, min(ends[1], self._extent.stop)))
        self.refresh()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._drawn is not None:
            self._draw_to(event.position().x())
        elif self._grip is not None:
            x, window = self._grip
            shift = (event.position().x() - x) / self._area.width() * self._scale.span.length_s
            self._moved(window.start + shift, window)
        elif self._extent is not None and self._area.contains(event.position()):
            self.setToolTip(" ".join(moment(self._zone, self._scale.instant(event.position().x()))))
        super().mouseMoveEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._drawn is not None and self._window is not None and self._before is not None:
            x, before, self._drawn = event.position().x(), self._before, None
            if self._window != before:
                self.period_chosen.emit(self._whole_days(self._window))
            elif not self._frame(before).adjusted(-4, -9, 4, 16).contains(event.position()):
                self._moved(self._scale.instant(x) - before.length_s / 2, before)
                self.window_changed.emit(self._window)
        elif self._grip is not None and self._window is not None:
            self._grip = None
            self.window_changed.emit(self._window)

    def _whole_days(self, span: Span) -> Span:
        """A drawn stretch rounded to local midnights, since nobody hits one by hand; held within the recording."""
        if self._extent is None or span.length_s < 2 * DAY_S:
            return span
        first, last = (day_of_date(local_parts(self._zone, at + DAY_S // 2)[0]) for at in (span.start, span.stop))
        start = max(self._extent.start, self._zone.instant_of_local(first))
        return Span(start, max(start + DAY_S, min(self._extent.stop, self._zone.instant_of_local(last))))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        window = self._window
        if window is not None and event.key() in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            sign = 1 if event.key() == Qt.Key.Key_Right else -1
            share = 1.0 if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 0.1
            self._moved(window.start + sign * share * window.length_s, window)
            if self._window is not None:
                self.window_changed.emit(self._window)
            return
        super().keyPressEvent(event)

    @staticmethod
    def note_of(days: int, worn_share: float | None) -> str:
        """The usual second line: ``28 days, 97.5 % worn``; without a share only the days."""
        words = f"{number(days)} {'day' if days == 1 else 'days'}"
        return words if worn_share is None else f"{words}, {number(100 * worn_share, 1)} % worn"
