"""The registry of commands: each is declared once, and menus, palette, shortcuts and their sheet follow from it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from clarity_desktop.ui.shell.window import Window

__all__ = ["COMMANDS", "NOT_IN_ROLE", "Command", "CommandRegistry", "Match", "command", "match_letters"]

NOT_IN_ROLE = "Not part of your role"
_REASONS = {
    "unlocked": "Opens with the vault",
    "patient": "Opens with a person",
    "back": "Nothing to go back to",
    "forward": "Nothing to go forward to",
    "capture": "This desktop has no way to keep a window out of recordings",
    "undo": "Nothing to undo",
    "redo": "Nothing to redo",
}

Handler = Callable[["Window"], None]


@dataclass(frozen=True, slots=True)
class Command:
    """Something a person can do, with everything that menus, palette and shortcut sheet say of it."""

    id: str
    """Stable dotted name: ``go.overview``."""
    title: str
    area: str
    """Where the palette and the sheet list it: ``Go to``, ``Patients``, ``Window`` …"""
    help: str
    """One sentence, the first line of the handler's docstring."""
    handler: Handler
    shortcut: str = ""
    """Portable text of the keys: ``Ctrl+L``."""
    icon: str = ""
    needs: frozenset[str] = frozenset()
    """What must hold: ``unlocked``, ``patient``, ``back``, ``forward``, ``undo``, ``redo``, ``page:ID``, or of the
    user's roles ``may:PAGE`` and ``right:RIGHT``."""
    words: tuple[str, ...] = ()
    """Other words people search it by."""
    flag: str = ""
    """Name of the feature it belongs to; while that is off, the command is nowhere to be seen (L-56)."""

    def is_offered(self, state: Collection[str]) -> bool:
        """Whether menus, palette, keys and their sheet have it."""
        return not self.flag or f"flag:{self.flag}" in state

    def obstacle(self, state: Collection[str]) -> str | None:
        """Why the command cannot run in this state of the window, or ``None`` when it can."""
        for need in sorted(self.needs, key=lambda need: (need != "unlocked", need)):
            if need not in state:
                if need.startswith(("may:", "right:")):
                    return NOT_IN_ROLE
                return _REASONS.get(need) or f"Works on the {need.removeprefix('page:')} page"
        return None


class CommandRegistry:
    """All commands in order of declaration. A second one of the same id or shortcut is an error of the program."""

    def __init__(self) -> None:
        self._commands: dict[str, Command] = {}

    def declare(self, command: Command) -> None:
        """Add a command.

        Raises
        ------
        ValueError
            When its id or shortcut is taken.
        """
        if command.id in self._commands:
            raise ValueError(f"command {command.id} is declared twice")
        if command.shortcut and any(known.shortcut == command.shortcut for known in self):
            raise ValueError(f"shortcut {command.shortcut} is declared twice")
        self._commands[command.id] = command

    def __iter__(self) -> Iterator[Command]:
        return iter(self._commands.values())

    def __getitem__(self, command_id: str) -> Command:
        return self._commands[command_id]

    def __len__(self) -> int:
        return len(self._commands)

    def offered(self, state: Collection[str]) -> list[Command]:
        """Commands of features that are on."""
        return [one for one in self if one.is_offered(state)]

    def areas(self, state: Collection[str]) -> dict[str, list[Command]]:
        """Commands of features that are on, by area, both in order of declaration."""
        grouped: dict[str, list[Command]] = {}
        for one in self.offered(state):
            grouped.setdefault(one.area, []).append(one)
        return grouped


COMMANDS = CommandRegistry()
"""The one registry. :mod:`clarity_desktop.ui.shell.actions` and pages declare into it at import."""


def command(
    command_id: str,
    title: str,
    area: str,
    *,
    shortcut: str = "",
    icon: str = "",
    needs: Collection[str] = (),
    words: Collection[str] = (),
    flag: str = "",
) -> Callable[[Handler], Handler]:
    """Declare the decorated function as a command; its docstring's first line is the help. The runner checks needs."""

    def declare(handler: Handler) -> Handler:
        text = (handler.__doc__ or "").strip().splitlines()
        if not text:
            raise ValueError(f"command {command_id} has no help")
        COMMANDS.declare(
            Command(command_id, title, area, text[0], handler, shortcut, icon, frozenset(needs), tuple(words), flag)
        )
        return handler

    return declare


@dataclass(frozen=True, slots=True)
class Match:
    """How well typed letters fit a title: the places they fall on, and a score (higher fits better)."""

    score: int
    places: tuple[int, ...]


def match_letters(typed: str, title: str) -> Match | None:
    """Match letters in order, preferring runs and beginnings of words; ``None`` when they do not all occur.

    A run of the whole text at the beginning of a word beats scattered letters; shorter titles win among equals.
    """
    wanted = typed.casefold().replace(" ", "")
    folded = title.casefold()
    if not wanted:
        return Match(0, ())
    compact = typed.casefold().strip()
    at = folded.find(compact)
    while at > 0 and folded[at - 1].isalnum():
        following = folded.find(compact, at + 1)
        if following < 0:
            break
        at = following
    if at >= 0:
        at_word = at == 0 or not folded[at - 1].isalnum()
        return Match(1000 * (1 + at_word) - at - len(title), tuple(range(at, at + len(compact))))
    places: list[int] = []
    score = 0
    position = 0
    for letter in wanted:
        found = folded.find(letter, position)
        if found < 0:
            return None
        if places and found == places[-1] + 1:
            score += 8
        if found == 0 or not folded[found - 1].isalnum():
            score += 6
        places.append(found)
        position = found + 1
    return Match(score - (places[-1] - places[0]) - len(title) // 4, tuple(places))
