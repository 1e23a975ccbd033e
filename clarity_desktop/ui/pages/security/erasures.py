"""Erasures on the retention page: requests that wait for a second person, and certificates of those done."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from clarity_desktop.app.protection import backup_places
from clarity_desktop.domain.users import Right
from clarity_desktop.ui.components.buttons import Button
from clarity_desktop.ui.components.card import Card
from clarity_desktop.ui.components.field import Field
from clarity_desktop.ui.components.record_table import Column, Record, RecordTable
from clarity_desktop.ui.components.text import Label
from clarity_desktop.ui.dialogs.confirm import confirm
from clarity_desktop.ui.dialogs.form import ask_form
from clarity_desktop.ui.jobs import board, run_mutation, start_job
from clarity_desktop.ui.pages.security.certificate import show_certificate
from clarity_desktop.ui.pages.security.loaded import count_words, enable, when
from clarity_desktop.ui.qt import QHBoxLayout, QLineEdit, QWidget

if TYPE_CHECKING:
    from clarity_desktop.app import Services
    from clarity_desktop.app.oversight import CertificateOfErasure
    from clarity_desktop.ui.pages.security.loaded import LoadedPage

__all__ = ["Certificates", "Erasures", "ErasuresFound", "read_erasures", "withdraw_request"]


@dataclass(frozen=True, slots=True)
class ErasuresFound:
    """What the two cards show."""

    me: str
    may: bool
    alone: bool
    """Nobody else may ask or confirm, so the recovery code stands in."""
    requests: dict[str, str]
    certificates: list[CertificateOfErasure]
    backup_folder: Path


def read_erasures(services: Services) -> ErasuresFound:
    """Read them; runs in a worker."""
    me = services.user()
    may = Right.CONFIRM_ERASURE in me.rights
    return ErasuresFound(
        me.name,
        may,
        may and services.code_stands_in(Right.CONFIRM_ERASURE) and services.code_stands_in(Right.REQUEST_ERASURE),
        services.erasure_requests() if may else {},
        services.erasures() if may else [],
        services.backup_folder(),
    )


def withdraw_request(page: LoadedPage, patient_id: str, who: str) -> None:
    """Ask, then take a request for an erasure back: nothing is erased by it, and it can be made again."""

    def withdrawn(_: object) -> None:
        page.told.emit("The request is withdrawn. Nothing is erased.")
        page.reload()

    def act() -> None:
        run_mutation(page, lambda: page.services.withdraw_erasure_request(patient_id), withdrawn)

    confirm(
        page.window(),
        "Withdraw this request?",
        f"{who} has asked for the erasure. The record stays, and the withdrawal is an entry of the audit. A clinician "
        "can ask again.",
        verb="Withdraw",
        on_confirm=act,
    )


class Erasures(Card):
    """Requests that wait, and the button that confirms."""

    def __init__(self, page: LoadedPage) -> None:
        super().__init__("Erasures that wait", "One person asks, another one confirms")
        self._page = page
        self._found: ErasuresFound | None = None
        self.table = RecordTable("Erasures that wait", (Column("Patient (pseudonym)"), Column("Asked for by", 320)))
        self.table.current_changed.connect(lambda _: self._enable())
        self.body.addWidget(self.table)
        self.erase = Button("Confirm erasure", "danger", "trash-2")
        self.erase.clicked.connect(lambda _=False: self.confirm_erasure())
        self.withdraw = Button("Withdraw request", "normal", "undo-2")
        self.withdraw.clicked.connect(lambda _=False: self.withdraw_request())
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.withdraw)
        row.addStretch(1)
        row.addWidget(self.erase)
        self.body.addLayout(row)

    def show_found(self, found: ErasuresFound) -> None:
        """Show the requests."""
        self._found = found
        self.table.show_records(
            [
                Record(patient, (patient, who + (" (you)" if who == found.me else "")), "circle-dashed", "warn")
                for patient, who in found.requests.items()
            ]
        )
        number = len(found.requests)
        waiting = count_words(number, "erasure waits", "erasures wait") if number else "None"
        self.set_title("Erasures that wait", f"{waiting}. One person asks, another one confirms")
        self.table.setVisible(bool(number))
        self._enable()

    def _enable(self) -> None:
        found = self._found
        if found is None:
            return
        chosen = self.table.current_key()
        reason = "" if chosen else "Select a request first" if found.requests else "No erasure waits"
        if chosen and found.requests.get(chosen) == found.me and not found.alone:
            reason = "You asked for it; another person confirms"
        enable(self.withdraw, "" if chosen else "Select a request first" if found.requests else "No erasure waits")
        enable(self.erase, reason if found.may else "Confirming belongs to the role Admin")

    def withdraw_request(self) -> None:
        """Ask, then take the selected request back."""
        found, patient = self._found, self.table.current_key()
        if found is not None and patient:
            withdraw_request(self._page, patient, found.requests.get(patient, ""))

    def confirm_erasure(self) -> None:
        """Ask, then erase as a job, and show the certificate."""
        found, patient = self._found, self.table.current_key()
        if found is None or not patient:
            return
        line, code = QLineEdit(), QLineEdit()
        content: list[QWidget] = [Field("Type erase to confirm", line)]
        by_code = found.requests.get(patient) == found.me
        if by_code:
            content.append(Field("Your recovery code", code, "You work alone here, so it stands in for another one"))

        def ready() -> str:
            if line.text().strip().casefold() != "erase":
                return "Type the word erase first"
            return "" if code.text().strip() or not by_code else "Type your recovery code first"

        def act() -> Callable[[], str | None]:
            typed = code.text().strip() or None
            return lambda: typed

        ask_form(
            self._page.window(),
            "Erase this person?",
            f"{found.requests.get(patient, '')} has asked for it. The person's key, rows, documents and findings are "
            "destroyed, here and in every backup that can be reached. There is no way back.",
            content,
            "Erase",
            act,
            lambda typed: self._erase(patient, found.backup_folder, typed),
            ready=ready,
            danger=True,
        )

    def _erase(self, patient: str, folder: Path, code: str | None) -> None:
        page, services = self._page, self._page.services
        places = backup_places([folder] if folder.is_dir() else [])
        job = start_job(
            "Erasing a person",
            lambda _progress, _cancel: services.confirm_erasure(patient, places, recovery_code=code),
        )

        def ended() -> None:
            page.reload()
            if job.error is not None:
                board().failed.emit(job.error)
            else:
                show_certificate(page.window(), job.result)

        job.ended.connect(ended)


class Certificates(Card):
    """What was erased, when and by whom, without a name."""

    def __init__(self, page: LoadedPage) -> None:
        super().__init__("Certificates of erasure")
        self._page = page
        self._shown: Sequence[CertificateOfErasure] = ()
        heads = (
            Column("Patient (pseudonym)"),
            Column("Done", 210),
            Column("Asked by", 180),
            Column("Confirmed by", 180),
        )
        self.table = RecordTable("Certificates of erasure", heads)
        self.table.current_changed.connect(lambda _: self._enable())
        self.table.opened.connect(lambda _: self.show_chosen())
        self.body.addWidget(self.table)
        self.nothing = Label("Nobody has been erased from this vault.", "body", "muted")
        self.body.addWidget(self.nothing)
        self.open = Button("Show certificate", "normal", "file-text")
        self.open.clicked.connect(lambda _=False: self.show_chosen())
        self.body.addWidget(self.open)

    def show_found(self, found: ErasuresFound) -> None:
        """Show the certificates."""
        self._shown = found.certificates
        self.table.show_records(
            [
                Record(
                    str(at), (one.pseudonym, when(one.done), one.requested_by, one.confirmed_by), "circle-check", "ok"
                )
                for at, one in enumerate(found.certificates)
            ]
        )
        self.table.setVisible(bool(found.certificates))
        self.nothing.setVisible(not found.certificates)
        self._enable()

    def _enable(self) -> None:
        enable(self.open, "" if self.table.current_key() else "Select a certificate first")

    def show_chosen(self) -> None:
        """Show the selected certificate."""
        key = self.table.current_key()
        if key:
            show_certificate(self._page.window(), self._shown[int(key)])
