"""Files dropped anywhere on the window: what is accepted, and the frame that says so while they hover."""

from __future__ import annotations

from pathlib import Path

from clarity_desktop.ui import theme
from clarity_desktop.ui.qt import QMimeData, QPainter, QPaintEvent, QPen, QRectF, Qt, QWidget

__all__ = ["DropFrame", "files_of"]


def files_of(data: QMimeData) -> tuple[Path, ...]:
    """The local files of a drag, in order; folders and links to elsewhere are left out."""
    paths = [Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile()]
    return tuple(path for path in paths if path.is_file())


class DropFrame(QWidget):
    """Covers the window while files hover over it."""

    def __init__(self, over: QWidget) -> None:
        super().__init__(over)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setAccessibleName("Drop files to import them")
        self._over = over
        self._count = 0
        self.hide()

    def show_for(self, count: int) -> None:
        """Appear for a number of files."""
        self._count = count
        self.setGeometry(self._over.rect())
        self.show()
        self.raise_()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        ground = theme.colour("app")
        ground.setAlphaF(0.88)
        painter.fillRect(self.rect(), ground)
        pen = QPen(theme.colour("accent"), 2, Qt.PenStyle.CustomDashLine)
        pen.setDashPattern([4, 3])
        painter.setPen(pen)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(17, 17, -17, -17), 12, 12)
        centre = self.rect().center()
        painter.drawPixmap(
            centre.x() - 12, centre.y() - 40, theme.pixmap("import", 24, "accent", self.devicePixelRatioF())
        )
        painter.setFont(theme.font("title"))
        painter.setPen(theme.colour("text"))
        words = "Drop to import this file" if self._count == 1 else f"Drop to import these {self._count} files"
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, words)
        painter.end()
