"""Linked lanes over one time axis that pan and zoom from minutes to years."""

from __future__ import annotations

from collections.abc import Sequence

from clarity_desktop.domain.free_days import FreeDays
from clarity_desktop.domain.sleep import Night, SleepSegment
from clarity_desktop.domain.time import DAY_S, Instant, Span, ZoneTimeline, day_of_date
from clarity_desktop.ui import theme
from clarity_desktop.ui.charts import axis
from clarity_desktop.ui.charts.canvas import Chart
from clarity_desktop.ui.charts.chart_tables import lanes_table
from clarity_desktop.ui.charts.event_flags import EventFlag, event_rows, event_summary, paint_events, reach_of
from clarity_desktop.ui.charts.figure import ChartTable
from clarity_desktop.ui.charts.hypnogram import paint_instants
from clarity_desktop.ui.charts.lane_axis import lane_axis
from clarity_desktop.ui.charts.lanes import Columns, LaneContent, LaneSpec, paint_lane, paint_left_out, value_words
from clarity_desktop.ui.charts.paint import ReadOut, text, tint
from clarity_desktop.ui.charts.timescale import TimeScale
from clarity_desktop.ui.charts.wording import day_short, local_parts, moment, zone_label
from clarity_desktop.ui.qt import (
    QEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPen,
    QPointF,
    QRectF,
    QResizeEvent,
    Qt,
    QTimer,
    QWheelEvent,
    QWidget,
    Signal,
)

__all__ = ["TimelineChart"]

_LEFT, _RIGHT, _FOOT, _BAND = 108.0, 14.0, 24.0, 16.0
_LEAST_S = 600
_SETTLE_MS = 60


class TimelineChart(Chart):
    """Lanes with one cursor and one read-out.

    Wheel zooms at the cursor, dragging pans, dragging with Shift chooses a period. Keys: left and right pan a tenth
    (with Shift a window), plus and minus zoom, 0 fits all, D a day, W a week, C puts the cursor on and the arrows then
    move it.
    """

    window_changed = Signal(object, int)
    """``(Span, columns)``: the window that is shown now and how many pixel columns it takes."""

    period_chosen = Signal(object)
    """The :class:`Span` that was drawn with Shift."""

    def __init__(self, parent: QWidget | None = None, *, pannable: bool = True, height: int = 360) -> None:
        super().__init__("Timeline", height=height, parent=parent)
        self._lanes: list[LaneContent] = []
        self._zone = ZoneTimeline.unknown()
        self._extent: Span | None = None
        self._window = Span(0, DAY_S)
        self._night: Night | None = None
        self.left_out: tuple[Span, ...] = ()
        self._events: tuple[EventFlag, ...] = ()
        self._free = FreeDays()
        self._pannable = pannable
        self._grip: tuple[float, Span] | None = None
        self._drawn: tuple[float, float] | None = None
        self._steering = False
        self._note = ""
        self._settle = QTimer(self)
        self._settle.setSingleShot(True)
        self._settle.setInterval(_SETTLE_MS)
        self._settle.timeout.connect(self._rest)
        self._announced: tuple[Span, int] | None = None
        self.setMinimumHeight(160)

    # -- what is shown -------------------------------------------------------------------------------------------

    def set_lanes(self, lanes: Sequence[LaneSpec], zone: ZoneTimeline, extent: Span | None) -> None:
        """Choose the lanes, the zone of the axis and how far one may pan; lanes that stay keep their data."""
        kept = {content.spec.id: content for content in self._lanes}
        self._lanes = []
        for spec in lanes:
            content = kept.get(spec.id)
            if content is None or content.spec != spec:
                content = LaneContent(spec)
            self._lanes.append(content)
        self._zone, self._extent, self._announced = zone, extent, None
        self.refresh()

    def clear(self, note: str = "") -> None:
        """Show nothing, and say why."""
        self._lanes, self._extent, self._note, self._night = [], None, note, None
        self.refresh()

    def set_columns(self, lane_id: str, columns: Columns) -> None:
        """Give a lane its prepared columns; until then it shows the earlier ones."""
        for content in self._lanes:
            if content.spec.id == lane_id:
                content.take(columns)
        self.refresh()

    def holds(self, lane_id: str, span: Span) -> bool:
        """Whether a lane has columns of any part of a span."""
        return any(content.spec.id == lane_id and content.holds(span) for content in self._lanes)

    def set_segments(self, lane_id: str, segments: Sequence[SleepSegment]) -> None:
        """Give a lane of stages its segments."""
        for content in self._lanes:
            if content.spec.id == lane_id:
                content.segments = tuple(segments)
                content.hours = None
        self.refresh()

    def set_not_worn(self, spans: Sequence[Span], lane_ids: Sequence[str] | None = None) -> None:
        """Hatch what was not worn, in all lanes or in the named ones."""
        for content in self._lanes:
            if lane_ids is None or content.spec.id in lane_ids:
                content.hatched = tuple(spans)
        self.refresh()

    def set_night(self, night: Night | None) -> None:
        """Tint the time in bed of a night and mark its instants through all lanes."""
        self._night = night
        self.refresh()

    def set_events(self, events: Sequence[EventFlag | tuple[Span, str, str]]) -> None:
        """Flag events, each ``(span, label, kind)``, through all lanes; they stay until others are given."""
        self._events = tuple(EventFlag(*event) for event in events)
        self.refresh()

    def set_free_days(self, free: FreeDays) -> None:
        """Tint the dates that are free for the person; Saturdays and Sundays until somebody says otherwise."""
        self._free = free
        self.refresh()

    @property
    def shown_span(self) -> Span:
        """The span that is shown."""
        return self._window

    @property
    def columns_wanted(self) -> int:
        """Pixel columns of the plot."""
        return max(1, round(self._plot.width()))

    def set_window(self, window: Span) -> None:
        """Show a span, held within the extent, and ask for its columns."""
        window = self._held(window)
        if window != self._window:
            self._window = window
            self.refresh()
        self._stir()

    def fit(self, length_s: int | None) -> None:
        """Show everything (``None``) or a stretch of this length around the middle of the window."""
        if self._extent is None:
            return
        if length_s is None:
            self.set_window(self._extent)
            return
        middle = (self._window.start + self._window.stop) // 2
        if length_s == DAY_S:
            day = day_of_date(local_parts(self._zone, middle)[0])
            self.set_window(self._zone.day_span(day))
            return
        self.set_window(Span(middle - length_s // 2, middle + length_s // 2))

    def _held(self, window: Span) -> Span:
        if self._extent is None:
            return window
        length = max(_LEAST_S, min(window.length_s, self._extent.length_s))
        start = min(max(window.start, self._extent.start), self._extent.stop - length)
        return Span(start, start + length)

    def _stir(self) -> None:
        """Ask for columns at once when the view was at rest, and again when it comes to rest elsewhere."""
        if not self._settle.isActive():
            self._announce()
        self._settle.start()

    def _rest(self) -> None:
        self.refresh()
        self._announce()

    def _announce(self) -> None:
        wanted = (self._window, self.columns_wanted)
        if self._extent is not None and wanted != self._announced:
            self._announced = wanted
            self.window_changed.emit(*wanted)

    def message(self) -> str:
        nothing = not self._lanes or self._extent is None
        return (self._note or "Nothing recorded in this window.") if nothing else ""

    def summary(self) -> str:
        if self.message():
            return self.message()
        first, last = (day_short(local_parts(self._zone, at)[0]) for at in (self._window.start, self._window.stop - 1))
        names = ", ".join(f"{content.spec.title} ({content.spec.unit})" for content in self._lanes)
        words = (
            f"Lanes {names} from {first} to {last}, {zone_label(self._zone, self._window.start, self._window.stop)}."
        )
        words += "" if self._night is not None else f" Free days are tinted: {self._free.words}."
        return f"{words} {event_summary(self._events, self._zone, self._window)}".rstrip()

    def window_words(self) -> str:
        first, last = (moment(self._zone, at)[0] for at in (self._window.start, self._window.stop))
        return f"{first} – {last}"

    def units(self) -> str:
        return ", ".join(f"{content.spec.title} in {content.spec.unit}" for content in self._lanes)

    def table(self) -> ChartTable | None:
        return None if self.message() else lanes_table(self._lanes, self._zone, self._window)

    # -- geometry and painting -----------------------------------------------------------------------------------

    @property
    def _top(self) -> float:
        return 20.0 if self._night is not None or self._events else 6.0

    @property
    def _plot(self) -> QRectF:
        foot = _FOOT + _BAND * self._banded
        return QRectF(
            _LEFT, self._top, max(60.0, self.width() - _LEFT - _RIGHT), max(40.0, self.height() - self._top - foot)
        )

    @property
    def _banded(self) -> bool:
        """Whether the window was lived in more than one zone."""
        return len(axis.zone_stretches(self._zone, self._window)) > 1

    @property
    def _scale(self) -> TimeScale:
        return TimeScale(self._window, self._plot.left(), self._plot.width())

    def _areas(self) -> list[QRectF]:
        plot, gap = self._plot, 14.0
        total = sum(content.spec.weight for content in self._lanes) or 1.0
        room = plot.height() - gap * max(0, len(self._lanes) - 1)
        areas, top = [], plot.top()
        for content in self._lanes:
            height = room * content.spec.weight / total
            areas.append(QRectF(plot.left(), round(top), plot.width(), round(height)))
            top += height + gap
        return areas

    def draw(self, painter: QPainter) -> None:
        now, plot, scale = theme.current(), self._plot, self._scale
        night = self._night
        if night is not None and night.in_bed is not None and night.out_of_bed is not None:
            left = scale.x(night.in_bed)
            width = scale.x(night.out_of_bed) - left
            painter.fillRect(QRectF(left, plot.top(), width, plot.height()), now.ui["weekend"])
        elif night is None:
            axis.free_day_tints(painter, plot, scale, self._zone, self._free)
        words = "local time" if self._banded else axis.zone_words(self._zone, self._window.start, _LEFT - 22)
        zone_end = text(painter, 12, plot.bottom() + 12, words, now.ui["text_faint"], limits=(0, _LEFT - 2)).right()
        if self._banded:
            strip = QRectF(plot.left(), plot.bottom() + _FOOT - 1, plot.width(), _BAND - 1)
            text(painter, 12, strip.center().y(), "time zone", now.ui["text_faint"])
            axis.zone_band(painter, strip, scale, self._zone)
        axis.local_axis(painter, plot, scale, self._zone, left_limit=zone_end + 6)
        for content, area in zip(self._lanes, self._areas(), strict=True):
            lane_axis(painter, content, area, self._zone, self._window)
            paint_lane(painter, area, scale, content, self._extent or self._window, smooth=not self._settle.isActive())
            paint_left_out(painter, area, scale, self.left_out)
            painter.setPen(QPen(now.ui["axis"], 1))
            painter.drawLine(QPointF(area.left(), area.bottom() + 0.5), QPointF(area.right(), area.bottom() + 0.5))
        axis.change_flags(painter, scale, self._zone, plot.top() - 4, plot.bottom())
        raised = plot.top() if night is not None else plot.top() - 16
        paint_events(painter, plot, scale, self._events, top=raised, words=night is None)
        if night is not None:
            paint_instants(painter, scale, self._zone, night, plot.top() - 4, plot.bottom(), 9)

    def read_out_at(self, point: QPointF) -> ReadOut | None:
        if not self._plot.adjusted(0, -4, 0, 4).contains(point):
            return None
        instant = self._scale.instant(point.x())
        title, offset = moment(self._zone, instant)
        if self._night is not None and not self._zone.is_unknown:
            utc_hours, rest = divmod(instant % DAY_S, 3600)
            offset += f" · {utc_hours:02d}:{rest // 60:02d} UTC"
        rows = tuple((content.spec.title, value_words(content, instant)) for content in self._lanes)
        return ReadOut(title, offset, rows + event_rows(self._events, self._zone, instant, reach_of(self._scale)))

    def draw_over(self, painter: QPainter, cursor: QPointF) -> None:
        if self._drawn is not None:
            accent = theme.current().ui["accent"]
            low, high = sorted(self._drawn)
            frame = QRectF(low, self._plot.top(), high - low, self._plot.height())
            painter.fillRect(frame, tint(accent, 0.10))
            painter.setPen(QPen(accent, 2))
            painter.drawRect(frame)
        if self._plot.left() <= cursor.x() <= self._plot.right():
            painter.setPen(QPen(theme.current().ui["cursor"], 1))
            x = round(cursor.x()) + 0.5
            painter.drawLine(QPointF(x, self._plot.top()), QPointF(x, self._plot.bottom()))

    # -- pan, zoom, cursor ---------------------------------------------------------------------------------------

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self._extent is not None:
            self._stir()

    def zoom(self, factor: float, at: Instant | None = None) -> None:
        """Show ``factor`` times the length, keeping an instant (default the middle) where it is."""
        fixed = at if at is not None else (self._window.start + self._window.stop) // 2
        length = max(_LEAST_S, int(self._window.length_s * factor))
        share = (fixed - self._window.start) / max(1, self._window.length_s)
        start = int(fixed - share * length)
        self.set_window(Span(start, start + length))

    def pan(self, share: float) -> None:
        """Move the window by a share of its length."""
        shift = int(share * self._window.length_s)
        self.set_window(Span(self._window.start + shift, self._window.stop + shift))

    def wheelEvent(self, event: QWheelEvent) -> None:
        if not self._pannable or self._extent is None:
            super().wheelEvent(event)
            return
        steps = event.angleDelta()
        if abs(steps.x()) > abs(steps.y()) or event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            self.pan(-(steps.x() or steps.y()) / 120 / 10)
        else:
            self.zoom(0.85 ** (steps.y() / 120), self._scale.instant(event.position().x()))
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        x = event.position().x()
        if event.button() == Qt.MouseButton.LeftButton and self._plot.contains(event.position()):
            if event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
                self._drawn = (x, x)
            elif self._pannable:
                self._grip = (x, self._window)
                self.setCursor(Qt.CursorShape.ClosedHandCursor)
        super().mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._drawn is not None:
            plot = self._plot
            self._drawn = (self._drawn[0], min(max(event.position().x(), plot.left()), plot.right()))
        elif self._grip is not None:
            x, window = self._grip
            shift = int((x - event.position().x()) / self._scale.width * window.length_s)
            self.set_window(Span(window.start + shift, window.stop + shift))
        super().mouseMoveEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        drawn, self._drawn, self._grip = self._drawn, None, None
        self.unsetCursor()
        if drawn is not None and abs(drawn[1] - drawn[0]) > 3:
            low, high = (self._scale.instant(x) for x in sorted(drawn))
            self.period_chosen.emit(Span(low, max(high, low + _LEAST_S)))
        self.update()
        super().mouseReleaseEvent(event)

    def leaveEvent(self, event: QEvent) -> None:
        if not self._steering:
            super().leaveEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if self.figure_key(event):
            return
        shifted = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        key = event.key()
        if key == Qt.Key.Key_C:
            self._steering = not self._steering
            self.show_cursor(self._plot.center() if self._steering else None)
        elif key == Qt.Key.Key_Escape:
            self._steering = False
            self.show_cursor(None)
        elif key in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            sign = 1 if key == Qt.Key.Key_Right else -1
            if self._steering and self._cursor is not None:
                x = min(max(self._cursor.x() + sign * (10 if shifted else 1), self._plot.left()), self._plot.right())
                self.show_cursor(QPointF(x, self._cursor.y()))
            elif self._pannable:
                self.pan(sign * (1.0 if shifted else 0.1))
        elif self._pannable and key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal):
            self.zoom(0.7)
        elif self._pannable and key == Qt.Key.Key_Minus:
            self.zoom(1 / 0.7)
        elif self._pannable and key in (Qt.Key.Key_0, Qt.Key.Key_D, Qt.Key.Key_W):
            self.fit({Qt.Key.Key_0: None, Qt.Key.Key_D: DAY_S, Qt.Key.Key_W: 7 * DAY_S}[Qt.Key(key)])
        else:
            super().keyPressEvent(event)
