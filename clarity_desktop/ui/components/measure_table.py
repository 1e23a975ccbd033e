"""A table of measures inside a card: heads, bottom lines, numbers at the right, units in their own column."""

from __future__ import annotations

from collections.abc import Sequence

from clarity_desktop.ui import theme
from clarity_desktop.ui.charts.paint import text, text_width
from clarity_desktop.ui.qt import (
    QEvent,
    QFontMetricsF,
    QHelpEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPointF,
    QSize,
    QSizePolicy,
    Qt,
    QToolTip,
    QWidget,
)

__all__ = ["MeasureTable"]

_HEAD, _ROW = 24, 26


class MeasureTable(QWidget):
    """Rows of text: the first column at the left, the others at the right; ``strong`` names the bold one.

    Rows with a last cell beginning with ``!`` have no value: that text runs across the other columns.
    """

    def __init__(self, name: str, heads: Sequence[str], *, strong: int = 1, parent: QWidget | None = None) -> None:
        super().__init__(parent)
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
            painter.setPen(QPen(now.ui["border"], 1))
            painter.drawLine(QPointF(0, top + 0.5), QPointF(self.width(), top + 0.5))
            y = top + _ROW / 2
            missing = row[-1].startswith("!")
            first = edges[0] if edges else self.width() - 12.0
            widest = max((text_width("body_strong", r[1]) for r in self._rows if len(r) > 1), default=0.0)
            room = (first - widest - 24) if not missing else self.width() * 0.45
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
