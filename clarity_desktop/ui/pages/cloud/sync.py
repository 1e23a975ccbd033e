"""The sync panel: five questions in plain words, the server, the way of a change, and what needs a person."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from clarity_desktop.domain.changes import Change
from clarity_desktop.domain.people import Patient
from clarity_desktop.domain.sync import Operation
from clarity_desktop.domain.users import Right
from clarity_desktop.ui.components.badge import Badge
from clarity_desktop.ui.components.buttons import Button
from clarity_desktop.ui.components.card import Card
from clarity_desktop.ui.components.states import Icon
from clarity_desktop.ui.components.text import Label, rule
from clarity_desktop.ui.dialogs.note import show_note
from clarity_desktop.ui.jobs import board, run_mutation, run_query, start_job
from clarity_desktop.ui.pages.cloud.sync_conditions import AnswersCard, LearnedCard, refusals
from clarity_desktop.ui.pages.cloud.sync_needs import NeedsCard
from clarity_desktop.ui.pages.cloud.sync_people import PeopleCard
from clarity_desktop.ui.pages.cloud.sync_remote import RemoteCard
from clarity_desktop.ui.pages.cloud.sync_server import ServerCard, ask_hours
from clarity_desktop.ui.pages.cloud.sync_way import Way
from clarity_desktop.ui.pages.cloud.sync_words import answers, counts, name_of, overall
from clarity_desktop.ui.pages.security.loaded import LoadedPage, count_words, enable, size_words, when
from clarity_desktop.ui.qt import QFileDialog, QHBoxLayout, QSizePolicy, Qt, QVBoxLayout, QWidget

if TYPE_CHECKING:
    from clarity_desktop.app.sync_status import SyncPreview, SyncStatus
    from clarity_desktop.domain.conditions import CloudCondition

__all__ = ["SyncPage"]


@dataclass(frozen=True, slots=True)
class _Found:
    status: SyncStatus
    needs: list[Operation]
    people: list[Patient]
    badges: dict[str, str]
    synced: frozenset[str]
    rights: frozenset[Right]
    sending: bool
    email: str
    condition: CloudCondition | None
    direction: str
    conflicts: int
    removals: tuple[tuple[str, int], ...]
    unproved: tuple[int, int]
    with_records: int

    @property
    def may_send(self) -> bool:
        return Right.SEND_INSIGHT in self.rights


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
        self.server = ServerCard()
        self.server.mode.chosen.connect(self.choose_time)
        self.server.countdown.over.connect(self.reload)
        self._row(column, (self._questions(), 3), (self.server, 2))
        self._way_card = Card("The way of a change")
        self.way = Way()
        self._way_card.body.addWidget(self.way)
        column.addWidget(self._way_card)
        self.needs_card = NeedsCard(self, self._do)
        self.needs_card.conflicts_wanted.connect(lambda: self.go.emit("conflicts", None))
        self.needs = self.needs_card.list
        log = Button("Export log", "quiet", "download")
        log.clicked.connect(lambda _=False: self.choose_log())
        self.needs_card.add_action(log)
        self.people = PeopleCard(self, self._do)
        self.table = self.people.table
        self.remote = RemoteCard(self)
        self.needs_card.direction_wanted.connect(self.remote.ask_direction)
        side = QWidget()
        stacked = QVBoxLayout(side)
        stacked.setContentsMargins(0, 0, 0, 0)
        stacked.setSpacing(12)
        stacked.addWidget(self.people, 1)
        stacked.addWidget(self.remote)
        self._row(column, (self.needs_card, 3), (side, 2))
        self.answers = AnswersCard(self.ask_services, self.reset_breaker)
        self.answers.countdown.over.connect(self.reload)
        self.learned = LearnedCard(self.ask_services, self.ask_types)
        self._row(column, (self.answers, 1), (self.learned, 1))
        for half in (self.answers, self.learned):
            half.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)

    @staticmethod
    def _row(column: QVBoxLayout, *cards: tuple[QWidget, int]) -> None:
        row = QHBoxLayout()
        row.setSpacing(12)
        for card, share in cards:
            row.addWidget(card, share)
        column.addLayout(row)

    def _questions(self) -> Card:
        card = self._plain = Card("In plain words")
        self._lines: list[tuple[Icon, Label, Label]] = []
        for number in range(5):
            if number:
                card.body.addWidget(rule())
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

    def toolbar_lead(self) -> list[QWidget]:
        return [self.state]

    def toolbar_widgets(self) -> list[QWidget]:
        return [self.dry, self.pause, self.now]

    # -- reading and showing ------------------------------------------------------------------------------------

    def read(self) -> _Found:
        services = self.services
        status, account = services.sync_status(), services.cloud_account()
        people, rights = services.patients(), services.user().rights
        conflicts = services.conflicts() if Right.SEE_IDENTITY in rights else ()
        synced = services.synced_patients() if status.account else frozenset()
        conditions = services.cloud_conditions()
        own = next((one for one in conditions if one.service == status.account), None)
        return _Found(
            status,
            services.sync_for_person() if status.account else [],
            people,
            {one.id: services.sync_badge(one.id) if one.id in synced else "here" for one in people},
            synced,
            rights,
            services.setting("external.sending") is True,
            "" if account is None else account.email,
            own or (conditions[0] if conditions else None),
            services.sync_direction(),
            sum(one.resolved is None for one in conflicts),
            services.removals_waiting() if status.account else (),
            _unproved(services.server_erasures()),
            len(services.people_with_records()) if status.account else 0,
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
        self.server.show_server(status, data.email, data.condition, now, data.with_records)
        self._way_card.set_title("The way of a change", count_words(sum(counts(status).values()), "change"))
        self.way.show_states(status.states, now)
        self.pause.set_text("Resume" if status.paused else "Pause")
        named = {one.id: one for one in data.people}
        removals = [(named[patient], count) for patient, count in data.removals if patient in named]
        self.needs_card.show_needs(status, data.needs, data.conflicts, removals, data.unproved)
        role = "" if data.may_send else "Sending belongs to the role Clinician"
        off = "" if data.sending else "An admin has switched sending off for this workplace"
        signed = "" if status.account else "Sign in to a server first"
        self.people.show_people(data.people, data.badges, data.synced, role or off, signed)
        self.remote.show_remote(status, data.direction, data.people, data.rights, role or off or signed)
        enable(self.now, role or off or signed or ("Sync is paused" if status.paused else ""))
        enable(self.dry, signed)
        enable(self.pause, signed)
        may_ask = bool(data.rights & {Right.SEND_INSIGHT, Right.SET_POLICY})
        refusal = refusals(may_ask, data.sending, data.condition is not None)
        self.answers.show_condition(data.condition, refusal)
        self.learned.show_condition(data.condition, refusal, role or off or signed)

    # -- doing --------------------------------------------------------------------------------------------------

    def _do(self, act: Callable[[], object], said: str) -> None:
        def done(_: object) -> None:
            self.told.emit(said)
            self.reload()

        run_mutation(self, act, done)

    def sync_now(self) -> None:
        """One cycle as a job, which can be cancelled and is parked safely when the vault locks."""
        services = self.services
        chosen = None if self.patient is None else self.patient.id
        job = start_job("Sync", lambda _progress, cancel: services.sync_now(cancel, open_patient=chosen))

        def ended() -> None:
            if job.error is not None and job.error.code == "sync.direction":
                # The first sync of an account: nothing has moved, and nothing moves before this is answered.
                self.remote.ask_direction()
            elif job.error is not None and not job.token.cancelled:
                board().failed.emit(job.error)
            elif job.error is None:
                self.told.emit("Sync has ended; the page says how it stands.")
            self.reload()

        job.ended.connect(ended)

    def ask_services(self) -> None:
        """Ask how each service answers and what it can do, as a job; sends nothing of anyone."""
        job = start_job("Asking the server", lambda _progress, cancel: self.services.probe_services(cancel))
        self.after(job, "The server was asked.")

    def ask_types(self) -> None:
        """Send one harmless sentinel a kind to learn which the server takes; at most once a week."""
        job = start_job("Asking which kinds it takes", lambda _progress, _cancel: self.services.probe_server())
        self.after(job, "Which kinds the server takes is known now.")

    def reset_breaker(self, service: str) -> None:
        """Let calls pass again at once; the audit notes it."""
        self._do(lambda: self.services.reset_breaker(service), "Calls pass again.")

    def choose_time(self, mode: str) -> None:
        """Keep when sync goes by itself; hours are asked for first (Y-34)."""
        services = self.services
        if mode != "hours":
            self._do(lambda: services.set_sync_time(mode), "Kept.")
            return
        ask_hours(self, self._found.status.hours if self._found is not None else (22, 6))

    def switch_pause(self) -> None:
        """Pause, or go on; the choice stays."""
        if self._found is not None:
            paused = not self._found.status.paused
            said = "Sync is paused until you resume it." if paused else "Sync goes on."
            self._do(lambda: self.services.pause_sync(paused), said)

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


def _unproved(erasures: dict[str, Any]) -> tuple[int, int]:
    """Uploads of erased people that servers did not show to be gone, and when they were last asked (Y-76)."""
    found = [one for accounts in erasures.values() for one in accounts.values() if one["open"]]
    return sum(len(one["open"]) for one in found), max((int(one["at"]) for one in found), default=0)
