"""The header: back and forward, whose data is open, search, role and sync, menu and lock."""

from __future__ import annotations

from datetime import date

from clarity_desktop.domain.people import Patient
from clarity_desktop.ui import theme
from clarity_desktop.ui.components.badge import Avatar, Badge
from clarity_desktop.ui.components.buttons import Button, IconButton
from clarity_desktop.ui.components.text import ElidedLabel, Label
from clarity_desktop.ui.qt import (
    QAbstractButton,
    QEnterEvent,
    QEvent,
    QFontMetrics,
    QHBoxLayout,
    QPainter,
    QPaintEvent,
    QPen,
    QPointF,
    QRect,
    QRectF,
    QSize,
    QSizePolicy,
    Qt,
    QVBoxLayout,
    QWidget,
    Signal,
)

__all__ = ["Header", "draw_keys"]


def draw_keys(painter: QPainter, right: float, middle: float, keys: str) -> float:
    """Draw keys as a cap that ends at ``right`` with its centre at ``middle``; answers where it begins."""
    font = theme.font("micro")
    width = QFontMetrics(font).horizontalAdvance(keys) + 12
    cap = QRectF(right - width + 0.5, round(middle - 9) + 0.5, width - 1, 18)
    painter.setPen(QPen(theme.colour("border"), 1))
    painter.setBrush(theme.colour("sunken"))
    painter.drawRoundedRect(cap, 4, 4)
    painter.setFont(font)
    painter.setPen(theme.colour("text_muted"))
    painter.drawText(cap, Qt.AlignmentFlag.AlignCenter, keys)
    return right - width


class _SearchButton(QAbstractButton):
    """Looks like a field and opens the palette."""

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName("Search people and commands")
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFixedHeight(28)
        self.setMinimumWidth(180)
        self.setMaximumWidth(320)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        return QSize(320, 28)

    def enterEvent(self, event: QEnterEvent) -> None:
        self.update()

    def leaveEvent(self, event: QEvent) -> None:
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(theme.colour("border_strong"), 1))
        painter.setBrush(theme.colour("hover" if self.underMouse() else "surface"))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 6, 6)
        painter.drawPixmap(QPointF(10, 6), theme.pixmap("search", 16, "text_muted", self.devicePixelRatioF()))
        painter.setFont(theme.font("body"))
        painter.setPen(theme.colour("text_faint"))
        text = QFontMetrics(theme.font("body")).elidedText(
            "Search people and commands", Qt.TextElideMode.ElideRight, self.width() - 100
        )
        painter.drawText(QRect(34, 0, self.width() - 34, self.height()), Qt.AlignmentFlag.AlignVCenter, text)
        draw_keys(painter, self.width() - 6, self.height() / 2, "Ctrl K")
        painter.end()


class Header(QWidget):
    """Says at all times whose data is open."""

    back = Signal()
    forward = Signal()
    search = Signal()
    menu = Signal()
    lock = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("header")
        self.setAccessibleName("Header")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFixedHeight(48)
        self.back_button = IconButton("arrow-left", "Back", tip="Back  Alt+←")
        self.forward_button = IconButton("arrow-right", "Forward", tip="Forward  Alt+→")
        self.back_button.clicked.connect(self.back)
        self.forward_button.clicked.connect(self.forward)
        left = QWidget()
        row = QHBoxLayout(left)
        row.setContentsMargins(12, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(self.back_button)
        row.addWidget(self.forward_button)
        self._brand = Label("Clarity Desktop", "body_strong")
        row.addWidget(self._brand)
        self._person = QWidget()
        person = QHBoxLayout(self._person)
        person.setContentsMargins(0, 0, 0, 0)
        person.setSpacing(8)
        self._avatar = Avatar(side=28)
        self._name = ElidedLabel("", "body_strong")
        self._facts = ElidedLabel("", "small", "muted")
        lines = QVBoxLayout()
        lines.setContentsMargins(0, 0, 0, 0)
        lines.setSpacing(0)
        self._name.setFixedHeight(18)
        self._facts.setFixedHeight(16)
        lines.addStretch(1)
        lines.addWidget(self._name)
        lines.addWidget(self._facts)
        lines.addStretch(1)
        self._simulated = Badge(
            "Simulated data", "flask-conical", "sim", "This person is made by the program. It cannot be hidden."
        )
        person.addWidget(self._avatar)
        person.addLayout(lines)
        person.addWidget(self._simulated)
        self.data_place = Badge("", "hard-drive", "neutral")
        self.data_place.hide()
        person.addWidget(self.data_place)
        row.addWidget(self._person)
        row.addStretch(1)
        right = QWidget()
        tail = QHBoxLayout(right)
        tail.setContentsMargins(0, 0, 12, 0)
        tail.setSpacing(8)
        tail.addStretch(1)
        self.role = Badge("Owner", "key-round", "neutral", "Whose key opened the vault")
        tail.addWidget(self.role)
        self.sync = Badge("Sync off", "cloud-off", "neutral", "Nothing leaves this machine.")
        tail.addWidget(self.sync)
        self._hold = Badge("Presentation", "monitor", "info", "Idle time does not lock the vault for an hour")
        self._hold.hide()
        tail.addWidget(self._hold)
        palette = IconButton("command", "Command palette", tip="Command palette  Ctrl+Shift+P")
        palette.clicked.connect(self.search)
        self.menu_button = IconButton("menu", "Menu")
        self.menu_button.clicked.connect(self.menu)
        lock = Button("Lock", "normal", "lock")
        lock.setToolTip("Lock the vault  Ctrl+L")
        lock.clicked.connect(self.lock)
        tail.addWidget(palette)
        tail.addWidget(self.menu_button)
        tail.addWidget(lock)
        self._search = _SearchButton()
        self._search.clicked.connect(self.search)
        whole = QHBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 1)
        whole.setSpacing(12)
        whole.addWidget(left, 3)
        whole.addWidget(self._search, 2)
        whole.addWidget(right, 3)
        self.show_patient(None)

    def show_patient(self, patient: Patient | None) -> None:
        """Say whose data is open, or that no one is."""
        self._person.setVisible(patient is not None)
        self._brand.setVisible(patient is None)
        if patient is None:
            return
        age = patient.age_on(date.today())
        self._avatar.set_name(patient.name)
        self._name.set_text(patient.name)
        self._facts.set_text(f"ID {patient.code}" if age is None else f"{age} y · ID {patient.code}")
        self._simulated.setVisible(patient.simulated)

    def show_data_place(self, told: tuple[str, str, str, str] | None) -> None:
        """Say where the open person's data are: word, icon, tone and tip; ``None`` where nobody's data go anywhere."""
        self.data_place.setVisible(told is not None)
        if told is not None:
            self.data_place.show_state(*told)

    def show_hold(self, held: bool) -> None:
        """Say whether a presentation keeps the vault open."""
        self._hold.setVisible(held)

    def set_steps(self, back: bool, forward: bool) -> None:
        """Whether there is a way back and a way forward."""
        self.back_button.setEnabled(back)
        self.forward_button.setEnabled(forward)
