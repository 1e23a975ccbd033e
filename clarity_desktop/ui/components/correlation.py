"""The id that ties what a person did to what the server noted, with a way to copy it (L-39, L-40)."""

from __future__ import annotations

from clarity_desktop.domain.errors import ClarityError
from clarity_desktop.ui.components.buttons import Button
from clarity_desktop.ui.components.text import Label
from clarity_desktop.ui.qt import QGuiApplication, QHBoxLayout, QWidget

__all__ = ["CorrelationLine", "correlation_of"]


def correlation_of(error: ClarityError) -> str:
    """The correlation of an error that came from a server, with the server's own id where it gave one; else empty."""
    own = str(getattr(error, "correlation", "") or "")
    problem = getattr(error, "problem", None)
    theirs = str(getattr(problem, "request_id", "") or "")
    return f"{own} · server {theirs}" if own and theirs else own or theirs


class CorrelationLine(QWidget):
    """Shows the id in mono; hidden for errors that no server had a part in."""

    def __init__(self) -> None:
        super().__init__()
        self._text = ""
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        self._label = Label("", "mono", "muted", selectable=True)
        row.addWidget(self._label, 1)
        self.copy = Button("Copy", "quiet", "copy")
        self.copy.setAccessibleName("Copy the correlation id")
        self.copy.setToolTip("Copy the correlation id, which the server's operator can look up")
        self.copy.clicked.connect(lambda _=False: QGuiApplication.clipboard().setText(self._text))
        row.addWidget(self.copy)
        self.hide()

    def text(self) -> str:
        """What is copied; empty where there is none."""
        return self._text

    def show_error(self, error: ClarityError | None) -> None:
        """Show the id of an error, or nothing."""
        self._text = "" if error is None else correlation_of(error)
        self._label.setText("Correlation " + self._text.replace(" · ", "\n"))
        self._label.setAccessibleName(f"Correlation id {self._text}")
        self.setVisible(bool(self._text))
