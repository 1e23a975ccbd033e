"""The server check: each endpoint of the contract as used, unused or missing with the reason, and the differences."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, ClassVar

from clarity_desktop.domain.errors import ClarityError
from clarity_desktop.ui.components.badge import Badge
from clarity_desktop.ui.components.buttons import Button
from clarity_desktop.ui.components.card import Card
from clarity_desktop.ui.components.record_table import Column, Record, RecordTable
from clarity_desktop.ui.components.text import Label
from clarity_desktop.ui.jobs import Operation, run_query
from clarity_desktop.ui.pages.security.loaded import LoadedPage, count_words, enable, when
from clarity_desktop.ui.qt import QGuiApplication, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

if TYPE_CHECKING:
    from clarity_desktop.app.cloud_sessions import CloudStatus
    from clarity_desktop.cloud.contract import ContractReport

__all__ = ["ServerCheckPage"]

_ICONS = {"used": ("check", "ok"), "unused": ("ban", "text_muted"), "missing": ("triangle-alert", "warn")}
_ORDER = {"missing": 0, "used": 1, "unused": 2}


class ServerCheckPage(LoadedPage):
    """Asks one server for its document; sends nothing of anyone."""

    id: ClassVar[str] = "server-check"
    title: ClassVar[str] = "Server check"
    icon: ClassVar[str] = "scan-line"

    def build(self, column: QVBoxLayout) -> None:
        self._report: ContractReport | None = None
        self._asked = 0
        self._url = ""
        self._asking: Operation[Any] | None = None
        self.badge = Badge("Not asked yet", "circle-dashed", "neutral")
        self.copy = Button("Copy report", "normal", "copy")
        self.copy.clicked.connect(lambda _=False: self.copy_report())
        enable(self.copy, "Ask a server first")
        ask = Card("Server", "Only its own document is asked for; nothing of anyone is sent")
        row = QHBoxLayout()
        row.setSpacing(8)
        self.address = QLineEdit()
        self.address.setPlaceholderText("https://server.example")
        self.address.setAccessibleName("Address of the server")
        self.address.returnPressed.connect(self.ask)
        self.button = Button("Check", "primary", "scan-line")
        self.button.clicked.connect(lambda _=False: self.ask())
        row.addWidget(self.address, 1)
        row.addWidget(self.button)
        ask.body.addLayout(row)
        self.trouble = Label("", "body", "danger", wrap=True)
        self.trouble.hide()
        ask.body.addWidget(self.trouble)
        column.addWidget(ask)
        self.contract = Card("Contract")
        columns = (Column("Status", 110), Column("Method", 80), Column("Endpoint", 330), Column("Used for, or why not"))
        self.table = RecordTable("Endpoints of the contract", columns, most=18)
        self.contract.body.addWidget(self.table)
        column.addWidget(self.contract)
        self.differences_card = Card("Differences to the profile")
        self.differences = Label("", "body", wrap=True)
        self.differences_card.body.addWidget(self.differences)
        column.addWidget(self.differences_card)
        for card in (self.contract, self.differences_card):
            card.hide()

    def toolbar_lead(self) -> list[QWidget]:
        return [self.badge]

    def toolbar_widgets(self) -> list[QWidget]:
        return [self.copy]

    def read(self) -> CloudStatus:
        return self.services.cloud_status()

    def show_data(self, data: CloudStatus) -> None:
        if not self.address.text():
            known = data.current.server if data.current is not None else data.servers[0].url if data.servers else ""
            self.address.setText(self._url or known)

    def place(self) -> dict[str, Any]:
        return {"url": self.address.text()}

    def restore(self, place: dict[str, Any]) -> None:
        self._url = str(place.get("url", ""))
        if self._url:
            self.address.setText(self._url)

    def ask(self) -> None:
        """Ask the server that is typed."""
        url = self.address.text().strip()
        if not url:
            self._refuse(ClarityError("cloud.address", "Type the address of a server first."))
            return
        if self._asking is not None:
            self._asking.cancel()
        self.trouble.hide()
        self.badge.show_state("Asking", "refresh-cw", "info")
        enable(self.button, "The server is being asked")
        self._asking = run_query(self, lambda: self.services.check_cloud(url), self._answered, self._refuse)

    def _refuse(self, error: ClarityError) -> None:
        self._asking = None
        enable(self.button, "")
        self.badge.show_state("Not reached", "cloud-off", "warn")
        self.trouble.setText(f"{error.message} {error.remedy}".strip())
        self.trouble.show()

    def _answered(self, found: tuple[bool, ContractReport]) -> None:
        self._asking = None
        served, report = found
        self._report, self._asked = report, int(time.time())
        enable(self.button, "")
        enable(self.copy, "")
        profile = report.detection.profile
        if profile is None:
            self.badge.show_state("Unknown server", "circle-help", "warn")
        else:
            self.badge.show_state(f"Profile {profile.name}", "check", "ok")
        counts = {state: sum(one.status == state for one in report.endpoints) for state in _ICONS}
        told = ", ".join(f"{number} {state}" for state, number in counts.items() if number)
        self.contract.set_title("Contract", f"{told or 'no endpoint'} · asked {when(self._asked)}")
        rows = sorted(report.endpoints, key=lambda one: (_ORDER.get(one.status, 3), one.path))
        self.table.show_records(
            [
                Record(f"{one.method} {one.path}", (one.status, one.method, one.path, one.reason), *_ICONS[one.status])
                for one in rows
            ]
        )
        lines = list(report.differences)
        if not served:
            lines.insert(0, "The server serves no document of its own.")
        self.differences_card.set_title("Differences to the profile", count_words(len(lines), "difference"))
        self.differences.setText("\n".join(lines) if lines else "None. The server is what its profile says.")
        self.contract.setVisible(bool(rows))
        self.differences_card.show()

    def report_text(self) -> str:
        """The report as text; empty before a server was asked."""
        report = self._report
        if report is None:
            return ""
        profile = report.detection.profile
        lines = [
            f"Server {self.address.text()}, asked {when(self._asked)}",
            f"Profile {'unknown' if profile is None else profile.name}, document {report.detection.document_hash[:16]}",
            *(f"{one.status}\t{one.method}\t{one.path}\t{one.reason}" for one in report.endpoints),
            *report.differences,
        ]
        return "\n".join(lines)

    def copy_report(self) -> None:
        """Put the report on the clipboard; it holds nothing of a patient."""
        QGuiApplication.clipboard().setText(self.report_text())
        self.told.emit("The report is on the clipboard.")
