"""Axes and items of plots: round values, local dates, hatched gaps, words and dots; part of the pyqtgraph door."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray

from clarity_desktop.domain.time import date_of_day
from clarity_desktop.ui import theme
from clarity_desktop.ui.charts.paint import tint
from clarity_desktop.ui.charts.valuescale import round_step
from clarity_desktop.ui.charts.wording import day_short, hour_text, number
from clarity_desktop.ui.qt import QBrush, QColor, QPainter, QPen, QPointF, QRectF, QTransform

__all__ = ["DayAxis", "GapItem", "GridItem", "ValueAxis", "label_item", "points_item"]

_DAY_STEPS = (1, 2, 7, 14, 28, 56, 91, 182, 364)
_DAY_PX = 56.0
_CLOCK_STEPS = (0.25, 0.5, 1.0, 2.0, 3.0, 6.0, 12.0)


class _Axis(pg.AxisItem):  # type: ignore[misc]
    """Painted stroke by stroke: a recorded picture would change its size in files of another resolution."""

    def paint(self, painter: QPainter, *_: object) -> None:
        """Draw line, ticks and words."""
        self.drawPicture(painter, *self.generateDrawSpecs(painter))


class ValueAxis(_Axis):
    """Few round values.

    Parameters
    ----------
    orientation:
        ``left`` or ``bottom``.
    steps:
        Distances that two values may have, least first; one, two or five times a power of ten when empty.
    most:
        Most stretches between values.
    """

    def __init__(self, orientation: str, *, steps: tuple[float, ...] = (), most: int = 4) -> None:
        super().__init__(orientation)
        self.clock = False
        """Write values as hours of the day, in steps of hours."""
        self.highest = np.inf
        """No value is written above this one: the room over it is for words."""
        self._steps = steps
        self._most = most
        self.enableAutoSIPrefix(False)

    def tickValues(self, minVal: float, maxVal: float, size: float) -> list[tuple[float, list[float]]]:  # noqa: N803
        """One level of round values between the ends."""
        del size
        spread = maxVal - minVal
        steps = _CLOCK_STEPS if self.clock else self._steps
        step = next((one for one in steps if spread / one <= self._most + self.clock), None) or round_step(
            spread, self._most
        )
        first = int(np.ceil(minVal / step - 1e-9))
        last = int(np.floor(min(maxVal, self.highest) / step + 1e-9))
        return [(step, [round(index * step, 9) for index in range(first, last + 1)])]

    def tickStrings(self, values: Sequence[float], scale: float, spacing: float) -> list[str]:
        """As many decimals as the step needs."""
        del scale
        if self.clock:
            return [hour_text(value % 24) for value in values]
        decimals = 0 if spacing >= 1 else max(0, -int(np.floor(np.log10(spacing) + 1e-9)))
        return [number(value, decimals) for value in values]


class DayAxis(_Axis):
    """Local days (days since 1970-01-01) as dates; weeks begin on Monday."""

    def __init__(self) -> None:
        super().__init__("bottom")
        self.enableAutoSIPrefix(False)

    def tickValues(self, minVal: float, maxVal: float, size: float) -> list[tuple[float, list[float]]]:  # noqa: N803
        """Days at least 56 px apart."""
        per_day = size / max(1e-9, maxVal - minVal)
        step = next((days for days in _DAY_STEPS if days * per_day >= _DAY_PX), _DAY_STEPS[-1])
        # 1970-01-05 was a Monday.
        first = int(np.ceil((minVal - 4) / step)) * step + 4
        return [(float(step), [float(day) for day in range(first, int(np.floor(maxVal)) + 1, step)])]

    def tickStrings(self, values: Sequence[float], scale: float, spacing: float) -> list[str]:
        """``10 Mar``, with the year when the ticks are half a year apart."""
        del scale
        days = [date_of_day(round(value)) for value in values]
        words = [day_short(day, weekday=False) for day in days]
        return [f"{word} {day.year}" for word, day in zip(words, days, strict=True)] if spacing >= 91 else words


class GapItem(pg.GraphicsObject):  # type: ignore[misc]
    """Hatched stretches over the whole height: nothing is known there."""

    def __init__(self, spans: Sequence[tuple[float, float]]) -> None:
        super().__init__()
        self._spans = list(spans)
        self.setZValue(-20)

    def boundingRect(self) -> QRectF:
        """The part of the view that may be hatched."""
        if not self._spans or self.getViewBox() is None:
            return QRectF()
        view = self.viewRect()
        return QRectF(self._spans[0][0], view.top(), self._spans[-1][1] - self._spans[0][0], view.height())

    def paint(self, painter: QPainter, *_: object) -> None:
        """Hatch in pixels: lines keep their distance while the plot is zoomed, also in files of lines."""
        view, world = self.viewRect(), painter.worldTransform()
        painter.save()
        painter.setWorldTransform(QTransform())
        for low, high in self._spans:
            area = world.mapRect(QRectF(low, view.top(), high - low, view.height()))
            painter.fillRect(area, theme.hatch("missing"))
        painter.restore()

    def viewTransformChanged(self) -> None:
        """Follow pan and zoom."""
        self.prepareGeometryChange()
        self.update()


class GridItem(pg.GraphicsObject):  # type: ignore[misc]
    """Level lines at the ticks of an axis, over bands and under data; an axis draws its own over everything.

    Parameters
    ----------
    axis:
        The upright axis.
    pen:
        Cosmetic.
    """

    def __init__(self, axis: ValueAxis, pen: QPen) -> None:
        super().__init__()
        self._axis, self._pen = axis, pen
        self.setZValue(-26)

    def boundingRect(self) -> QRectF:
        """All of the view."""
        return QRectF() if self.getViewBox() is None else self.viewRect()

    def paint(self, painter: QPainter, *_: object) -> None:
        """Draw from edge to edge."""
        view = self.viewRect()
        painter.setPen(self._pen)
        for _step, values in self._axis.tickValues(view.top(), view.bottom(), view.height()):
            for at in values:
                painter.drawLine(QPointF(view.left(), at), QPointF(view.right(), at))

    def viewTransformChanged(self) -> None:
        """Follow pan and zoom."""
        self.prepareGeometryChange()
        self.update()


def label_item(words: str, colour: QColor, *, anchor: tuple[float, float] = (0.0, 0.5), strong: bool = False) -> Any:
    """Words at a place of the plot that do not scale with it."""
    item = pg.TextItem(words, color=colour, anchor=anchor, fill=QBrush(tint(theme.current().ui["surface"], 0.8)))
    item.setFont(theme.font("micro_strong" if strong else "micro"))
    return item


def points_item(x: NDArray[np.float64], y: NDArray[np.float64], colour: QColor, *, size: float = 5.0) -> Any:
    """Filled dots where ``y`` is a number."""
    known = np.isfinite(y)
    return pg.ScatterPlotItem(
        x[known], y[known], size=size, pen=None, brush=QBrush(colour), pxMode=True, antialias=True, useCache=False
    )
