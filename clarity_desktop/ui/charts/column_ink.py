"""Columns as ink: bands, bars and dense lines are set pixel by pixel in one picture, which is fast and crisp."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from clarity_desktop.ui.qt import QColor, QImage, QPainter, QRectF

__all__ = ["Ink", "joined_runs", "stroke_of"]

Floats = NDArray[np.float64]
_MOST_KEPT = 8
_kept: dict[tuple[int, int], NDArray[np.uint32]] = {}


class Ink:
    """A picture over an area of a chart, filled by layers and painted once.

    Columns of data are laid on pixel columns so that no least or greatest value is lost when several share one.
    """

    def __init__(self, area: QRectF, ratio: float) -> None:
        self._area = area
        self._ratio = ratio
        self.width = max(1, round(area.width() * ratio))
        self._height = max(1, round(area.height() * ratio))
        self._pixels = _cleared(self._height, self.width)

    def lay(self, x: NDArray[np.floating], step: float, values: NDArray[np.floating], *, greatest: bool) -> Floats:
        """Values of columns centred at ``x`` px (each ``step`` wide) by pixel column, shape (width,), NaN outside."""
        result = np.full(self.width, np.nan)
        if not x.size or step <= 0:
            return result
        centres = self._area.left() + (np.arange(self.width) + 0.5) / self._ratio
        first = np.floor((centres - 0.5 / self._ratio - (x[0] - step / 2)) / step).astype(np.int64)
        inside = (centres > x[0] - step / 2) & (centres < x[-1] + step / 2)
        if not inside.any():
            return result
        starts = np.clip(first[inside], 0, x.size - 1)
        stop = min(x.size, int(starts[-1]) + max(1, int(np.ceil(1 / (step * self._ratio)))))
        reduce = np.fmax if greatest else np.fmin
        result[inside] = reduce.reduceat(values[:stop], starts)
        return result

    def fill(self, top: Floats, bottom: Floats, colour: QColor) -> None:
        """Ink from ``top`` to ``bottom`` (px of the chart, shape (width,)); at least one pixel where both are known."""
        high = np.round((top - self._area.top()) * self._ratio)
        low = np.round((bottom - self._area.top()) * self._ratio)
        known = np.isfinite(high) & np.isfinite(low)
        limit = self._height
        # Kept in 16 bits: a row lies between high and low when its distance from high, taken without a sign, is less
        # than theirs. That is one comparison of half the memory.
        first = np.clip(np.where(known, high, 1), 0, limit).astype(np.int16)
        last = np.clip(np.where(known, np.maximum(low, high + 1), 0), 0, limit).astype(np.int16)
        tall = np.maximum(last - first, 0).astype(np.uint16)
        rows = np.arange(limit, dtype=np.int16)[:, None]
        np.copyto(self._pixels, np.uint32(_premultiplied(colour)), where=(rows - first).view(np.uint16) < tall)

    def paint(self, painter: QPainter) -> None:
        """Put the picture on the chart."""
        form = QImage.Format.Format_ARGB32_Premultiplied
        picture = QImage(self._pixels.data, self.width, self._height, 4 * self.width, form)
        exact = (self.width, self._height) == (self._area.width() * self._ratio, self._area.height() * self._ratio)
        if exact:
            # Without scaling the pixels are only copied.
            picture.setDevicePixelRatio(self._ratio)
            painter.drawImage(self._area.topLeft(), picture)
        else:
            painter.drawImage(self._area, picture)


def _cleared(height: int, width: int) -> NDArray[np.uint32]:
    """An empty picture; one of the same size is used again, since a picture is painted before the next is begun."""
    pixels = _kept.pop((height, width), None)
    if pixels is None:
        pixels = np.zeros((height, width), dtype=np.uint32)
    else:
        pixels.fill(0)
    _kept[height, width] = pixels
    while len(_kept) > _MOST_KEPT:
        del _kept[next(iter(_kept))]
    return pixels


def _premultiplied(colour: QColor) -> int:
    """The colour as its bytes lie in a picture whose parts are scaled by their opacity."""
    alpha = colour.alpha()
    red, green, blue = (round(part * alpha / 255) for part in (colour.red(), colour.green(), colour.blue()))
    return alpha << 24 | red << 16 | green << 8 | blue


def joined_runs(known: NDArray[np.intp]) -> list[tuple[int, int]]:
    """Runs ``[first, last)`` within ``known`` whose steps are at most twice the usual distance of samples."""
    if not known.size:
        return []
    steps = np.diff(known)
    limit = 2.0 * float(np.median(steps)) if steps.size else 1.0
    cuts = (np.flatnonzero(steps > max(1.0, limit)) + 1).tolist()
    return list(zip([0, *cuts], [*cuts, int(known.size)], strict=True))


def stroke_of(pixel_x: Floats, x: Floats, y: Floats, known: NDArray[np.intp], width: float) -> tuple[Floats, Floats]:
    """Top and bottom of a line of ``width`` px through known points, by pixel column; NaN where it is broken."""
    line = np.full(pixel_x.size, np.nan)
    for first, last in joined_runs(known):
        run = known[first:last]
        within = (pixel_x >= x[run[0]] - 0.5) & (pixel_x <= x[run[-1]] + 0.5)
        line[within] = np.interp(pixel_x[within], x[run], y[run])
    before, after = np.roll(line, 1), np.roll(line, -1)
    before[0], after[-1] = np.nan, np.nan
    halves = np.stack([line, (line + before) / 2, (line + after) / 2])
    top, bottom = np.fmin.reduce(halves), np.fmax.reduce(halves)
    broken = np.isnan(line)
    top[broken] = bottom[broken] = np.nan
    return top - width / 2, bottom + width / 2
