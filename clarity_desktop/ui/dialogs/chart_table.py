"""The data of a chart as a table, with the paragraph that says what the picture shows."""

from __future__ import annotations

from clarity_desktop.ui import theme
from clarity_desktop.ui.charts.figure import ChartTable
from clarity_desktop.ui.components.table_head import TableHead
from clarity_desktop.ui.components.text import Label
from clarity_desktop.ui.dialogs.sheet import Sheet
from clarity_desktop.ui.qt import (
    QAbstractItemView,
    QAbstractTableModel,
    QFontMetrics,
    QGuiApplication,
    QModelIndex,
    QPersistentModelIndex,
    Qt,
    QTableView,
    QWidget,
)

__all__ = ["ChartTableSheet"]

_Index = QModelIndex | QPersistentModelIndex
_MEASURED = 400
"""Rows from which the width of a column is taken."""


class _Cells(QAbstractTableModel):
    def __init__(self, table: ChartTable, parent: QWidget) -> None:
        super().__init__(parent)
        self._table = table

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._table.rows)

    def columnCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._table.heads)

    def _side(self, column: int) -> Qt.AlignmentFlag:
        across = Qt.AlignmentFlag.AlignRight if column else Qt.AlignmentFlag.AlignLeft
        return across | Qt.AlignmentFlag.AlignVCenter

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> object | None:
        if orientation is not Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self._table.heads[section]
        return self._side(section) if role == Qt.ItemDataRole.TextAlignmentRole else None

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> object | None:
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            row = self._table.rows[index.row()]
            return row[index.column()] if index.column() < len(row) else ""
        return self._side(index.column()) if role == Qt.ItemDataRole.TextAlignmentRole else None


class ChartTableSheet(Sheet):
    """Summary, table and a button that copies the table with its head."""

    def __init__(self, window: QWidget, title: str, summary: str, table: ChartTable | None) -> None:
        wide = table is not None and len(table.heads) > 4
        super().__init__(window, title, width=min(900, window.width() - 64) if wide else 640, top=64)
        self.summary = Label(summary, "body", "muted", wrap=True)
        self.body.addWidget(self.summary)
        self.view: QTableView | None = None
        if table is not None and table.rows:
            self.body.addWidget(self._view(window, title, table))
            copy = self.add_button("Copy table")
            copy.clicked.connect(lambda _=False: QGuiApplication.clipboard().setText(table.text()))
        close = self.add_button("Close", "primary")
        close.clicked.connect(lambda _=False: self.dismiss())

    def _view(self, window: QWidget, title: str, table: ChartTable) -> QTableView:
        view = self.view = QTableView()
        view.setModel(_Cells(table, view))
        view.setAccessibleName(f"{title} as a table")
        view.setShowGrid(False)
        view.setFont(theme.font("body"))
        view.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        view.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        view.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        view.verticalHeader().hide()
        view.verticalHeader().setDefaultSectionSize(26)
        head = TableHead(6)
        view.setHorizontalHeader(head)
        metrics = QFontMetrics(theme.font("body"))
        for column, words in enumerate(table.heads):
            cells = (row[column] for row in table.rows[:_MEASURED] if column < len(row))
            view.setColumnWidth(column, 24 + max(metrics.horizontalAdvance(cell) for cell in (words, *cells)))
        view.setFixedHeight(min(28 + 26 * len(table.rows) + 4, max(180, window.height() - 340)))
        return view
