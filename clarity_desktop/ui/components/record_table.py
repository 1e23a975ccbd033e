"""A table of records: an icon before the first cell, keys instead of row numbers, copied with its head."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from clarity_desktop.ui import theme
from clarity_desktop.ui.components.table_head import TableHead
from clarity_desktop.ui.qt import (
    QAbstractItemView,
    QAbstractTableModel,
    QEvent,
    QFontMetrics,
    QGuiApplication,
    QHeaderView,
    QKeyEvent,
    QKeySequence,
    QModelIndex,
    QMouseEvent,
    QPainter,
    QPersistentModelIndex,
    QPointF,
    QRect,
    QResizeEvent,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    Qt,
    QTableView,
    Signal,
)

__all__ = ["Column", "Record", "RecordTable"]

_ROW = 28
_Index = QModelIndex | QPersistentModelIndex


@dataclass(frozen=True, slots=True)
class Column:
    """One column."""

    head: str
    width: int = 0
    """Logical pixels; 0 shares what is left."""
    right: bool = False
    """Numbers stand at the right."""


@dataclass(frozen=True, slots=True)
class Record:
    """One row."""

    key: str
    """Names the record to the page; never shown."""
    cells: tuple[str, ...]
    icon: str = ""
    tone: str = "text_muted"
    muted: bool = False
    """Whether the row is of the past, such as somebody who was removed."""


class _Records(QAbstractTableModel):
    def __init__(self, columns: Sequence[Column]) -> None:
        super().__init__()
        self.columns = tuple(columns)
        self.rows: list[Record] = []

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.columns)

    def _side(self, column: int) -> Qt.AlignmentFlag:
        side = Qt.AlignmentFlag.AlignRight if self.columns[column].right else Qt.AlignmentFlag.AlignLeft
        return side | Qt.AlignmentFlag.AlignVCenter

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> object | None:
        if orientation is not Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self.columns[section].head
        return self._side(section) if role == Qt.ItemDataRole.TextAlignmentRole else None

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> object | None:
        row = self.rows[index.row()]
        if role == Qt.ItemDataRole.UserRole:
            return row
        if role in (
            Qt.ItemDataRole.DisplayRole,
            Qt.ItemDataRole.AccessibleTextRole,
            Qt.ItemDataRole.ToolTipRole,
        ):
            return row.cells[index.column()]
        return self._side(index.column()) if role == Qt.ItemDataRole.TextAlignmentRole else None


class _Cells(QStyledItemDelegate):
    hovered = -1

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        row: Record = index.data(Qt.ItemDataRole.UserRole)
        area: QRect = option.rect
        painter.save()
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        if chosen or index.row() == self.hovered:
            painter.fillRect(area, theme.colour("selected" if chosen else "hover"))
        if chosen and index.column() == 0:
            painter.fillRect(QRect(area.left(), area.top(), 3, area.height()), theme.colour("accent"))
        if index.row() + 1 < index.model().rowCount():
            painter.fillRect(QRect(area.left(), area.bottom(), area.width(), 1), theme.colour("border"))
        inner = area.adjusted(12, 0, -8, 0)
        if index.column() == 0 and row.icon:
            ratio = painter.device().devicePixelRatioF()
            image = theme.pixmap(row.icon, 16, row.tone, ratio)
            painter.drawPixmap(QPointF(inner.left(), area.center().y() - 7), image)
            inner.adjust(24, 0, 0, 0)
        font = theme.font("body_strong" if index.column() == 0 and not row.muted else "body")
        painter.setFont(font)
        painter.setPen(theme.colour("text_muted" if row.muted and not chosen else "text"))
        text = str(index.data(Qt.ItemDataRole.DisplayRole))
        shown = QFontMetrics(font).elidedText(text, Qt.TextElideMode.ElideRight, inner.width())
        painter.drawText(inner, Qt.AlignmentFlag(index.data(Qt.ItemDataRole.TextAlignmentRole)), shown)
        painter.restore()


class RecordTable(QTableView):
    """Emits keys, never rows.

    Parameters
    ----------
    name:
        For assistive technology.
    most:
        Rows that are shown at once; beyond that the table scrolls. 0 lets it take the room it gets.
    """

    current_changed = Signal(str)
    opened = Signal(str)
    """Enter or a double click on a row."""

    def __init__(self, name: str, columns: Sequence[Column], *, most: int = 12) -> None:
        super().__init__()
        self._records = _Records(columns)
        self._most = most
        self.setModel(self._records)
        self._cells = _Cells(self)
        self.setItemDelegate(self._cells)
        self.setAccessibleName(name)
        self.setFont(theme.font("body"))
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setShowGrid(False)
        self.setTabKeyNavigation(False)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMouseTracking(True)
        self.verticalHeader().hide()
        self.verticalHeader().setMinimumSectionSize(_ROW)
        self.verticalHeader().setDefaultSectionSize(_ROW)
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.setHorizontalHeader(TableHead(12))
        self.selectionModel().currentRowChanged.connect(lambda now, _: self._moved(now))
        self.doubleClicked.connect(lambda index: self.opened.emit(self._records.rows[index.row()].key))

    def show_records(self, rows: Sequence[Record]) -> None:
        """Show other records; the selected one stays selected if it is still there."""
        key = self.current_key()
        self._records.beginResetModel()
        self._records.rows = list(rows)
        self._records.endResetModel()
        if self._most:
            self.setFixedHeight(_ROW * (1 + min(max(1, len(rows)), self._most)) + 1)
        if key:
            self.select(key)
        self.current_changed.emit(self.current_key())

    @property
    def records(self) -> tuple[Record, ...]:
        """The records shown."""
        return tuple(self._records.rows)

    def current_key(self) -> str:
        """Key of the selected record; empty when none is."""
        row = self.currentIndex().row()
        return self._records.rows[row].key if 0 <= row < len(self._records.rows) else ""

    def select(self, key: str) -> None:
        """Select a record by its key, if it is there."""
        for row, one in enumerate(self._records.rows):
            if one.key == key:
                self.setCurrentIndex(self._records.index(row, 0))
                return

    def as_text(self) -> str:
        """Head and records as tab-separated text."""
        lines = ["\t".join(column.head for column in self._records.columns)]
        return "\n".join([*lines, *("\t".join(one.cells) for one in self._records.rows)])

    def _moved(self, now: QModelIndex) -> None:
        if now.isValid():
            self.current_changed.emit(self.current_key())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        columns = self._records.columns
        fixed = sum(column.width for column in columns)
        sharing = sum(not column.width for column in columns) or 1
        share = max(96, (self.viewport().width() - fixed) // sharing)
        for number, column in enumerate(columns):
            self.setColumnWidth(number, column.width or share)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Copy):
            QGuiApplication.clipboard().setText(self.as_text())
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.current_key():
            self.opened.emit(self.current_key())
        elif event.key() in (Qt.Key.Key_J, Qt.Key.Key_K) and not event.modifiers():
            step = 1 if event.key() == Qt.Key.Key_J else -1
            row = min(max(0, self.currentIndex().row() + step), len(self._records.rows) - 1)
            self.setCurrentIndex(self._records.index(row, 0))
        else:
            super().keyPressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        super().mouseMoveEvent(event)
        self._hover(self.rowAt(int(event.position().y())))

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self._hover(-1)

    def _hover(self, row: int) -> None:
        if row != self._cells.hovered:
            self._cells.hovered = row
            self.viewport().update()
