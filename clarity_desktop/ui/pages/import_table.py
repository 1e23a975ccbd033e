"""The table of kinds in an import report."""

from __future__ import annotations

from clarity_desktop.ui import theme
from clarity_desktop.ui.components.table_head import TableHead
from clarity_desktop.ui.pages.import_words import TypeRow, grouped
from clarity_desktop.ui.qt import (
    QAbstractItemView,
    QAbstractTableModel,
    QFontMetrics,
    QModelIndex,
    QPainter,
    QPersistentModelIndex,
    QPointF,
    QRect,
    QResizeEvent,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    Qt,
    QTableView,
)

__all__ = ["TypeTable"]

_HEADS = ("Type", "Records", "Stored new", "Already here", "Left out")
_ROW = 28
_NUMBERS = 92
_Index = QModelIndex | QPersistentModelIndex


class _Types(QAbstractTableModel):
    def __init__(self) -> None:
        super().__init__()
        self.rows: list[TypeRow] = []

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(_HEADS)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> object | None:
        if orientation is Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return _HEADS[section]
        if orientation is Qt.Orientation.Horizontal and role == Qt.ItemDataRole.TextAlignmentRole and section:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        if orientation is Qt.Orientation.Horizontal and role == Qt.ItemDataRole.TextAlignmentRole:
            return Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        return None

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> object | None:
        row = self.rows[index.row()]
        if role == Qt.ItemDataRole.UserRole:
            return row
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            numbers = (row.records, row.stored, row.repeated, row.left_out)
            return row.title if index.column() == 0 else grouped(numbers[index.column() - 1])
        if role == Qt.ItemDataRole.ToolTipRole and index.column() == 0:
            return row.kind
        return None


class _Cells(QStyledItemDelegate):
    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        row: TypeRow = index.data(Qt.ItemDataRole.UserRole)
        area: QRect = option.rect
        painter.save()
        if index.row() + 1 < index.model().rowCount():
            painter.fillRect(QRect(area.left(), area.bottom(), area.width(), 1), theme.colour("border"))
        text = str(index.data(Qt.ItemDataRole.DisplayRole))
        if index.column() == 0:
            ratio = painter.device().devicePixelRatioF()
            icon, tone = ("triangle-alert", "warn") if row.left_out else ("circle-check", "ok")
            painter.drawPixmap(QPointF(area.left() + 12, area.center().y() - 7), theme.pixmap(icon, 16, tone, ratio))
            painter.setFont(theme.font("body"))
            painter.setPen(theme.colour("text"))
            inner = area.adjusted(38, 0, -4, 0)
            shown = QFontMetrics(theme.font("body")).elidedText(text, Qt.TextElideMode.ElideRight, inner.width())
            painter.drawText(inner, Qt.AlignmentFlag.AlignVCenter, shown)
        else:
            strong = index.column() == 2
            warned = index.column() == 4 and row.left_out > 0
            painter.setFont(theme.font("body_strong" if strong else "body"))
            painter.setPen(
                theme.colour("warn" if warned else "text" if strong or index.column() == 1 else "text_muted")
            )
            painter.drawText(
                area.adjusted(0, 0, -12, 0), Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, text
            )
        painter.restore()


class TypeTable(QTableView):
    """As high as its rows; the page scrolls, not the table."""

    def __init__(self) -> None:
        super().__init__()
        self._types = _Types()
        self.setModel(self._types)
        self.setItemDelegate(_Cells(self))
        self.setAccessibleName("Records by type")
        self.setShowGrid(False)
        self.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(_ROW)
        self.verticalHeader().setMinimumSectionSize(_ROW)
        self.setHorizontalHeader(TableHead(12))

    def show_rows(self, rows: list[TypeRow]) -> None:
        """Show the kinds of one report."""
        self._types.beginResetModel()
        self._types.rows = rows
        self._types.endResetModel()
        self.setFixedHeight(_ROW * (len(rows) + 1))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        for column in range(1, len(_HEADS)):
            self.setColumnWidth(column, _NUMBERS)
        self.setColumnWidth(0, max(120, self.viewport().width() - _NUMBERS * (len(_HEADS) - 1)))
