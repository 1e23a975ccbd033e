"""Figures as files: the chart under a head that says what, when, where on the clock, in which unit, and how made."""

from __future__ import annotations

import math
import re
from pathlib import Path

from clarity_desktop.domain.errors import ClarityError
from clarity_desktop.ui import theme
from clarity_desktop.ui.charts.figure import Figure
from clarity_desktop.ui.charts.paint import dashed, text, text_width
from clarity_desktop.ui.qt import QImage, QPainter, QPointF, QRectF, QSize, QSvgGenerator

__all__ = ["file_stem", "picture", "save_png", "save_svg"]

_MARGIN, _LINE = 12.0, 18.0
_SIMULATED = "Simulated data: no person's recording"


def _foot(figure: Figure) -> str:
    version = f"Clarity Desktop {figure.caption.version}".rstrip()
    return f"{version} · research software, not a diagnosis"


def _width(figure: Figure) -> float:
    """The figure's width, or that of the longest words around it: nothing of them is cut."""
    words = [text_width("small", one) for one in (figure.window_words(), figure.caption.zone, figure.units())]
    words += [text_width("body_strong", figure.accessibleName()), text_width("micro", _foot(figure))]
    if figure.simulated:
        words.append(text_width("small", _SIMULATED))
    return max(float(figure.width()), math.ceil(max(words)) + 2 * _MARGIN)


def _head_lines(figure: Figure) -> list[str]:
    """Window, zone and unit, in as few lines as the width of the figure allows."""
    lines: list[str] = []
    for part in (figure.window_words(), figure.caption.zone, figure.units()):
        if not part:
            continue
        longer = f"{lines[-1]} · {part}" if lines else part
        if lines and text_width("small", longer) <= _width(figure) - 2 * _MARGIN:
            lines[-1] = longer
        else:
            lines.append(part)
    return lines


def _head_height(figure: Figure) -> float:
    return 8 + _LINE * (1 + len(_head_lines(figure)) + figure.simulated) + 6


def _size(figure: Figure) -> tuple[float, float]:
    return _width(figure), _head_height(figure) + figure.height() + _LINE + 4


def _compose(figure: Figure, painter: QPainter) -> None:
    now = theme.current()
    width, height = _size(figure)
    painter.fillRect(QRectF(0, 0, width, height), now.ui["surface"])
    y = 8 + _LINE / 2
    text(painter, _MARGIN, y, figure.accessibleName(), now.ui["text"], token="body_strong")
    if figure.simulated:
        y += _LINE
        box = text(painter, _MARGIN, y, _SIMULATED, now.ui["sim"], token="small")
        painter.setPen(dashed(now.ui["sim"], 4, 3))
        painter.drawLine(QPointF(box.left(), y - _LINE / 2), QPointF(width - _MARGIN, y - _LINE / 2))
    for line in _head_lines(figure):
        y += _LINE
        text(painter, _MARGIN, y, line, now.ui["text_muted"], token="small")
    painter.save()
    painter.translate(0, _head_height(figure))
    figure.paint_figure(painter)
    painter.restore()
    text(painter, _MARGIN, height - _LINE / 2 - 2, _foot(figure), now.ui["text_faint"])


def picture(figure: Figure, ratio: float) -> QImage:
    """The figure with its head, ``ratio`` pixels a logical pixel."""
    width, height = _size(figure)
    image = QImage(round(width * ratio), round(height * ratio), QImage.Format.Format_RGB32)
    image.setDevicePixelRatio(ratio)
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.TextAntialiasing, True)
    _compose(figure, painter)
    painter.end()
    return image


def save_png(figure: Figure, path: Path, *, width_mm: float, dpi: int) -> None:
    """Write a PNG of a printed width at a resolution that is never below 300 dpi.

    Raises
    ------
    ClarityError
        ``figure.not_written`` when the file cannot be written.
    """
    dpi = max(300, dpi)
    image = picture(figure, width_mm / 25.4 * dpi / _width(figure))
    image.setDevicePixelRatio(1.0)
    per_metre = round(dpi / 0.0254)
    image.setDotsPerMeterX(per_metre)
    image.setDotsPerMeterY(per_metre)
    for key, words in _notes(figure).items():
        image.setText(key, words)
    # The stub asks for bytes, the binding takes text only.
    if not image.save(str(path), "PNG"):  # type: ignore[call-overload]
        raise _not_written(path)


def save_svg(figure: Figure, path: Path, *, width_mm: float) -> None:
    """Write an SVG whose lines and letters stay lines and letters.

    Raises
    ------
    ClarityError
        ``figure.not_written`` when the file cannot be written.
    """
    width, height = _size(figure)
    generator = QSvgGenerator()
    generator.setFileName(str(path))
    generator.setSize(QSize(round(width), round(height)))
    generator.setViewBox(QRectF(0, 0, width, height))
    generator.setResolution(max(1, round(width / (width_mm / 25.4))))
    notes = _notes(figure)
    generator.setTitle(notes["Title"])
    generator.setDescription(notes["Description"])
    painter = QPainter()
    if not painter.begin(generator):
        raise _not_written(path)
    _compose(figure, painter)
    painter.end()


def _notes(figure: Figure) -> dict[str, str]:
    return {
        "Title": " · ".join(part for part in (figure.accessibleName(), figure.window_words()) if part),
        "Description": figure.accessibleDescription(),
        "Software": f"Clarity Desktop {figure.caption.version}".rstrip(),
    }


def _not_written(path: Path) -> ClarityError:
    return ClarityError(
        "figure.not_written",
        "The figure could not be written there.",
        remedy="Choose a folder you may write to.",
        detail=path.suffix,
    )


def file_stem(figure: Figure) -> str:
    """A file name without a person's name: ``average-day-10-mar-6-apr-2025``."""
    words = f"{figure.accessibleName()} {figure.window_words()}".casefold()
    return re.sub(r"[^a-z0-9]+", "-", words).strip("-") or "figure"
