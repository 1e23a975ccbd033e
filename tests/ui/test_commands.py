"""The registry of commands, and what palette and shortcut sheet make of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clarity_desktop.domain.people import Patient
from clarity_desktop.ui.commands import COMMANDS, Command, CommandRegistry, command, match_letters
from clarity_desktop.ui.shell import actions  # noqa: F401 - declares the commands
from clarity_desktop.ui.shell.palette import find_rows

EVERYTHING = frozenset({"unlocked", "patient", "back", "forward", "keychain"})


def _command(name: str = "a.b", shortcut: str = "") -> Command:
    return Command(name, "Title", "Area", "Help.", lambda window: None, shortcut)


def test_ids_and_shortcuts_are_unique() -> None:
    registry = CommandRegistry()
    registry.declare(_command("one", "Ctrl+1"))
    with pytest.raises(ValueError, match="one is declared twice"):
        registry.declare(_command("one"))
    with pytest.raises(ValueError, match="Ctrl\\+1 is declared twice"):
        registry.declare(_command("two", "Ctrl+1"))


def test_a_command_without_help_is_refused() -> None:
    with pytest.raises(ValueError, match="has no help"):
        command("x.y", "X", "Area")(lambda window: None)


def test_every_command_says_what_it_does() -> None:
    assert len(COMMANDS) > 20
    for one in COMMANDS:
        assert one.help.endswith("."), one.id
        assert one.title[0].isupper(), one.id


def test_obstacles_name_the_first_need_that_fails() -> None:
    overview = COMMANDS["go.overview"]
    assert overview.obstacle(frozenset()) == "Opens with the vault"
    assert overview.obstacle({"unlocked"}) == "Opens with a person"
    assert overview.obstacle({"unlocked", "patient"}) is None


def test_the_palette_reaches_every_command() -> None:
    rows = find_rows("", EVERYTHING, [], [], list(COMMANDS))
    assert {row.target for row in rows if row.kind == "command"} == set(COMMANDS)
    for one in COMMANDS:
        found = find_rows(one.title, EVERYTHING, [], [], list(COMMANDS))
        assert next(row.target for row in found if row.kind == "command") == one


def test_commands_that_cannot_run_come_last_with_their_reason() -> None:
    rows = [row for row in find_rows("", frozenset({"unlocked"}), [], [], list(COMMANDS)) if row.kind == "command"]
    blocked = [bool(row.reason) for row in rows]
    assert blocked == sorted(blocked)
    assert any(blocked)
    assert not all(blocked)


def test_people_are_found_by_name_and_code() -> None:
    person = Patient("1", "Demo · Regular sleeper", "D-0001", simulated=True)
    for typed in ("regular", "D-0001"):
        assert any(row.target == person for row in find_rows(typed, EVERYTHING, [person], [], list(COMMANDS)))
    assert not any(row.target == person for row in find_rows("", EVERYTHING, [person], [], list(COMMANDS)))


def test_commands_used_lately_stand_on_top() -> None:
    rows = find_rows("", EVERYTHING, [], ["view.dark"], list(COMMANDS))
    assert rows[0].title == "Used lately"
    assert rows[1].target == COMMANDS["view.dark"]


def test_letters_match_in_order_and_prefer_words() -> None:
    assert match_letters("ovr", "Show overview") is not None
    assert match_letters("wvo", "Show overview") is None
    whole, scattered = match_letters("sleep", "Show sleep"), match_letters("sleep", "Sho lee p")
    assert whole is not None
    assert whole.places == (5, 6, 7, 8, 9)
    assert scattered is None or whole.score > scattered.score


@given(st.text(max_size=12), st.text(max_size=30))
def test_matched_places_hold_the_typed_letters(typed: str, title: str) -> None:
    match = match_letters(typed, title)
    if match is None:
        return
    folded = title.casefold()
    if len(folded) == len(title):
        letters = "".join(folded[place] for place in match.places)
        assert letters in (typed.casefold().strip(), typed.casefold().replace(" ", ""))
