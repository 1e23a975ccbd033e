"""How long data is kept, what is due, legal holds, and erasures that one person asks for and another one confirms."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from clarity_desktop.app.protection import backup_places, data_class_of
from clarity_desktop.domain.changes import Change
from clarity_desktop.domain.errors import ClarityError
from clarity_desktop.domain.users import Right
from clarity_desktop.ui.components.buttons import Button
from clarity_desktop.ui.components.card import Card
from clarity_desktop.ui.components.choice import CheckBox
from clarity_desktop.ui.components.field import Field
from clarity_desktop.ui.components.record_table import Column, Record, RecordTable
from clarity_desktop.ui.components.text import Label
from clarity_desktop.ui.dialogs.form import ask_form
from clarity_desktop.ui.jobs import board, start_job
from clarity_desktop.ui.pages.security.certificate import show_certificate
from clarity_desktop.ui.pages.security.loaded import LoadedPage, count_words, enable, when
from clarity_desktop.ui.qt import QHBoxLayout, QLineEdit, QVBoxLayout

if TYPE_CHECKING:
    from clarity_desktop.app.oversight import CertificateOfErasure, Due, Policy

__all__ = ["CLASS_WORDS", "RetentionPage", "days_in_words"]

CLASS_WORDS = {
    "raw": "Recorded samples",
    "elements": "Workouts, summaries and the like",
    "set_aside": "Records that could not be read",
    "derived": "Computed findings",
    "documents": "Documents",
    "diary": "Sleep diary",
    "consent": "Consents",
    "audit": "Audit",
}
_YEAR = 365.25


def days_in_words(days: int | None) -> str:
    """A time of keeping in words."""
    if days is None:
        return "for good"
    years = days / _YEAR
    return f"{days} days" + (f" ({years:.0f} years)" if years >= 1 and abs(years - round(years)) < 0.02 else "")


@dataclass(frozen=True, slots=True)
class _Found:
    policies: list[Policy]
    due: list[Due]
    requests: dict[str, str]
    certificates: list[CertificateOfErasure]
    me: str
    may_set: bool
    may_erase: bool
    backup_folder: Path


class RetentionPage(LoadedPage):
    """Four cards: requests that wait, policies, what is due, certificates."""

    id: ClassVar[str] = "retention"
    title: ClassVar[str] = "Retention"
    icon: ClassVar[str] = "trash-2"
    watches: ClassVar[Change] = Change.PATIENTS | Change.SAMPLES

    def build(self, column: QVBoxLayout) -> None:
        self._found: _Found | None = None
        self._requests = Card("Erasures that wait", "One person asks, another one confirms")
        self.requests = RecordTable("Erasures that wait", (Column("Patient (pseudonym)"), Column("Asked for by", 320)))
        self.requests.current_changed.connect(lambda _: self._enable())
        self._requests.body.addWidget(self.requests)
        self.erase = Button("Confirm erasure", "danger", "trash-2")
        self.erase.clicked.connect(lambda _=False: self.confirm_erasure())
        self._requests.body.addWidget(self.erase)
        column.addWidget(self._requests)
        policies = Card("How long data is kept", "A shorter time takes two people")
        self.policies = RecordTable(
            "How long data is kept", (Column("Kind of data"), Column("Study", 200), Column("Kept", 220))
        )
        self.policies.current_changed.connect(lambda _: self._enable())
        self.policies.opened.connect(lambda _: self.change_policy())
        policies.body.addWidget(self.policies)
        row = QHBoxLayout()
        row.setSpacing(8)
        self.change = Button("Change", "normal", "pencil")
        self.change.clicked.connect(lambda _=False: self.change_policy())
        self.study = Button("Add for a study", "normal", "plus")
        self.study.clicked.connect(lambda _=False: self.change_policy(new=True))
        self.hold = Button("Legal hold", "normal", "lock")
        self.hold.clicked.connect(lambda _=False: self.place_hold())
        self.release = Button("Release a hold", "normal", "lock-open")
        self.release.clicked.connect(lambda _=False: self.release_hold())
        for button in (self.change, self.study):
            row.addWidget(button)
        row.addStretch(1)
        for button in (self.hold, self.release):
            row.addWidget(button)
        policies.body.addLayout(row)
        column.addWidget(policies)
        self._preview = Card("What would go now")
        self.due = RecordTable(
            "What would go now",
            (Column("Patient (pseudonym)"), Column("Kind of data", 320), Column("Things", 120, right=True)),
        )
        self._preview.body.addWidget(self.due)
        self.nothing = Label("Nothing is due. Patients on legal hold lose nothing.", "body", "muted")
        self._preview.body.addWidget(self.nothing)
        self.execute = Button("Delete what is due", "danger", "trash-2")
        self.execute.clicked.connect(lambda _=False: self.carry_out())
        self._preview.body.addWidget(self.execute)
        column.addWidget(self._preview)
        done = Card("Certificates of erasure")
        heads = (
            Column("Patient (pseudonym)"),
            Column("Done", 210),
            Column("Asked by", 180),
            Column("Confirmed by", 180),
        )
        self.certificates = RecordTable("Certificates of erasure", heads)
        self.certificates.current_changed.connect(lambda _: self._enable())
        self.certificates.opened.connect(lambda _: self.show_chosen())
        done.body.addWidget(self.certificates)
        self.none_yet = Label("Nobody has been erased from this vault.", "body", "muted")
        done.body.addWidget(self.none_yet)
        self.open = Button("Show certificate", "normal", "file-text")
        self.open.clicked.connect(lambda _=False: self.show_chosen())
        done.body.addWidget(self.open)
        column.addWidget(done)

    def read(self) -> _Found:
        services = self.services
        me = services.user()
        may_set, may_erase = Right.MANAGE_RETENTION in me.rights, Right.CONFIRM_ERASURE in me.rights
        return _Found(
            services.retention_policies(),
            services.retention_preview() if may_set else [],
            services.erasure_requests() if may_erase else {},
            services.erasures() if may_erase else [],
            me.name,
            may_set,
            may_erase,
            services.backup_folder(),
        )

    def show_data(self, data: _Found) -> None:
        self._found = data
        self.requests.show_records(
            [
                Record(patient, (patient, who + (" (you)" if who == data.me else "")), "circle-dashed", "warn")
                for patient, who in data.requests.items()
            ]
        )
        waiting = count_words(len(data.requests), "erasure waits", "erasures wait") if data.requests else "None"
        self._requests.set_title("Erasures that wait", f"{waiting}. One person asks, another one confirms")
        self.requests.setVisible(bool(data.requests))
        self.policies.show_records(
            [
                Record(
                    f"{one.data_class.value}|{one.study}",
                    (
                        CLASS_WORDS.get(one.data_class.value, one.data_class.value),
                        one.study or "all",
                        days_in_words(one.keep_days),
                    ),
                )
                for one in data.policies
            ]
        )
        self.due.show_records(
            [
                Record(
                    f"{one.patient_id}|{one.data_class.value}",
                    (one.patient_id, CLASS_WORDS.get(one.data_class.value, one.data_class.value), str(one.things)),
                )
                for one in data.due
            ]
        )
        patients = len({one.patient_id for one in data.due})
        self._preview.set_title("What would go now", f"of {count_words(patients, 'patient')}" if data.due else "")
        self.due.setVisible(bool(data.due))
        self.nothing.setVisible(not data.due)
        self.certificates.show_records(
            [
                Record(
                    str(number),
                    (one.pseudonym, when(one.done), one.requested_by, one.confirmed_by),
                    "circle-check",
                    "ok",
                )
                for number, one in enumerate(data.certificates)
            ]
        )
        self.certificates.setVisible(bool(data.certificates))
        self.none_yet.setVisible(not data.certificates)
        self._enable()

    def _enable(self) -> None:
        data = self._found
        if data is None:
            return
        role = "" if data.may_set else "Retention belongs to the role Admin"
        enable(self.change, role or ("" if self.policies.current_key() else "Select a kind of data first"))
        enable(self.study, role)
        enable(self.hold, role)
        enable(self.release, role)
        enable(self.execute, role or ("" if data.due else "Nothing is due"))
        chosen = self.requests.current_key()
        asked = data.requests.get(chosen, "")
        reason = "Select a request first" if chosen else "No erasure waits"
        if not chosen and data.requests:
            reason = "Select a request first"
        if chosen:
            reason = "You asked for it; another person confirms" if asked == data.me else ""
        enable(self.erase, reason if data.may_erase else "Confirming belongs to the role Admin")
        enable(self.open, "" if self.certificates.current_key() else "Select a certificate first")

    # -- policies ---------------------------------------------------------------------------------------------

    def change_policy(self, *, new: bool = False) -> None:
        """Ask how long the selected kind of data is kept."""
        data, key = self._found, self.policies.current_key()
        if data is None or not data.may_set or not (key or new):
            return
        kind, study = (key or "raw|").split("|")
        present = next((one.keep_days for one in data.policies if f"{one.data_class.value}|{one.study}" == key), None)
        days, forever = QLineEdit("" if present is None else str(present)), CheckBox("Keep for good")
        forever.setChecked(present is None)
        tag, reason = QLineEdit(study), QLineEdit()
        kept = Field("Days", days, "730 days are 2 years, 3653 days are 10")
        why = Field("Reason for less than six years of audit or consent", reason, "It becomes part of the audit")
        forever.toggled.connect(lambda on: days.setEnabled(not on))
        days.setEnabled(present is not None)
        content = [kept, forever, why] if not new else [Field("Study (tag of its patients)", tag), kept, forever, why]

        def act() -> Callable[[], object]:
            wanted = None if forever.isChecked() else int(days.text())
            text, named = reason.text(), tag.text().strip()
            return lambda: self._set(kind, wanted, named, text)

        def done(kept_as: str) -> None:
            self.told.emit(kept_as)
            self.reload()

        def ready() -> str:
            if new and not tag.text().strip():
                return "Type the tag of the study first"
            return "" if forever.isChecked() or days.text().strip().isdigit() else "Type a whole number of days first"

        ask_form(
            self.window(),
            f"How long are they kept: {CLASS_WORDS.get(kind, kind).lower()}?",
            "A longer time holds at once. A shorter one is kept as a request until another admin does the same here. "
            "Nothing is deleted by this: that is a step of its own, with a list of what goes.",
            content,
            "Change",
            act,
            done,
            ready=ready,
            fields={"retention.days": kept, "retention.least": why},
        )

    def _set(self, kind: str, days: int | None, study: str, reason: str) -> str:
        try:
            self.services.set_retention(data_class_of(kind), days, study=study, reason=reason)
        except ClarityError as error:
            if error.code != "retention.two_people":
                raise
            return "Kept as a request. It holds when another admin does the same within 30 days."
        return "The time is changed."

    def carry_out(self) -> None:
        """Ask for the number of things to be typed, then delete what is due, as a job."""
        data = self._found
        if data is None or not data.due:
            return
        total = sum(one.things for one in data.due)
        line = QLineEdit()
        typed = Field(f"Type {total} to confirm", line, "The number of things in the list")
        ask_form(
            self.window(),
            "Delete what is due?",
            "What the list shows is deleted and cannot be brought back except from a backup. Where it is much at once, "
            "this is kept as a request, and another admin does the same here.",
            (typed,),
            "Delete",
            lambda: lambda: None,
            lambda _: self._execute(),
            ready=lambda: "" if line.text().strip() == str(total) else "Type the number first",
            danger=True,
        )

    def _execute(self) -> None:
        services = self.services
        job = start_job("Deleting what is due", lambda _progress, _cancel: services.execute_retention())

        def ended() -> None:
            error = job.error
            if error is not None and error.code == "retention.breaker":
                self.told.emit("It is much at once. Kept as a request for another admin, 30 days long.")
            elif error is not None:
                board().failed.emit(error)
            else:
                self.told.emit(f"{count_words(sum(one.things for one in job.result), 'thing')} deleted.")
            self.reload()

        job.ended.connect(ended)

    # -- holds ------------------------------------------------------------------------------------------------

    def place_hold(self) -> None:
        """Ask for a patient and a reason, then place a legal hold."""
        line, why = QLineEdit(), QLineEdit()
        patient, reason = Field("Patient: id or code", line), Field("Reason", why, "Who asked for it, and why")

        def act() -> Callable[[], object]:
            text, because = line.text(), why.text()
            return lambda: self.services.place_hold(self.services.patient_id(text), because)

        ask_form(
            self.window(),
            "Place a legal hold on a patient's record?",
            "Nothing of it is deleted by retention or erased until the hold is released.",
            (patient, reason),
            "Place hold",
            act,
            lambda _: self.told.emit("The hold is in force."),
            ready=lambda: "" if line.text().strip() and why.text().strip() else "Fill in both lines first",
            fields={"patient.": patient, "hold.": reason},
        )

    def release_hold(self) -> None:
        """Ask for a patient, then release all holds on their record."""
        line = QLineEdit()
        patient = Field("Patient: id or code", line)

        def act() -> Callable[[], object]:
            text = line.text()
            return lambda: self.services.release_hold(self.services.patient_id(text))

        ask_form(
            self.window(),
            "Release the legal holds on a patient's record?",
            "Retention and erasure work on it again. It is an entry of the audit.",
            (patient,),
            "Release",
            act,
            lambda number: self.told.emit(f"{count_words(number, 'hold')} released."),
            ready=lambda: "" if line.text().strip() else "Type an id or code first",
            fields={"patient.": patient, "hold.": patient},
        )

    # -- erasure ----------------------------------------------------------------------------------------------

    def confirm_erasure(self) -> None:
        """Ask, then erase as a job, and show the certificate."""
        data, patient = self._found, self.requests.current_key()
        if data is None or not patient:
            return
        line = QLineEdit()
        typed = Field("Type erase to confirm", line)
        ask_form(
            self.window(),
            "Erase this person for good?",
            f"{data.requests[patient]} has asked for it. The person's key, rows, documents and findings are destroyed, "
            "here and in every backup that can be reached. There is no way back.",
            (typed,),
            "Erase",
            lambda: lambda: None,
            lambda _: self._erase(patient, data.backup_folder),
            ready=lambda: "" if line.text().strip().casefold() == "erase" else "Type the word erase first",
            danger=True,
        )

    def _erase(self, patient: str, folder: Path) -> None:
        services = self.services
        places = backup_places([folder] if folder.is_dir() else [])
        job = start_job("Erasing a person", lambda _progress, _cancel: services.confirm_erasure(patient, places))

        def ended() -> None:
            self.reload()
            if job.error is not None:
                board().failed.emit(job.error)
            else:
                show_certificate(self.window(), job.result)

        job.ended.connect(ended)

    def show_chosen(self) -> None:
        """Show the selected certificate."""
        key = self.certificates.current_key()
        if self._found is not None and key:
            show_certificate(self.window(), self._found.certificates[int(key)])
