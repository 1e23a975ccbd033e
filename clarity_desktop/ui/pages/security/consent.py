"""What a person has agreed to and may ask for: consents, legal hold, export, access report, request of an erasure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from clarity_desktop.domain.changes import Change, Changes
from clarity_desktop.domain.people import Patient
from clarity_desktop.domain.users import Right
from clarity_desktop.ui.components.badge import Badge
from clarity_desktop.ui.components.buttons import Button
from clarity_desktop.ui.components.card import Card
from clarity_desktop.ui.components.choice import Choice
from clarity_desktop.ui.components.field import Field
from clarity_desktop.ui.components.record_table import Column, Record, RecordTable
from clarity_desktop.ui.components.states import EmptyState
from clarity_desktop.ui.components.text import Label
from clarity_desktop.ui.dialogs.form import ask_form
from clarity_desktop.ui.jobs import run_mutation, start_job
from clarity_desktop.ui.pages.security.certificate import show_text
from clarity_desktop.ui.pages.security.erasures import withdraw_request
from clarity_desktop.ui.pages.security.loaded import LoadedPage, count_words, enable, when
from clarity_desktop.ui.pages.security.sharing import SharingCard, SharingFound, read_sharing
from clarity_desktop.ui.qt import QFileDialog, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

if TYPE_CHECKING:
    from clarity_desktop.app import Services
    from clarity_desktop.app.oversight import AccessReport, Consent, Hold

__all__ = ["ConsentPage", "read_day"]

_METHODS = (("paper", "On paper"), ("electronic", "Electronic"), ("spoken", "Spoken"), ("guardian", "By a guardian"))


def read_day(text: str) -> date | None:
    """The date of ``YYYY-MM-DD``; ``None`` for an empty line; raises ``ValueError`` for anything else."""
    return date.fromisoformat(text.strip()) if text.strip() else None


@dataclass(frozen=True, slots=True)
class _Found:
    consents: list[Consent]
    holds: list[Hold]
    asked: tuple[str, int] | None
    """Who has asked for the erasure, and when."""
    me: str
    rights: frozenset[Right]
    sharing: SharingFound


class ConsentPage(LoadedPage):
    """Consents above, what the person may ask for below."""

    id: ClassVar[str] = "consent"
    title: ClassVar[str] = "Consent"
    icon: ClassVar[str] = "stethoscope"
    group: ClassVar[str] = "patient"
    needs_patient: ClassVar[bool] = True
    watches: ClassVar[Change] = Change.PATIENTS

    def __init__(self, services: Services, parent: QWidget | None = None) -> None:
        super().__init__(services, parent)
        self._none = EmptyState("stethoscope", "No one is open", more="Open a patient to see what they agreed to.")
        self._stack.addWidget(self._none)

    def build(self, column: QVBoxLayout) -> None:
        self._found: _Found | None = None
        self.held = Badge("Legal hold: reading", "hourglass", "neutral")
        self.give = Button("Record consent", "primary", "plus")
        self.give.clicked.connect(lambda _=False: self.give_consent())
        self._card = Card("Consents", "Only ever added; a withdrawal is a record of its own")
        heads = (
            Column("Purpose"),
            Column("State", 230),
            Column("Text", 110),
            Column("Given by", 180),
            Column("How", 110),
            Column("Dated", 110),
            Column("Expires", 110),
        )
        self.table = RecordTable("Consents", heads)
        self.table.current_changed.connect(lambda _: self._enable())
        self._card.body.addWidget(self.table)
        self.nothing = Label("No consent is recorded. Nothing that asks for one goes ahead.", "body", "muted")
        self._card.body.addWidget(self.nothing)
        self.withdraw = Button("Record withdrawal", "normal", "ban")
        self.withdraw.clicked.connect(lambda _=False: self.withdraw_consent())
        self._card.body.addWidget(self.withdraw)
        column.addWidget(self._card)
        rights = Card("What this person may ask for")
        self.export = self._line(
            rights,
            "Everything that is held",
            "A ZIP in open formats: CSV, JSON, PDF and a description",
            "Export",
            "download",
        )
        self.export.clicked.connect(lambda _=False: self.choose_file())
        self.report = self._line(
            rights,
            "Access report",
            "Purposes, recipients, who opened the record, and how long what is kept",
            "Make report",
            "file-text",
        )
        self.report.clicked.connect(lambda _=False: self.make_report())
        self.erase = self._line(
            rights,
            "Erasure",
            "You ask for it; an admin confirms on the Retention page, and a certificate tells what was done",
            "Ask for erasure",
            "trash-2",
            "danger",
        )
        self.erase.clicked.connect(lambda _=False: self.ask_erasure())
        column.addWidget(rights)
        self.sharing = SharingCard(self)
        column.addWidget(self.sharing)
        self._hold_card = Card("Legal hold")
        self._holds = Label("", "body", wrap=True)
        self._hold_card.body.addWidget(self._holds)
        column.addWidget(self._hold_card)

    def _line(self, card: Card, title: str, words: str, verb: str, icon: str, kind: str = "normal") -> Button:
        row = QHBoxLayout()
        row.setSpacing(12)
        lines = QVBoxLayout()
        lines.setSpacing(0)
        lines.addWidget(Label(title, "body_strong"))
        lines.addWidget(Label(words, "small", "muted", wrap=True))
        row.addLayout(lines, 1)
        button = Button(verb, kind, icon)
        row.addWidget(button)
        card.body.addLayout(row)
        return button

    def toolbar_lead(self) -> list[QWidget]:
        return [self.held]

    def toolbar_widgets(self) -> list[QWidget]:
        return [self.give]

    # -- reading ----------------------------------------------------------------------------------------------

    def show_patient(self, patient: Patient | None) -> None:
        super().show_patient(patient)
        self._found = None
        self.table.show_records([])
        if self.isVisible():
            self.reload()

    def reload(self) -> None:
        if self.patient is None:
            self._stack.setCurrentWidget(self._none)
        else:
            super().reload()

    def read(self) -> _Found | None:
        patient, services = self.patient, self.services
        if patient is None:
            return None
        me = services.user()
        asked = services.asked_to_erase(patient.id) if Right.REQUEST_ERASURE in me.rights else None
        consents, holds = services.consents(patient.id), services.holds(patient.id)
        return _Found(consents, holds, asked, me.name, me.rights, read_sharing(services, patient.id))

    def show_data(self, data: _Found | None) -> None:
        if data is None:
            return
        self._found = data
        today = datetime.now(UTC).date()
        self.table.show_records([_record(one, today) for one in data.consents])
        self.table.setVisible(bool(data.consents))
        self.nothing.setVisible(not data.consents)
        in_force = sum(one.holds_on(today) for one in data.consents)
        told = f"{in_force} of {count_words(len(data.consents), 'consent')} in force" if data.consents else ""
        self._card.set_title("Consents", told)
        self.sharing.show_found(data.sharing)
        holds = self._in_force()
        if holds:
            self.held.show_state("Legal hold", "lock", "warn", "Nothing of this record is deleted or erased")
        else:
            self.held.show_state("No legal hold", "lock-open", "neutral")
        self._hold_card.setVisible(bool(data.holds))
        self._holds.setText(
            "\n".join(
                f"Placed {when(one.placed)} by {one.placed_by}: {one.reason}"
                + (f" · released {when(one.released)} by {one.released_by}" if one.released else " · in force")
                for one in data.holds
            )
        )
        self._enable()

    def _in_force(self) -> list[Hold]:
        return [one for one in (self._found.holds if self._found else []) if one.released is None]

    def _chosen(self) -> Consent | None:
        key = self.table.current_key()
        return next((one for one in (self._found.consents if self._found else []) if str(one.id) == key), None)

    def _enable(self) -> None:
        data = self._found
        if data is None:
            return
        clinician = "" if Right.CHANGE_IDENTITY in data.rights else "This belongs to the role Clinician"
        enable(self.give, clinician)
        chosen = self._chosen()
        none = "Select a consent first" if chosen is None else "Withdrawn already" if chosen.withdrawn else ""
        enable(self.withdraw, clinician or none)
        exports = "" if Right.EXPORT_IDENTIFIED in data.rights else "Exports with names belong to the role Clinician"
        enable(self.export, exports)
        enable(self.report, exports)
        asks = "" if Right.REQUEST_ERASURE in data.rights else "This belongs to the role Clinician"
        held = "A legal hold is on this record; it has to be released first" if self._in_force() else ""
        self.erase.set_text("Ask for erasure" if data.asked is None else "Withdraw request")
        enable(self.erase, asks or ("" if data.asked else held))
        if data.asked is not None and not asks:
            who, at = data.asked
            enable(self.erase, "" if who == data.me or Right.CONFIRM_ERASURE in data.rights else "Somebody else asked")
            words = f"{'You' if who == data.me else who} asked for it {when(at)}; an admin confirms"
            self.erase.setToolTip(words)
            self.erase.setAccessibleDescription(words)

    def on_changes(self, changes: Changes) -> None:
        if self.patient is not None and (not changes.patients or self.patient.id in changes.patients):
            super().on_changes(changes)

    # -- consents ---------------------------------------------------------------------------------------------

    def give_consent(self) -> None:
        """Ask what the person agreed to, and record it."""
        patient = self.patient
        if patient is None:
            return
        purpose, version, language = QLineEdit(), QLineEdit(), QLineEdit("en")
        giver, witness, until = QLineEdit(), QLineEdit(), QLineEdit()
        until.setPlaceholderText("YYYY-MM-DD")
        method = Choice(_METHODS)
        what = Field("Purpose", purpose, "treatment, research:STUDY-1, insight:provider")
        expiry = Field("Expires", until, "May stay empty")

        def act() -> Callable[[], object]:
            values: dict[str, Any] = {
                "purpose": purpose.text(),
                "text_version": version.text(),
                "language": language.text(),
                "given_by": giver.text(),
                "witnessed_by": witness.text(),
                "method": method.value(),
                "expires": read_day(until.text()),
            }
            return lambda: self.services.give_consent(patient.id, **values)

        def ready() -> str:
            lines = (purpose, version, language, giver)
            if not all(line.text().strip() for line in lines):
                return "Fill in purpose, version, language and giver first"
            try:
                read_day(until.text())
            except ValueError:
                return "Write the expiry as year, month and day: 2027-04-23"
            return ""

        def done(_: object) -> None:
            self.told.emit("The consent is recorded.")
            self.reload()

        ask_form(
            self.window(),
            "What did the person agree to?",
            "",
            (
                what,
                Field("Version of the text", version, "As printed on the form"),
                Field("Language of the text", language),
                Field("Given by", giver, "The person, or who acts for them"),
                Field("Witnessed by", witness, "May stay empty"),
                Field("How", method),
                expiry,
            ),
            "Record consent",
            act,
            done,
            ready=ready,
            fields={"consent.dates": expiry},
        )

    def withdraw_consent(self) -> None:
        """Ask who withdrew the selected consent, and record it; it holds at once."""
        consent = self._chosen()
        if consent is None or consent.withdrawn is not None:
            return
        giver, method = QLineEdit(consent.given_by), Choice(_METHODS)

        def act() -> Callable[[], object]:
            who, how = giver.text(), method.value()
            return lambda: self.services.withdraw_consent(consent.id, withdrawn_by=who, method=how)

        def done(_: object) -> None:
            self.told.emit("The withdrawal is recorded and holds from now on.")
            self.reload()

        ask_form(
            self.window(),
            f"Withdraw the consent for {consent.purpose}?",
            "From now on nothing that asks for it goes ahead. What was done before stays recorded. It cannot be taken "
            "back; the person can agree anew.",
            (Field("Withdrawn by", giver), Field("How", method)),
            "Record withdrawal",
            act,
            done,
            ready=lambda: "" if giver.text().strip() else "Say who withdrew it first",
        )

    # -- what the person may have -----------------------------------------------------------------------------

    def choose_file(self) -> None:
        """Ask where the export is to be written."""
        patient = self.patient
        if patient is None:
            return
        dialog = QFileDialog(self, "Export everything", str(Path.home() / f"{patient.code}-export.zip"), "ZIP (*.zip)")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("zip")
        dialog.fileSelected.connect(lambda name: self.export_to(Path(name)))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def export_to(self, path: Path) -> None:
        """Write everything that is held of the person, as a job."""
        patient, services = self.patient, self.services
        if patient is None:
            return
        job = start_job(
            "Exporting a person",
            lambda progress, cancel: services.export_person(patient.id, path, progress=progress, cancel=cancel),
        )
        self.after(job, "The export is written. The file is not encrypted; hand it over and delete it here.")

    def make_report(self) -> None:
        """Gather the access report and show it."""
        patient = self.patient
        if patient is None:
            return

        def show(report: AccessReport) -> None:
            show_text(self.window(), "Access report", report.as_text(), f"{patient.code}-access-report")

        run_mutation(self, lambda: self.services.access_report(patient.id), show)

    def ask_erasure(self) -> None:
        """Ask for the person's code to be typed, then keep the request for an admin; one that waits is taken back."""
        patient = self.patient
        if patient is None:
            return
        if self._found is not None and self._found.asked is not None:
            withdraw_request(self, patient.id, self._found.asked[0])
            return
        line = QLineEdit()

        def done(_: object) -> None:
            self.told.emit("The request is kept for 30 days. An admin confirms it on the Retention page.")
            self.reload()

        ask_form(
            self.window(),
            "Ask for the erasure of this person?",
            "Nothing is erased yet: another person, an admin, confirms it within 30 days. Then every recording, "
            "finding, document and note is destroyed, in reachable backups too, and there is no way back.",
            (Field(f"Type {patient.code} to confirm", line),),
            "Ask for erasure",
            lambda: lambda: self.services.request_erasure(patient.id),
            done,
            ready=lambda: "" if line.text().strip() == patient.code else "Type the code first",
            danger=True,
        )


def _record(one: Consent, today: date) -> Record:
    if one.withdrawn is not None:
        icon, tone, state = "ban", "text_muted", f"withdrawn {when(one.withdrawn)}"
    elif one.holds_on(today):
        icon, tone, state = "circle-check", "ok", "in force"
    else:
        icon, tone, state = "circle-dashed", "warn", "expired" if one.expires and one.expires < today else "not yet"
    cells = (
        one.purpose,
        state,
        f"{one.text_version} · {one.language}",
        one.given_by or "–",
        dict(_METHODS).get(one.method, one.method).lower(),
        one.dated.isoformat(),
        one.expires.isoformat() if one.expires else "never",
    )
    return Record(str(one.id), cells, icon, tone, muted=one.withdrawn is not None)
