"""The table of the patient list: rows of 44 px, sorting by head, Enter opens."""

from __future__ import annotations

from clarity_desktop.ui import theme
from clarity_desktop.ui.components.table_head import TableHead
from clarity_desktop.ui.pages.patient_cells import ROW_HEIGHT, PatientCells
from clarity_desktop.ui.pages.patient_rows import PatientFilter
from clarity_desktop.ui.qt import (
    QAbstractItemView,
    QEvent,
    QHeaderView,
    QKeyEvent,
    QModelIndex,
    QMouseEvent,
    QResizeEvent,
    Qt,
    QTableView,
    Signal,
)

__all__ = ["PatientTable"]

_WIDTHS = (0, 72, 48, 96, 116, 130, 84, 106)
_LEAST_NAME = 180
_HIDE_ORDER = (3, 7, 2)
"""Columns that give way, first to last, when the window is narrow."""


class PatientTable(QTableView):
    """Emits ids, never rows."""

    opened = Signal(str)
    current_changed = Signal(str)
    moved = Signal()
    """Other rows came into sight: scrolled, sorted or resized."""

    def __init__(self, model: PatientFilter) -> None:
        super().__init__()
        self._filtered = model
        self.setModel(model)
        self.setAccessibleName("People")
        self.setFont(theme.font("body"))
        self._cells = PatientCells(self)
        self.setItemDelegate(self._cells)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setShowGrid(False)
        self.setTabKeyNavigation(False)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMouseTracking(True)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(ROW_HEIGHT)
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        head = TableHead(sortable=True)
        self.setHorizontalHeader(head)
        head.setSortIndicator(0, Qt.SortOrder.AscendingOrder)
        head.sectionClicked.connect(self._sort)
        self.doubleClicked.connect(lambda index: self.opened.emit(self._filtered.patient_at(index.row()).id))
        self.verticalScrollBar().valueChanged.connect(lambda _: self.moved.emit())
        self.selectionModel().currentRowChanged.connect(lambda now, _: self._moved(now))

    def _sort(self, column: int) -> None:
        head = self.horizontalHeader()
        same = self._filtered.sortColumn() == column
        up = not (same and self._filtered.sortOrder() is Qt.SortOrder.AscendingOrder)
        order = Qt.SortOrder.AscendingOrder if up else Qt.SortOrder.DescendingOrder
        self._filtered.sort(column, order)
        head.setSortIndicator(column, order)
        head.viewport().update()
        self.moved.emit()

    def _moved(self, now: QModelIndex) -> None:
        if now.isValid():
            self.current_changed.emit(self._filtered.patient_at(now.row()).id)

    def current_patient_id(self) -> str | None:
        """Id of the selected person."""
        index = self.currentIndex()
        return self._filtered.patient_at(index.row()).id if index.isValid() else None

    def select(self, patient_id: str) -> None:
        """Select a person, if the filter shows them."""
        for row in range(self._filtered.rowCount()):
            if self._filtered.patient_at(row).id == patient_id:
                self.selectRow(row)
                self.setCurrentIndex(self._filtered.index(row, 0))
                return

    def visible_ids(self) -> list[str]:
        """Ids of the people whose rows are in sight."""
        # By arithmetic: the view lays rows out later than the model changes.
        first = self.verticalScrollBar().value() // ROW_HEIGHT
        last = min(first + self.height() // ROW_HEIGHT + 2, self._filtered.rowCount())
        return [self._filtered.patient_at(row).id for row in range(min(first, last), last)]

    def fit_height(self) -> None:
        """Be as high as the rows, up to what a window shows; beyond that the rows scroll."""
        rows = self._filtered.rowCount()
        wanted = self.horizontalHeader().height() + rows * ROW_HEIGHT
        room = max(280, self.window().height() - 220)
        self.setFixedHeight(min(wanted, room))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        room = self.viewport().width()
        shown = set(range(1, len(_WIDTHS)))
        for column in _HIDE_ORDER:
            if room - sum(_WIDTHS[one] for one in shown) >= _LEAST_NAME:
                break
            shown.discard(column)
        for column, width in enumerate(_WIDTHS):
            if column:
                self.setColumnHidden(column, column not in shown)
                self.setColumnWidth(column, width)
        self.setColumnWidth(0, max(_LEAST_NAME, room - sum(_WIDTHS[one] for one in shown)))
        self.moved.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        current = self.current_patient_id()
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and current is not None:
            self.opened.emit(current)
            return
        if event.key() in (Qt.Key.Key_J, Qt.Key.Key_K) and not event.modifiers():
            step = 1 if event.key() == Qt.Key.Key_J else -1
            row = min(max(0, self.currentIndex().row() + step), self._filtered.rowCount() - 1)
            self.setCurrentIndex(self._filtered.index(row, 0))
            return
        super().keyPressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        super().mouseMoveEvent(event)
        row = self.rowAt(int(event.position().y()))
        if row != self._cells.hovered_row:
            self._cells.hovered_row = row
            self.viewport().update()

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self._cells.hovered_row = -1
        self.viewport().update()
