"""What every chart is besides its picture: words and a table for all people, and ways to copy and save it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from weakref import ref

from clarity_desktop.domain.errors import ClarityError
from clarity_desktop.ui import theme
from clarity_desktop.ui.qt import (
    QContextMenuEvent,
    QEvent,
    QFileDialog,
    QGuiApplication,
    QKeyEvent,
    QMenu,
    QPainter,
    QPixmap,
    QPoint,
    QShowEvent,
    Qt,
    QWidget,
    isValid,
)

__all__ = ["Caption", "ChartTable", "Figure"]

WIDTHS_MM = (90, 180, 270)
"""Widths a figure may be saved at: one column, two columns, a wide page."""
DPI = 300
"""Resolution of saved pictures."""


@dataclass(frozen=True, slots=True)
class Caption:
    """What a saved figure says of itself besides its title and units."""

    window: str = ""
    """``10 Mar – 6 Apr 2025``."""
    zone: str = ""
    """``Europe/Berlin · UTC+1 → UTC+2``."""
    version: str = ""


@dataclass(frozen=True, slots=True)
class ChartTable:
    """The data of a chart as text: units stand in the heads."""

    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def text(self) -> str:
        """Tab-separated lines with the heads first."""
        return "\n".join("\t".join(line) for line in (self.heads, *self.rows))


_latest: ref[Figure] | None = None


def _at_once(what: str, proceed: Callable[[], None]) -> None:
    del what
    proceed()


class Figure(QWidget):
    """A chart that can be read, copied and saved.

    Subclasses fill :meth:`paint_figure`, :meth:`summary`, :meth:`units` and :meth:`table`. Keys: A shows the data as
    a table, Ctrl+Shift+C copies the picture with its head, Ctrl+Shift+S saves it, Ctrl+Shift+G
    as SVG.
    """

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.simulated = False
        self.caption = Caption()
        self.gate: Callable[[str, Callable[[], None]], None] = _at_once
        """Asked before a picture leaves, with what leaves and how to proceed; the page notes it in the audit."""
        self.setAccessibleName(name)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    @staticmethod
    def latest() -> Figure | None:
        """The chart that had the focus or the pointer last, while it lives."""
        found = _latest() if _latest is not None else None
        # Qt may have deleted the widget while Python still holds its shell.
        return found if found is not None and isValid(found) else None

    def event(self, event: QEvent) -> bool:
        global _latest
        if event.type() in (QEvent.Type.FocusIn, QEvent.Type.Enter):
            _latest = ref(self)
        return super().event(event)

    def showEvent(self, event: QShowEvent) -> None:
        from clarity_desktop.ui.components.data_place import mark_card_of

        super().showEvent(event)
        mark_card_of(self)

    # -- for subclasses ------------------------------------------------------------------------------------------

    def paint_figure(self, painter: QPainter) -> None:
        """Paint the chart as it stands, without cursor and focus, in the widget's own coordinates."""

    def summary(self) -> str:
        """One paragraph that says what the picture shows."""
        return ""

    def units(self) -> str:
        """The unit of the values, for the head of a saved figure."""
        return ""

    def window_words(self) -> str:
        """The window of time that is drawn; that of the page unless the chart has its own."""
        return self.caption.window

    def table(self) -> ChartTable | None:
        """The data of the picture, or ``None`` when there is none."""
        return None

    # -- the picture ---------------------------------------------------------------------------------------------

    def image(self, ratio: float = 2.0) -> QPixmap:
        """The picture with its head: title, window, zone, unit, version, and whether it is simulated."""
        from clarity_desktop.ui.charts.figure_export import picture

        made = QPixmap.fromImage(picture(self, ratio))
        made.setDevicePixelRatio(ratio)
        return made

    def copy_image(self) -> None:
        """Put the picture with its head on the clipboard."""
        self.gate("figure.copy", lambda: QGuiApplication.clipboard().setPixmap(self.image(2.0)))

    def save_image(self, width_mm: int = 180, *, vector: bool = False) -> None:
        """Ask where to, and save as PNG of this width at 300 dpi, or as SVG; ``vector`` proposes SVG."""
        from clarity_desktop.ui.charts.figure_export import file_stem

        kinds, ending = ("SVG (*.svg);;PNG (*.png)", "svg") if vector else ("PNG (*.png);;SVG (*.svg)", "png")
        dialog = QFileDialog(self.window(), "Save figure", str(Path.home()), kinds)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix(ending)
        dialog.selectFile(f"{file_stem(self)}.{ending}")
        dialog.filterSelected.connect(lambda kind: dialog.setDefaultSuffix("svg" if "svg" in kind else "png"))
        dialog.fileSelected.connect(lambda name: self.write(Path(name), width_mm))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def write(self, path: Path, width_mm: int = 180) -> None:
        """Write the figure as SVG where the name ends so, else as PNG; an error opens the error dialog."""
        from clarity_desktop.ui.charts.figure_export import save_png, save_svg
        from clarity_desktop.ui.jobs import board

        def proceed() -> None:
            try:
                if path.suffix.lower() == ".svg":
                    save_svg(self, path, width_mm=width_mm)
                else:
                    save_png(self, path, width_mm=width_mm, dpi=DPI)
            except ClarityError as error:
                board().failed.emit(error)

        self.gate("figure.svg" if path.suffix.lower() == ".svg" else "figure.png", proceed)

    def show_table(self) -> None:
        """Open the data of the chart as a table, with its summary."""
        from clarity_desktop.ui.dialogs.chart_table import ChartTableSheet

        ChartTableSheet(self.window(), self.accessibleName(), self.accessibleDescription(), self.table()).open()

    # -- menu and keys -------------------------------------------------------------------------------------------

    def figure_menu(self) -> QMenu:
        """Copy, save at a chosen width, and the table."""
        menu = QMenu(self)
        menu.setFont(theme.font("body"))
        menu.addAction("Copy image with head\tCtrl+Shift+C").triggered.connect(lambda _=False: self.copy_image())
        sizes = menu.addMenu("Save figure")
        sizes.setFont(theme.font("body"))
        for width in WIDTHS_MM:
            action = sizes.addAction(f"{width} mm wide, PNG at {DPI} dpi or SVG")
            if width == 180:
                action.setText(f"{action.text()}\tCtrl+Shift+S")
            action.triggered.connect(lambda _=False, width=width: self.save_image(width))
        vector = menu.addAction("Save figure as SVG\tCtrl+Shift+G")
        vector.triggered.connect(lambda _=False: self.save_image(vector=True))
        menu.addSeparator()
        menu.addAction("Show as table\tA").triggered.connect(lambda _=False: self.show_table())
        menu.aboutToHide.connect(menu.deleteLater)
        return menu

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        event.accept()
        at = event.globalPos()
        if event.reason() == QContextMenuEvent.Reason.Keyboard:
            at = self.mapToGlobal(QPoint(24, 24))
        self.figure_menu().popup(at)

    def figure_key(self, event: QKeyEvent) -> bool:
        """Act on the keys that all charts share; answers whether the key was one of them."""
        both = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
        if event.key() == Qt.Key.Key_A and not event.modifiers():
            self.show_table()
        elif event.key() == Qt.Key.Key_S and event.modifiers() == both:
            self.save_image()
        elif event.key() == Qt.Key.Key_G and event.modifiers() == both:
            self.save_image(vector=True)
        elif event.key() == Qt.Key.Key_C and event.modifiers() == both:
            self.copy_image()
        else:
            return False
        return True

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if not self.figure_key(event):
            super().keyPressEvent(event)
