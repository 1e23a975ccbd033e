"""Time asleep per night as bars from zero, with the running median of seven nights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from clarity_desktop.domain.sleep import Night
from clarity_desktop.domain.time import ZoneTimeline, date_of_day, day_of_date
from clarity_desktop.ui import theme
from clarity_desktop.ui.charts.canvas import Chart
from clarity_desktop.ui.charts.chart_tables import nights_table
from clarity_desktop.ui.charts.curves import polyline
from clarity_desktop.ui.charts.figure import ChartTable
from clarity_desktop.ui.charts.paint import LegendItem, ReadOut, hatch, legend, text
from clarity_desktop.ui.charts.valuescale import ValueScale
from clarity_desktop.ui.charts.wording import MONTHS, day_short, duration, number
from clarity_desktop.ui.qt import QMouseEvent, QPainter, QPen, QPointF, QRectF, QWidget, Signal

__all__ = ["SleepBand", "TimeAsleepChart"]


@dataclass(frozen=True, slots=True)
class SleepBand:
    """A published range of time asleep and to whom it applies."""

    low_h: float
    high_h: float
    label: str
    """``Shaded band 7–9 h: consensus for adults 18–64 y, Hirshkowitz 2015``."""


class TimeAsleepChart(Chart):
    """Bars from zero; nights without a record are hatched; a band only where a published range applies."""

    night_chosen = Signal(object)
    """Local date of waking of the bar that was clicked."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Time asleep", height=230, parent=parent)
        self._nights: dict[int, Night] = {}
        self._first = 0
        self._last = -1
        self._band: SleepBand | None = None
        self._zone = ZoneTimeline.unknown()

    def show_nights(
        self,
        nights: Sequence[Night],
        zone: ZoneTimeline,
        *,
        band: SleepBand | None = None,
        simulated: bool = False,
    ) -> None:
        """Show one bar a night by local date of waking."""
        self._nights = {day_of_date(night.date): night for night in nights}
        self._first = min(self._nights, default=0)
        self._last = max(self._nights, default=-1)
        self._band, self._zone, self.simulated = band, zone, simulated
        self.refresh()

    def units(self) -> str:
        return "hours a night"

    def table(self) -> ChartTable | None:
        return nights_table(tuple(self._nights.values()), (), self._zone)

    def message(self) -> str:
        return "" if self._nights else "No nights in this window."

    def summary(self) -> str:
        if self.message():
            return self.message()
        whole = [night.tst_min for night in self._nights.values() if not night.incomplete]
        if not whole:
            return "The device was worn for only a part of every night."
        minutes = np.array(whole)
        return (
            f"Time asleep on {len(whole)} nights: median {duration(float(np.median(minutes)))}, from "
            f"{duration(float(minutes.min()))} to {duration(float(minutes.max()))}."
            + (f" {self._band.label}." if self._band is not None else "")
        )

    @property
    def _scale(self) -> ValueScale:
        top = max((night.tst_min / 60 for night in self._nights.values()), default=8.0)
        top = max(top, self._band.high_h if self._band is not None else 0.0)
        high = float(max(2, 2 * np.ceil(top / 2)))
        return ValueScale(0.0, high, tuple(float(hour) for hour in range(0, int(high) + 1, 2)))

    @property
    def _area(self) -> QRectF:
        foot = 62 if self._band is not None else 44
        return QRectF(44, 8, max(60.0, self.width() - 44 - 14), max(40.0, self.height() - 8 - foot))

    def _y(self, hours: float) -> float:
        return self._area.bottom() - self._scale.share(hours) * self._area.height()

    def draw_frame(self, painter: QPainter) -> None:
        now, area = theme.current(), self._area
        for tick in self._scale.ticks:
            y = round(self._y(tick)) + 0.5
            painter.setPen(QPen(now.ui["axis" if tick == 0 else "grid"], 1))
            painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))
            text(painter, area.left() - 6, y, f"{number(tick)} h", now.ui["text_faint"], align="right")

    def draw(self, painter: QPainter) -> None:
        now, area = theme.current(), self._area
        if self._band is not None:
            top, bottom = self._y(self._band.high_h), self._y(self._band.low_h)
            painter.fillRect(QRectF(area.left(), top, area.width(), bottom - top), now.ui["band"])
        self.draw_frame(painter)
        days = self._last - self._first + 1
        step = area.width() / days
        gap = max(step - 56.0, min(3.0, step * 0.2)) if step >= 3 else 0.0
        missing = incomplete = False
        hours = np.full(days, np.nan)
        for index in range(days):
            night = self._nights.get(self._first + index)
            left = area.left() + index * step + gap / 2
            if night is None:
                missing = True
                hatch(painter, QRectF(left, area.top(), max(1.0, step - gap), area.height()), "missing")
                continue
            top = self._y(night.tst_min / 60)
            bar = QRectF(left, top, max(1.0, step - gap), area.bottom() - top)
            painter.fillRect(bar, now.data["asleep"])
            if night.incomplete:
                incomplete = True
                hatch(painter, QRectF(left, area.top(), bar.width(), top - area.top()), "not_worn")
            else:
                hours[index] = night.tst_min / 60
        self._dates(painter, days, step)
        medians = running_median(hours)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        x = area.left() + (np.arange(days) + 0.5) * step
        y = np.asarray(area.bottom() - medians / self._scale.high * area.height(), dtype=np.float64)
        polyline(painter, x.astype(np.float64), y, QPen(now.ui["text"], 1.75))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        items = [
            LegendItem("fill", now.data["asleep"], "Night"),
        ]
        if np.isfinite(medians).any():
            items.append(LegendItem("line", now.ui["text"], "7-night running median"))
        if missing:
            items.append(LegendItem("missing", now.ui["hatch"], "No night"))
        if incomplete:
            items.append(LegendItem("hatch", now.ui["hatch"], "Not worn for a part"))
        legend(painter, 12, area.bottom() + 32, items, self.width() - 4.0)
        if self._band is not None:
            text(painter, 12, area.bottom() + 50, self._band.label, now.ui["text_muted"], limits=(0, self.width()))

    def _dates(self, painter: QPainter, days: int, step: float) -> None:
        now, area = theme.current(), self._area
        every = next(n for n in (1, 7, 14, 28, 91, 182, 364, 10_000) if n * step >= 50)
        for index in range(days):
            day = date_of_day(self._first + index)
            due = every == 1 or (day.weekday() == 0 and (self._first + index + 3) // 7 % max(1, every // 7) == 0)
            if due or (days < 7 and index == 0):
                x = area.left() + (index + 0.5) * step
                painter.setPen(QPen(now.ui["axis"], 1))
                painter.drawLine(QPointF(round(x) + 0.5, area.bottom()), QPointF(round(x) + 0.5, area.bottom() + 4))
                limits = (area.left() - 20, self.width() - 2.0)
                words = day_short(day, weekday=False) if every < 91 else f"{MONTHS[day.month - 1]} {day.year}"
                text(painter, x, area.bottom() + 12, words, now.ui["text_faint"], align="centre", limits=limits)

    def _date_at(self, point: QPointF) -> date | None:
        area = self._area
        if not self._nights or not area.contains(point):
            return None
        days = self._last - self._first + 1
        return date_of_day(self._first + min(days - 1, int((point.x() - area.left()) / area.width() * days)))

    def read_out_at(self, point: QPointF) -> ReadOut | None:
        day = self._date_at(point)
        if day is None:
            return None
        night = self._nights.get(day_of_date(day))
        if night is None:
            return ReadOut(f"Night to {day_short(day)}", "", (("Sleep", "no night recorded"),))
        rows = [("Time asleep", duration(night.tst_min))]
        if night.tib_min is not None:
            rows.append(("Time in bed", duration(night.tib_min)))
        if night.se_pct is not None:
            rows.append(("Sleep efficiency", f"{number(night.se_pct)} %"))
        if night.incomplete:
            rows.append(("Left out of medians", night.incomplete))
        return ReadOut(f"Night to {day_short(day)}", night.source, tuple(rows))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        day = self._date_at(event.position())
        if day is not None and day_of_date(day) in self._nights:
            self.night_chosen.emit(day)
        super().mousePressEvent(event)


def running_median(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Median of the seven nights that end at each position; NaN where that night or four of the seven are missing.

    Shape (N,) in and out.
    """
    if not values.size:
        return values
    padded = np.concatenate([np.full(6, np.nan), values])
    windows = np.lib.stride_tricks.sliding_window_view(padded, 7)
    known = np.isfinite(windows).sum(axis=1)
    result = np.full(values.shape, np.nan)
    usable = (known >= 4) & np.isfinite(values)
    result[usable] = np.nanmedian(windows[usable], axis=1)
    return result
