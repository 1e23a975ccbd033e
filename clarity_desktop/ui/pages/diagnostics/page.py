"""The diagnostics page: what this program is, whether it is ready, and how its servers stand (L-47)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, ClassVar

from clarity_desktop.domain.changes import Change
from clarity_desktop.domain.users import Right
from clarity_desktop.ui.components.badge import Badge
from clarity_desktop.ui.components.buttons import Button
from clarity_desktop.ui.components.card import Card
from clarity_desktop.ui.components.record_table import RecordTable
from clarity_desktop.ui.components.text import Label
from clarity_desktop.ui.jobs import run_mutation, run_query, start_job
from clarity_desktop.ui.pages.diagnostics import rows
from clarity_desktop.ui.pages.diagnostics.support import SupportSheet
from clarity_desktop.ui.pages.security.loaded import LoadedPage, count_words, enable, size_words, when
from clarity_desktop.ui.qt import QGuiApplication, QHBoxLayout, QVBoxLayout, QWidget

if TYPE_CHECKING:
    from clarity_desktop.domain.diagnosis import Diagnosis

__all__ = ["DiagnosticsPage"]

_NOT_YOURS = "Not part of your role"
_BADGES = {
    "ok": ("Ready", "circle-check", "ok"),
    "warn": ("Ready, with notes", "circle-alert", "warn"),
    "fail": ("Not ready", "circle-x", "danger"),
}


class DiagnosticsPage(LoadedPage):
    """Reads the vault and this machine; asks servers on a press alone, as a job."""

    id: ClassVar[str] = "diagnostics"
    title: ClassVar[str] = "Diagnostics"
    icon: ClassVar[str] = "gauge"
    watches: ClassVar[Change] = Change.SETTINGS

    def build(self, column: QVBoxLayout) -> None:
        self._found: Diagnosis | None = None
        self._may_ask = False
        self.badge = Badge("Unknown", "circle-help", "neutral")
        self.ask = Button("Ask servers now", "normal", "refresh-cw")
        self.ask.clicked.connect(lambda _=False: self.ask_servers())
        self.copy = Button("Copy", "normal", "copy")
        self.copy.clicked.connect(lambda _=False: self.copy_document())
        self.support = Button("File for support …", "normal", "file-text")
        self.support.clicked.connect(lambda _=False: self.show_support())
        top = QHBoxLayout()
        top.setSpacing(12)
        self._ready = Card("Ready")
        self.checks = RecordTable("What work needs", rows.CHECKS)
        self._ready.body.addWidget(self.checks)
        self._ready.body.addStretch(1)
        self._build = Card("Build")
        self.identity = RecordTable("What build this is", rows.BUILD)
        self._build.body.addWidget(self.identity)
        self._build.body.addStretch(1)
        top.addWidget(self._ready, 1)
        top.addWidget(self._build, 1)
        column.addLayout(top)
        self._servers = Card("Servers")
        self.services_table = RecordTable("Servers", rows.SERVICES, most=6)
        self.services_table.current_changed.connect(lambda _: self._show_server())
        self.no_server = Label(
            "No server is set. Everything here works without one; the account page adds one.", "body", "muted"
        )
        self.reset = Button("End pause", "quiet", "rotate-ccw")
        self.reset.clicked.connect(lambda _=False: self.end_pause())
        self._servers.add_action(self.reset)
        self._servers.body.addWidget(self.services_table)
        self._servers.body.addWidget(self.no_server)
        column.addWidget(self._servers)
        self._parts = Card("Parts of servers", "The last answers")
        self.parts = RecordTable("Parts of servers", rows.PARTS, most=8)
        self._parts.body.addWidget(self.parts)
        column.addWidget(self._parts)
        self._learned = Card("Learned of the server")
        self.learned = RecordTable("Learned of the server", rows.LEARNED, most=10)
        self._learned.body.addWidget(self.learned)
        column.addWidget(self._learned)
        self._features = Card("Features on trial", "Each has a day by which it stays for everybody or goes")
        self.features = RecordTable("Features on trial", rows.FEATURES)
        self._features.body.addWidget(self.features)
        column.addWidget(self._features)
        self._rest = Card("Kept here")
        self.lines = Label("", "body", wrap=True, selectable=True)
        self.clear = Button("Clear kept answers", "quiet", "trash-2")
        self.clear.clicked.connect(lambda _=False: self.clear_answers())
        self._rest.add_action(self.clear)
        self._rest.body.addWidget(self.lines)
        column.addWidget(self._rest)

    def toolbar_lead(self) -> list[QWidget]:
        return [self.badge]

    def toolbar_widgets(self) -> list[QWidget]:
        return [self.ask, self.copy, self.support]

    def show_rights(self, rights: frozenset[Right]) -> None:
        self._may_ask = bool(rights & {Right.SEND_INSIGHT, Right.SET_POLICY})

    def read(self) -> Diagnosis:
        return self.services.diagnosis()

    def show_data(self, data: Diagnosis) -> None:
        self._found = data
        states = {one.state for one in data.readiness}
        worst = next(one for one in ("fail", "warn", "ok") if one in states)
        self.badge.show_state(*_BADGES[worst])
        self._ready.set_title("Ready", f"Looked at {when(data.at)}")
        self.checks.show_records(rows.check_rows(data))
        self.identity.show_records(rows.build_rows(data.identity))
        self._servers.set_title("Servers", count_words(len(data.services), "server"))
        self.services_table.setVisible(bool(data.services))
        self.no_server.setVisible(not data.services)
        self.reset.setVisible(bool(data.services))
        self.services_table.show_records(rows.service_rows(data.services))
        if data.services and not self.services_table.current_key():
            self.services_table.select(data.services[0].service)
        parts = rows.part_rows(data.services)
        self._parts.setVisible(bool(parts))
        self.parts.show_records(parts)
        self._show_server()
        self.features.show_records(rows.feature_rows(data))
        self.lines.setText("\n".join(self._lines(data)))
        enable(
            self.clear, "" if data.cached and self._may_ask else "No answer is kept" if self._may_ask else _NOT_YOURS
        )
        enable(self.ask, "" if data.services and self._may_ask else "No server is set" if self._may_ask else _NOT_YOURS)

    def _show_server(self) -> None:
        data, key = self._found, self.services_table.current_key()
        one = None if data is None else next((one for one in data.services if one.service == key), None)
        self._learned.setVisible(one is not None)
        paused = one is not None and (one.breaker.state != "closed" or bool(one.breaker.features))
        enable(self.reset, "" if paused and self._may_ask else "Calls pass" if self._may_ask else _NOT_YOURS)
        if one is not None:
            due = ", more than a week ago" if one.is_due and one.learned_at else ""
            asked = f"asked {when(one.learned_at)}{due}" if one.learned_at else "not asked yet"
            self._learned.set_title("Learned of the server", f"{one.host}, {asked}")
            self.learned.show_records(rows.learned_rows(one))

    def _lines(self, data: Diagnosis) -> list[str]:
        lines = [f"{one['server']} {one['capability']}: {one['told']}" for one in data.disagreements]
        found = ["Where a server's description and its answers differ, the answer is taken:", *lines] if lines else []
        kept = [
            f"{count_words(one.answers, 'answer')} of a server, {size_words(one.bytes)}, fetched between "
            f"{when(one.oldest)} and {when(one.newest)}; each is shown only after the server said that it holds."
            for one in data.cached
        ]
        channels = [
            f"Live channel {one.capability}: {sum(one.unknown.values())} frames of unknown kinds, "
            f"{one.unreadable} that could not be read, {count_words(one.reconnects, 'reconnection')}."
            for one in data.channels
        ]
        log = f"Log: {count_words(data.log.files, 'file')}, {size_words(data.log.bytes)}"
        return [
            *found,
            *(kept or ["No answer of a server is kept."]),
            *channels,
            f"{log} of at most {size_words(data.log.most_bytes)}; names and ids are taken out when it is written.",
            f"Telemetry: {data.telemetry}",
        ]

    # -- doing --------------------------------------------------------------------------------------------------

    def ask_servers(self) -> None:
        """Ask every server how it is and what it can do."""
        services = self.services
        self.after(
            start_job("Asking servers", lambda _, cancel: services.probe_services(cancel)), "The servers were asked."
        )

    def end_pause(self) -> None:
        """Let calls to the selected server pass again at once."""
        key = self.services_table.current_key()
        run_mutation(self, lambda: self.services.reset_breaker(key), lambda _: self.told.emit("Calls pass again."))

    def clear_answers(self) -> None:
        """Drop the kept answers; they are fetched again when needed."""

        def done(count: int) -> None:
            self.told.emit(f"{count_words(count, 'kept answer')} cleared.")

        run_mutation(self, self.services.clear_cached_answers, done)

    def copy_document(self) -> None:
        """Put the diagnosis on the clipboard, as the file for support holds it."""

        def show(text: str) -> None:
            QGuiApplication.clipboard().setText(text)
            self.told.emit("The diagnosis is on the clipboard.")

        run_query(self, self.services.diagnostic_text, show)

    def show_support(self) -> None:
        """Show the file for support in full, with a way to write it."""

        def show(text: str) -> None:
            json.loads(text)
            SupportSheet(self.window(), self.services, text, self.told.emit).open()

        run_query(self, self.services.diagnostic_text, show)
