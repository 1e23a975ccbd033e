"""Lucide icons, recoloured in their source and cached as pixmaps."""

from __future__ import annotations

from functools import lru_cache

from clarity_desktop.assets import asset
from clarity_desktop.ui.qt import QByteArray, QColor, QPainter, QPixmap, QRectF, QSvgRenderer, Qt

__all__ = ["icon_names", "render_icon"]

_STROKE = 1.75


@lru_cache(maxsize=256)
def _source(name: str) -> str:
    text = asset(f"resources/icons/{name}.svg").read_text("utf-8")
    return text.replace('stroke-width="2"', f'stroke-width="{_STROKE}"')


def icon_names() -> tuple[str, ...]:
    """Names of all icons that ship with the program."""
    return tuple(sorted(path.stem for path in asset("resources/icons").glob("*.svg")))


@lru_cache(maxsize=1024)
def _rendered(name: str, size: int, rgba: int, ratio: float) -> QPixmap:
    colour = QColor.fromRgba(rgba)
    svg = QSvgRenderer(QByteArray(_source(name).replace("currentColor", colour.name()).encode()))
    pixmap = QPixmap(round(size * ratio), round(size * ratio))
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setOpacity(colour.alphaF())
    svg.render(painter, QRectF(0, 0, size, size))
    painter.end()
    return pixmap


def render_icon(name: str, size: int, colour: QColor, ratio: float) -> QPixmap:
    """The icon as a pixmap of ``size`` logical pixels at a device pixel ratio.

    Raises
    ------
    NotFoundError
        ``asset.missing`` when no such icon ships with the program.
    """
    return _rendered(name, size, colour.rgba(), ratio)
