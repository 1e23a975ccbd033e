"""The certificate of an erasure: shown, and saved as text and JSON where the person who asked wants it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from clarity_desktop.domain.errors import ClarityError
from clarity_desktop.ui import theme
from clarity_desktop.ui.dialogs.error import show_error
from clarity_desktop.ui.dialogs.sheet import Sheet
from clarity_desktop.ui.qt import QFileDialog, QPlainTextEdit, QWidget

if TYPE_CHECKING:
    from clarity_desktop.app.oversight import CertificateOfErasure

__all__ = ["TextSheet", "show_certificate", "show_text"]


class TextSheet(Sheet):
    """A text in columns to read, with a button that saves it."""

    def __init__(self, window: QWidget, title: str, text: str, name: str, beside: str = "") -> None:
        super().__init__(window, title, width=720, top=64)
        self._files = {".txt": text} | ({".json": beside} if beside else {})
        self._name = name
        self.text = QPlainTextEdit(text)
        self.text.setReadOnly(True)
        self.text.setAccessibleName(title)
        self.text.setFont(theme.font("mono"))
        self.text.setFixedHeight(max(200, min(520, window.height() - 260)))
        self.body.addWidget(self.text)
        save = self.add_button("Save")
        save.clicked.connect(lambda _=False: self.choose_file())
        close = self.add_button("Close", "primary")
        close.clicked.connect(lambda _=False: self.dismiss())

    def choose_file(self) -> None:
        """Ask for a place."""
        dialog = QFileDialog(self, "Save", str(Path.home() / f"{self._name}.txt"), "Text (*.txt)")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("txt")
        dialog.fileSelected.connect(lambda chosen: self.save(Path(chosen)))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def save(self, path: Path) -> None:
        """Write the text, and the JSON beside it where there is one."""
        try:
            for suffix, content in self._files.items():
                path.with_suffix(suffix).write_text(content, "utf-8")
        except OSError as error:
            show_error(
                self._window,
                ClarityError(
                    "text.not_saved",
                    "It could not be saved there.",
                    remedy="Choose a folder that can be written to. What is shown here stays in the vault.",
                    detail=type(error).__name__,
                ),
            )


def show_text(window: QWidget, title: str, text: str, name: str, beside: str = "") -> TextSheet:
    """Open a text to read and save; ``name`` is proposed for the file and holds no name of a person."""
    sheet = TextSheet(window, title, text, name, beside)
    sheet.open()
    return sheet


def show_certificate(window: QWidget, certificate: CertificateOfErasure) -> TextSheet:
    """Open the certificate of an erasure; it names nobody."""
    name = f"erasure-{certificate.pseudonym[:8]}-{time.strftime('%Y-%m-%d', time.gmtime(certificate.done))}"
    return show_text(window, "Certificate of erasure", certificate.as_text(), name, certificate.as_json())
