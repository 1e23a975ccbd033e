"""The list of weeks: real minutes of 10 080, and the reason when a week is not computed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from clarity_desktop.domain.pat import WINDOW_MIN, WeekEmbedding
from clarity_desktop.domain.pat_results import WeekStatus
from clarity_desktop.domain.time import date_of_day
from clarity_desktop.ui import theme
from clarity_desktop.ui.charts.wording import days_between, number
from clarity_desktop.ui.qt import (
    QAbstractItemView,
    QAbstractListModel,
    QFontMetrics,
    QKeyEvent,
    QListView,
    QModelIndex,
    QPainter,
    QPersistentModelIndex,
    QPointF,
    QRect,
    QSize,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    Qt,
    QTimer,
    Signal,
)

__all__ = ["WeekLine", "WeekList", "week_lines"]

_ROW = 46
_Index = QModelIndex | QPersistentModelIndex


@dataclass(frozen=True, slots=True)
class WeekLine:
    """One week as it is listed."""

    day: int
    title: str
    second: str
    worn: str
    icon: str
    tone: str
    tip: str


def week_lines(weeks: Sequence[WeekStatus], computed: Sequence[WeekEmbedding], *, expected: bool) -> list[WeekLine]:
    """The lines of a list.

    Parameters
    ----------
    computed:
        Embeddings there are.
    expected:
        Whether weeks that are worn enough are waited for; without a model they stay as they are.
    """
    by_day = {one.day: one for one in computed}
    lines = []
    for week in weeks:
        first = date_of_day(week.day)
        title = days_between(first, date_of_day(week.day + 6))
        made = by_day.get(week.day)
        flags = "".join(f", {_flag(one.travel)}" for one in week.changes[:1])
        filled = week.minutes.to_fill
        if week.reason:
            second, icon, tone = week.reason.split(". ")[0], "ban", "text_faint"
        elif made is None:
            second, icon, tone = ("Not computed yet" if expected else "Worn enough"), "circle-dashed", "text_faint"
        elif made.unreliable:
            second, icon, tone = f"Unreliable: {number(filled)} min filled", "triangle-alert", "warn"
        else:
            words = f"{number(filled)} min filled" if filled else "Computed"
            second, icon, tone = words, "circle-check", "ok"
        lines.append(WeekLine(week.day, title, second + flags, number(week.minutes.worn), icon, tone, _tip(week, made)))
    return lines


def _flag(travel: bool) -> str:
    return "travel" if travel else "clock change"


def _tip(week: WeekStatus, made: WeekEmbedding | None) -> str:
    minutes = week.minutes
    counted = (
        f"{number(minutes.worn)} worn, {number(minutes.not_worn)} not worn, {number(minutes.missing)} without a "
        f"sample, {number(minutes.excluded)} left out; together {number(WINDOW_MIN)} min."
    )
    lines = [counted]
    for change in week.changes:
        hours = number(abs(change.shift_s) / 3600, 1)
        done = "skips" if change.shift_s > 0 else "repeats"
        lines.append(f"The clock {done} {hours} h, then {change.zone}. No minute is left out for it.")
    if made is not None:
        near = "no neighbouring week" if made.neighbour_distance is None else number(made.neighbour_distance, 2)
        lines.append(
            f"Filled: {number(made.own_median_filled)} min by the own median, {number(made.average_filled)} min by the "
            f"average. The other fill moves the embedding by {number(made.sensitivity, 2)}; neighbouring weeks: {near}."
        )
    if week.reason:
        lines.append(week.reason)
    return "\n".join(lines)


class _Weeks(QAbstractListModel):
    def __init__(self) -> None:
        super().__init__()
        self.lines: list[WeekLine] = []

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.lines)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> object | None:
        line = self.lines[index.row()]
        if role == Qt.ItemDataRole.UserRole:
            return line
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return f"{line.title}, {line.second}, {line.worn} of {number(WINDOW_MIN)} minutes"
        return line.tip if role == Qt.ItemDataRole.ToolTipRole else None


class _Lines(QStyledItemDelegate):
    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:
        del option, index
        return QSize(200, _ROW)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        line: WeekLine = index.data(Qt.ItemDataRole.UserRole)
        area: QRect = option.rect
        painter.save()
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        hovered = bool(option.state & QStyle.StateFlag.State_MouseOver)
        if chosen or hovered:
            painter.fillRect(area, theme.colour("selected" if chosen else "hover"))
        if chosen:
            painter.fillRect(QRect(area.left(), area.top(), 3, area.height()), theme.colour("accent"))
        painter.fillRect(QRect(area.left(), area.bottom(), area.width(), 1), theme.colour("border"))
        ratio = painter.device().devicePixelRatioF()
        image = theme.pixmap(line.icon, 16, line.tone, ratio)
        painter.drawPixmap(QPointF(area.left() + 12, area.center().y() - 7), image)
        inner = area.adjusted(38, 4, -12, -4)
        half = inner.height() // 2
        upper = QRect(inner.left(), inner.top(), inner.width(), half)
        lower = QRect(inner.left(), inner.top() + half, inner.width(), half)
        strong, small = theme.font("body_medium"), theme.font("small")
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        left = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        painter.setFont(strong)
        painter.setPen(theme.colour("text"))
        painter.drawText(upper, left, line.title)
        painter.drawText(upper, right, line.worn)
        painter.setFont(small)
        painter.setPen(theme.colour("text_muted"))
        unit = f"of {number(WINDOW_MIN)} min"
        metrics = QFontMetrics(small)
        painter.drawText(lower, right, unit)
        room = lower.width() - metrics.horizontalAdvance(unit) - 8
        painter.drawText(lower, left, metrics.elidedText(line.second, Qt.TextElideMode.ElideRight, room))
        painter.restore()


class WeekList(QListView):
    """Weeks by day; up and down, J and K move, the chosen week is shown at once."""

    week_chosen = Signal(int)
    """Local day of the week."""

    def __init__(self) -> None:
        super().__init__()
        self._weeks = _Weeks()
        self.setModel(self._weeks)
        self._lines = _Lines(self)
        self.setItemDelegate(self._lines)
        self.setAccessibleName("Weeks")
        self.setMouseTracking(True)
        self.setUniformItemSizes(True)
        self.setFrameShape(QListView.Shape.NoFrame)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.selectionModel().currentChanged.connect(lambda now, _: self._moved(now))
        self._quiet = False

    def show_lines(self, lines: Sequence[WeekLine], day: int | None) -> None:
        """Show other lines with one of them chosen; nothing is announced."""
        self._quiet = True
        self._weeks.beginResetModel()
        self._weeks.lines = list(lines)
        self._weeks.endResetModel()
        self.choose(day)
        self._quiet = False

    def choose(self, day: int | None) -> None:
        """Choose the week that begins with a local day, without announcing it."""
        quiet, self._quiet = self._quiet, True
        for row, line in enumerate(self._weeks.lines):
            if line.day == day:
                self.setCurrentIndex(self._weeks.index(row, 0))
        self._quiet = quiet
        # The list may not have its height yet.
        QTimer.singleShot(0, self, self._show_current)

    def _show_current(self) -> None:
        self.scrollTo(self.currentIndex(), QAbstractItemView.ScrollHint.PositionAtCenter)

    @property
    def lines(self) -> tuple[WeekLine, ...]:
        """What is listed."""
        return tuple(self._weeks.lines)

    def _moved(self, index: QModelIndex) -> None:
        if not self._quiet and index.isValid():
            self.week_chosen.emit(self._weeks.lines[index.row()].day)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_J: 1, Qt.Key.Key_K: -1}.get(Qt.Key(event.key()), 0)
        if not step or event.modifiers():
            super().keyPressEvent(event)
            return
        row = min(max(0, self.currentIndex().row() + step), len(self._weeks.lines) - 1)
        if row >= 0:
            self.setCurrentIndex(self._weeks.index(row, 0))
