"""The base of all dialogs: a sheet over the window with a scrim, opened without blocking anything."""

from __future__ import annotations

from clarity_desktop.ui import theme
from clarity_desktop.ui.components.buttons import Button
from clarity_desktop.ui.components.text import Label
from clarity_desktop.ui.qt import (
    QEvent,
    QFrame,
    QGraphicsDropShadowEffect,
    QHBoxLayout,
    QKeyEvent,
    QLineEdit,
    QMouseEvent,
    QObject,
    QPainter,
    QPaintEvent,
    Qt,
    QVBoxLayout,
    QWidget,
    Signal,
)

__all__ = ["Sheet"]


class Sheet(QWidget):
    """A dialog inside its window. The title is the question; Escape gives the safe answer.

    Add content to :attr:`body`, and buttons at the foot by :meth:`add_button`, the safe one first.
    """

    closed = Signal()

    def __init__(self, window: QWidget, title: str, *, width: int = 480, top: int | None = None) -> None:
        super().__init__(window)
        self._window = window
        self._top = top
        self._before = window.window().focusWidget()
        self.setAccessibleName(title)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        window.installEventFilter(self)
        self.panel = QFrame(self)
        self.panel.setProperty("role", "dialog")
        self.panel.setFixedWidth(width)
        self.column = QVBoxLayout(self.panel)
        self.column.setContentsMargins(20, 16, 20, 16)
        self.column.setSpacing(12)
        self.title = Label(title, "dialog_title", wrap=True)
        self.column.addWidget(self.title)
        self.body = QVBoxLayout()
        self.body.setSpacing(8)
        self.column.addLayout(self.body)
        self._foot = QHBoxLayout()
        self._foot.setSpacing(8)
        self._foot.addStretch(1)
        self.column.addLayout(self._foot)
        if theme.current().name != "high_contrast":
            shadow = QGraphicsDropShadowEffect(self.panel)
            shadow.setBlurRadius(32)
            shadow.setOffset(0, 12)
            shade = theme.scrim()
            shade.setAlphaF(0.6 if theme.current().is_dark else 0.25)
            shadow.setColor(shade)
            self.panel.setGraphicsEffect(shadow)
        self.hide()

    def add_button(self, text: str, kind: str = "normal") -> Button:
        """Add a button at the right of the foot."""
        button = Button(text, kind)
        self._foot.addWidget(button)
        return button

    def open(self) -> None:
        """Show the sheet over its window and give it the keyboard."""
        self._settle()
        self.show()
        self.raise_()
        self._settle()
        field = self.panel.findChild(QLineEdit)
        buttons = self.panel.findChildren(Button)
        if field is not None:
            field.setFocus(Qt.FocusReason.OtherFocusReason)
        elif buttons:
            buttons[-1].setFocus(Qt.FocusReason.OtherFocusReason)

    def dismiss(self) -> None:
        """Close without doing anything."""
        self._window.removeEventFilter(self)
        self.hide()
        self.closed.emit()
        if self._before is not None and self._before.isVisible():
            self._before.setFocus(Qt.FocusReason.OtherFocusReason)
        self.deleteLater()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.dismiss()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            focused = self._window.window().focusWidget()
            if isinstance(focused, Button):
                focused.click()
            else:
                self.accept_default()
        else:
            super().keyPressEvent(event)

    def accept_default(self) -> None:
        """Enter outside of a button presses the primary one."""
        for button in self.panel.findChildren(Button):
            if button.kind == "primary" and button.isEnabled():
                button.click()
                return

    def focusNextPrevChild(self, forward: bool) -> bool:
        # Tab stays inside the sheet, which the person leaves by Escape or a button.
        chain = [
            widget
            for widget in self.panel.findChildren(QWidget)
            if widget.isVisible() and widget.isEnabled() and widget.focusPolicy() & Qt.FocusPolicy.TabFocus
        ]
        if not chain:
            return True
        focused = self._window.window().focusWidget()
        at = chain.index(focused) if focused in chain else -1
        reason = Qt.FocusReason.TabFocusReason if forward else Qt.FocusReason.BacktabFocusReason
        chain[(at + (1 if forward else -1)) % len(chain)].setFocus(reason)
        return True

    def mousePressEvent(self, event: QMouseEvent) -> None:
        event.accept()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme.scrim())
        painter.end()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self._window and event.type() == QEvent.Type.Resize:
            self._settle()
        return False

    def _settle(self) -> None:
        self.setGeometry(self._window.rect())
        self.column.invalidate()
        self.column.activate()
        self.panel.adjustSize()
        left = (self.width() - self.panel.width()) // 2
        top = self._top if self._top is not None else max(24, (self.height() - self.panel.height()) * 2 // 5)
        self.panel.move(left, top)
