"""How a row of the palette is drawn: icon, title with the matched letters, area, keys, or why it cannot run."""

from __future__ import annotations

from dataclasses import dataclass

from clarity_desktop.domain.people import Patient
from clarity_desktop.ui import theme
from clarity_desktop.ui.commands import Command
from clarity_desktop.ui.qt import (
    QFont,
    QFontMetricsF,
    QModelIndex,
    QPainter,
    QPersistentModelIndex,
    QPointF,
    QRectF,
    QSize,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    Qt,
)
from clarity_desktop.ui.shell.header import draw_keys

__all__ = ["HEAD_HEIGHT", "ROW_HEIGHT", "PaletteDelegate", "Row"]

ROW_HEIGHT = 40
HEAD_HEIGHT = 32


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the palette."""

    kind: str
    """``head``, ``command`` or ``person``."""
    title: str
    area: str = ""
    keys: str = ""
    icon: str = ""
    places: tuple[int, ...] = ()
    """Places in the title that the typed letters fall on."""
    target: Command | Patient | None = None
    reason: str = ""
    """Why it cannot run now; empty when it can."""

    def spoken(self) -> str:
        """The row in words."""
        parts = [self.title, self.area, self.keys, f"not now: {self.reason}" if self.reason else ""]
        return ", ".join(part for part in parts if part)


class PaletteDelegate(QStyledItemDelegate):
    """Paints rows; holds no state."""

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        row: Row = index.data(Qt.ItemDataRole.UserRole)
        return QSize(100, HEAD_HEIGHT if row.kind == "head" else ROW_HEIGHT)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        row: Row = index.data(Qt.ItemDataRole.UserRole)
        area = QRectF(option.rect)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if row.kind == "head":
            painter.setFont(theme.font("micro_strong"))
            painter.setPen(theme.colour("text_muted"))
            painter.drawText(area.adjusted(16, 6, 0, 0), Qt.AlignmentFlag.AlignVCenter, row.title)
            painter.restore()
            return
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(area, theme.colour("selected"))
            painter.fillRect(QRectF(area.left(), area.top(), 3, area.height()), theme.colour("accent"))
        elif option.state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(area, theme.colour("hover"))
        ink = "text_muted" if row.reason else "text"
        ratio = painter.device().devicePixelRatioF()
        painter.drawPixmap(
            QPointF(area.left() + 16, area.center().y() - 8),
            theme.pixmap(row.icon or "command", 16, "text_muted", ratio),
        )
        right = area.right() - 16
        if row.keys:
            for cap in reversed(row.keys.split("+")):
                right = draw_keys(painter, right, area.center().y(), cap) - 4
        painter.setFont(theme.font("small"))
        painter.setPen(theme.colour("text_muted"))
        column = QRectF(area.right() - 220, area.top(), 90, area.height())
        painter.drawText(column, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, row.area)
        left = self._title(painter, row, area, ink)
        if row.reason:
            painter.setFont(theme.font("small"))
            painter.setPen(theme.colour("text_muted"))
            painter.drawText(
                QRectF(left + 12, area.top(), column.left() - left - 12, area.height()),
                Qt.AlignmentFlag.AlignVCenter,
                row.reason,
            )
        painter.restore()

    def _title(self, painter: QPainter, row: Row, area: QRectF, ink: str) -> float:
        """Draw the title, matched letters in accent; answers where it ends."""
        plain, strong = theme.font("body"), theme.font("body_strong")
        left = area.left() + 44
        marked = frozenset(row.places)
        start = 0
        while start < len(row.title):
            stop = start
            while stop < len(row.title) and (stop in marked) == (start in marked):
                stop += 1
            part = row.title[start:stop]
            font: QFont = strong if start in marked else plain
            painter.setFont(font)
            painter.setPen(theme.colour("accent" if start in marked else ink))
            width = QFontMetricsF(font).horizontalAdvance(part)
            painter.drawText(QRectF(left, area.top(), width + 4, area.height()), Qt.AlignmentFlag.AlignVCenter, part)
            left += width
            start = stop
        return left
