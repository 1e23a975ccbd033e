"""What needs a person: refused records with everything that can be done about each, and questions about the server."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from clarity_desktop.domain.people import Patient
from clarity_desktop.domain.sync import Operation, OperationState
from clarity_desktop.ui.components.buttons import Button
from clarity_desktop.ui.components.card import Card
from clarity_desktop.ui.components.choice import CheckBox
from clarity_desktop.ui.components.entry_list import EntryList, EntryRow
from clarity_desktop.ui.components.text import Label
from clarity_desktop.ui.dialogs.confirm import confirm
from clarity_desktop.ui.dialogs.form import ask_form
from clarity_desktop.ui.dialogs.note import show_note
from clarity_desktop.ui.jobs import run_query
from clarity_desktop.ui.pages.cloud.sync_held import ask_held_removals, keep_held_removals
from clarity_desktop.ui.pages.cloud.sync_removal import ask_typed_count
from clarity_desktop.ui.pages.cloud.sync_words import name_of, reason_words
from clarity_desktop.ui.pages.security.loaded import LoadedPage, count_words, when
from clarity_desktop.ui.qt import Signal
from clarity_desktop.ui.undo import Step

if TYPE_CHECKING:
    from clarity_desktop.app.sync_choices import OperationContent
    from clarity_desktop.app.sync_status import SyncStatus

__all__ = ["NeedsCard"]

_MOST_ROWS = 20
_NOTICES = {
    "server.empty_list": (
        "This server does not show what it holds",
        "What it took is marked as received, cannot be checked. Nothing here changes for it.",
    ),
    "server.epoch": (
        "The server no longer knows anything that it held",
        "It may be empty, reset, or another one. Nothing was sent or deleted since.",
    ),
    "removals_held": (
        "Another device removes many entries of a person",
        "They stay here until you say so, and a backup was made.",
    ),
    "records_unread": (
        "Something that another device sent could not be read",
        "Recordings are not concerned. Bring both computers to the same version of this program, and sync again.",
    ),
    "erased_elsewhere": (
        "Another device has erased somebody who is here",
        "Nothing more of them is sent or read. Two people decide on the Erasure page whether they are erased here too.",
    ),
    "breaker": (
        "A removal at the server waits for your answer",
        "Sync has stopped until it is confirmed or left. A backup was made.",
    ),
}
_Act = Callable[[Callable[[], object], str], None]
_LEAVABLE = (OperationState.REJECTED, OperationState.DEAD)


class NeedsCard(Card):
    """Rows with their actions; each action says what it did.

    Parameters
    ----------
    page:
        Gives services, window and undo.
    act:
        Does something off the window's thread, then says a sentence and reads again.
    """

    conflicts_wanted = Signal()
    """The list of conflicts is to be opened."""
    direction_wanted = Signal()
    """Somebody wants to say which way data go."""

    def __init__(self, page: LoadedPage, act: _Act) -> None:
        super().__init__("Needs you")
        self._page, self._act = page, act
        self._removals: tuple[tuple[Patient, int], ...] = ()
        self.list = EntryList("What needs you", "Nothing. What is refused or stops would be listed here.", inset=0)
        self.body.addWidget(self.list)
        self.body.addStretch(1)
        self.retry = Button("Retry all", "quiet", "rotate-ccw")
        self.retry.clicked.connect(lambda _=False: act(page.services.retry_sync, "They go again."))
        self.add_action(self.retry)

    def show_needs(
        self,
        status: SyncStatus,
        stopped: Sequence[Operation],
        conflicts: int = 0,
        removals: Sequence[tuple[Patient, int]] = (),
        unproved: tuple[int, int] = (0, 0),
    ) -> None:
        """Show what waits for a person, questions first.

        Parameters
        ----------
        unproved:
            Uploads of erased people that servers did not show to be gone, and when they were last asked.
        """
        self._removals = tuple(removals)
        rows = []
        if status.is_foreign:
            rows.append(
                EntryRow(
                    "monitor",
                    "This vault syncs from another machine",
                    "This copy only looks. Let it sync from here if the other copy is no longer used.",
                    (("Sync from here", self.take_over),),
                )
            )
        if status.asks_direction:
            rows.append(
                EntryRow(
                    "move-horizontal",
                    "Which way shall data go?",
                    "This vault and the account both hold data. Nothing moves before you choose.",
                    (("Choose", self.direction_wanted.emit),),
                )
            )
        if conflicts:
            rows.append(
                EntryRow(
                    "layers",
                    f"{count_words(conflicts, 'record')} changed on two devices",
                    "Both versions are kept until you choose.",
                    (("Look at both", self.conflicts_wanted.emit),),
                )
            )
        if unproved[0]:
            rows.append(
                EntryRow(
                    "trash-2",
                    f"Erasure: {count_words(unproved[0], 'upload')} requested, not confirmed",
                    f"A server shows nothing that proves it. Asked again at each round, last {when(unproved[1])}.",
                )
            )
        for code in status.notices:
            title, words = _NOTICES.get(code, (code, ""))
            rows.append(EntryRow("triangle-alert", title, words, self._notice_actions(code)))
        for one in stopped:
            words = f"{reason_words(one)}; {count_words(one.attempts, 'try', 'tries')}, last {when(one.last_sent)}"
            rows.append(EntryRow("triangle-alert", _title(one), words, self._row_actions(one)))
        self.list.show_rows(rows[:_MOST_ROWS])
        self.set_title("Needs you", str(len(rows)) if rows else "")

    def _row_actions(self, one: Operation) -> tuple[tuple[str, Callable[[], None]], ...]:
        services = self._page.services
        actions: list[tuple[str, Callable[[], None]]] = [
            ("Retry", lambda: self._act(lambda: services.retry_sync(one.op_id), "It goes again.")),
            ("Keep here only", lambda: self.discard(one)),
            ("Details", lambda: self.show_details(one)),
        ]
        if one.state in _LEAVABLE:
            actions.insert(1, ("Leave out", lambda: self.ask_leave_out(one)))
        return tuple(actions)

    def _notice_actions(self, code: str) -> tuple[tuple[str, Callable[[], None]], ...]:
        if code == "server.epoch":
            return (
                ("Compare", lambda: self.settle("compare")),
                ("Upload all again", lambda: self.settle("upload_again")),
                ("Keep apart", lambda: self.settle("keep_apart")),
            )
        settle = self._page.services.settle_sync_notice
        if code == "breaker" and self._removals:
            person, count = self._removals[0]
            leave = "Everything stays at the server, and sync goes on."
            return (
                ("Type the number", lambda: ask_typed_count(self._page, person, count)),
                ("Leave everything", lambda: self._act(lambda: settle(code), leave)),
            )
        if code == "removals_held":
            return (
                ("Type the number", lambda: ask_held_removals(self._page)),
                ("Keep all", lambda: keep_held_removals(self._page)),
            )
        return (("Understood", lambda: self._act(lambda: settle(code), "Noted.")),)

    # -- one refused record ---------------------------------------------------------------------------------------

    def discard(self, one: Operation) -> None:
        """Give an operation up after asking; the data stay."""
        services = self._page.services
        confirm(
            self.window(),
            "Keep this here only?",
            "It is not sent again by itself. The samples stay in the vault, and Retry sends them later.",
            verb="Keep here only",
            keep="Back",
            on_confirm=lambda: self._act(lambda: services.discard_sync(one.op_id), "It stays here only."),
        )

    def ask_leave_out(self, one: Operation) -> None:
        """Ask which kinds of a refused record stay here, then send the rest; it can be taken back (Y-30)."""
        run_query(self, lambda: self._page.services.sync_content(one.op_id), lambda found: self._choose(one, found))

    def _choose(self, one: Operation, content: Sequence[OperationContent]) -> None:
        services = self._page.services
        boxes = [CheckBox(_content_words(part)) for part in content]
        for box, part in zip(boxes, content, strict=True):
            box.setChecked(part.left_out)
            box.setEnabled(not part.left_out)

        def chosen() -> list[str]:
            parts = zip(boxes, content, strict=True)
            return [part.kind for box, part in parts if box.isChecked() and not part.left_out]

        def act() -> Callable[[], list[str]]:
            kinds = chosen()

            def leave() -> list[str]:
                services.leave_out_of_sync(one.op_id, kinds)
                return kinds

            return leave

        refused = f"{_title(one)}: {reason_words(one)}."
        ask_form(
            self.window(),
            "Leave something out and send the rest?",
            f"{refused} What you tick stays on this machine from now on, for all of this person. The rest goes again.",
            [*boxes, *([] if content else [Label("It holds no samples any more.", "body", "muted")])],
            "Leave out and send",
            act,
            lambda kinds: self._left(one, kinds),
            ready=lambda: "" if chosen() else "Tick what stays here",
            keep="Back",
        )

    def _left(self, one: Operation, kinds: Sequence[str]) -> None:
        services = self._page.services
        self._page.did.emit(
            Step(
                "leaving kinds out of sync",
                lambda: self._act(lambda: services.take_into_sync(one.patient_id, kinds), "They go again."),
                lambda: self._act(lambda: services.keep_out_of_sync(one.patient_id, kinds), "They stay here."),
            )
        )
        self._page.reload()

    def show_details(self, one: Operation) -> None:
        """Everything that is known of an operation (Y-13): what it holds, why it stopped, its ids and its times."""
        services = self._page.services

        def found(content: Sequence[OperationContent]) -> None:
            held = "\n".join(f"  {_content_words(part)}" for part in content) or "  no samples any more"
            lines = (
                f"{_title(one)}, part {one.part}",
                f"Holds:\n{held}",
                f"State: {one.state.value}. Why: {reason_words(one)}",
                f"Code {one.reason or '–'}",
                f"First sent {when(one.first_sent)}, last sent {when(one.last_sent)}",
                f"Tries {one.attempts}, faults of the server {one.faults}",
                f"Correlation {one.correlation or '–'}",
                f"Number at the server {one.processing_id or '–'}",
                f"Operation {one.op_id}",
                f"SHA-256 of the packed text {one.payload_hash or '–'}",
            )
            show_note(self.window(), name_of(one.metric_type), "\n".join(lines), copy=True)

        run_query(self, lambda: services.sync_content(one.op_id), found)

    # -- questions about the server -------------------------------------------------------------------------------

    def take_over(self) -> None:
        """Let this copy of the vault sync, after asking."""
        services = self._page.services
        confirm(
            self.window(),
            "Let this copy of the vault sync from here?",
            "First it looks at what the server holds, so nothing is sent twice. Do this only when the other copy is no "
            "longer used.",
            verb="Sync from here",
            on_confirm=lambda: self._act(services.sync_from_here, "This copy syncs from now on."),
        )

    def settle(self, choice: str) -> None:
        """Say how to go on with a server that forgot; counts are shown before anything happens (Y-42)."""
        services = self._page.services

        def counted(found: dict[str, int]) -> None:
            words = ", ".join(f"{name}: {count}" for name, count in found.items())
            if choice == "compare":
                show_note(self.window(), "Compared with the server", words)
                self._page.reload()
                return
            told = (
                "Everything is packed and sent anew."
                if choice == "upload_again"
                else "Nothing more goes to this server until you switch somebody on again."
            )
            confirm(
                self.window(),
                "Upload all again?" if choice == "upload_again" else "Keep this server apart?",
                f"{words}. {told} Nothing is deleted here.",
                verb="Upload all again" if choice == "upload_again" else "Keep apart",
                keep="Leave as it is",
                on_confirm=lambda: self._act(lambda: services.settle_epoch(choice), "Kept."),
            )

        run_query(self, lambda: services.settle_epoch(choice, dry_run=True), counted)


def _title(one: Operation) -> str:
    if one.is_records:
        return "Notes, names and consents"
    return f"{name_of(one.metric_type)}, 30 days from {time.strftime('%Y-%m-%d', time.gmtime(one.span.start))}"


def _content_words(part: OperationContent) -> str:
    words = f"{part.title}: {count_words(part.count, 'value')}"
    if part.outside:
        words += f", {part.outside} outside the server's range stay here"
    return words + (", left out" if part.left_out else "")
