"""The curve of sleep pressure by the two-process model over the nights it rests on: a model, not measured."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from clarity_desktop.app.rhythm import PRESSURE_LABEL, TwoProcess
from clarity_desktop.domain.sleep import Night
from clarity_desktop.domain.time import DAY_S, Span, ZoneTimeline
from clarity_desktop.ui import theme
from clarity_desktop.ui.charts.axis import change_flags, local_axis
from clarity_desktop.ui.charts.canvas import Chart
from clarity_desktop.ui.charts.curves import polyline
from clarity_desktop.ui.charts.figure import ChartTable
from clarity_desktop.ui.charts.paint import LegendItem, ReadOut, dashed, hatch, legend, text, tint
from clarity_desktop.ui.charts.timescale import TimeScale
from clarity_desktop.ui.charts.wording import day_short, local_parts, moment, number, zone_label
from clarity_desktop.ui.qt import QPainter, QPen, QPointF, QRectF, QWidget

__all__ = ["SHOWN_DAYS", "PressureChart"]

SHOWN_DAYS = 14
"""The last days of the window are drawn, at most so many: a day then takes 50 px or more."""
_LEFT, _RIGHT, _TOP, _FOOT = 44.0, 14.0, 10.0, 46.0
_POINTS = 1200
_TABLE_STEP_S = 3600


class PressureChart(Chart):
    """Pressure dashed, its thresholds thin, sleep as bands; hatched where the sleep before is not known well enough."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Sleep pressure, model", height=190, parent=parent)
        self._curve: TwoProcess | None = None
        self._zone = ZoneTimeline.unknown()
        self._nights: tuple[Night, ...] = ()
        self._window = Span(0, DAY_S)
        self.setMinimumHeight(170)

    def show_curve(
        self, curve: TwoProcess | None, zone: ZoneTimeline, nights: Sequence[Night], *, simulated: bool = False
    ) -> None:
        """Show the last days of a curve with the sleeps it was made from; ``None`` empties the chart."""
        known = curve is not None and bool(np.isfinite(curve.pressure).any())
        self._curve, self._zone, self._nights = curve if known else None, zone, tuple(nights)
        self.simulated = simulated
        if self._curve is not None:
            first, last = int(self._curve.times[0]), int(self._curve.times[-1])
            self._window = Span(max(first, last - SHOWN_DAYS * DAY_S), last)
        self.refresh()

    def subtitle(self) -> str:
        """What it is, and whence the phase of its thresholds."""
        gate = self._curve.gate if self._curve is not None else ""
        return ", ".join(part for part in (PRESSURE_LABEL, gate) if part)

    def message(self) -> str:
        if self._curve is None:
            return "Sleep pressure needs two nights on end of known sleep and wake."
        return ""

    def units(self) -> str:
        return f"share of the greatest pressure, 0 to 1, {PRESSURE_LABEL}"

    def window_words(self) -> str:
        first, last = (moment(self._zone, at)[0] for at in (self._window.start, self._window.stop))
        return f"{first} – {last}"

    def summary(self) -> str:
        curve = self._curve
        if curve is None:
            return self.message()
        at, values = self._shown()
        known = np.isfinite(values)
        ends = (self._window.start, self._window.stop - 1)
        first, last = (day_short(local_parts(self._zone, end)[0]) for end in ends)
        if not known.any():
            return f"Sleep pressure by the two-process model from {first} to {last}: not known on these days."
        highest = int(at[int(np.nanargmax(values))])
        words = f"between {number(float(np.nanmin(values)), 2)} and {number(float(np.nanmax(values)), 2)}"
        return (
            f"Sleep pressure by the two-process model, {PRESSURE_LABEL}, from {first} to {last}, {words}, "
            f"highest on {moment(self._zone, highest)[0]}. {zone_label(self._zone, *ends)}."
        )

    def table(self) -> ChartTable | None:
        curve = self._curve
        if curve is None:
            return None
        at = np.arange(self._window.start, self._window.stop + 1, _TABLE_STEP_S, dtype=np.int64)
        values = curve.at(at)
        rows = [
            (" ".join(moment(self._zone, instant)), number(value, 2))
            for instant, value in zip(at.tolist(), values.tolist(), strict=True)
        ]
        return ChartTable(("Time", "Sleep pressure, model"), tuple(rows))

    def _shown(self) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Instants at even distances over the window, and the pressure at them."""
        at = np.linspace(self._window.start, self._window.stop, _POINTS).astype(np.int64)
        return at, self._curve.at(at) if self._curve is not None else np.full(at.size, np.nan)

    @property
    def _plot(self) -> QRectF:
        return QRectF(_LEFT, _TOP, max(60.0, self.width() - _LEFT - _RIGHT), max(40.0, self.height() - _TOP - _FOOT))

    @property
    def _scale(self) -> TimeScale:
        return TimeScale(self._window, self._plot.left(), self._plot.width())

    def draw(self, painter: QPainter) -> None:
        now, plot, scale, curve = theme.current(), self._plot, self._scale, self._curve
        if curve is None:
            return
        for night in self._nights:
            left, right = max(plot.left(), scale.x(night.onset)), min(plot.right(), scale.x(night.offset))
            if right > left:
                painter.fillRect(QRectF(left, plot.top(), right - left, plot.height()), tint(now.data["core"], 0.12))
        local_axis(painter, plot, scale, self._zone)
        for share in (0.0, 0.5, 1.0):
            y = round(plot.bottom() - share * plot.height()) + 0.5
            painter.setPen(QPen(now.ui["grid"], 1))
            painter.drawLine(QPointF(plot.left(), y), QPointF(plot.right(), y))
            text(painter, plot.left() - 6, y, number(share, 1), now.ui["text_faint"], align="right")
        at, values = self._shown()
        x = np.array([scale.x(instant) for instant in at.tolist()])
        self._hatch_unknown(painter, x, values)
        for threshold in (curve.upper, curve.lower):
            if threshold is not None:
                step = int(curve.times[1] - curve.times[0])
                place = np.clip((at - curve.times[0]) // step, 0, threshold.size - 1)
                polyline(painter, x, plot.bottom() - threshold[place] * plot.height(), QPen(now.ui["text_faint"], 1))
        pen = dashed(now.data["model"], 5, 3, 1.75)
        polyline(painter, x, plot.bottom() - values * plot.height(), pen)
        change_flags(painter, scale, self._zone, plot.top(), plot.bottom())
        items = [
            LegendItem("dash", now.data["model"], "Pressure, model"),
            LegendItem("band", tint(now.data["core"], 0.12), "Asleep"),
        ]
        if curve.upper is not None:
            items.append(LegendItem("line", now.ui["text_faint"], "Thresholds, model"))
        if not np.isfinite(values).all():
            items.append(LegendItem("missing", now.ui["hatch"], "Not known"))
        legend(painter, plot.left(), self.height() - 12.0, items, plot.right())

    def _hatch_unknown(self, painter: QPainter, x: NDArray[np.float64], values: NDArray[np.float64]) -> None:
        plot = self._plot
        unknown = np.concatenate(([False], ~np.isfinite(values), [False]))
        edges = np.flatnonzero(np.diff(unknown.astype(np.int8)))
        for first, stop in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
            left, right = float(x[first]), float(x[min(stop, x.size - 1)])
            if right - left >= 1.5:
                hatch(painter, QRectF(left, plot.top(), right - left, plot.height()), "missing")

    def draw_over(self, painter: QPainter, cursor: QPointF) -> None:
        plot = self._plot
        if plot.left() <= cursor.x() <= plot.right():
            painter.setPen(QPen(theme.current().ui["cursor"], 1))
            painter.drawLine(
                QPointF(round(cursor.x()) + 0.5, plot.top()), QPointF(round(cursor.x()) + 0.5, plot.bottom())
            )

    def read_out_at(self, point: QPointF) -> ReadOut | None:
        curve = self._curve
        if curve is None or not self._plot.contains(point):
            return None
        instant = self._scale.instant(point.x())
        title, offset = moment(self._zone, instant)
        value = float(curve.at(np.array([instant], dtype=np.int64))[0])
        asleep = any(night.onset <= instant < night.offset for night in self._nights)
        shown = number(value, 2) if np.isfinite(value) else "not known"
        return ReadOut(title, offset, (("Pressure, model", shown), ("Sleep", "asleep" if asleep else "awake")))
