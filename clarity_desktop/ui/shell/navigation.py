"""The navigation at the left: patients, the open person's pages, the workstation; folds to icons."""

from __future__ import annotations

from clarity_desktop.ui import theme
from clarity_desktop.ui.components.text import Label
from clarity_desktop.ui.qt import (
    QAbstractButton,
    QEnterEvent,
    QEvent,
    QPainter,
    QPaintEvent,
    QPointF,
    QRect,
    QRectF,
    QScrollArea,
    QSize,
    QSizePolicy,
    Qt,
    QVBoxLayout,
    QWidget,
    Signal,
)
from clarity_desktop.ui.shell.page_list import PAGES, PageEntry

__all__ = ["Navigation"]

_OPEN, _FOLDED = 184, 48
_GROUPS = {"patient": "Patient", "cloud": "Cloud", "workstation": "Workstation"}


class _Item(QAbstractButton):
    """One entry: icon, title, and a number where there is one to tell."""

    def __init__(self, page: PageEntry) -> None:
        super().__init__()
        self.page = page
        self.number = ""
        self.folded = False
        self.setCheckable(True)
        self.setFixedHeight(28)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAccessibleName(page.title)
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    def sizeHint(self) -> QSize:
        return QSize(_FOLDED if self.folded else _OPEN, 28)

    def enterEvent(self, event: QEnterEvent) -> None:
        self.update()

    def leaveEvent(self, event: QEvent) -> None:
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        chosen = self.isChecked()
        fill = "selected" if chosen else "hover" if self.underMouse() and self.isEnabled() else ""
        painter.setPen(Qt.PenStyle.NoPen)
        if fill:
            painter.setBrush(theme.colour(fill))
            painter.drawRoundedRect(QRectF(8, 0, self.width() - 16, self.height()), 6, 6)
        if chosen:
            painter.setBrush(theme.colour("accent"))
            painter.drawRoundedRect(QRectF(-3, 4, 6, self.height() - 8), 2, 2)
        ink = "text" if chosen else "text_muted" if self.isEnabled() else "text_faint"
        left = 16
        painter.drawPixmap(
            QPointF(left, (self.height() - 16) / 2),
            theme.pixmap(self.page.icon, 16, "accent" if chosen else ink, self.devicePixelRatioF()),
        )
        if not self.folded:
            painter.setFont(theme.font("body_strong" if chosen else "body"))
            painter.setPen(theme.colour("text" if self.isEnabled() else "text_faint"))
            area = QRect(left + 24, 0, self.width() - left - 24 - 16, self.height())
            painter.drawText(area, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, self.page.title)
            painter.setFont(theme.font("small"))
            painter.setPen(theme.colour("text_muted"))
            painter.drawText(area, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, self.number)
        painter.end()


class Navigation(QWidget):
    """Announces which page is wanted; shows which one is open."""

    chosen = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("navigation")
        self.setAccessibleName("Navigation")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        # More pages than a low window has room for scroll; they must not make the window higher.
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 1, 0)
        self._area = QScrollArea()
        self._area.setWidgetResizable(True)
        self._area.setAccessibleName("Pages")
        self._area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._area.setProperty("role", "clear")
        self._area.viewport().setProperty("role", "clear")
        self._area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._area.verticalScrollBar().setFixedWidth(6)
        whole.addWidget(self._area)
        pages = QWidget()
        pages.setProperty("role", "clear")
        self._area.setWidget(pages)
        column = QVBoxLayout(pages)
        column.setContentsMargins(0, 12, 0, 12)
        column.setSpacing(0)
        self._items: dict[str, _Item] = {}
        self._heads: dict[str, Label] = {}
        self._no_one = Label("No one is open", "small", "muted")
        self._no_one.setContentsMargins(16, 4, 0, 4)
        group = ""
        for page in PAGES:
            if page.group != group and page.group in _GROUPS:
                group = page.group
                head = Label(_GROUPS[group], "micro_strong", "faint")
                head.setContentsMargins(16, 12, 0, 4)
                head.setFixedHeight(32)
                self._heads[group] = head
                column.addWidget(head)
                if group == "patient":
                    column.addWidget(self._no_one)
            item = _Item(page)
            item.clicked.connect(lambda _=False, page=page: self.chosen.emit(page.id))
            self._items[page.id] = item
            column.addWidget(item)
        column.addStretch(1)
        self._permitted: frozenset[str] = frozenset(self._items)
        self._patient_open = False
        self.set_patient(False)
        self.set_folded(False)

    def set_permitted(self, page_ids: frozenset[str]) -> None:
        """Offer only these pages; what a role does not include is not shown here."""
        self._permitted = page_ids
        self.set_patient(self._patient_open)

    def set_page(self, page_id: str) -> None:
        """Mark the open page."""
        for name, item in self._items.items():
            item.setChecked(name == page_id)
            if name == page_id:
                self._area.ensureWidgetVisible(item, 0, 40)

    def set_patient(self, is_open: bool) -> None:
        """Offer the pages of a person, or say that no one is open."""
        self._patient_open = is_open
        for name, item in self._items.items():
            item.setVisible(name in self._permitted and (is_open or not item.page.needs_patient))
        self._show_heads()
        self._no_one.setVisible(not is_open and not self._folded_now())

    def set_number(self, page_id: str, number: int | None) -> None:
        """Show a count at the right of an entry; ``None`` shows none."""
        item = self._items[page_id]
        item.number = "" if number is None else str(number)
        item.setAccessibleName(item.page.title if number is None else f"{item.page.title}, {number}")
        item.update()

    def _show_heads(self) -> None:
        """A group that a role has no page of has no head either."""
        offered = {item.page.group for name, item in self._items.items() if name in self._permitted}
        for group, head in self._heads.items():
            head.setVisible(not self._folded_now() and group in offered)

    def _folded_now(self) -> bool:
        return self.width() == _FOLDED

    def set_folded(self, folded: bool) -> None:
        """Fold to icons, or unfold."""
        self.setFixedWidth(_FOLDED if folded else _OPEN)
        patient_open = any(item.isVisibleTo(self) for item in self._items.values() if item.page.needs_patient)
        self._no_one.setVisible(not folded and not patient_open)
        self._show_heads()
        for item in self._items.values():
            item.folded = folded
            item.setToolTip(item.page.title if folded else "")
            item.update()
