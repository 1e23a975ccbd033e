"""Entries that two devices changed: a card each, answered by a person, taken back until the next sync (Y-48)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from clarity_desktop.domain.changes import Change
from clarity_desktop.domain.exchange import Conflict, Keep
from clarity_desktop.domain.users import Right
from clarity_desktop.ui.components.badge import Badge
from clarity_desktop.ui.components.field import Field
from clarity_desktop.ui.components.states import EmptyState
from clarity_desktop.ui.dialogs.form import ask_form
from clarity_desktop.ui.jobs import run_mutation
from clarity_desktop.ui.pages.cloud.conflict_card import KEPT_WORDS, ConflictCard, class_words, merge_proposal
from clarity_desktop.ui.pages.security.loaded import LoadedPage, count_words
from clarity_desktop.ui.qt import QKeyEvent, QLineEdit, Qt, QVBoxLayout, QWidget
from clarity_desktop.ui.undo import Step

__all__ = ["ConflictsPage"]

_EMPTY_HIGH = 480
_MAY_NOT = "Your role reads what is written of people, and does not change it"


@dataclass(frozen=True, slots=True)
class _Found:
    conflicts: tuple[Conflict, ...]
    names: dict[str, str]
    rights: frozenset[Right]


class ConflictsPage(LoadedPage):
    """Open conflicts first, then those that were answered since the last sync."""

    id: ClassVar[str] = "conflicts"
    title: ClassVar[str] = "Conflicts"
    icon: ClassVar[str] = "layers"
    watches: ClassVar[Change] = Change.SETTINGS | Change.PATIENTS | Change.DIARY

    def build(self, column: QVBoxLayout) -> None:
        self.badge = Badge("None", "circle-check", "ok")
        self.cards: list[ConflictCard] = []
        self._only = ""
        self._list = QWidget()
        self._column = QVBoxLayout(self._list)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(12)
        column.addWidget(self._list)
        self._empty = EmptyState(
            "layers",
            "No entry waits for you",
            "Show sync",
            lambda: self.go.emit("sync", None),
            more="When two devices change the same entry, both versions stand here side by side.",
        )
        self._empty.setMinimumHeight(_EMPTY_HIGH)
        column.addWidget(self._empty)

    def toolbar_lead(self) -> list[QWidget]:
        return [self.badge]

    def place(self) -> dict[str, Any]:
        return {"patient": self._only} if self._only else {}

    def restore(self, place: dict[str, Any]) -> None:
        self._only = str(place.get("patient", ""))

    # -- reading and showing ------------------------------------------------------------------------------------

    def read(self) -> _Found:
        services = self.services
        found = tuple(services.conflicts(self._only or None))
        return _Found(found, {one.id: one.name for one in services.patients()}, services.user().rights)

    def show_data(self, data: _Found) -> None:
        while (item := self._column.takeAt(0)) is not None:
            old = item.widget()
            if old is not None:
                old.hide()
                old.deleteLater()
        refusal = "" if Right.CHANGE_IDENTITY in data.rights else _MAY_NOT
        ordered = sorted(data.conflicts, key=lambda one: (one.resolved is not None, one.opened, one.id))
        self.cards = [
            self._card(one, data.names.get(one.patient_id, "Somebody who was removed"), refusal) for one in ordered
        ]
        for card in self.cards:
            self._column.addWidget(card)
        waiting = sum(one.resolved is None for one in data.conflicts)
        self._empty.setVisible(not self.cards)
        self._list.setVisible(bool(self.cards))
        if waiting:
            self.badge.show_state(f"{count_words(waiting, 'entry', 'entries')} to decide", "triangle-alert", "warn")
        else:
            self.badge.show_state("Nothing to decide", "circle-check", "ok")

    def _card(self, one: Conflict, name: str, refusal: str) -> ConflictCard:
        return ConflictCard(
            one,
            name,
            lambda keep: self.answer(one, keep, None),
            lambda: self.edit(one),
            lambda: self.reopen(one),
            refusal,
        )

    # -- answering ------------------------------------------------------------------------------------------------

    def answer(self, one: Conflict, keep: Keep, text: str | None) -> None:
        """Keep one side or both; ``text`` takes the place of what stands on the side that is kept."""
        run_mutation(
            self, lambda: self.services.resolve_conflict(one.id, keep, text), lambda _: self._done(one, keep, text)
        )

    def edit(self, one: Conflict) -> None:
        """Ask for one text made of both; it can be taken back as any answer."""
        text = QLineEdit(merge_proposal(one))

        def act() -> Any:
            typed = text.text().strip()
            return lambda: self.services.resolve_conflict(one.id, "here", typed)

        ask_form(
            self.window(),
            "One text made of both",
            "Both stand below, this computer's first. What you keep takes the place of both.",
            [Field("The text to keep", text)],
            "Keep this text",
            act,
            lambda _: self._done(one, "here", text.text().strip()),
            ready=lambda: "" if text.text().strip() else "Write what to keep",
            keep="Back",
            width=560,
        )

    def _done(self, one: Conflict, keep: Keep, text: str | None) -> None:
        self.did.emit(
            Step(
                f"answer to a conflict of a {class_words(one.record_class).lower()}",
                lambda: self.reopen(one),
                lambda: self._again(one, keep, text),
            )
        )
        self.told.emit(f"{KEPT_WORDS[keep]}. It can be taken back until the next sync.")
        self.reload()

    def _again(self, one: Conflict, keep: Keep, text: str | None) -> None:
        run_mutation(self, lambda: self.services.resolve_conflict(one.id, keep, text), lambda _: self.reload())

    def reopen(self, one: Conflict) -> None:
        """Take an answer back; both versions stand side by side again."""
        run_mutation(self, lambda: self.services.reopen_conflict(one.id), lambda _: self._reopened())

    def _reopened(self) -> None:
        self.told.emit("Both versions stand side by side again.")
        self.reload()

    # -- keys -----------------------------------------------------------------------------------------------------

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_J: 1, Qt.Key.Key_K: -1}.get(Qt.Key(event.key()))
        if step is None or event.modifiers() or not self.cards:
            super().keyPressEvent(event)
            return
        focused = self.window().focusWidget()
        at = next((n for n, card in enumerate(self.cards) if focused is not None and card.isAncestorOf(focused)), -1)
        card = self.cards[(at + step) % len(self.cards)] if at >= 0 else self.cards[0]
        button = next(iter(card.buttons.values()), None)
        if button is not None:
            button.setFocus(Qt.FocusReason.TabFocusReason)
            self.area.ensureWidgetVisible(card)
