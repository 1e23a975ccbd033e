"""How cells of the patient list are drawn: avatar and name, tags, coverage spark, state badge."""

from __future__ import annotations

from clarity_desktop.app import PatientSummary
from clarity_desktop.domain.people import Patient
from clarity_desktop.ui import theme
from clarity_desktop.ui.components.badge import badge_width, draw_avatar, draw_badge, initials
from clarity_desktop.ui.pages.patient_rows import SUMMARY_ROLE
from clarity_desktop.ui.qt import (
    QColor,
    QFontMetrics,
    QModelIndex,
    QPainter,
    QPersistentModelIndex,
    QRect,
    QRectF,
    QSize,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    Qt,
    QWidget,
)

__all__ = ["ROW_HEIGHT", "PatientCells", "draw_coverage"]

ROW_HEIGHT = 44
_PADDING = 8
_CELL = 4


def draw_coverage(painter: QPainter, area: QRect, shares: tuple[float | None, ...], ratio: float) -> None:
    """One cell a day, oldest first: deeper ink for more wear, hatched when not worn, sunken before the recording."""
    table = theme.colormap("dusk")
    hatched = theme.hatch("not_worn", ratio, small=True)
    for index, share in enumerate(shares):
        cell = QRectF(area.left() + index * _CELL, area.top(), _CELL - 1, area.height())
        if share is None:
            painter.fillRect(cell, theme.colour("sunken"))
        elif share < 0.05:
            painter.fillRect(cell, hatched)
        else:
            red, green, blue, _ = (int(part) for part in table[int(60 + share * 165)])
            painter.fillRect(cell, QColor(red, green, blue))


class PatientCells(QStyledItemDelegate):
    """Paints one cell; rows are 44 px, so that two words and a spark have air."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.hovered_row = -1

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(80, ROW_HEIGHT)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        patient: Patient
        summary: PatientSummary | None
        patient, summary = index.data(SUMMARY_ROLE)
        area: QRect = option.rect
        painter.save()
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        if selected:
            painter.fillRect(area, theme.colour("selected"))
        elif index.row() == self.hovered_row:
            painter.fillRect(area, theme.colour("hover"))
        if index.row() + 1 < index.model().rowCount():
            painter.fillRect(QRect(area.left(), area.bottom(), area.width(), 1), theme.colour("border"))
        if selected and index.column() == 0:
            painter.fillRect(QRect(area.left(), area.top(), 3, area.height()), theme.colour("accent"))
        if selected and theme.current().name == "high_contrast":
            painter.fillRect(QRect(area.left(), area.top(), area.width(), 2), theme.colour("accent"))
            painter.fillRect(QRect(area.left(), area.bottom() - 1, area.width(), 2), theme.colour("accent"))
        ratio = painter.device().devicePixelRatioF()
        inner = area.adjusted(_PADDING, 0, -_PADDING, 0)
        column = index.column()
        if column == 0:
            self._name(painter, inner, patient)
        elif column == 3:
            self._tags(painter, inner, patient.tags, ratio)
        elif column == 5:
            self._coverage(painter, inner, summary, ratio)
        elif column == 7:
            self._state(painter, inner, patient, ratio)
        else:
            words = str(index.data(Qt.ItemDataRole.DisplayRole))
            painter.setFont(theme.font("body"))
            painter.setPen(theme.colour("text" if column in (2, 6) else "text_muted"))
            align = Qt.AlignmentFlag(index.data(Qt.ItemDataRole.TextAlignmentRole))
            shown = QFontMetrics(theme.font("body")).elidedText(words, Qt.TextElideMode.ElideRight, inner.width())
            painter.drawText(inner, align, shown)
        painter.restore()

    def _name(self, painter: QPainter, area: QRect, patient: Patient) -> None:
        draw_avatar(painter, QRect(area.left(), area.center().y() - 11, 24, 24), initials(patient.name))
        font = theme.font("body_medium")
        painter.setFont(font)
        painter.setPen(theme.colour("text"))
        text = area.adjusted(32, 0, 0, 0)
        shown = QFontMetrics(font).elidedText(patient.name, Qt.TextElideMode.ElideRight, text.width())
        painter.drawText(text, Qt.AlignmentFlag.AlignVCenter, shown)

    def _tags(self, painter: QPainter, area: QRect, tags: tuple[str, ...], ratio: float) -> None:
        left = area.left()
        for tag in tags:
            width = badge_width(tag, "")
            if left + width > area.right():
                break
            draw_badge(painter, QRect(left, area.center().y() - 9, width, 20), tag, "", "neutral", ratio)
            left += width + 4

    def _coverage(self, painter: QPainter, area: QRect, summary: PatientSummary | None, ratio: float) -> None:
        if summary is None:
            return
        if any(share is not None for share in summary.coverage_28d):
            draw_coverage(
                painter, QRect(area.left(), area.center().y() - 6, area.width(), 14), summary.coverage_28d, ratio
            )
            return
        painter.setFont(theme.font("micro"))
        painter.setPen(theme.colour("text_muted"))
        painter.drawText(area, Qt.AlignmentFlag.AlignVCenter, "no recording yet")

    def _state(self, painter: QPainter, area: QRect, patient: Patient, ratio: float) -> None:
        words, icon, tone = (
            ("Simulated", "flask-conical", "sim") if patient.simulated else ("Local only", "hard-drive", "neutral")
        )
        width = min(badge_width(words, icon), area.width())
        draw_badge(painter, QRect(area.left(), area.center().y() - 9, width, 20), words, icon, tone, ratio)
