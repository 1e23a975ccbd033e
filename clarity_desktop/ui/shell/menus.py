"""The menu of the window, made from the registry each time it opens."""

from __future__ import annotations

from collections.abc import Callable

from clarity_desktop.ui import theme
from clarity_desktop.ui.commands import COMMANDS, Command
from clarity_desktop.ui.qt import QMenu, QWidget

__all__ = ["window_menu"]

_ON_TOP = ("data.import", "person.new", "data.report")


def window_menu(parent: QWidget, state: frozenset[str], run: Callable[[Command], object]) -> QMenu:
    """A menu with what is wanted most on top and all commands below, by area.

    A command that cannot run stays in its place, greyed, with the reason behind its name.
    """
    menu = QMenu(parent)
    menu.setAccessibleName("Menu")
    for command_id in _ON_TOP:
        _add(menu, COMMANDS[command_id], state, run)
    menu.addSeparator()
    for area, commands in COMMANDS.areas(state).items():
        sub = menu.addMenu(area)
        sub.setFont(theme.font("body"))
        for one in commands:
            _add(sub, one, state, run)
    return menu


def _add(menu: QMenu, one: Command, state: frozenset[str], run: Callable[[Command], object]) -> None:
    reason = one.obstacle(state)
    text = one.title if reason is None else f"{one.title} · {reason.lower()}"
    action = menu.addAction(f"{text}\t{one.shortcut}" if one.shortcut else text)
    if one.icon:
        action.setIcon(theme.icon(one.icon, 16, "text_muted"))
    action.setEnabled(reason is None)
    action.triggered.connect(lambda _=False: run(one))
