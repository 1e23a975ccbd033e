"""The strip of nights: one small stacked bar a night, to choose which night is shown."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from clarity_desktop.domain.sleep import Night
from clarity_desktop.domain.time import date_of_day, day_of_date
from clarity_desktop.ui import theme
from clarity_desktop.ui.charts.canvas import Chart
from clarity_desktop.ui.charts.chart_tables import shares_table
from clarity_desktop.ui.charts.figure import ChartTable
from clarity_desktop.ui.charts.paint import ReadOut, hatch, text, text_width
from clarity_desktop.ui.charts.wording import MONTHS, WEEKDAYS, day_short, duration
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

__all__ = ["NightStrip"]

_ORDER = ("deep", "core", "asleep", "rem", "awake")


class NightStrip(Chart):
    """Bars from the bottom: deep, core or unspecified, REM, awake. Keys: left, right, comma and full stop."""

    night_chosen = Signal(object)
    """Local date of waking."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Nights of the period", height=58, parent=parent)
        self._nights: dict[int, Night] = {}
        self._chosen: int | None = None
        self.setFixedHeight(58)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    def show_nights(self, nights: Sequence[Night], chosen: date | None, *, simulated: bool = False) -> None:
        """Show a bar a night; dates between without a night are hatched."""
        self._nights = {day_of_date(night.date): night for night in nights}
        self.simulated = simulated
        self.choose(chosen)

    def choose(self, day: date | None) -> None:
        """Frame a night."""
        self._chosen = None if day is None else day_of_date(day)
        self.refresh()

    def table(self) -> ChartTable | None:
        return shares_table(self._nights.values())

    def sizeHint(self) -> QSize:
        return QSize(600, 58)

    def message(self) -> str:
        return "" if self._nights else "No nights in this period."

    def summary(self) -> str:
        if not self._nights:
            return self.message()
        words = f"{len(self._nights)} nights."
        if self._chosen in self._nights:
            night = self._nights[self._chosen]
            words += f" Shown: night to {day_short(night.date)}, asleep for {duration(night.tst_min)}."
        return words

    @property
    def _range(self) -> range:
        return range(min(self._nights, default=0), max(self._nights, default=-1) + 1)

    def _box(self, day: int) -> QRectF:
        step = min(72.0, (self.width() - 16) / max(1, len(self._range)))
        return QRectF(8 + (day - self._range.start) * step, 2, step, self.height() - 4)

    def draw(self, painter: QPainter) -> None:
        now = theme.current()
        top = max((night.tst_min + night.waso_min for night in self._nights.values()), default=480.0)
        step = self._box(self._range.start).width()
        room = 34.0
        widest = text_width("micro", "Wed 30")
        every = 1 if step >= widest else next(n for n in (7, 28, 91, 364, 10_000) if n * step >= 64)
        for day in self._range:
            box = self._box(day)
            gap = min(8.0, step * 0.2)
            bar = QRectF(box.left() + gap / 2, 4, max(1.0, step - gap), room)
            night = self._nights.get(day)
            if day == self._chosen:
                painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
                painter.setPen(QPen(now.ui["accent"], 2))
                painter.setBrush(now.ui["selected"])
                painter.drawRoundedRect(box.adjusted(0, -1, 0, 1), 4, 4)
                painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
                painter.setBrush(Qt.BrushStyle.NoBrush)
            if night is None:
                hatch(painter, bar, "missing")
            else:
                self._bar(painter, bar, night, top)
            when = date_of_day(day)
            if every == 1 or day == self._chosen or (when.weekday() == 0 and (day + 3) // 7 % (every // 7) == 0):
                words = f"{WEEKDAYS[when.weekday()]} {when.day}" if every == 1 else day_short(when, weekday=False)
                if every >= 28 and day != self._chosen:
                    words = f"{MONTHS[when.month - 1]} {when.year}"
                colour = now.ui["text" if day == self._chosen else "text_muted"]
                limits = (0.0, float(self.width()))
                if every == 1 or day == self._chosen or abs(day - (self._chosen or 0)) * step > 56:
                    text(
                        painter,
                        box.center().x(),
                        48,
                        words,
                        colour,
                        align="centre",
                        strong=day == self._chosen,
                        limits=limits,
                    )

    def _bar(self, painter: QPainter, bar: QRectF, night: Night, top: float) -> None:
        data = theme.current().data
        minutes = {name: night.stages_min.get(name, 0.0) for name in _ORDER}
        if not any(minutes[name] for name in _ORDER[:4]):
            minutes["asleep"], minutes["awake"] = night.tst_min, night.waso_min
        bottom = bar.bottom()
        for name in _ORDER:
            height = minutes[name] / top * (bar.height() - 2)
            if height > 0:
                painter.fillRect(QRectF(bar.left(), bottom - height, bar.width(), height), data[name])
                bottom -= height

    def _day_at(self, point: QPointF) -> int | None:
        if not self._nights:
            return None
        step = self._box(self._range.start).width()
        day = self._range.start + int((point.x() - 8) // step)
        return day if day in self._range else None

    def read_out_at(self, point: QPointF) -> ReadOut | None:
        day = self._day_at(point)
        if day is not None:
            night = self._nights.get(day)
            words = f"asleep for {duration(night.tst_min)}" if night is not None else "no night recorded"
            self.setToolTip(f"Night to {day_short(date_of_day(day))}: {words}")
        return None  # the strip is too low for a box

    def mousePressEvent(self, event: QMouseEvent) -> None:
        day = self._day_at(event.position())
        if day is not None and day in self._nights:
            self.night_chosen.emit(date_of_day(day))

    def neighbour(self, direction: int) -> date | None:
        """The date of the night before (−1) or after (+1) the chosen one, skipping dates without a night."""
        days = sorted(self._nights)
        if not days:
            return None
        if self._chosen not in days:
            return date_of_day(days[-1])
        place = days.index(self._chosen) + direction
        return date_of_day(days[place]) if 0 <= place < len(days) else None

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {Qt.Key.Key_Left: -1, Qt.Key.Key_Comma: -1, Qt.Key.Key_Right: 1, Qt.Key.Key_Period: 1}
        step = steps.get(Qt.Key(event.key()))
        found = self.neighbour(step) if step is not None else None
        if found is not None:
            self.night_chosen.emit(found)
        elif step is None:
            super().keyPressEvent(event)
