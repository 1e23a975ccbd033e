"""The double-plotted actogram: one row a day, 48 hours wide, on the local clock."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date

from clarity_desktop.domain.free_days import FreeDays
from clarity_desktop.domain.panel import Panel
from clarity_desktop.domain.time import DAY_S, Span, date_of_day
from clarity_desktop.ui import theme
from clarity_desktop.ui.charts import actogram_paint as strokes
from clarity_desktop.ui.charts.actogram_data import ActogramData, prepare
from clarity_desktop.ui.charts.actogram_overlays import Overlays
from clarity_desktop.ui.charts.actogram_reading import cell_read_out
from clarity_desktop.ui.charts.actogram_rows import BINS, BinState
from clarity_desktop.ui.charts.canvas import Chart
from clarity_desktop.ui.charts.chart_tables import days_table
from clarity_desktop.ui.charts.event_flags import EventFlag, event_summary, paint_row_events, row_pieces
from clarity_desktop.ui.charts.figure import ChartTable
from clarity_desktop.ui.charts.lanes import Columns
from clarity_desktop.ui.charts.paint import LegendItem, ReadOut, legend, legend_lines, pixel_ratio, text_width
from clarity_desktop.ui.charts.wording import activity_unit, day_short, number
from clarity_desktop.ui.qt import (
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPen,
    QPointF,
    QRectF,
    QResizeEvent,
    QScrollBar,
    Qt,
    QWheelEvent,
    QWidget,
    Signal,
)

__all__ = ["ActogramChart", "ActogramData", "prepare"]

_LEFT, _RIGHT, _TOP = 84.0, 74.0, 22.0
_NOON = DAY_S // 2
_ROOM, _ROOM_MOST = 540, 700


class ActogramChart(Chart):
    """Activity as bars of five minutes on one scale, with sleep, wear, clock changes, L5 and M10.

    A click opens the night of a row; dragging over rows chooses their days as the period. Keys: up and down choose a
    row, Enter opens its night, Page Up and Page Down scroll.
    """

    row_selected = Signal(object)
    """Local date on which the chosen row begins."""
    night_opened = Signal(object)
    """Local date of waking of the night in the row."""
    days_chosen = Signal(object, object)
    """First and last local date of the rows that were dragged over."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Actogram", height=480, parent=parent)
        self._data: ActogramData | None = None
        self.overlays = Overlays()
        self._events: tuple[EventFlag, ...] = ()
        self._free = FreeDays()
        self._double = True
        self._noon = True
        self._gutter = _RIGHT
        self._selected: int | None = None
        self._pressed: int | None = None
        self._bar = QScrollBar(Qt.Orientation.Vertical, self)
        self._bar.setAccessibleName("Scroll the days of the actogram")
        self._bar.valueChanged.connect(self._scrolled)
        self.setMinimumHeight(220)

    # -- data ----------------------------------------------------------------------------------------------------

    def show_panel(self, panel: Panel | None) -> None:
        """Show the activity, sleep and rhythm of a panel."""
        self.show_data(prepare(panel, noon=self._noon) if panel is not None else None)

    def show_data(self, data: ActogramData | None) -> None:
        """Show what :func:`prepare` made."""
        self._data = data
        self.overlays.clear()
        if data is not None:
            self._noon = data.rows.origin_s == _NOON
            self.simulated = data.panel.simulated
        self._selected = None
        notes = strokes.row_notes(data.rows).values() if data is not None else ()
        widest = max((1.06 * text_width("micro", found[0]) for found in notes), default=0.0)
        self._gutter = min(140.0, max(_RIGHT, widest + 26))
        self._layout_bar()
        self.refresh()

    def show_light(self, columns: Columns | None) -> None:
        """Add light measured with the activity, as means in lux; stays until the next panel."""
        if self._data is not None:
            self.overlays.take_light(self._data, columns)
            self.refresh()

    def show_heart_rate(self, columns: Columns | None) -> None:
        """Add heart rate, as means in beats a minute; stays until the next panel."""
        if self._data is not None:
            self.overlays.take_heart_rate(self._data, columns)
            self.refresh()

    def set_overlays(self, names: Collection[str]) -> None:
        """Show these overlays over the bars and no others."""
        self.overlays.show(names)
        self.refresh()

    def set_events(self, events: Sequence[EventFlag | tuple[Span, str, str]]) -> None:
        """Flag events, each ``(span, label, kind)``, on their rows; they stay until others are given."""
        self._events = tuple(EventFlag(*event) for event in events)
        self.refresh()

    def set_free_days(self, free: FreeDays) -> None:
        """Tint the dates that are free for the person; Saturdays and Sundays until somebody says otherwise."""
        self._free = free
        self.refresh()

    def set_double(self, double: bool) -> None:
        """Rows of 48 hours, or of 24."""
        self._double = double
        self.refresh()

    def set_noon(self, noon: bool) -> None:
        """Rows begin at noon, or at midnight."""
        if noon != self._noon:
            self._noon = noon
            self.show_panel(self._data.panel if self._data is not None else None)

    def select_date(self, day: date | None) -> None:
        """Frame the row that begins on a local date."""
        rows = self._data.rows if self._data is not None else None
        row = None if day is None or rows is None else (day - date_of_day(0)).days - rows.first_day
        self._selected = row if row is not None and rows is not None and 0 <= row < len(rows) else None
        self.refresh()

    def subtitle(self) -> str:
        """How many days, and when a row starts."""
        if self._data is None:
            return ""
        n = len(self._data.rows)
        return f"{n} {'row' if n == 1 else 'rows'}; each starts at {'noon' if self._noon else 'midnight'} of its date"

    def note(self) -> str:
        """The one scale of all rows."""
        if self._data is None:
            return ""
        factor, unit = activity_unit(self._data.panel.epochs)
        return f"full bar = {number(self._data.rows.scale * factor)} {unit}, 99th percentile"

    def units(self) -> str:
        return self.note()

    def table(self) -> ChartTable | None:
        return days_table(self._data.panel) if self._data is not None else None

    def message(self) -> str:
        if self._data is None:
            return "No activity in this window. Import a recording, or choose another period."
        return ""

    def summary(self) -> str:
        if self._data is None:
            return self.message()
        panel, rows = self._data.panel, self._data.rows
        first, last = date_of_day(rows.first_day), date_of_day(rows.first_day + len(rows) - 1)
        return (
            f"Actogram of {len(rows)} rows from {day_short(first)} to {day_short(last)}, {self.note()}. "
            f"{len(panel.nights)} nights and {len(panel.naps)} naps are marked under the rows. "
            f"Worn {number(100 * panel.coverage.worn_share, 1)} percent. "
            f"Clock changes or journeys: {len(rows.jumps)}. "
            f"Free days are tinted: {self._free.words}; dates of weekends are bold. "
            f"{event_summary(self._events, panel.zone, panel.span)}"
        ).rstrip()

    # -- geometry ------------------------------------------------------------------------------------------------

    @property
    def _legend_items(self) -> list[LegendItem]:
        shown = theme.current()
        items = [LegendItem("fill", shown.data["activity"], "Activity, 5-min mean")]
        if self._data is not None:
            items += self.overlays.legend(self._data)
            state = self._data.rows.state
            if (state == BinState.NOT_WORN).any():
                items.append(LegendItem("hatch", shown.ui["hatch"], "Not worn"))
            if (state == BinState.MISSING).any():
                items.append(LegendItem("missing", shown.ui["hatch"], "No sample"))
            if (state == BinState.EXCLUDED).any():
                items.append(LegendItem("excluded", shown.ui["hatch"], "Left out"))
            if any(jump.skipped for jump in self._data.rows.jumps):
                items.append(LegendItem("skip", shown.ui["warn"], "Skipped hours"))
            if any(not jump.skipped for jump in self._data.rows.jumps):
                items.append(LegendItem("band", shown.ui["info_bg"], "Hours passed twice"))
        return items

    @property
    def _bottom(self) -> float:
        marks = self._data is not None and bool(strokes.rhythm_bars(self._data.panel))
        lines = legend_lines(self._legend_items, _LEFT, self.width() - 8.0) if self._data is not None else 1
        return 22.0 + (34.0 if marks else 8.0) + 6.0 + 18.0 * lines

    @property
    def _area(self) -> QRectF:
        return QRectF(_LEFT, _TOP, max(60.0, self.width() - _LEFT - self._gutter), self.height() - _TOP - self._bottom)

    @property
    def _row_height(self) -> int:
        rows = len(self._data.rows) if self._data is not None else 1
        return int(max(16, min(24, self._area.height() // max(1, rows))))

    def natural_height(self) -> int:
        """Height at which the rows fill the chart, as far as a page has room for them; more rows scroll."""
        n = len(self._data.rows) if self._data is not None else 20
        row = max(16, min(24, _ROOM // max(1, n)))
        return round(_TOP + self._bottom + min(n * row, _ROOM_MOST))

    @property
    def _days(self) -> int:
        return 2 if self._double else 1

    def _layout_bar(self) -> None:
        total = len(self._data.rows) * self._row_height if self._data is not None else 0
        room = int(self._area.height())
        self._bar.setGeometry(self.width() - 10, round(_TOP), 10, max(20, room))
        self._bar.setRange(0, max(0, total - room))
        self._bar.setPageStep(max(1, room))
        self._bar.setSingleStep(self._row_height)
        self._bar.setVisible(total > room)

    def _scrolled(self) -> None:
        self._picture = None
        self.update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._layout_bar()

    def wheelEvent(self, event: QWheelEvent) -> None:
        if not self._bar.isHidden():
            self._bar.setValue(self._bar.value() - event.angleDelta().y() // 2)
            event.accept()
            return
        super().wheelEvent(event)

    # -- painting ------------------------------------------------------------------------------------------------

    def draw_frame(self, painter: QPainter) -> None:
        strokes.clock_axis(painter, self._area, self._days, self._noon)

    def draw(self, painter: QPainter) -> None:
        data = self._data
        if data is None:
            return
        area, height, days = self._area, self._row_height, self._days
        first = self._bar.value() // height
        last = min(len(data.rows), int((self._bar.value() + area.height()) // height) + 1)
        painter.save()
        painter.setClipRect(QRectF(0, area.top(), self.width() - 11, area.height()))
        top = area.top() + first * height - self._bar.value()
        frame = QRectF(area.left(), top, area.width(), (last - first) * height)
        strokes.free_days(painter, frame, data.rows, range(first, last), days, self._free)
        strokes.hatches(painter, frame, data.rows, range(first, last), days)
        strokes.activity(painter, frame, data.rows, range(first, last), days, pixel_ratio(painter))
        self.overlays.paint(painter, frame, data, range(first, last), days)
        strokes.jumps(painter, frame, data.rows, range(first, last), days)
        if self._events:
            rows, zone = data.rows, data.panel.epochs.zone
            pieces = [row_pieces(one, zone, rows.first_day, rows.origin_s, len(rows)) for one in self._events]
            paint_row_events(painter, frame, pieces, range(first, last), days)
        strokes.labels(painter, frame, data.rows, range(first, last), self.width() - 14.0, self._free)
        if self._selected is not None and first <= self._selected < last:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(theme.current().ui["accent"], 2))
            y = frame.top() + (self._selected - first) * height
            painter.drawRect(QRectF(area.left() - 1, y, area.width() + 2, height - 1))
        painter.restore()
        used = QRectF(area.left(), area.top(), area.width(), min(area.height(), len(data.rows) * height))
        strokes.clock_axis(painter, used, days, self._noon)
        bottom = used.bottom() + 22
        if strokes.rhythm_bars(data.panel):
            strokes.rhythm_marks(painter, used, bottom, data.panel, days, self._noon)
            bottom += 34
        else:
            bottom += 8
        legend(painter, area.left(), bottom + 8, self._legend_items, self.width() - 8.0)

    def draw_over(self, painter: QPainter, cursor: QPointF) -> None:
        if self._cell(cursor) is None:
            return
        painter.setPen(QPen(theme.current().ui["cursor"], 1))
        x = round(cursor.x()) + 0.5
        painter.drawLine(QPointF(x, self._area.top()), QPointF(x, min(self._area.bottom(), self._last_y())))

    def _last_y(self) -> float:
        rows = len(self._data.rows) if self._data is not None else 0
        return self._area.top() + rows * self._row_height - self._bar.value()

    def _cell(self, point: QPointF) -> tuple[int, int, bool] | None:
        """``(row of the data, bin, lower half of the row)`` under a point."""
        data, area = self._data, self._area
        if data is None or not area.contains(point):
            return None
        position = (point.x() - area.left()) / area.width() * self._days
        y = point.y() - area.top() + self._bar.value()
        row = int(y // self._row_height) + int(position)
        if not 0 <= row < len(data.rows) or y >= len(data.rows) * self._row_height:
            return None
        return row, min(BINS - 1, int(position % 1 * BINS)), y % self._row_height > self._row_height / 2

    def read_out_at(self, point: QPointF) -> ReadOut | None:
        cell, data = self._cell(point), self._data
        if cell is None or data is None:
            return None
        row, column, lower = cell
        return cell_read_out(
            data, row, column, lower=lower, events=self._events, more=self.overlays.read_out(row, column)
        )

    # -- choosing ------------------------------------------------------------------------------------------------

    def _choose(self, row: int) -> None:
        data = self._data
        if data is None or not 0 <= row < len(data.rows):
            return
        self._selected = row
        top, height = row * self._row_height, self._row_height
        if top < self._bar.value():
            self._bar.setValue(top)
        elif top + height > self._bar.value() + self._area.height():
            self._bar.setValue(round(top + height - self._area.height()))
        self.refresh()
        self.row_selected.emit(date_of_day(data.rows.first_day + row))

    def _row_of(self, y: float) -> int:
        return int((y - self._area.top() + self._bar.value()) // self._row_height)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        inside = self._area.top() <= event.position().y() <= self._area.bottom()
        if self._data is not None and inside and event.button() == Qt.MouseButton.LeftButton:
            self._pressed = self._row_of(event.position().y())
            self._choose(self._pressed)
        super().mousePressEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        pressed, self._pressed = self._pressed, None
        data = self._data
        if pressed is not None and data is not None and 0 <= pressed < len(data.rows):
            row = min(max(self._row_of(event.position().y()), 0), len(data.rows) - 1)
            if row == pressed:
                self._open()
            else:
                first, last = sorted((pressed, row))
                days = data.rows.first_day
                self.days_chosen.emit(date_of_day(days + first), date_of_day(days + last))
        super().mouseReleaseEvent(event)

    def _open(self) -> None:
        if self._data is not None and self._selected is not None:
            day = self._data.rows.first_day + self._selected + (1 if self._noon else 0)
            self.night_opened.emit(date_of_day(day))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        row = self._selected if self._selected is not None else -1
        match event.key():
            case Qt.Key.Key_Down:
                self._choose(row + 1)
            case Qt.Key.Key_Up:
                self._choose(max(0, row - 1))
            case Qt.Key.Key_Return | Qt.Key.Key_Enter:
                self._open()
            case Qt.Key.Key_PageDown:
                self._bar.setValue(self._bar.value() + self._bar.pageStep())
            case Qt.Key.Key_PageUp:
                self._bar.setValue(self._bar.value() - self._bar.pageStep())
            case _:
                super().keyPressEvent(event)
