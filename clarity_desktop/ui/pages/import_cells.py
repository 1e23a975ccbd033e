"""A table of texts that can be filled anew, as the dialogs of imports, zones and sources show it."""

from __future__ import annotations

from collections.abc import Callable

from clarity_desktop.ui import theme
from clarity_desktop.ui.charts.figure import ChartTable
from clarity_desktop.ui.components.table_head import TableHead
from clarity_desktop.ui.qt import (
    QAbstractItemView,
    QAbstractTableModel,
    QFontMetrics,
    QModelIndex,
    QPersistentModelIndex,
    Qt,
    QTableView,
)

__all__ = ["CellTable"]

_Index = QModelIndex | QPersistentModelIndex
_MEASURED = 300
_ROW = 26
_NOTHING = ChartTable((), ())


class _Cells(QAbstractTableModel):
    def __init__(self, numbers: frozenset[int]) -> None:
        super().__init__()
        self.table = _NOTHING
        self._numbers = numbers

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.table.rows)

    def columnCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.table.heads)

    def fill(self, table: ChartTable) -> None:
        self.beginResetModel()
        self.table = table
        self.endResetModel()

    def _side(self, column: int) -> Qt.AlignmentFlag:
        across = Qt.AlignmentFlag.AlignRight if column in self._numbers else Qt.AlignmentFlag.AlignLeft
        return across | Qt.AlignmentFlag.AlignVCenter

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> object | None:
        if orientation is not Qt.Orientation.Horizontal or section >= len(self.table.heads):
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self.table.heads[section]
        return self._side(section) if role == Qt.ItemDataRole.TextAlignmentRole else None

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> object | None:
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole, Qt.ItemDataRole.ToolTipRole):
            return self.table.rows[index.row()][index.column()]
        return self._side(index.column()) if role == Qt.ItemDataRole.TextAlignmentRole else None


class CellTable(QTableView):
    """Rows of text under heads; a row can be chosen with mouse and keys.

    Parameters
    ----------
    name:
        What the table is called for those who hear it.
    numbers:
        Columns that stand at the right.
    most:
        Rows shown before it scrolls.
    """

    def __init__(self, name: str, numbers: tuple[int, ...] = (), most: int = 9) -> None:
        super().__init__()
        self._cells = _Cells(frozenset(numbers))
        self._most = most
        self.setModel(self._cells)
        self.setAccessibleName(name)
        self.setShowGrid(False)
        self.setFont(theme.font("body"))
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(_ROW)
        self.setHorizontalHeader(TableHead(6))
        self.horizontalHeader().setStretchLastSection(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)

    def show_table(self, table: ChartTable) -> None:
        """Show a table; its columns get the width of what stands in them."""
        self._cells.fill(table)
        metrics = QFontMetrics(theme.font("body"))
        # The last column takes what is left; what does not fit is in its tooltip.
        for column, words in enumerate(table.heads[:-1]):
            cells = (row[column] for row in table.rows[:_MEASURED])
            self.setColumnWidth(column, 24 + max(metrics.horizontalAdvance(cell) for cell in (words, *cells)))
        self.setFixedHeight(28 + _ROW * min(max(1, len(table.rows)), self._most) + 4)

    def chosen(self) -> int | None:
        """The row that is chosen, ``None`` for none."""
        index = self.currentIndex()
        return index.row() if index.isValid() else None

    def choose(self, row: int) -> None:
        """Choose a row."""
        self.selectRow(row)

    def on_chosen(self, call: Callable[[], None]) -> None:
        """Call something whenever another row is chosen."""
        self.selectionModel().selectionChanged.connect(lambda *_: call())
