"""The file for support: shown in full before it is written, and never sent by itself (U-46)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from clarity_desktop.ui import theme
from clarity_desktop.ui.components.text import Label
from clarity_desktop.ui.dialogs.sheet import Sheet
from clarity_desktop.ui.jobs import run_mutation
from clarity_desktop.ui.qt import QFileDialog, QGuiApplication, QPlainTextEdit, QWidget

if TYPE_CHECKING:
    from clarity_desktop.app import Services

__all__ = ["SupportSheet"]

_HEIGHT = 380


class SupportSheet(Sheet):
    """The whole text with a way to copy it and one to write it."""

    def __init__(self, window: QWidget, services: Services, text: str, told: Callable[[str], None]) -> None:
        super().__init__(window, "File for support", width=760, top=48)
        self._services, self._told = services, told
        self.body.addWidget(
            Label(
                "This is all that the file will hold. Names, codes, ids, mail addresses and folders are taken out. "
                "It goes nowhere by itself.",
                "body",
                "muted",
                wrap=True,
            )
        )
        self.text = QPlainTextEdit(text)
        self.text.setReadOnly(True)
        self.text.setAccessibleName("Text of the file")
        self.text.setFont(theme.font("mono"))
        self.text.setFixedHeight(min(_HEIGHT, max(160, window.height() - 280)))
        self.body.addWidget(self.text)
        self.copy = self.add_button("Copy", "quiet")
        self.copy.clicked.connect(lambda _=False: self.copy_text())
        close = self.add_button("Close")
        close.clicked.connect(lambda _=False: self.dismiss())
        self.save = self.add_button("Save …", "primary")
        self.save.clicked.connect(lambda _=False: self.choose_place())

    def copy_text(self) -> None:
        """Put the text on the clipboard."""
        QGuiApplication.clipboard().setText(self.text.toPlainText())
        self._told("The text is on the clipboard.")

    def choose_place(self) -> None:
        """Ask where the file goes."""
        name = f"clarity-desktop-support-{date.today().isoformat()}.json"
        dialog = QFileDialog(self, "Save the file for support", str(Path.home() / name))
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.fileSelected.connect(lambda chosen: self.write(Path(chosen)))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def write(self, path: Path) -> None:
        """Write exactly the text that is shown."""
        services, text = self._services, self.text.toPlainText()

        def done(_: object) -> None:
            self._told("The file for support is written.")
            self.dismiss()

        run_mutation(self, lambda: services.save_diagnostics(path, text), done)
