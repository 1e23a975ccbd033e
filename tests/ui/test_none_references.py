"""The binding must not lose references to None while painting; with PySide6 6.12 on Python 3.11 it does."""

from __future__ import annotations

import sys

from clarity_desktop.ui.qt import QApplication, QImage, QLineF, QPainter, QPointF

TOLERANCE = 50


def test_painting_keeps_the_references_to_none(qapp: QApplication) -> None:
    image = QImage(64, 64, QImage.Format.Format_ARGB32)
    painter = QPainter(image)
    painter.drawLine(QLineF(0, 0, 1, 1))
    before = sys.getrefcount(None)
    for step in range(4000):
        painter.drawLine(QLineF(0, 0, step % 64, 63))
        painter.drawLine(QPointF(0, 0), QPointF(1, 1))
        painter.save()
        painter.restore()
    after = sys.getrefcount(None)
    painter.end()
    assert abs(after - before) < TOLERANCE
