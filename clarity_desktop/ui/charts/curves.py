"""Lines and ribbons from arrays: NaN breaks them, and numbers reach the painter in one call a stretch."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from clarity_desktop.ui.qt import QColor, QPainter, QPen, QPointF, QPolygonF, QRectF, Qt

__all__ = ["polyline", "ribbon", "stretches"]

_WHOLE_UP_TO = 48
_PIECE = 6


def stretches(known: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """``[first, last)`` of every run of true values of a boolean array of shape (N,)."""
    if not known.size:
        return []
    edges = np.flatnonzero(np.diff(np.concatenate([[False], known, [False]]).astype(np.int8)))
    return [(int(low), int(high)) for low, high in zip(edges[::2], edges[1::2], strict=True)]


def _polygon(x: NDArray[np.float64], y: NDArray[np.float64]) -> QPolygonF:
    return QPolygonF([QPointF(a, b) for a, b in zip(x.tolist(), y.tolist(), strict=True)])


def polyline(painter: QPainter, x: NDArray[np.float64], y: NDArray[np.float64], pen: QPen) -> None:
    """A line through points, broken at NaN; a point alone is drawn as a dot. Arrays of shape (N,)."""
    painter.setBrush(Qt.BrushStyle.NoBrush)
    whole = pen.style() != Qt.PenStyle.SolidLine or pen.color().alpha() < 255
    if not whole:
        pen = QPen(pen)
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    painter.setPen(pen)
    for first, last in stretches(np.isfinite(y)):
        if last - first == 1:
            painter.fillRect(QRectF(float(x[first]) - 1, float(y[first]) - 1, 2, 2), pen.color())
            continue
        # The outline of a long ragged line costs with the square of its length, so it is drawn in short pieces. Dashes
        # and see-through ink would show where they meet.
        piece = last - first if whole or last - first <= _WHOLE_UP_TO else _PIECE
        for begin in range(first, last - 1, piece):
            stop = min(begin + piece + 1, last)
            painter.drawPolyline(_polygon(x[begin:stop], y[begin:stop]))


def ribbon(
    painter: QPainter,
    x: NDArray[np.float64],
    lower: NDArray[np.float64],
    upper: NDArray[np.float64],
    colour: QColor,
) -> None:
    """The area between two lines, broken where either is NaN. Arrays of shape (N,)."""
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour)
    for first, last in stretches(np.isfinite(lower) & np.isfinite(upper)):
        if last - first == 1:
            top, bottom = sorted((float(upper[first]), float(lower[first])))
            painter.drawRect(QRectF(float(x[first]) - 0.5, top, 1, max(1.0, bottom - top)))
            continue
        there, back = x[first:last], x[first:last][::-1]
        painter.drawPolygon(
            _polygon(np.concatenate([there, back]), np.concatenate([upper[first:last], lower[first:last][::-1]]))
        )
    painter.setBrush(Qt.BrushStyle.NoBrush)
