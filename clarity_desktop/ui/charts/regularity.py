"""The regularity map: every date by every minute, whether it is like the same minute of the next date."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from clarity_desktop.app.rhythm import RegularityMap
from clarity_desktop.domain.time import date_of_day
from clarity_desktop.ui import theme
from clarity_desktop.ui.charts.canvas import Chart
from clarity_desktop.ui.charts.figure import ChartTable
from clarity_desktop.ui.charts.paint import LegendItem, ReadOut, hatch, legend, text
from clarity_desktop.ui.charts.wording import MONTHS, day_short, hour_text, number
from clarity_desktop.ui.qt import (
    QBrush,
    QColor,
    QImage,
    QPainter,
    QPen,
    QPointF,
    QRectF,
    Qt,
    QWidget,
)

__all__ = ["RegularityChart"]

_MINUTES = 1440


class RegularityChart(Chart):
    """Ink where a minute is like that of the next date, paper where it differs, hatched where nothing is known.

    :meth:`show_states` draws asleep and awake in the same way.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Regularity map", height=220, parent=parent)
        self._map: RegularityMap | None = None
        self._why = "No sleep in this window."
        self._states = False
        self.setMinimumHeight(150)

    def show_map(self, found: RegularityMap | None, why: str = "", *, simulated: bool = False) -> None:
        """Show a map, or why there is none."""
        self._map, self._why, self.simulated = found, why or "No sleep in this window.", simulated
        self.refresh()

    def show_states(self, states: bool) -> None:
        """Draw asleep and awake rather than likeness of successive dates."""
        self._states = states
        self.refresh()

    def message(self) -> str:
        if self._map is None:
            return self._why
        return self._map.insufficient or ""

    def subtitle(self) -> str:
        """The index with what it rests on, for the title line."""
        found = self._map
        if found is None or found.index is None:
            return ""
        return f"SRI {number(found.index)} of −100 to 100, {number(found.pairs)} pairs of days"

    def units(self) -> str:
        return self.subtitle()

    def summary(self) -> str:
        found = self._map
        if found is None or self.message():
            return self.message()
        ones, known = int((found.same == 1).sum()), int((found.same >= 0).sum())
        words = (
            f"Regularity map from {day_short(date_of_day(found.first_day))} over {found.asleep.shape[0]} days: "
            f"{number(100 * ones / max(1, known), 1)} percent of the minutes are like those of the next date. "
            f"{self.subtitle()}."
        )
        if found.left_out:
            many = len(found.left_out)
            words += f" {many} {'date' if many == 1 else 'dates'} with more than six unknown hours left out."
        return words

    def table(self) -> ChartTable | None:
        found = self._map
        if found is None:
            return None
        rows = []
        for row in range(found.asleep.shape[0]):
            day = date_of_day(found.first_day + row)
            asleep = found.asleep[row]
            pair = found.same[row] if row < found.same.shape[0] else np.full(_MINUTES, -1, np.int8)
            known = int((pair >= 0).sum())
            alike = f"{number(100 * int((pair == 1).sum()) / known, 1)} %" if known else "–"
            rows.append((day.isoformat(), number(int((asleep == 1).sum())), number(int((asleep < 0).sum())), alike))
        return ChartTable(("Date", "Asleep, min", "Unknown, min", "Like the next date"), tuple(rows))

    # -- geometry ------------------------------------------------------------------------------------------------

    @property
    def _cells(self) -> NDArray[np.int8]:
        """Cells drawn, each row from noon of its date to the noon after; shape (rows, 1440)."""
        found = self._map
        if found is None:
            return np.empty((0, _MINUTES), np.int8)
        cells = found.asleep if self._states else found.same
        # A night is one stretch when rows run from noon to noon.
        half = _MINUTES // 2
        after = np.vstack((cells[1:, :half], np.full((1, half), -1, np.int8))) if len(cells) else cells[:, :half]
        return np.hstack((cells[:, half:], after))

    @property
    def _area(self) -> QRectF:
        return QRectF(78, 8, max(60.0, self.width() - 78 - 16), max(40.0, self.height() - 8 - 46))

    def draw_frame(self, painter: QPainter) -> None:
        now, area = theme.current(), self._area
        step = 3 if area.width() >= 240 else 6
        for hour in range(0, 25, step):
            x = round(area.left() + hour / 24 * area.width()) + 0.5
            wall = (hour + 12) % 24
            painter.setPen(QPen(now.ui["axis"], 1))
            painter.drawLine(QPointF(x, area.bottom()), QPointF(x, area.bottom() + 4))
            colour = now.ui["text" if wall == 0 else "text_faint"]
            text(painter, x, area.bottom() + 12, f"{wall:02d}", colour, align="centre", strong=wall == 0)
        painter.setPen(QPen(now.ui["axis"], 1))
        painter.drawLine(QPointF(area.left(), area.bottom() + 0.5), QPointF(area.right(), area.bottom() + 0.5))

    def draw(self, painter: QPainter) -> None:
        now, area, cells, found = theme.current(), self._area, self._cells, self._map
        if found is None:
            return
        hatch(painter, area, "missing")
        ink = now.data["core" if self._states else "activity"]
        colours = np.zeros((3, 4), np.uint8)
        for place, colour in ((1, now.ui["plot"]), (2, ink)):
            colours[place] = [colour.blue(), colour.green(), colour.red(), 255]
        pixels = np.ascontiguousarray(colours[np.clip(cells, -1, 1) + 1])
        image = QImage(pixels.data, _MINUTES, cells.shape[0], 4 * _MINUTES, QImage.Format.Format_ARGB32_Premultiplied)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, False)
        painter.drawImage(area, image)
        midnight = round(area.center().x()) + 0.5
        painter.setPen(QPen(now.ui["axis"], 1, Qt.PenStyle.DotLine))
        painter.drawLine(QPointF(midnight, area.top()), QPointF(midnight, area.bottom()))
        self.draw_frame(painter)
        self._dates(painter, cells.shape[0], found.first_day)
        items = [LegendItem("fill", ink, "Asleep" if self._states else "Like the next date")]
        items.append(LegendItem("band", now.ui["plot"], "Awake" if self._states else "Differs"))
        if (cells < 0).any():
            items.append(LegendItem("missing", now.ui["hatch"], "Not known, or date left out"))
        legend(painter, 12, area.bottom() + 34, items, self.width() - 4.0)

    def _dates(self, painter: QPainter, rows: int, first_day: int) -> None:
        now, area = theme.current(), self._area
        height = area.height() / max(1, rows)
        every = next(step for step in (1, 7, 14, 28, 91, 182, 364, 10_000) if step * height >= 18)
        for row in range(rows):
            day = date_of_day(first_day + row)
            if every == 1 or (day.weekday() == 0 and (first_day + row + 3) // 7 % max(1, every // 7) == 0):
                words = day_short(day) if every < 91 else f"{MONTHS[day.month - 1]} {day.year}"
                text(
                    painter, area.left() - 8, area.top() + (row + 0.5) * height, words, now.ui["text_muted"],
                    align="right",
                )  # fmt: skip

    # -- reading -------------------------------------------------------------------------------------------------

    def _cell(self, point: QPointF) -> tuple[int, int] | None:
        area, rows = self._area, self._cells.shape[0]
        if not rows or not area.contains(point):
            return None
        row = int((point.y() - area.top()) / area.height() * rows)
        return min(rows - 1, row), min(_MINUTES - 1, int((point.x() - area.left()) / area.width() * _MINUTES))

    def read_out_at(self, point: QPointF) -> ReadOut | None:
        found, cell = self._map, self._cell(point)
        if found is None or cell is None:
            return None
        row, column = cell
        day = found.first_day + row + (1 if column >= _MINUTES // 2 else 0)
        minute = (column + _MINUTES // 2) % _MINUTES

        def state(at: int) -> str:
            index = at - found.first_day
            value = int(found.asleep[index, minute]) if 0 <= index < found.asleep.shape[0] else -1
            out = " (date left out)" if at in found.left_out else ""
            return {1: "asleep", 0: "awake"}.get(value, "not known") + out

        rows = ((day_short(date_of_day(day)), state(day)), (day_short(date_of_day(day + 1)), state(day + 1)))
        return ReadOut(hour_text(minute / 60), "local clock", rows)

    def draw_over(self, painter: QPainter, cursor: QPointF) -> None:
        cell = self._cell(cursor)
        if cell is None:
            return
        height = self._area.height() / self._cells.shape[0]
        frame = QRectF(self._area.left() - 0.5, self._area.top() + cell[0] * height, self._area.width() + 1, height)
        painter.setBrush(QBrush(QColor(0, 0, 0, 0)))
        painter.setPen(QPen(theme.current().ui["accent"], 1))
        painter.drawRect(frame)
        x = round(cursor.x()) + 0.5
        painter.drawLine(QPointF(x, self._area.top()), QPointF(x, self._area.bottom()))
