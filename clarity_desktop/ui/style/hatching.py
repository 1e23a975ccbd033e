"""Hatches that tell not worn, no sample and left out apart, as tiling brushes."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

from clarity_desktop.ui.qt import QBrush, QColor, QLineF, QPainter, QPen, QPixmap, Qt, QTransform

__all__ = ["HatchKind", "hatch_brush"]

HatchKind = Literal["not_worn", "missing", "excluded"]

_DIAGONAL_TILE = 17
"""Two periods: lines 6 px apart at 45° repeat every 8.49 px along a row."""
_VERTICAL_TILE = 6
_SMALL_TILE = 11
"""Two periods of lines 4 px apart at 45°: 5.66 px along a row."""


@lru_cache(maxsize=128)
def _tile(kind: str, line: int, fill: int, ratio: float, small: bool) -> QPixmap:
    side = _VERTICAL_TILE if kind == "excluded" else _SMALL_TILE if small else _DIAGONAL_TILE
    pixmap = QPixmap(round(side * ratio), round(side * ratio))
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(QColor.fromRgba(fill))
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, kind != "excluded")
    width = {"not_worn": 1.6 if small else 2.0, "missing": 1.0, "excluded": 1.5}[kind]
    painter.setPen(QPen(QColor.fromRgba(line), width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.FlatCap))
    if kind == "excluded":
        painter.drawLine(QLineF(side / 2, 0, side / 2, side))
    else:
        period = side / 2
        for step in range(-2, 5):
            offset = step * period
            if kind == "not_worn":
                painter.drawLine(QLineF(offset - side, side * 2, offset + side * 2, -side))
            else:
                painter.drawLine(QLineF(offset - side, -side, offset + side * 2, side * 2))
    painter.end()
    return pixmap


def hatch_brush(kind: HatchKind, line: QColor, fill: QColor, ratio: float, *, small: bool = False) -> QBrush:
    """A brush of 45° lines (not worn), −45° lines (no sample) or vertical lines (left out by a person)."""
    brush = QBrush(_tile(kind, line.rgba(), fill.rgba(), ratio, small))
    if ratio != 1.0:
        brush.setTransform(QTransform.fromScale(1 / ratio, 1 / ratio))
    return brush
