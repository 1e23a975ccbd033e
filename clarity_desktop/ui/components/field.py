"""A form field: label above, control, and one line below for help or for what is not accepted."""

from __future__ import annotations

from clarity_desktop.domain.overwriting import overwrite
from clarity_desktop.ui.components.buttons import IconButton
from clarity_desktop.ui.components.states import Icon
from clarity_desktop.ui.components.text import Label
from clarity_desktop.ui.qt import QHBoxLayout, QLineEdit, QResizeEvent, QVBoxLayout, QWidget

__all__ = ["Field", "PassphraseEdit"]

_COVERS = 4


class Field(QWidget):
    """A labelled control. The line below keeps its place, so that nothing jumps when it speaks."""

    def __init__(self, label: str, control: QWidget, help_text: str = "") -> None:
        super().__init__()
        self.control = control
        control.setAccessibleName(label)
        control.setAccessibleDescription(help_text)
        self.setFocusProxy(control)
        self._help = help_text
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        self._label = Label(label, "small", "muted")
        column.addWidget(self._label)
        column.addWidget(control)
        row = QHBoxLayout()
        row.setSpacing(4)
        self._icon = Icon("circle-alert", 12, "danger")
        self._icon.hide()
        self._line = Label(help_text, "micro", "faint")
        self._line.setFixedHeight(16)
        row.addWidget(self._icon)
        row.addWidget(self._line, 1)
        column.addLayout(row)

    def show_error(self, sentence: str) -> None:
        """Say what is accepted; an empty sentence returns to the help."""
        self._show(sentence, "danger" if sentence else "faint", "circle-alert" if sentence else "")
        self.control.setProperty("state", "error" if sentence else "")
        self.control.style().unpolish(self.control)
        self.control.style().polish(self.control)

    def show_state(self, sentence: str, tone: str, icon: str) -> None:
        """Say how far the value is, in a tone with an icon."""
        self._show(sentence, tone, icon)

    def _show(self, sentence: str, tone: str, icon: str) -> None:
        self._line.setText(sentence or self._help)
        self._line.set_tone(tone)
        self._icon.setVisible(bool(icon))
        if icon:
            self._icon.show_icon(icon, tone)
        self.control.setAccessibleDescription(sentence or self._help)

    def set_label(self, label: str) -> None:
        """Change what the control is called."""
        self._label.setText(label)
        self.control.setAccessibleName(label)

    def line_text(self) -> str:
        """What the line below says."""
        return self._line.text()


class PassphraseEdit(QLineEdit):
    """A line that hides what is typed, with a button that shows it."""

    def __init__(self) -> None:
        super().__init__()
        self.setEchoMode(QLineEdit.EchoMode.Password)
        self._show = IconButton("eye", "Show the passphrase", side=24, size=16)
        self._show.setParent(self)
        self._show.setCheckable(True)
        self._show.toggled.connect(self._toggle)
        self.setTextMargins(0, 0, 28, 0)

    def forget(self) -> None:
        """Empty the line. Qt does not clear what it frees, so other text of that length takes those places first."""
        typed = self.text()
        cover = "0" * len(typed)
        overwrite(typed)
        was_blocked = self.blockSignals(True)
        for _ in range(_COVERS):
            self.setText(cover)
            self.setText("")
        self.blockSignals(was_blocked)
        self.clear()

    def _toggle(self, shown: bool) -> None:
        self.setEchoMode(QLineEdit.EchoMode.Normal if shown else QLineEdit.EchoMode.Password)
        self._show.set_icon("eye-off" if shown else "eye")
        self._show.set_name("Hide the passphrase" if shown else "Show the passphrase")

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._show.move(self.width() - 26, (self.height() - 24) // 2)
