"""The sleep raster: one row a night, noon to noon, so that drift, jet lag and irregular hours can be seen at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from clarity_desktop.domain.free_days import FreeDays
from clarity_desktop.domain.sleep import Night, Stage
from clarity_desktop.domain.time import DAY_S, ZoneTimeline, date_of_day, day_of_date
from clarity_desktop.ui import theme
from clarity_desktop.ui.charts.canvas import Chart
from clarity_desktop.ui.charts.chart_tables import nights_table
from clarity_desktop.ui.charts.figure import ChartTable
from clarity_desktop.ui.charts.paint import LegendItem, ReadOut, hatch, legend, text, tint
from clarity_desktop.ui.charts.wording import MONTHS, clock, day_short, duration
from clarity_desktop.ui.qt import QColor, QMouseEvent, QPainter, QPen, QPointF, QRectF, QWidget, Signal

__all__ = ["SleepRasterChart"]


@dataclass(frozen=True, slots=True)
class _Bar:
    row: int
    low: float
    high: float
    stage: str
    nap: bool


class SleepRasterChart(Chart):
    """Rows of nights with the newest at the bottom; stages in their colours, mid-sleep as a tick, naps paler."""

    night_chosen = Signal(object)
    """Local date of waking of the row that was clicked."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Sleep raster", height=230, parent=parent)
        self._nights: tuple[Night, ...] = ()
        self._naps: tuple[Night, ...] = ()
        self._zone = ZoneTimeline.unknown()
        self._bars: list[_Bar] = []
        self._first = 0
        self._rows = 0
        self._free = FreeDays()

    def show_nights(
        self, nights: Sequence[Night], naps: Sequence[Night], zone: ZoneTimeline, *, simulated: bool = False
    ) -> None:
        """Show nights and naps. A row belongs to the local date of waking and runs from noon before it to its noon."""
        self._nights, self._naps, self._zone, self.simulated = tuple(nights), tuple(naps), zone, simulated
        self._bars = []
        if self._nights:
            self._first = day_of_date(min(night.date for night in self._nights))
            self._rows = day_of_date(max(night.date for night in self._nights)) - self._first + 1
            for sleep in (*self._nights, *self._naps):
                self._bars.extend(self._bars_of(sleep))
        self.refresh()

    def set_free_days(self, free: FreeDays) -> None:
        """Tint the rows whose date is free for the person; Saturdays and Sundays until somebody says otherwise."""
        self._free = free
        self.refresh()

    def _bars_of(self, sleep: Night) -> list[_Bar]:
        pieces = [(s.start, s.stop, s.stage) for s in sleep.segments if s.stage is not Stage.IN_BED]
        if not pieces:
            pieces = [(sleep.onset, sleep.offset, Stage.ASLEEP)]
        starts = np.array([start for start, _, _ in pieces], dtype=np.int64)
        local = self._zone.local_seconds(starts) - DAY_S // 2
        bars: list[_Bar] = []
        for wall, (start, stop, stage) in zip(local.tolist(), pieces, strict=True):
            row, second = divmod(wall - (self._first - 1) * DAY_S, DAY_S)
            end = second + stop - start
            stage_name = Stage.ASLEEP.value if sleep.is_nap else stage.value
            bars.append(_Bar(int(row), second / DAY_S, min(end, DAY_S) / DAY_S, stage_name, sleep.is_nap))
            if end > DAY_S:
                bars.append(_Bar(int(row) + 1, 0.0, (end - DAY_S) / DAY_S, stage_name, sleep.is_nap))
        return [bar for bar in bars if 0 <= bar.row < self._rows]

    def table(self) -> ChartTable | None:
        return nights_table(self._nights, self._naps, self._zone)

    def message(self) -> str:
        if not self._nights:
            return "No nights in this window. Sleep needs recorded stages, or activity worn at night."
        return ""

    def summary(self) -> str:
        if self.message():
            return self.message()
        first, last = self._nights[0], self._nights[-1]
        return (
            f"Sleep raster of {len(self._nights)} nights and {len(self._naps)} naps, from the night to "
            f"{day_short(first.date)} to the night to {day_short(last.date)}; rows run from noon to noon, the newest "
            f"at the bottom. Free days are tinted: {self._free.words}."
        )

    @property
    def _area(self) -> QRectF:
        return QRectF(78, 8, max(60.0, self.width() - 78 - 16), max(40.0, self.height() - 8 - 44))

    @property
    def _row(self) -> float:
        return min(12.0, self._area.height() / max(1, self._rows))

    def _x(self, share: float) -> float:
        return self._area.left() + share * self._area.width()

    def draw_frame(self, painter: QPainter) -> None:
        now, area = theme.current(), self._area
        bottom = area.top() + self._row * max(1, self._rows) if self._rows else area.bottom()
        step = 3 if area.width() >= 240 else 6
        for hour in range(0, 25, step):
            x = round(self._x(hour / 24)) + 0.5
            wall = (hour + 12) % 24
            painter.setPen(QPen(now.ui["axis" if wall == 0 else "grid"], 1))
            painter.drawLine(QPointF(x, area.top()), QPointF(x, bottom))
            colour = now.ui["text" if wall == 0 else "text_faint"]
            text(painter, x, bottom + 12, f"{wall:02d}", colour, align="centre", strong=wall == 0)
        painter.setPen(QPen(now.ui["axis"], 1))
        painter.drawLine(QPointF(area.left(), bottom + 0.5), QPointF(area.right(), bottom + 0.5))

    def draw(self, painter: QPainter) -> None:
        now, area, height = theme.current(), self._area, self._row
        by_date = {day_of_date(night.date): night for night in self._nights}
        for row in range(self._rows):
            day = date_of_day(self._first + row)
            if self._free.is_free(day):
                box = QRectF(area.left(), area.top() + row * height, area.width(), height)
                painter.fillRect(box, now.ui["weekend"])
        self.draw_frame(painter)
        gap = 1.0 if height >= 5 else 0.0
        boxes: dict[tuple[str, bool], list[QRectF]] = {}
        for bar in self._bars:
            left = self._x(bar.low)
            top = area.top() + bar.row * height + gap / 2
            box = QRectF(left, top, max(0.75, self._x(bar.high) - left), height - gap)
            boxes.setdefault((bar.stage, bar.nap), []).append(box)
        for (stage, nap), found in boxes.items():
            colour: QColor = tint(now.data["asleep"], 0.6) if nap else now.data[stage]
            for box in found:
                painter.fillRect(box, colour)
        every = next(step for step in (1, 7, 14, 28, 91, 182, 364, 10_000) if step * height >= 18)
        for row in range(self._rows):
            day = date_of_day(self._first + row)
            y = area.top() + (row + 0.5) * height
            if (every == 1) or (day.weekday() == 0 and (self._first + row + 3) // 7 % max(1, every // 7) == 0):
                words = day_short(day) if every < 91 else f"{MONTHS[day.month - 1]} {day.year}"
                text(painter, area.left() - 8, y, words, now.ui["text_muted"], align="right")
            night = by_date.get(self._first + row)
            if night is None:
                missing = QRectF(
                    self._x(9 / 24), y - height / 2 + gap / 2, self._x(19 / 24) - self._x(9 / 24), height - gap
                )
                hatch(painter, missing, "missing")
                continue
            x = self._x((night.midsleep_h - 12) % 24 / 24)
            painter.fillRect(QRectF(x - 0.625, y - height / 2, 1.25, height), now.ui["plot"])
            painter.fillRect(QRectF(x - 0.625, y - height / 2 + 1, 1.25, max(1.0, height - 2)), now.ui["text"])
        items = [
            LegendItem("fill", now.data[stage], word)
            for stage, word in (
                ("awake", "Awake"),
                ("rem", "REM"),
                ("core", "Core"),
                ("deep", "Deep"),
                ("asleep", "Asleep"),
            )
            if (stage, False) in boxes
        ]
        if self._naps:
            items.append(LegendItem("fill", tint(now.data["asleep"], 0.6), "Nap"))
        items.append(LegendItem("tick", now.ui["text"], "Mid-sleep"))
        if len(by_date) < self._rows:
            items.append(LegendItem("missing", now.ui["hatch"], "No night"))
        legend(painter, 12, area.top() + self._rows * height + 32, items, self.width() - 4.0)

    def _date_at(self, point: QPointF) -> date | None:
        area = self._area
        row = int((point.y() - area.top()) // self._row) if self._rows else -1
        if not (area.left() <= point.x() <= area.right() and 0 <= row < self._rows):
            return None
        return date_of_day(self._first + row)

    def read_out_at(self, point: QPointF) -> ReadOut | None:
        day = self._date_at(point)
        if day is None:
            return None
        night = next((one for one in self._nights if one.date == day), None)
        title = f"Night to {day_short(day)}"
        if night is None:
            return ReadOut(title, "", (("Sleep", "no night recorded"),))
        rows = [
            ("Asleep", f"{clock(self._zone, night.onset)}–{clock(self._zone, night.offset)}"),
            ("Time asleep", duration(night.tst_min)),
            ("Awake after onset", duration(night.waso_min)),
        ]
        naps = [nap for nap in self._naps if nap.date in (day, day - timedelta(days=1))]
        rows += [("Nap", f"{day_short(n.date)} {clock(self._zone, n.onset)}, {duration(n.tst_min)}") for n in naps[:2]]
        return ReadOut(title, night.source, tuple(rows))

    def draw_over(self, painter: QPainter, cursor: QPointF) -> None:
        if self._date_at(cursor) is None:
            return
        row = (cursor.y() - self._area.top()) // self._row
        painter.setPen(QPen(theme.current().ui["accent"], 1))
        top = self._area.top() + row * self._row
        painter.drawRect(QRectF(self._area.left() - 0.5, top - 0.5, self._area.width() + 1, self._row))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        day = self._date_at(event.position())
        if day is not None and any(night.date == day for night in self._nights):
            self.night_chosen.emit(day)
        super().mousePressEvent(event)
