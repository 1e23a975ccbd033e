"""A table of measures inside a card: heads, bottom lines, numbers at the right, units in their own column."""

from __future__ import annotations

from collections.abc import Sequence

from clarity_desktop.ui import theme
from clarity_desktop.ui.charts.paint import text, text_width
from clarity_desktop.ui.qt import (
    QEvent,
    QFontMetricsF,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPointF,
    QRectF,
    QSize,
    QSizePolicy,
    Qt,
    QToolTip,
    QWidget,
    Signal,
)

__all__ = ["MeasureTable"]

_HEAD, _ROW = 24, 26


class MeasureTable(QWidget):
    """Rows of text: the first column at the left, the others at the right; ``strong`` names the bold one.

    Rows with a last cell beginning with ``!`` have no value: that text runs across the other columns. A table that
    ``opens`` can be walked with up and down; a click or Enter opens the row.
    """

    row_opened = Signal(int)
    """Number of the row that was clicked, or on which Enter was pressed."""

    def __init__(
        self,
        name: str,
        heads: Sequence[str],
        *,
        strong: int = 1,
        opens: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._opens = opens
        self._row: int | None = None
        self._hovered: int | None = None
        if opens:
            self.setMouseTracking(True)
            self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._heads = tuple(heads)
        self._strong = strong
        self._rows: list[tuple[str, ...]] = []
        self._tips: list[str] = []
        self.setAccessibleName(name)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme.notifier.changed.connect(self.update)
        self.show_rows(())

    def show_rows(self, rows: Sequence[Sequence[str]], tips: Sequence[str] = ()) -> None:
        """Show other rows; ``tips`` are tool tips row by row."""
        self._rows = [tuple(row) for row in rows]
        self._tips = list(tips)
        self._row = None
        self.setFixedHeight(_HEAD + _ROW * max(1, len(self._rows)))
        spoken = "; ".join(", ".join(cell.lstrip("!") for cell in row if cell) for row in self._rows)
        self.setAccessibleDescription(spoken or "No rows")
        self.update()

    def rows(self) -> list[tuple[str, ...]]:
        """What the table shows."""
        return list(self._rows)

    def sizeHint(self) -> QSize:
        return QSize(320, self.height())

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent):
            row = int((event.pos().y() - _HEAD) // _ROW)
            if 0 <= row < len(self._tips) and event.pos().y() >= _HEAD:
                QToolTip.showText(event.globalPos(), self._tips[row], self)
            return True
        return super().event(event)

    def _row_at(self, y: float) -> int | None:
        row = int((y - _HEAD) // _ROW)
        return row if self._opens and 0 <= row < len(self._rows) else None

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._hovered = self._row_at(event.position().y())
        self.setCursor(Qt.CursorShape.PointingHandCursor if self._hovered is not None else Qt.CursorShape.ArrowCursor)
        self.update()

    def leaveEvent(self, event: QEvent) -> None:
        self._hovered = None
        self.update()
        super().leaveEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        row = self._row_at(event.position().y())
        if row is not None and event.button() == Qt.MouseButton.LeftButton:
            self.open_row(row)
        super().mouseReleaseEvent(event)

    def open_row(self, row: int) -> None:
        """Choose a row and say that it is to be opened."""
        self._row = row
        self.update()
        self.row_opened.emit(row)

    def choose(self, row: int | None) -> None:
        """Mark a row without opening it."""
        self._row = row
        self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = event.key()
        if self._opens and self._rows and key in (Qt.Key.Key_Down, Qt.Key.Key_Up):
            step = 1 if key == Qt.Key.Key_Down else -1
            self.choose(min(max((-1 if self._row is None else self._row) + step, 0), len(self._rows) - 1))
        elif self._opens and self._row is not None and key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.open_row(self._row)
        else:
            super().keyPressEvent(event)

    def _edges(self) -> list[float]:
        """Right edge of each column after the first."""
        edges, right = [], self.width() - 12.0
        for column in range(len(self._heads) - 1, 0, -1):
            edges.append(right)
            cells = [self._heads[column], *(r[column] for r in self._rows if len(r) > column and "!" not in r[-1][:1])]
            token = "body_strong" if column == self._strong else "small"
            right -= max(text_width(token, cell) for cell in cells) + 14
        return edges[::-1]

    def paintEvent(self, event: QPaintEvent) -> None:
        del event
        painter = QPainter(self)
        now, edges = theme.current(), self._edges()
        text(painter, 12, _HEAD / 2, self._heads[0], now.ui["text_faint"], token="micro_strong")
        for head, edge in zip(self._heads[1:], edges, strict=True):
            text(painter, edge, _HEAD / 2, head, now.ui["text_faint"], token="micro_strong", align="right")
        metrics = QFontMetricsF(theme.font("body"))
        for index, row in enumerate(self._rows):
            top = _HEAD + index * _ROW
            if index in (self._row, self._hovered):
                shade = now.ui["selected" if index == self._row else "hover"]
                painter.fillRect(QRectF(1, top + 1, self.width() - 2, _ROW - 1), shade)
            if index == self._row:
                painter.fillRect(QRectF(1, top + 1, 3, _ROW - 1), now.ui["accent"])
            painter.setPen(QPen(now.ui["border"], 1))
            painter.drawLine(QPointF(0, top + 0.5), QPointF(self.width(), top + 0.5))
            y = top + _ROW / 2
            missing = row[-1].startswith("!")
            first = edges[0] if edges else self.width() - 12.0
            # Only this row's own value stands in the way of its name.
            value = text_width("body_strong" if self._strong == 1 else "small", row[1]) if len(row) > 1 else 0.0
            room = (first - value - 22) if not missing else self.width() * 0.45
            words = metrics.elidedText(row[0], Qt.TextElideMode.ElideRight, max(20.0, room))
            text(painter, 12, y, words, now.ui["text"], token="body")
            if missing:
                left = 20 + text_width("body", words)
                small = QFontMetricsF(theme.font("small"))
                rest = small.elidedText(row[-1][1:], Qt.TextElideMode.ElideRight, max(20.0, self.width() - left - 12))
                text(painter, self.width() - 12.0, y, rest, now.ui["text_muted"], token="small", align="right")
                continue
            for column, (cell, edge) in enumerate(zip(row[1:], edges, strict=False), start=1):
                strong = column == self._strong
                token, colour = ("body_strong", "text") if strong else ("small", "text_muted")
                text(painter, edge, y, cell, now.ui[colour], token=token, align="right")
        painter.end()
