"""Difference of two accounts of sleep against their mean, night by night, with bias and limits of agreement."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from clarity_desktop.ui import theme
from clarity_desktop.ui.charts.canvas import Chart
from clarity_desktop.ui.charts.figure import ChartTable
from clarity_desktop.ui.charts.paint import ReadOut, dashed, text, tint
from clarity_desktop.ui.charts.valuescale import ValueScale, line_scale
from clarity_desktop.ui.charts.wording import day_short, duration, number
from clarity_desktop.ui.qt import QPainter, QPen, QPointF, QRectF, Qt, QWidget

if TYPE_CHECKING:
    from clarity_desktop.app.comparisons import Bias, MethodPair

__all__ = ["AgreementChart"]

_LEFT, _RIGHT, _TOP, _FOOT = 64.0, 104.0, 14.0, 40.0


class AgreementChart(Chart):
    """One dot a night: time asleep by two accounts, their difference against their mean (Bland & Altman 1986)."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Agreement of two accounts", height=220, parent=parent)
        self._pair: MethodPair | None = None
        self._names = ("", "")

    def show_pair(self, pair: MethodPair | None, names: tuple[str, str] = ("", ""), *, simulated: bool = False) -> None:
        """Show a pair of accounts; ``names`` are reference and other in words."""
        self._pair, self._names, self.simulated = pair, names, simulated
        self.refresh()

    def message(self) -> str:
        if self._pair is None:
            return "Two accounts of the same nights are needed."
        return "" if self._dots()[0].size else "No night has time asleep by both accounts."

    def _dots(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        pair = self._pair
        if pair is None:
            return np.empty(0), np.empty(0)
        mean = np.array([(n.reference.tst_min + n.other.tst_min) / 2 for n in pair.nights])
        return mean, np.array([n.other.tst_min - n.reference.tst_min for n in pair.nights])

    def _bias(self) -> Bias | None:
        pair = self._pair
        return None if pair is None else next(one for one in pair.biases if one.measure == "tst_min")

    def summary(self) -> str:
        bias = self._bias()
        if self.message() or bias is None or bias.mean is None:
            return self.message()
        words = f"{self._names[1]} minus {self._names[0]}: time asleep differs by {number(bias.mean)} min"
        words += f" on {bias.n} nights"
        if bias.low is not None and bias.high is not None:
            words += f", limits of agreement {number(bias.low)} to {number(bias.high)} min"
        return words + "."

    def table(self) -> ChartTable | None:
        if self._pair is None or not self._pair.nights:
            return None
        rows = tuple(
            (
                night.date.isoformat(),
                duration(night.reference.tst_min),
                duration(night.other.tst_min),
                f"{number(night.other.tst_min - night.reference.tst_min)} min",
            )
            for night in self._pair.nights
        )
        return ChartTable(("Night to", self._names[0], self._names[1], "Difference"), rows)

    def _area(self) -> QRectF:
        return QRectF(_LEFT, _TOP, max(60.0, self.width() - _LEFT - _RIGHT), max(60.0, self.height() - _TOP - _FOOT))

    def _scales(self) -> tuple[ValueScale, ValueScale]:
        mean, difference = self._dots()
        bias = self._bias()
        ends = [end for end in (bias.low, bias.high, 0.0) if end is not None] if bias is not None else [0.0]
        heights = np.append(difference, ends)
        y = _whole(line_scale(heights, heights, ticks=4), heights)
        hours = mean / 60
        x = _whole(line_scale(hours, hours, ticks=5), hours)
        return x, y

    def draw(self, painter: QPainter) -> None:
        now, area, (x, y) = theme.current(), self._area(), self._scales()
        for tick in y.ticks:
            at = round(area.bottom() - y.share(tick) * area.height()) + 0.5
            painter.setPen(QPen(now.ui["grid"], 1))
            painter.drawLine(QPointF(area.left(), at), QPointF(area.right(), at))
            text(painter, area.left() - 8, at, y.label(tick), now.ui["text_faint"], align="right")
        for tick in x.ticks:
            at = area.left() + x.share(tick) * area.width()
            text(painter, at, area.bottom() + 12, f"{x.label(tick)} h", now.ui["text_faint"], align="centre")
        painter.setPen(QPen(now.ui["axis"], 1))
        painter.drawLine(QPointF(area.left(), area.bottom() + 0.5), QPointF(area.right(), area.bottom() + 0.5))
        bias = self._bias()
        if bias is not None and bias.mean is not None:
            lines = [(bias.mean, "bias", True), (bias.low, "−1.96 SD", False), (bias.high, "+1.96 SD", False)]
            for value, name, strong in lines:
                if value is None:
                    continue
                at = area.bottom() - y.share(value) * area.height()
                ink = now.ui["text" if strong else "text_muted"]
                painter.setPen(QPen(ink, 1.5) if strong else dashed(ink, 5, 3))
                painter.drawLine(QPointF(area.left(), at), QPointF(area.right(), at))
                text(painter, area.right() + 6, at, f"{name} {number(value)} min", ink)
        mean, difference = self._dots()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(tint(now.data["asleep"], 0.9))
        for left, high in zip(mean.tolist(), difference.tolist(), strict=True):
            painter.drawEllipse(self._point(area, x, y, left, high), 3.5, 3.5)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        words = f"Mean of both, time asleep; up: {self._names[1]} minus {self._names[0]}, min"
        text(painter, area.left(), area.bottom() + 29, words, now.ui["text_faint"])

    @staticmethod
    def _point(area: QRectF, x: ValueScale, y: ValueScale, mean: float, difference: float) -> QPointF:
        return QPointF(
            area.left() + x.share(mean / 60) * area.width(), area.bottom() - y.share(difference) * area.height()
        )

    def read_out_at(self, point: QPointF) -> ReadOut | None:
        pair = self._pair
        if pair is None or not pair.nights:
            return None
        area, (x, y) = self._area(), self._scales()
        mean, difference = self._dots()
        places = [self._point(area, x, y, a, b) for a, b in zip(mean.tolist(), difference.tolist(), strict=True)]
        near = [math.hypot(place.x() - point.x(), place.y() - point.y()) for place in places]
        place = int(np.argmin(near))
        if near[place] > 16:
            return None
        night = pair.nights[place]
        kappa = night.epochs.kappa
        rows = (
            (self._names[0], duration(night.reference.tst_min)),
            (self._names[1], duration(night.other.tst_min)),
            ("Difference", f"{number(float(difference[place]))} min"),
            ("Minutes equal", "–" if night.epochs.share is None else f"{number(100 * night.epochs.share)} %"),
            ("κ", "–" if kappa is None else number(kappa, 2)),
        )
        return ReadOut(f"Night to {day_short(night.date)}", "", rows)


def _whole(scale: ValueScale, values: NDArray[np.float64]) -> ValueScale:
    """The scale with ends that no value passes: each night counts here."""
    step = scale.ticks[1] - scale.ticks[0] if len(scale.ticks) > 1 else 1.0
    low = min(scale.low, math.floor(float(values.min()) / step) * step)
    high = max(scale.high, math.ceil(float(values.max()) / step) * step)
    ticks = tuple(low + step * index for index in range(round((high - low) / step) + 1))
    return ValueScale(low, high, ticks)
