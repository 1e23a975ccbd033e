"""The commands of charts: copy, save and read as a table the chart that was looked at last."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from clarity_desktop.ui.charts.figure import Figure
from clarity_desktop.ui.commands import command

if TYPE_CHECKING:
    from clarity_desktop.ui.shell.window import Window

__all__ = ["figure_of"]

_DATA = "Data"
_WORDS = ("chart", "picture", "graph", "export")


def figure_of(window: Window) -> Figure | None:
    """The chart of the visible page that had the focus or the pointer last, else the first one in view."""
    page = window.workspace.current()
    if page is None:
        return None
    latest = Figure.latest()
    if latest is not None and latest.isVisible() and (page.isAncestorOf(latest) or latest is page.footer()):
        return latest
    there = [one for one in page.findChildren(Figure) if one.isVisible() and one.table() is not None]
    return next((one for one in there if not one.visibleRegion().isEmpty()), there[0] if there else None)


def _with_figure(window: Window, act: Callable[[Figure], None]) -> None:
    figure = figure_of(window)
    if figure is None:
        window.say("This page shows no chart.")
        return
    act(figure)


@command(
    "figure.copy",
    "Copy figure",
    _DATA,
    shortcut="Ctrl+Shift+C",
    icon="copy",
    needs=["unlocked", "patient"],
    words=[*_WORDS, "clipboard", "image"],
)
def copy_figure(window: Window) -> None:
    """Puts the chart you looked at last on the clipboard, with window, zone and unit."""
    _with_figure(window, lambda figure: figure.copy_image())


@command(
    "figure.save",
    "Save figure as PNG …",
    _DATA,
    shortcut="Ctrl+Shift+S",
    icon="download",
    needs=["unlocked", "patient"],
    words=[*_WORDS, "image", "300 dpi"],
)
def save_figure(window: Window) -> None:
    """Saves the chart you looked at last as a picture of 180 mm at 300 dpi."""
    _with_figure(window, lambda figure: figure.save_image())


@command(
    "figure.svg",
    "Save figure as SVG …",
    _DATA,
    shortcut="Ctrl+Shift+G",
    icon="download",
    needs=["unlocked", "patient"],
    words=[*_WORDS, "vector", "lines"],
)
def save_vector(window: Window) -> None:
    """Saves the chart you looked at last as SVG, whose lines and letters stay lines and letters."""
    _with_figure(window, lambda figure: figure.save_image(vector=True))


@command(
    "figure.table",
    "Show figure as table",
    _DATA,
    icon="table-2",
    needs=["unlocked", "patient"],
    words=[*_WORDS, "numbers", "values", "read"],
)
def tell_figure(window: Window) -> None:
    """Shows the numbers of the chart you looked at last as a table; key A in the chart does the same."""
    _with_figure(window, lambda figure: figure.show_table())
