"""A recovery or emergency code on paper: one A4 sheet for the printer or a PDF, drawn black on white."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from clarity_desktop.domain.errors import ClarityError
from clarity_desktop.ui import theme
from clarity_desktop.ui.qt import QColor, QPageSize, QPainter, QPdfWriter, QPen, QRectF, Qt

__all__ = ["CodeSheet"]

_DPI = 300
_WIDTH = 520.0
"""The sheet is drawn in a frame this many units wide."""


@dataclass(frozen=True, slots=True)
class CodeSheet:
    """What stands on the sheet."""

    title: str
    code: str
    lines: tuple[str, ...]
    """What it is for, and how to keep it."""

    def draw(self, painter: QPainter, width: float) -> None:
        """Draw onto a page whose printable part is ``width`` device units wide."""
        painter.save()
        painter.scale(width / _WIDTH, width / _WIDTH)
        ink = QColor(Qt.GlobalColor.black)
        painter.setPen(ink)
        painter.setFont(theme.font("title"))
        painter.drawText(QRectF(0, 0, _WIDTH, 26), Qt.AlignmentFlag.AlignLeft, self.title)
        groups = self.code.split("-")
        wide, high, top = (_WIDTH - 32) / 3, 44.0, 44.0
        for number, group in enumerate(groups):
            left, down = (number % 3) * (wide + 16), top + (number // 3) * (high + 12)
            frame = QRectF(left, down, wide, high)
            painter.setPen(QPen(ink, 1))
            painter.drawRoundedRect(frame, 6, 6)
            painter.setFont(theme.font("micro"))
            painter.drawText(frame.adjusted(10, 0, 0, 0), Qt.AlignmentFlag.AlignVCenter, str(number + 1))
            font = theme.font("mono")
            font.setPixelSize(18)
            painter.setFont(font)
            painter.drawText(frame, Qt.AlignmentFlag.AlignCenter, group)
        painter.setFont(theme.font("body"))
        down = top + ((len(groups) + 2) // 3) * (high + 12) + 12
        for line in self.lines:
            box = QRectF(0, down, _WIDTH, 400)
            flags = Qt.AlignmentFlag.AlignLeft | Qt.TextFlag.TextWordWrap
            painter.drawText(box, flags, line)
            down += painter.boundingRect(box, flags, line).height() + 8
        painter.restore()

    def write_pdf(self, path: Path) -> None:
        """Write the sheet as a PDF that only this account can read.

        Raises
        ------
        ClarityError
            ``code.not_saved``.
        """
        try:
            # Made with its rights before anything is in it.
            os.close(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600))
            path.chmod(0o600)
        except OSError as error:
            raise _not_saved(type(error).__name__) from None
        writer = QPdfWriter(str(path))
        writer.setPageSize(QPageSize(QPageSize.PageSizeId.A4))
        writer.setResolution(_DPI)
        writer.setTitle(self.title)
        writer.setCreator("Clarity Desktop")
        painter = QPainter()
        if not painter.begin(writer):
            raise _not_saved("painter")
        self.draw(painter, float(writer.width()))
        painter.end()


def _not_saved(detail: str) -> ClarityError:
    return ClarityError(
        "code.not_saved",
        "The sheet could not be saved there.",
        remedy="Choose a folder that can be written to, or write the code down.",
        detail=detail,
    )
