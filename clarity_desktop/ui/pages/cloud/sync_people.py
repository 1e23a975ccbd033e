"""Whose data goes: a table of people with where their data are, the switch, and what of each stays here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from clarity_desktop.domain.people import Patient
from clarity_desktop.ui.components.buttons import Button
from clarity_desktop.ui.components.card import Card
from clarity_desktop.ui.components.entry_list import EntryList, EntryRow
from clarity_desktop.ui.components.record_table import Column, Record, RecordTable
from clarity_desktop.ui.components.text import Label
from clarity_desktop.ui.dialogs.confirm import confirm
from clarity_desktop.ui.dialogs.sheet import Sheet
from clarity_desktop.ui.jobs import run_query
from clarity_desktop.ui.pages.cloud.sync_removal import ask_removal
from clarity_desktop.ui.pages.cloud.sync_words import BADGES
from clarity_desktop.ui.pages.security.loaded import LoadedPage, count_words, enable, when
from clarity_desktop.ui.qt import QHBoxLayout

if TYPE_CHECKING:
    from clarity_desktop.app.sync_choices import StaysHere

__all__ = ["PeopleCard", "stays_rows"]

_Act = Callable[[Callable[[], object], str], None]
_REASONS = {
    "no_place": ("hard-drive", "the server has no place for it"),
    "left_out": ("pencil", "left out by a person"),
    "out_of_range": ("ban", "outside what the server takes"),
}


class PeopleCard(Card):
    """People and the switch of the selected one."""

    def __init__(self, page: LoadedPage, act: _Act) -> None:
        super().__init__("Whose data goes")
        self._page, self._act = page, act
        self._synced: frozenset[str] = frozenset()
        self._shown: dict[str, Patient] = {}
        self._refusal = self._unsigned = ""
        self.table = RecordTable("Whose data goes", (Column("Person"), Column("Data", 150)), most=6)
        self.table.current_changed.connect(lambda _: self._enable())
        self.body.addWidget(self.table)
        self.nobody = Label("There is no one in the vault yet.", "small", "muted")
        self.body.addWidget(self.nobody)
        row, below = QHBoxLayout(), QHBoxLayout()
        self.switch = Button("Let it go", "normal", "upload")
        self.switch.clicked.connect(lambda _=False: self.switch_person())
        self.consent = Button("Consent", "quiet", "stethoscope")
        self.consent.clicked.connect(lambda _=False: page.go.emit("consent", None))
        self.stays = Button("What stays here", "quiet", "hard-drive")
        self.stays.clicked.connect(lambda _=False: self.show_stays())
        self.remove = Button("Remove there", "quiet", "trash-2")
        self.remove.setToolTip("Remove what was sent of the person at the server")
        self.remove.clicked.connect(lambda _=False: self.ask_removal())
        for line, buttons in ((row, (self.switch, self.consent)), (below, (self.stays, self.remove))):
            for button in buttons:
                line.addWidget(button)
            line.addStretch(1)
            self.body.addLayout(line)
        self.body.addStretch(1)

    def show_people(
        self, people: Sequence[Patient], badges: dict[str, str], synced: frozenset[str], refusal: str, unsigned: str
    ) -> None:
        """Show everybody with where their data are.

        Parameters
        ----------
        refusal:
            Why nobody's data may be let go now; empty when they may.
        unsigned:
            Why nothing can be chosen at all; empty when it can.
        """
        self._synced, self._refusal, self._unsigned = synced, refusal, unsigned
        self._shown = {one.id: one for one in people}
        rows = [Record(one.id, (one.name, BADGES[badges[one.id]][0]), BADGES[badges[one.id]][1]) for one in people]
        self.table.show_records(rows)
        self.table.setVisible(bool(rows))
        self.nobody.setVisible(not rows)
        self.set_title("Whose data goes", f"{len(synced)} of {len(rows)}")
        self._enable()

    def _enable(self) -> None:
        key = self.table.current_key()
        is_on = key in self._synced
        nobody = "" if key else "Select a person first"
        self.switch.set_text("Stop sending" if is_on else "Let it go")
        enable(self.switch, self._unsigned or nobody or ("" if is_on else self._refusal))
        enable(self.consent, nobody)
        enable(self.stays, self._unsigned or nobody)
        enable(self.remove, self._refusal or self._unsigned or nobody)

    def switch_person(self) -> None:
        """Let the selected person's data go, or stop it; going needs their consent to this server."""
        key, services = self.table.current_key(), self._page.services
        if not key:
            return
        if key in self._synced:
            self._act(lambda: services.disable_sync(key), "Nothing more of this person goes.")
            return
        confirm(
            self.window(),
            "Let this person's data go to the server?",
            "Packed series without file names or serials go, as the recorded consent allows. Name, notes and diary go "
            "only where a consent of their own names them. What is on this machine stays. You can stop it at any time.",
            verb="Let it go",
            keep="Keep here only",
            on_confirm=lambda: self._act(lambda: services.enable_sync(key), "It waits to be sent."),
        )

    def ask_removal(self) -> None:
        """Ask whether what was sent of the selected person shall go at the server."""
        person = self._shown.get(self.table.current_key())
        if person is not None:
            ask_removal(self._page, person)

    def show_stays(self) -> None:
        """List what of the selected person does not go, with the reason; what a person left out can go again."""
        key = self.table.current_key()
        if key:
            run_query(self, lambda: self._page.services.stays_here(key), lambda found: self._list(key, found))

    def _list(self, key: str, found: Sequence[StaysHere]) -> None:
        sheet = Sheet(self.window(), "What stays here", width=560)

        def again(kind: str) -> None:
            sheet.dismiss()
            self._act(lambda: self._page.services.take_into_sync(key, [kind]), "It goes again with the next cycle.")

        rows = EntryList("What stays here", "Nothing. Every kind that is stored has a place on the server.", inset=0)
        rows.show_rows(stays_rows(found, again))
        sheet.body.addWidget(rows)
        words = (
            "Findings, beats and documents stay here as well, and so do name, notes and diary unless a consent names "
            "them. Nothing of this is missing from the vault."
        )
        sheet.body.addWidget(Label(words, "small", "muted", wrap=True))
        close = sheet.add_button("Close", "primary")
        close.clicked.connect(lambda _=False: sheet.dismiss())
        sheet.open()


def stays_rows(found: Sequence[StaysHere], again: Callable[[str], None]) -> list[EntryRow]:
    """Rows of what stays, each with its count, its reason and its times."""
    rows = []
    for one in found:
        icon, reason = _REASONS[one.reason]
        limits = f" ({one.range})" if one.range else ""
        times = "" if one.first is None else f"; {when(one.first)[:10]} to {when(one.last)[:10]}"
        actions = (("Send again", lambda kind=one.kind: again(kind)),) if one.reason == "left_out" else ()
        rows.append(
            EntryRow(icon, f"{one.title}: {count_words(one.count, 'value')}", f"{reason}{limits}{times}", actions)
        )
    return rows
