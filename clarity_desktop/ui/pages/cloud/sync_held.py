"""Entries that another device removes in numbers: they go once their count was typed, or stay everywhere (Y-38)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from clarity_desktop.domain.errors import ConflictError
from clarity_desktop.domain.people import Patient
from clarity_desktop.ui.components.field import Field
from clarity_desktop.ui.dialogs.form import ask_form
from clarity_desktop.ui.dialogs.note import show_note
from clarity_desktop.ui.jobs import run_mutation, run_query
from clarity_desktop.ui.pages.security.loaded import LoadedPage, count_words
from clarity_desktop.ui.qt import QLineEdit

__all__ = ["ask_held_removals", "keep_held_removals"]


def ask_held_removals(page: LoadedPage) -> None:
    """Ask for the number of entries that would go of the first person who waits."""
    run_query(page, lambda: _first(page), lambda found: _ask(page, *found))


def keep_held_removals(page: LoadedPage) -> None:
    """Keep the entries of the first person who waits; they come back on the other devices."""

    def keep() -> tuple[Patient, int]:
        person, _ = _first(page)
        return person, page.services.settle_removals(person.id, None)

    def kept(found: tuple[Patient, int]) -> None:
        words = (
            f"{count_words(found[1], 'entry', 'entries')} of {found[0].name} stay, and come back on the other devices."
        )
        show_note(page.window(), "Kept", words)
        page.reload()

    run_mutation(page, keep, kept)


def _first(page: LoadedPage) -> tuple[Patient, int]:
    found = page.services.held_removals()
    if not found:
        raise ConflictError(
            "sync.settled", "This was answered meanwhile.", remedy="Look at the sync page again; nothing waits."
        )
    person, count = found[0]
    return page.services.patient(person), count


def _ask(page: LoadedPage, person: Patient, count: int) -> None:
    line = QLineEdit()
    field = Field("Number of entries", line, f"Type {count} to let them go")

    def act() -> Callable[[], Any]:
        typed = int(line.text().strip())
        return lambda: page.services.settle_removals(person.id, typed)

    def done(_: int) -> None:
        show_note(page.window(), "Removed", "Each can be undone in the history of the entry.")
        page.reload()

    ask_form(
        page.window(),
        f"Remove {count_words(count, 'entry', 'entries')} of {person.name}?",
        "Another device has removed these notes and diary entries. They stay here until you say so; a backup was made.",
        (field,),
        "Remove here too",
        act,
        done,
        ready=lambda: "" if line.text().strip() == str(count) else f"Type {count} first",
        fields={"sync.breaker": field},
        danger=True,
        keep="Leave them for now",
    )
