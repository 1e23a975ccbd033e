"""Which way data go with an account, asked before anything moves, and who at the server is who here (Y-66)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, get_args

from clarity_desktop.domain.exchange import Direction, RemotePerson, RemoteSummary
from clarity_desktop.domain.kinds import kind_of
from clarity_desktop.domain.people import Patient
from clarity_desktop.ui.components.card import Card
from clarity_desktop.ui.components.choice import Choice, RadioBox
from clarity_desktop.ui.components.text import ElidedLabel, Label
from clarity_desktop.ui.dialogs.sheet import Sheet
from clarity_desktop.ui.pages.security.loaded import count_words, enable, size_words
from clarity_desktop.ui.qt import QFrame, QHBoxLayout, QScrollArea, QSizePolicy, Qt, QVBoxLayout, QWidget

__all__ = ["DIRECTION_WORDS", "DirectionSheet", "person_words"]

DIRECTION_WORDS: Final[dict[str, tuple[str, str]]] = {
    "both": ("Both ways", "What is here goes up, and what other devices sent comes down. Neither side is overwritten."),
    "upload": ("Only up", "What is here goes to the server. Nothing is read from it."),
    "pull": ("Only down", "What other devices sent is read. Nothing of here goes to the server."),
    "apart": ("Keep apart", "Nothing moves in either direction until somebody chooses again."),
}
_NOBODY, _NEW = "", "new"
_MOST_HIGH = 168


class DirectionSheet(Sheet):
    """Both sides with their counts, four directions, and a line for each person at the server.

    Parameters
    ----------
    choose:
        Gets the direction, and the links that were made: remote number, and a local id or ``None`` for a new person.
    may_link:
        Why nobody can be linked by this user; empty when they can.
    """

    def __init__(
        self,
        window: QWidget,
        summary: RemoteSummary,
        here: str,
        people: Sequence[Patient],
        choose: Callable[[Direction | None, dict[str, str | None]], None],
        may_link: str = "",
    ) -> None:
        first = summary.needs_direction
        super().__init__(window, "Which way shall data go?" if first else "The server and this vault", width=680)
        self._summary = summary
        self._choose = choose
        if first:
            words = "Both sides hold data. Nothing has moved yet, and nothing moves before you choose."
            self.body.addWidget(Label(words, "body", "muted", wrap=True))
        self._add_sides(here)
        self._boxes: dict[str, RadioBox] = {}
        self._add_directions()
        self.links: dict[str, Choice] = {}
        self._add_people(people, may_link)
        if summary.missing_parts:
            lost = f"The server lacks {count_words(len(summary.missing_parts), 'part')}: {summary.missing_parts[0]}"
            self.body.addWidget(Label(lost, "small", "warn", wrap=True))
        self.safe = self.add_button("Not now")
        self.safe.clicked.connect(lambda _=False: self.dismiss())
        self.verb = self.add_button("Go this way" if first else "Keep", "primary")
        self.verb.clicked.connect(lambda _=False: self._press())
        self._enable()

    def _add_sides(self, here: str) -> None:
        row = QHBoxLayout()
        row.setSpacing(12)
        remote = self._summary.people
        there = (
            f"{count_words(len(remote), 'person', 'people')}, {count_words(sum(o.records for o in remote), 'piece')}"
        )
        days = [day for one in remote for day in (one.first_day, one.last_day) if day]
        more = (
            f"{size_words(sum(one.size for one in remote))}, {min(days)} to {max(days)}" if days else "nothing stored"
        )
        if not self._summary.is_readable:
            there, more = "It does not show what it holds", "Nothing can be read from this server."
        local = count_words(self._summary.local_people, "person", "people")
        self.sides: list[Label] = []
        for title, words, second in (("Here", local, here), ("At the server", there, more)):
            side = Card(title)
            side.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
            shown = Label(words, "body_strong")
            self.sides.append(shown)
            side.body.addWidget(shown)
            side.body.addWidget(ElidedLabel(second, "small", "muted"))
            row.addWidget(side, 1)
        self.body.addLayout(row)

    def _add_directions(self) -> None:
        group = QWidget()
        group.setAccessibleName("Direction")
        column = QVBoxLayout(group)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        for name, (title, words) in DIRECTION_WORDS.items():
            box = self._boxes[name] = RadioBox(title)
            box.setAccessibleDescription(words)
            box.setChecked(name == self._summary.direction)
            box.toggled.connect(lambda _: self._enable())
            second = Label(words, "small", "muted", wrap=True)
            second.setContentsMargins(24, 0, 0, 6)
            column.addWidget(box)
            column.addWidget(second)
        self.body.addWidget(group)

    def _add_people(self, people: Sequence[Patient], may_link: str) -> None:
        if not self._summary.people:
            return
        head = Label("Who at the server is who here", "body_strong")
        self.body.addWidget(head)
        words = may_link or "The server knows people by numbers alone, and nobody is guessed. You can do this later."
        self.body.addWidget(Label(words, "small", "muted", wrap=True))
        rows = QWidget()
        column = QVBoxLayout(rows)
        column.setContentsMargins(0, 0, 8, 0)
        column.setSpacing(8)
        options = [(_NOBODY, "Not now"), (_NEW, "A new person here"), *((one.id, one.name) for one in people)]
        for one in self._summary.people:
            column.addWidget(self._person(one, options, may_link))
        area = QScrollArea()
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(rows)
        # The sheet's own surface shows through.
        for clear in (area, area.viewport(), rows):
            clear.setProperty("role", "clear")
        area.setFixedHeight(min(rows.sizeHint().height() + 4, _MOST_HIGH))
        self.body.addWidget(area)

    def _person(self, one: RemotePerson, options: list[tuple[str, str]], may_link: str) -> QWidget:
        line = QWidget()
        row = QHBoxLayout(line)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(12)
        title, second = person_words(one)
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addWidget(Label(title, "body"))
        words.addWidget(Label(second, "small", "muted", wrap=True))
        row.addLayout(words, 1)
        if one.linked_patient is not None:
            name = next((text for option, text in options if option == one.linked_patient), "somebody here")
            row.addWidget(Label(f"is {name}", "body", "muted"), 0, Qt.AlignmentFlag.AlignVCenter)
            return line
        choice = self.links[one.remote_id] = Choice(options)
        choice.setAccessibleName(f"{title} is")
        choice.setMinimumWidth(200)
        choice.setEnabled(not may_link)
        choice.setToolTip(may_link)
        choice.currentIndexChanged.connect(lambda _: self._enable())
        row.addWidget(choice, 0, Qt.AlignmentFlag.AlignVCenter)
        return line

    def direction(self) -> Direction | None:
        """What is chosen; ``None`` before."""
        chosen = next((name for name, box in self._boxes.items() if box.isChecked()), None)
        return next((one for one in get_args(Direction) if one == chosen), None)

    def choose(self, direction: Direction) -> None:
        """Choose a direction, as a person would."""
        self._boxes[direction].setChecked(True)

    def chosen_links(self) -> dict[str, str | None]:
        """Links that were made."""
        picked = {remote: choice.value() for remote, choice in self.links.items()}
        return {remote: None if value == _NEW else value for remote, value in picked.items() if value != _NOBODY}

    def _enable(self) -> None:
        if not hasattr(self, "verb"):
            return
        taken = [value for value in self.chosen_links().values() if value is not None]
        reason = ""
        if self.direction() is None:
            reason = "Choose a direction first"
        elif len(taken) != len(set(taken)):
            reason = "One person here cannot be two at the server"
        enable(self.verb, reason)

    def _press(self) -> None:
        changed = self.direction() if self.direction() != self._summary.direction else None
        links = self.chosen_links()
        self.dismiss()
        self._choose(changed, links)


def person_words(one: RemotePerson) -> tuple[str, str]:
    """A remote person's short number, and what is there of them."""
    days = f"{one.first_day} to {one.last_day}, " if one.first_day else ""
    kinds = ", ".join(kind_of(kind).title for kind in one.kinds[:3])
    more = f" and {len(one.kinds) - 3} more" if len(one.kinds) > 3 else ""
    notes = ", with notes" if one.has_records else ""
    return f"Person {one.remote_id[:6]}", f"{days}{count_words(one.records, 'piece')}: {kinds}{more}{notes}"
