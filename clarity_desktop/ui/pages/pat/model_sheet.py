"""The whole model card as it is stored, in a dialog."""

from __future__ import annotations

import json

from clarity_desktop.domain.pat import ATTRIBUTION, RESEARCH_NOTICE, Checkpoint
from clarity_desktop.ui import theme
from clarity_desktop.ui.components.text import Label
from clarity_desktop.ui.dialogs.sheet import Sheet
from clarity_desktop.ui.qt import QPlainTextEdit, QWidget

__all__ = ["ModelSheet"]


class ModelSheet(Sheet):
    """Everything the card says, with the hash in full."""

    def __init__(self, window: QWidget, one: Checkpoint) -> None:
        super().__init__(window, f"Model card: {one.label}, {one.id}", width=640)
        self.body.addWidget(Label(f"{one.notice} {RESEARCH_NOTICE}", "body", wrap=True))
        self.body.addWidget(Label(f"SHA-256 {one.sha256}", "mono", wrap=True, selectable=True))
        text = QPlainTextEdit(json.dumps(one.card, indent=2, ensure_ascii=False, sort_keys=True))
        text.setReadOnly(True)
        text.setFont(theme.font("mono"))
        text.setAccessibleName("Model card as stored")
        text.setMinimumHeight(320)
        self.body.addWidget(text)
        self.body.addWidget(Label(ATTRIBUTION, "small", "muted", wrap=True))
        self.add_button("Close", "primary").clicked.connect(lambda _=False: self.dismiss())
