"""The line below the sentences: that they are no diagnosis, and what can be done with the whole text."""

from __future__ import annotations

from clarity_desktop.app.insights import NOT_A_DIAGNOSIS
from clarity_desktop.ui.components.buttons import Button
from clarity_desktop.ui.components.states import Icon
from clarity_desktop.ui.components.text import Label
from clarity_desktop.ui.qt import QHBoxLayout, QWidget

__all__ = ["PanelFoot"]


class PanelFoot(QWidget):
    """Buttons to preview, copy and sign; a compact one has none."""

    def __init__(self, *, compact: bool) -> None:
        super().__init__()
        row = QHBoxLayout(self)
        row.setContentsMargins(14, 8, 12, 8)
        row.setSpacing(4)
        row.addWidget(Icon("shield-check", 14, "muted"))
        line = Label("Not a diagnosis", "small", "muted")
        line.setToolTip(NOT_A_DIAGNOSIS)
        row.addWidget(line)
        row.addStretch(1)
        self.preview = Button("What would be sent", "quiet", "eye")
        self.copy = Button("Copy", "quiet", "copy")
        self.sign = Button("Sign", "quiet", "pencil")
        self.sign.setToolTip("Put the text into the person's notes under your name")
        for button in (self.preview, self.copy, self.sign):
            row.addWidget(button)
            button.setVisible(not compact)
