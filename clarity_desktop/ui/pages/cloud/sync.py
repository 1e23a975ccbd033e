"""The sync panel: five questions in plain words, the server, the way of a change, and what needs a person."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from clarity_desktop.domain.changes import Change
from clarity_desktop.domain.people import Patient
from clarity_desktop.domain.sync import Operation
from clarity_desktop.domain.users import Right
from clarity_desktop.ui.components.badge import Badge
from clarity_desktop.ui.components.buttons import Button, SegmentedSwitch
from clarity_desktop.ui.components.card import Card
from clarity_desktop.ui.components.entry_list import EntryList, EntryRow
from clarity_desktop.ui.components.record_table import Column, Record, RecordTable
from clarity_desktop.ui.components.states import Icon
from clarity_desktop.ui.components.text import Label
from clarity_desktop.ui.dialogs.confirm import confirm
from clarity_desktop.ui.dialogs.note import show_note
from clarity_desktop.ui.jobs import run_mutation, run_query, start_job
from clarity_desktop.ui.pages.cloud.sync_way import LimitBar, Way
from clarity_desktop.ui.pages.cloud.sync_words import BADGES, answers, counts, name_of, overall, reason_words
from clarity_desktop.ui.pages.security.loaded import LoadedPage, count_words, enable, size_words, when
from clarity_desktop.ui.qt import QFileDialog, QHBoxLayout, Qt, QVBoxLayout, QWidget

if TYPE_CHECKING:
    from clarity_desktop.app.sync_status import SyncPreview, SyncStatus

__all__ = ["SyncPage"]

_READ_BACK = {
    "full": "Everything that was taken can be read back",
    "status": "It says that it has an upload, and does not show it",
    "none": "It shows nothing of what it took",
    "unknown": "Not known before the first upload",
}
_NOTICES = {
    "server.empty_list": (
        "This server does not show what it holds",
        "What it took is marked as received, cannot be checked. Nothing here changes for it.",
    ),
    "server.epoch": (
        "The server no longer knows anything that it held",
        "It may be empty, reset, or another one. Nothing was sent or deleted since.",
    ),
    "breaker": (
        "A removal at the server waits for your answer",
        "Sync has stopped until it is confirmed or left. A backup was made.",
    ),
}


@dataclass(frozen=True, slots=True)
class _Found:
    status: SyncStatus
    needs: list[Operation]
    people: list[Patient]
    badges: dict[str, str]
    synced: frozenset[str]
    may_send: bool
    sending: bool
    email: str


class SyncPage(LoadedPage):
    """Reads only the vault; what asks the network runs as a job."""

    id: ClassVar[str] = "sync"
    title: ClassVar[str] = "Sync"
    icon: ClassVar[str] = "refresh-cw"
    watches: ClassVar[Change] = Change.SETTINGS | Change.SAMPLES | Change.PATIENTS

    def build(self, column: QVBoxLayout) -> None:
        self._found: _Found | None = None
        self.state = Badge("Unknown", "circle-help", "neutral")
        self.now = Button("Sync now", "primary", "refresh-cw")
        self.now.clicked.connect(lambda _=False: self.sync_now())
        self.pause = Button("Pause", "normal", "clock")
        self.pause.clicked.connect(lambda _=False: self.switch_pause())
        self.dry = Button("Dry run", "quiet", "list")
        self.dry.clicked.connect(lambda _=False: self.dry_run())
        top = QHBoxLayout()
        top.setSpacing(12)
        top.addWidget(self._questions(), 3)
        top.addWidget(self._server(), 2)
        column.addLayout(top)
        self._way_card = Card("The way of a change")
        self.way = Way()
        self._way_card.body.addWidget(self.way)
        column.addWidget(self._way_card)
        lower = QHBoxLayout()
        lower.setSpacing(12)
        self._needs_card = Card("Needs you")
        self.needs = EntryList("What needs you", "Nothing. What is refused or stops would be listed here.", inset=0)
        self._needs_card.body.addWidget(self.needs)
        self._needs_card.body.addStretch(1)
        retry = Button("Retry all", "quiet", "rotate-ccw")
        retry.clicked.connect(lambda _=False: self._do(lambda: self.services.retry_sync(), "They go again."))
        log = Button("Export log", "quiet", "download")
        log.clicked.connect(lambda _=False: self.choose_log())
        self._needs_card.add_action(retry)
        self._needs_card.add_action(log)
        lower.addWidget(self._needs_card, 3)
        lower.addWidget(self._people(), 2)
        column.addLayout(lower)

    def _questions(self) -> Card:
        card = self._plain = Card("In plain words")
        self._lines: list[tuple[Icon, Label, Label]] = []
        for _ in range(5):
            row = QHBoxLayout()
            row.setSpacing(12)
            icon, question, answer = Icon("circle-help", 20, "text_muted"), Label("", "body_strong"), Label(wrap=True)
            answer.set_tone("muted")
            row.addWidget(icon, 0, Qt.AlignmentFlag.AlignTop)
            words = QVBoxLayout()
            words.setSpacing(0)
            words.addWidget(question)
            words.addWidget(answer)
            row.addLayout(words, 1)
            card.body.addLayout(row)
            self._lines.append((icon, question, answer))
        card.body.addStretch(1)
        return card

    def _server(self) -> Card:
        card = Card("Server")
        self._facts: dict[str, Label] = {}
        for name in ("Server", "Account", "Read-back", "Last cycle", "Leaves the machine", "Stays here"):
            row = QHBoxLayout()
            row.setSpacing(12)
            head = Label(name, "body", "muted")
            head.setFixedWidth(140)
            row.addWidget(head, 0, Qt.AlignmentFlag.AlignTop)
            self._facts[name] = Label("–", "body", wrap=True)
            row.addWidget(self._facts[name], 1)
            card.body.addLayout(row)
        line = QHBoxLayout()
        line.setSpacing(12)
        self.bar = LimitBar()
        line.addWidget(self.bar, 1)
        self.used = Label("", "body")
        line.addWidget(self.used)
        card.body.addLayout(line)
        own = "The own limit is below the server's, so that a person's upload always finds room."
        card.body.addWidget(Label(own, "small", "muted", wrap=True))
        self.mode = SegmentedSwitch(
            "When sync goes", (("always", "By itself"), ("on_demand", "Only on demand")), "always"
        )
        self.mode.chosen.connect(lambda value: self._do(lambda: self.services.set_sync_time(value), "Kept."))
        row = QHBoxLayout()
        row.addWidget(Label("When", "body", "muted"))
        row.addStretch(1)
        row.addWidget(self.mode)
        card.body.addLayout(row)
        card.body.addStretch(1)
        return card

    def _people(self) -> Card:
        card = self._people_card = Card("Whose data goes")
        self.table = RecordTable("Whose data goes", (Column("Person"), Column("Data", 150)), most=6)
        self.table.current_changed.connect(lambda _: self._enable())
        card.body.addWidget(self.table)
        self.nobody = Label("There is no one in the vault yet.", "small", "muted")
        card.body.addWidget(self.nobody)
        row = QHBoxLayout()
        self.switch = Button("Let it go", "normal", "upload")
        self.switch.clicked.connect(lambda _=False: self.switch_person())
        self.consent = Button("Consent", "quiet", "stethoscope")
        self.consent.clicked.connect(lambda _=False: self.go.emit("consent", None))
        row.addWidget(self.switch)
        row.addWidget(self.consent)
        row.addStretch(1)
        card.body.addLayout(row)
        card.body.addStretch(1)
        return card

    def toolbar_lead(self) -> list[QWidget]:
        return [self.state]

    def toolbar_widgets(self) -> list[QWidget]:
        return [self.dry, self.pause, self.now]

    # -- reading and showing ------------------------------------------------------------------------------------

    def read(self) -> _Found:
        services = self.services
        status, account = services.sync_status(), services.cloud_account()
        people = services.patients()
        badges = {one.id: services.sync_badge(one.id) for one in people}
        needs = services.sync_for_person() if status.account else []
        return _Found(
            status,
            needs,
            people,
            badges,
            services.synced_patients() if status.account else frozenset(),
            Right.SEND_INSIGHT in services.user().rights,
            services.setting("external.sending") is True,
            "" if account is None else account.email,
        )

    def show_data(self, data: _Found) -> None:
        self._found = data
        status, now = data.status, int(time.time())
        whole = overall(status, now)
        self.state.show_state(whole.words, whole.icon, whole.tone)
        self._plain.set_title("In plain words", f"as of {when(now)}")
        for (icon, question, answer), told in zip(self._lines, answers(status, now), strict=True):
            icon.show_icon(told.icon, told.tone)
            question.setText(told.question)
            answer.setText(told.words)
        server = status.account.rpartition("/")[0]
        last = status.last
        ended = (
            "–"
            if last is None
            else when(int(last["at"])) + (f", stopped: {last['stopped']}" if last["stopped"] else "")
        )
        facts = {
            "Server": server or "Not signed in",
            "Account": data.email or "–",
            "Read-back": _READ_BACK.get(status.read_back, status.read_back),
            "Last cycle": ended,
            "Leaves the machine": "Packed series without names, notes, file names or serials",
            "Stays here": "Beats, notes, findings, documents: they have no place on the server",
        }
        for name, words in facts.items():
            self._facts[name].setText(words)
        self.bar.show_used(status.uploads_used, status.uploads_limit)
        self.used.setText(f"{status.uploads_used} of {status.uploads_limit} this hour")
        found = counts(status)
        self._way_card.set_title("The way of a change", count_words(sum(found.values()), "change"))
        self.way.show_counts(found)
        self.mode.set_value("always" if status.mode == "always" else "on_demand")
        self.pause.set_text("Resume" if status.paused else "Pause")
        self._show_needs(data)
        names = [(one, data.badges[one.id]) for one in data.people]
        self.table.show_records([Record(one.id, (one.name, BADGES[mark][0]), BADGES[mark][1]) for one, mark in names])
        self.table.setVisible(bool(names))
        self.nobody.setVisible(not names)
        self._people_card.set_title("Whose data goes", f"{len(data.synced)} of {len(data.people)}")
        self._enable()

    def _show_needs(self, data: _Found) -> None:
        rows = []
        if data.status.is_foreign:
            rows.append(
                EntryRow(
                    "monitor",
                    "This vault syncs from another machine",
                    "This copy only looks. Let it sync from here if the other copy is no longer used.",
                    (("Sync from here", self.take_over),),
                )
            )
        for code in data.status.notices:
            title, words = _NOTICES.get(code, (code, ""))
            rows.append(EntryRow("triangle-alert", title, words, self._notice_actions(code)))
        for one in data.needs:
            month = time.strftime("%Y-%m-%d", time.gmtime(one.span.start))
            words = f"{reason_words(one)}; {count_words(one.attempts, 'try', 'tries')}, last {when(one.last_sent)}"
            title = f"{name_of(one.metric_type)}, 30 days from {month}"
            rows.append(EntryRow("triangle-alert", title, words, self._row_actions(one)))
        self.needs.show_rows(rows[:20])
        self._needs_card.set_title("Needs you", str(len(rows)) if rows else "")

    def _row_actions(self, one: Operation) -> tuple[tuple[str, Callable[[], None]], ...]:
        return (
            ("Retry", self._acting(lambda: self.services.retry_sync(one.op_id), "It goes again.")),
            ("Keep here only", lambda: self.discard(one)),
            ("Details", lambda: self.show_details(one)),
        )

    def _notice_actions(self, code: str) -> tuple[tuple[str, Callable[[], None]], ...]:
        if code == "server.epoch":
            return (
                ("Compare", lambda: self.settle("compare")),
                ("Upload all again", lambda: self.settle("upload_again")),
                ("Keep apart", lambda: self.settle("keep_apart")),
            )
        return (("Understood", self._acting(lambda: self.services.settle_sync_notice(code), "Noted.")),)

    def _enable(self) -> None:
        data = self._found
        if data is None:
            return
        role = "" if data.may_send else "Sending belongs to the role Clinician"
        off = "" if data.sending else "An admin has switched sending off for this workplace"
        signed = "" if data.status.account else "Sign in to a server first"
        enable(self.now, role or off or signed or ("Sync is paused" if data.status.paused else ""))
        enable(self.dry, signed)
        enable(self.pause, signed)
        key = self.table.current_key()
        is_on = key in data.synced
        self.switch.set_text("Stop sending" if is_on else "Let it go")
        enable(self.switch, signed or ("" if key else "Select a person first") or ("" if is_on else role or off))
        enable(self.consent, "" if key else "Select a person first")

    # -- doing --------------------------------------------------------------------------------------------------

    def _do(self, act: Callable[[], object], said: str) -> None:
        def done(_: object) -> None:
            self.told.emit(said)
            self.reload()

        run_mutation(self, act, done)

    def _acting(self, act: Callable[[], object], said: str) -> Callable[[], None]:
        return lambda: self._do(act, said)

    def sync_now(self) -> None:
        """One cycle as a job, which can be cancelled and is parked safely when the vault locks."""
        services = self.services
        chosen = None if self.patient is None else self.patient.id
        job = start_job("Sync", lambda _progress, cancel: services.sync_now(cancel, open_patient=chosen))
        self.after(job, "Sync has ended; the page says how it stands.")

    def switch_pause(self) -> None:
        """Pause, or go on; the choice stays."""
        if self._found is not None:
            paused = not self._found.status.paused
            said = "Sync is paused until you resume it." if paused else "Sync goes on."
            self._do(lambda: self.services.pause_sync(paused), said)

    def switch_person(self) -> None:
        """Let the selected person's data go, or stop it; going needs their consent to this server."""
        data, key = self._found, self.table.current_key()
        if data is None or not key:
            return
        if key in data.synced:
            self._do(lambda: self.services.disable_sync(key), "Nothing more of this person goes.")
            return
        confirm(
            self.window(),
            "Let this person's data go to the server?",
            "Packed series without names, notes, file names or serials go, as the recorded consent allows. What is on "
            "this machine stays. You can stop it at any time.",
            verb="Let it go",
            keep="Keep here only",
            on_confirm=lambda: self._do(lambda: self.services.enable_sync(key), "It waits to be sent."),
        )

    def discard(self, one: Operation) -> None:
        """Give an operation up after asking; the data stay."""
        confirm(
            self.window(),
            "Keep this here only?",
            "It is not sent again by itself. The samples stay in the vault, and Retry sends them later.",
            verb="Keep here only",
            keep="Back",
            on_confirm=lambda: self._do(lambda: self.services.discard_sync(one.op_id), "It stays here only."),
        )

    def show_details(self, one: Operation) -> None:
        """Everything that is known of an operation (Y-13)."""
        lines = (
            f"Operation {one.op_id}",
            f"State: {one.state.value}, reason: {one.reason or 'none'}",
            f"First sent {when(one.first_sent)}, last sent {when(one.last_sent)}",
            f"Tries {one.attempts}, faults of the server {one.faults}",
            f"Request {one.correlation or '–'}",
            f"SHA-256 of the packed text {one.payload_hash or '–'}",
        )
        show_note(self.window(), name_of(one.metric_type), "\n".join(lines))

    def take_over(self) -> None:
        """Let this copy of the vault sync, after asking."""
        confirm(
            self.window(),
            "Let this copy of the vault sync from here?",
            "First it looks at what the server holds, so nothing is sent twice. Do this only when the other copy is no "
            "longer used.",
            verb="Sync from here",
            on_confirm=lambda: self._do(self.services.sync_from_here, "This copy syncs from now on."),
        )

    def settle(self, choice: str) -> None:
        """Say how to go on with a server that forgot; counts are shown before anything happens (Y-42)."""
        services = self.services

        def counted(found: dict[str, int]) -> None:
            words = ", ".join(f"{name}: {count}" for name, count in found.items())
            if choice == "compare":
                show_note(self.window(), "Compared with the server", words)
                self.reload()
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
                on_confirm=lambda: self._do(lambda: services.settle_epoch(choice), "Kept."),
            )

        run_query(self, lambda: services.settle_epoch(choice, dry_run=True), counted)

    def dry_run(self) -> None:
        """List what would be sent, with sizes and fields; nothing is sent."""

        def listed(rows: list[SyncPreview]) -> None:
            total = sum(one.size for one in rows)
            head = f"{count_words(len(rows), 'metric')}, {size_words(total)}. Nothing was sent."
            lines = [
                f"{name_of(one.metric_type)}: {size_words(one.size)} ({', '.join(one.fields)})" for one in rows[:40]
            ]
            show_note(self.window(), "What would be sent", "\n".join([head, *lines]))

        run_query(self, self.services.preview_sync, listed)

    def choose_log(self) -> None:
        """Ask where the log goes."""
        dialog = QFileDialog(self, "Export the log of sync", str(Path.home() / "sync-log.json"))
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.fileSelected.connect(lambda name: self.write_log(Path(name)))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def write_log(self, path: Path) -> None:
        """Write states, times and codes of all operations; nothing measured is in it."""
        services = self.services
        self._do(
            lambda: path.write_text(json.dumps(services.sync_log(), indent=1) + "\n", "utf-8"), "The log is written."
        )
