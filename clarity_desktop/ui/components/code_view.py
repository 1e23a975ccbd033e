"""A code that is shown once: its groups in boxes, print, PDF and copy, and the two lines that confirm it (V-12)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from clarity_desktop.domain.errors import ClarityError
from clarity_desktop.ui import theme
from clarity_desktop.ui.components.buttons import Button
from clarity_desktop.ui.components.code_sheet import CodeSheet
from clarity_desktop.ui.components.field import Field
from clarity_desktop.ui.components.text import Label
from clarity_desktop.ui.qt import (
    QFileDialog,
    QGridLayout,
    QGuiApplication,
    QHBoxLayout,
    QLineEdit,
    QPainter,
    QPaintEvent,
    QPen,
    QRect,
    QRectF,
    QSize,
    Qt,
    QTimer,
    QVBoxLayout,
    QWidget,
    Signal,
    print_dialog,
)

if TYPE_CHECKING:
    from clarity_desktop.app.access import PendingCode

__all__ = ["CodeView"]

_CLEAR_MS = 60_000


class _Group(QWidget):
    """One group in its box, with its number before it."""

    def __init__(self, number: int, group: str) -> None:
        super().__init__()
        self._number, self._group = str(number), group
        self.setAccessibleName(f"Group {number}: {' '.join(group)}")
        self.setFixedSize(124, 40)

    def sizeHint(self) -> QSize:
        return QSize(124, 40)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(theme.colour("border_strong"), 1))
        painter.setBrush(theme.colour("surface"))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 6, 6)
        painter.setFont(theme.font("micro"))
        painter.setPen(theme.colour("text_muted"))
        painter.drawText(QRect(12, 0, 20, 40), Qt.AlignmentFlag.AlignVCenter, self._number)
        font = theme.font("mono")
        font.setPixelSize(16)
        painter.setFont(font)
        painter.setPen(theme.colour("text"))
        painter.drawText(QRect(32, 0, 88, 40), Qt.AlignmentFlag.AlignVCenter, self._group)
        painter.end()


class CodeView(QWidget):
    """Shows a pending code and takes two of its groups back."""

    changed = Signal()
    """What was typed changed; ask :meth:`problem`."""
    failed = Signal(str)
    """A sheet could not be saved or printed; the sentence says why."""

    def __init__(self, title: str, lines: tuple[str, ...]) -> None:
        super().__init__()
        self._title, self._lines = title, lines
        self._pending: PendingCode | None = None
        self._clear = QTimer(self)
        self._clear.setSingleShot(True)
        self._clear.timeout.connect(self._clear_copy)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(12)
        self._boxes = QWidget()
        self._boxes.setAccessibleName("The code")
        # Two rows of three, also before there is a code, so that nothing moves when it comes.
        self._boxes.setFixedHeight(2 * 40 + 12)
        self._grid = QGridLayout(self._boxes)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(12)
        self._grid.setColumnStretch(3, 1)
        column.addWidget(self._boxes)
        row = QHBoxLayout()
        row.setSpacing(8)
        self.print = Button("Print", "normal", "file-text")
        self.print.clicked.connect(lambda _=False: self.print_sheet())
        self.save = Button("Save as PDF", "normal", "download")
        self.save.clicked.connect(lambda _=False: self.choose_file())
        self.copy = Button("Copy, cleared after 60 s", "normal", "copy")
        self.copy.clicked.connect(lambda _=False: self.copy_code())
        for button in (self.print, self.save, self.copy):
            row.addWidget(button)
        row.addStretch(1)
        column.addLayout(row)
        column.addSpacing(4)
        column.addWidget(Label("Type two groups to confirm", "body_strong"))
        answers = QHBoxLayout()
        answers.setSpacing(12)
        self.first, self.second = QLineEdit(), QLineEdit()
        self._fields = (Field("Group", self.first), Field("Group", self.second))
        for field in self._fields:
            field.setFixedWidth(180)
            answers.addWidget(field)
        answers.addStretch(1)
        column.addLayout(answers)
        for line in (self.first, self.second):
            line.setFont(theme.font("mono"))
            line.textChanged.connect(lambda _: self._typed())

    def show_code(self, pending: PendingCode | None) -> None:
        """Show a code, or forget the one that was shown."""
        self._clear_copy()
        self._pending = pending
        while (item := self._grid.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.deleteLater()
        for line in (self.first, self.second):
            line.clear()
        if pending is None:
            return
        for number, group in enumerate(pending.text.split("-")):
            self._grid.addWidget(_Group(number + 1, group), number // 3, number % 3)
        for field, number in zip(self._fields, pending.asked, strict=True):
            field.set_label(f"Group {number}")
        self._typed()

    @property
    def pending(self) -> PendingCode | None:
        """The code that is shown."""
        return self._pending

    def answers(self) -> dict[int, str]:
        """What was typed, by number of the group."""
        if self._pending is None:
            return {}
        return dict(zip(self._pending.asked, (self.first.text(), self.second.text()), strict=True))

    def problem(self) -> str:
        """Why the code cannot be kept yet; empty when both groups are as printed."""
        pending = self._pending
        if pending is None:
            return "There is no code yet"
        groups = pending.text.split("-")
        right = all(typed.strip().upper() == groups[number - 1] for number, typed in self.answers().items())
        return "" if right else "Confirm both groups to go on"

    def _typed(self) -> None:
        pending = self._pending
        if pending is None:
            return
        groups = pending.text.split("-")
        for field, (number, typed) in zip(self._fields, self.answers().items(), strict=True):
            wanted, text = groups[number - 1], typed.strip().upper()
            if text and not wanted.startswith(text):
                wrong = next((at for at, (a, b) in enumerate(zip(text, wanted, strict=False)) if a != b), len(wanted))
                field.show_error(f"Character {min(wrong, len(wanted) - 1) + 1} differs.")
            else:
                field.show_error("")
                state = ("Matches", "ok", "circle-check") if text == wanted else ("", "faint", "")
                field.show_state(*state)
        self.changed.emit()

    # -- onto paper -------------------------------------------------------------------------------------------

    def sheet(self) -> CodeSheet:
        """The sheet to print."""
        return CodeSheet(self._title, self._pending.text if self._pending is not None else "", self._lines)

    def print_sheet(self) -> None:
        """Open the system's dialog for printing, without blocking the window."""
        printer, dialog = print_dialog(self, "Clarity Desktop code")

        def accepted() -> None:
            painter = QPainter()
            if painter.begin(printer):
                self.sheet().draw(painter, float(printer.width()))
                painter.end()
            else:
                self.failed.emit("The printer did not take the sheet. Write the code down, or save it as PDF.")

        dialog.accepted.connect(accepted)
        dialog.finished.connect(dialog.deleteLater)
        dialog.setModal(True)
        dialog.show()

    def choose_file(self) -> None:
        """Ask for a place for the PDF."""
        dialog = QFileDialog(self, "Save the sheet", str(Path.home() / "clarity-code.pdf"), "PDF (*.pdf)")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("pdf")
        dialog.fileSelected.connect(lambda name: self.save_sheet(Path(name)))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def save_sheet(self, path: Path) -> None:
        """Save the sheet as PDF; :attr:`failed` says when that does not work."""
        try:
            self.sheet().write_pdf(path)
        except ClarityError as error:
            self.failed.emit(f"{error.message} {error.remedy}")

    def copy_code(self) -> None:
        """Put the code on the clipboard for a minute."""
        if self._pending is not None:
            QGuiApplication.clipboard().setText(self._pending.text)
            self._clear.start(_CLEAR_MS)

    def _clear_copy(self) -> None:
        self._clear.stop()
        clipboard = QGuiApplication.clipboard()
        # What somebody copied meanwhile is not ours to take away.
        if self._pending is not None and clipboard.text() == self._pending.text:
            clipboard.clear()
