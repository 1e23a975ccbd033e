"""The head of a table: micro 600, faint, with the sort arrow beside the word."""

from __future__ import annotations

from clarity_desktop.ui import theme
from clarity_desktop.ui.qt import QFontMetrics, QHeaderView, QPainter, QPoint, QRect, Qt

__all__ = ["TableHead"]


class TableHead(QHeaderView):
    """Horizontal head; texts and sides come from the model.

    Parameters
    ----------
    padding:
        Space at both sides of a word, as the cells below have it.
    """

    def __init__(self, padding: int = 8, *, sortable: bool = False) -> None:
        super().__init__(Qt.Orientation.Horizontal)
        self._padding = padding
        self._sortable = sortable
        self.setFixedHeight(28)
        self.setSectionsClickable(sortable)
        self.setHighlightSections(False)
        self.setSortIndicatorShown(False)
        self.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.setMinimumSectionSize(24)
        self.setAccessibleName("Columns")

    def paintSection(self, painter: QPainter, rect: QRect, section: int) -> None:
        painter.save()
        painter.fillRect(QRect(rect.left(), rect.bottom(), rect.width(), 1), theme.colour("border"))
        font = theme.font("micro_strong")
        painter.setFont(font)
        painter.setPen(theme.colour("text_faint"))
        inner = rect.adjusted(self._padding, 0, -self._padding, 0)
        across = Qt.Orientation.Horizontal
        align = Qt.AlignmentFlag(self.model().headerData(section, across, Qt.ItemDataRole.TextAlignmentRole))
        text = str(self.model().headerData(section, across, Qt.ItemDataRole.DisplayRole))
        painter.drawText(inner, align, text)
        if self._sortable and self.sortIndicatorSection() == section:
            up = self.sortIndicatorOrder() is Qt.SortOrder.AscendingOrder
            width = QFontMetrics(font).horizontalAdvance(text)
            left = inner.left() + width + 4 if align & Qt.AlignmentFlag.AlignLeft else inner.right() - width - 16
            ratio = painter.device().devicePixelRatioF()
            image = theme.pixmap("arrow-up" if up else "arrow-down", 12, "text_faint", ratio)
            painter.drawPixmap(QPoint(left, rect.center().y() - 5), image)
        painter.restore()
