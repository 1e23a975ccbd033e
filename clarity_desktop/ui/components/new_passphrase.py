"""A new passphrase, typed twice, with its strength in words as it is typed."""

from __future__ import annotations

from clarity_desktop.ui.components.field import Field, PassphraseEdit
from clarity_desktop.ui.pages.passphrase import MINIMUM_LENGTH, strength_of
from clarity_desktop.ui.qt import QVBoxLayout, QWidget, Signal

__all__ = ["NewPassphrase"]


class NewPassphrase(QWidget):
    """Two hidden lines. Pasting is allowed, and no kind of character is demanded (V-9)."""

    changed = Signal()

    def __init__(self, label: str = "Passphrase") -> None:
        super().__init__()
        self.passphrase, self.repeat = PassphraseEdit(), PassphraseEdit()
        help_text = f"At least {MINIMUM_LENGTH} characters; a sentence is easy to keep in mind"
        self.first = Field(label, self.passphrase, help_text)
        self.second = Field("The same passphrase again", self.repeat)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(self.first)
        column.addWidget(self.second)
        self.setFocusProxy(self.first)
        for line in (self.passphrase, self.repeat):
            line.textChanged.connect(lambda _: self._typed())

    def text(self) -> str:
        """What was typed."""
        return self.passphrase.text()

    def clear(self) -> None:
        """Forget what was typed."""
        self.passphrase.forget()
        self.repeat.forget()

    def problem(self) -> str:
        """Why it cannot be taken yet; empty when it can."""
        if not strength_of(self.text()).accepted:
            return f"Type a passphrase of at least {MINIMUM_LENGTH} characters"
        return "" if self.text() == self.repeat.text() else "Type the same passphrase in both lines"

    def _typed(self) -> None:
        text, again = self.text(), self.repeat.text()
        strength = strength_of(text)
        self.first.show_error("")
        self.first.show_state(strength.words, strength.tone, strength.icon)
        if text.startswith(again):
            self.second.show_error("")
        if not again:
            self.second.show_state("", "faint", "")
        elif text == again:
            self.second.show_state("Matches", "ok", "circle-check")
        elif text.startswith(again):
            self.second.show_state("Matches so far", "muted", "circle-dashed")
        else:
            self.second.show_error("Both lines need the same passphrase.")
        self.changed.emit()
