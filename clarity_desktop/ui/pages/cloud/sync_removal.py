"""Removing what was sent of a person at the server: what would go first, the typed count where it is much (Y-40)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from clarity_desktop.domain.errors import ClarityError
from clarity_desktop.domain.people import Patient
from clarity_desktop.domain.sync import Operation, OperationState
from clarity_desktop.ui.components.field import Field
from clarity_desktop.ui.dialogs.confirm import confirm
from clarity_desktop.ui.dialogs.form import ask_form
from clarity_desktop.ui.dialogs.note import show_note
from clarity_desktop.ui.jobs import board, run_mutation, run_query
from clarity_desktop.ui.pages.cloud.sync_words import name_of
from clarity_desktop.ui.pages.security.loaded import LoadedPage, count_words
from clarity_desktop.ui.qt import QLineEdit

if TYPE_CHECKING:
    from clarity_desktop.cloud.sync.removal import ErasureProof

__all__ = ["ask_removal", "ask_typed_count", "proof_words"]

_S = OperationState
_THERE: Final = (_S.ACCEPTED, _S.PROCESSING, _S.VERIFIED, _S.UNVERIFIED)
_MOST: Final = 100_000


def ask_removal(page: LoadedPage, person: Patient) -> None:
    """Say what lies at the server of a person, and ask whether it shall go; everything stays here."""
    services = page.services

    def found(records: list[Operation]) -> None:
        if not records:
            show_note(page.window(), "Nothing to remove", "Nothing of this person is known to lie at the server.")
            return
        confirm(
            page.window(),
            f"Remove what was sent of {person.name}?",
            f"{_content(records)} The server is asked to delete them. Everything stays on this machine, and nothing "
            "more of this person goes.",
            verb="Remove at the server",
            keep="Leave them there",
            danger=True,
            on_confirm=lambda: _remove(page, person, None),
        )

    run_query(page, lambda: services.sync_operations(_THERE, patient_id=person.id, limit=_MOST), found)


def ask_typed_count(page: LoadedPage, person: Patient, count: int) -> None:
    """The breaker has stopped sync: what would go, and the number that has to be typed."""
    services = page.services

    def found(records: list[Operation]) -> None:
        line = QLineEdit()
        field = Field("Number of records", line, f"Type {count} to go on")

        def act() -> Callable[[], ErasureProof]:
            typed = int(line.text().strip())
            return lambda: services.remove_from_server(person.id, typed_count=typed)

        ask_form(
            page.window(),
            f"Remove {count_words(count, 'record')} from the server?",
            f"{_content(records)} Sync has stopped and a backup was made. Everything stays on this machine.",
            (field,),
            "Remove at the server",
            act,
            lambda proof: _told(page, proof),
            ready=lambda: "" if line.text().strip() == str(count) else f"Type {count} first",
            fields={"sync.breaker": field},
            danger=True,
            keep="Leave them there",
        )

    run_query(page, lambda: services.sync_operations(_THERE, patient_id=person.id, limit=_MOST), found)


def _remove(page: LoadedPage, person: Patient, typed: int | None) -> None:
    def refused(error: ClarityError) -> None:
        page.reload()
        if error.code == "sync.breaker":
            ask_typed_count(page, person, int(error.detail))
        else:
            board().failed.emit(error)

    run_mutation(
        page,
        lambda: page.services.remove_from_server(person.id, typed_count=typed),
        lambda proof: _told(page, proof),
        refused,
    )


def _told(page: LoadedPage, proof: ErasureProof) -> None:
    show_note(page.window(), "Asked the server to delete", proof_words(proof))
    page.reload()


def proof_words(proof: ErasureProof) -> str:
    """What a server proved, and what it did not."""
    parts = [f"{count_words(len(proof.confirmed), 'upload')} shown to be gone."]
    if proof.not_confirmed:
        parts.append(f"{len(proof.not_confirmed)} requested, not confirmed: the server shows nothing that proves it.")
    if proof.left:
        parts.append(f"{len(proof.left)} still there after all rounds; they are asked for again.")
    return " ".join(parts)


def _content(records: list[Operation]) -> str:
    by_type: dict[str, int] = {}
    for one in records:
        by_type[one.metric_type] = by_type.get(one.metric_type, 0) + 1
    parts = [f"{name_of(name)}: {count_words(number, 'record')}" for name, number in sorted(by_type.items())]
    return ", ".join(parts) + " of 30 days each."
