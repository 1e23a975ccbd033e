"""One setting as a row: name, one line, control, default, who may change it, and a way back to the default."""

from __future__ import annotations

from clarity_desktop.app.settings_registry import Kind, SettingSpec, SettingValue
from clarity_desktop.domain.users import RIGHTS, Right
from clarity_desktop.ui.components.buttons import Button, IconButton
from clarity_desktop.ui.components.choice import CheckBox, Choice, zone_names
from clarity_desktop.ui.components.text import ElidedLabel, Label
from clarity_desktop.ui.pages.refused import ROLE_NAMES
from clarity_desktop.ui.qt import QHBoxLayout, QLineEdit, Qt, QVBoxLayout, QWidget, Signal

__all__ = ["SettingRow", "who_may"]

_CONTROL = 230


def who_may(right: Right) -> str:
    """Who may change a setting of this right, in words."""
    if right is Right.OWN_ACCESS:
        return "anybody may change it"
    return ", ".join(name for role, name in ROLE_NAMES.items() if right in RIGHTS[role]) + " may change it"


class SettingRow(QWidget):
    """Announces what is wanted; the page changes it and shows what holds then."""

    wanted = Signal(object)
    folder_wanted = Signal()

    def __init__(self, spec: SettingSpec) -> None:
        super().__init__()
        self.spec = spec
        self.setAccessibleName(spec.title)
        self._value: SettingValue = spec.default
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 10, 0, 10)
        row.setSpacing(16)
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(Label(spec.title, "body_strong"))
        words.addWidget(Label(spec.help, "body", "muted", wrap=True))
        self.facts = Label(f"Default: {spec.in_words(spec.default)} · {who_may(spec.right)}", "small", "faint")
        words.addWidget(self.facts)
        self.trouble = Label("", "small", "danger", wrap=True)
        self.trouble.hide()
        words.addWidget(self.trouble)
        row.addLayout(words, 1)
        self.control = self._make(row)
        self.control.setAccessibleName(spec.title)
        self.control.setAccessibleDescription(spec.help)
        self.reset = IconButton("rotate-ccw", f"Reset {spec.title}", tip="Back to the default", size=16)
        self.reset.clicked.connect(lambda _=False: self.wanted.emit(spec.default))
        row.addWidget(self.reset, 0, Qt.AlignmentFlag.AlignVCenter)

    def _make(self, row: QHBoxLayout) -> QWidget:
        spec = self.spec
        holder = QWidget()
        holder.setFixedWidth(_CONTROL)
        line = QHBoxLayout(holder)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(8)
        row.addWidget(holder, 0, Qt.AlignmentFlag.AlignVCenter)
        control: QWidget
        if spec.kind is Kind.SWITCH:
            self._box = CheckBox("On")
            self._box.clicked.connect(lambda on=False: self.wanted.emit(bool(on)))
            control = self._box
        elif spec.kind in (Kind.CHOICE, Kind.ZONE):
            options = spec.choices
            if spec.kind is Kind.ZONE:
                options = (("", "As the computer"), *((zone, zone) for zone in zone_names()))
            self._choice = Choice(options)
            self._choice.setMaxVisibleItems(12)
            self._choice.activated.connect(lambda _: self.wanted.emit(self._choice.value()))
            control = self._choice
        elif spec.kind is Kind.FOLDER:
            self._place = ElidedLabel("", "body")
            line.addWidget(self._place, 1)
            control = Button("Choose")
            control.clicked.connect(lambda _=False: self.folder_wanted.emit())
        else:
            self._line = QLineEdit()
            self._line.editingFinished.connect(self._typed)
            control = self._line
        line.addWidget(control, 0 if spec.kind is Kind.FOLDER else 1)
        if spec.kind is Kind.NUMBER:
            self._line.setFixedWidth(72)
            line.addWidget(Label(spec.unit, "body", "muted"))
            line.addStretch(1)
        return control

    def _typed(self) -> None:
        text = self._line.text().strip()
        if self.spec.kind is Kind.NUMBER and not text.isdigit():
            self.show_trouble(f"A whole number from {self.spec.least} to {self.spec.most}.")
            return
        value: SettingValue = int(text) if self.spec.kind is Kind.NUMBER else text
        if value != self._value:
            self.wanted.emit(value)
        else:
            self.show_trouble("")

    def show_value(self, value: SettingValue, reason: str) -> None:
        """Show what holds; ``reason`` says why it cannot be changed here, and is empty when it can."""
        spec = self.spec
        self._value = value
        self.show_trouble("")
        if spec.kind is Kind.SWITCH:
            self._box.setChecked(value is True)
            self._box.setText("On" if value else "Off")
        elif spec.kind in (Kind.CHOICE, Kind.ZONE):
            self._choice.set_value(str(value))
        elif spec.kind is Kind.FOLDER:
            self._place.set_text(spec.in_words(value))
        else:
            self._line.setText(str(value))
        refused = reason or spec.unavailable
        self.control.setEnabled(not refused)
        self.control.setToolTip(refused)
        self.control.setAccessibleDescription(refused or spec.help)
        self.reset.setVisible(value != spec.default and not refused)
        who = refused or who_may(spec.right)
        self.facts.setText(f"Default: {spec.in_words(spec.default)} · {who}")

    def show_trouble(self, sentence: str) -> None:
        """Say what is not accepted; what was typed stays."""
        self.trouble.setText(sentence)
        self.trouble.setVisible(bool(sentence))

    def fits(self, words: list[str]) -> bool:
        """Whether all words occur in what the setting says of itself."""
        spec = self.spec
        text = " ".join((spec.title, spec.help, spec.section, spec.id, *spec.words)).casefold()
        return all(word in text for word in words)
