"""How long data is kept, what is due, legal holds, and erasures that one person asks for and another one confirms."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from clarity_desktop.app.protection import data_class_of
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
from clarity_desktop.ui.pages.security.erasures import Certificates, Erasures, ErasuresFound, read_erasures
from clarity_desktop.ui.pages.security.loaded import LoadedPage, count_words, enable
from clarity_desktop.ui.qt import QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

if TYPE_CHECKING:
    from clarity_desktop.app.oversight import Due, Policy

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
_ALONE = "You work alone here, so it stands in for a second person"


def days_in_words(days: int | None) -> str:
    """A time of keeping in words."""
    if days is None:
        return "without an end"
    years = days / _YEAR
    return f"{days} days" + (f" ({years:.0f} years)" if years >= 1 and abs(years - round(years)) < 0.02 else "")


@dataclass(frozen=True, slots=True)
class _Found:
    policies: list[Policy]
    due: list[Due]
    may_set: bool
    alone: bool
    """Nobody else looks after retention, so the recovery code stands in for the second person."""
    erasures: ErasuresFound


class RetentionPage(LoadedPage):
    """Four cards: requests that wait, policies, what is due, certificates."""

    id: ClassVar[str] = "retention"
    title: ClassVar[str] = "Retention"
    icon: ClassVar[str] = "trash-2"
    watches: ClassVar[Change] = Change.PATIENTS | Change.SAMPLES

    def build(self, column: QVBoxLayout) -> None:
        self._found: _Found | None = None
        self.erasures = Erasures(self)
        column.addWidget(self.erasures)
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
        self.certificates = Certificates(self)
        column.addWidget(self.certificates)

    def read(self) -> _Found:
        services = self.services
        may_set = Right.MANAGE_RETENTION in services.user().rights
        return _Found(
            services.retention_policies(),
            services.retention_preview() if may_set else [],
            may_set,
            services.code_stands_in(Right.MANAGE_RETENTION),
            read_erasures(services),
        )

    def show_data(self, data: _Found) -> None:
        self._found = data
        self.erasures.show_found(data.erasures)
        self.certificates.show_found(data.erasures)
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

    # -- policies ---------------------------------------------------------------------------------------------

    def change_policy(self, *, new: bool = False) -> None:
        """Ask how long the selected kind of data is kept."""
        data, key = self._found, self.policies.current_key()
        if data is None or not data.may_set or not (key or new):
            return
        kind, study = (key or "raw|").split("|")
        present = next((one.keep_days for one in data.policies if f"{one.data_class.value}|{one.study}" == key), None)
        days, forever = QLineEdit("" if present is None else str(present)), CheckBox("Keep without an end")
        forever.setChecked(present is None)
        tag, reason, code = QLineEdit(study), QLineEdit(), QLineEdit()
        kept = Field("Days", days, "730 days are 2 years, 3653 days are 10")
        why = Field("Reason for less than six years of audit or consent", reason, "It becomes part of the audit")
        forever.toggled.connect(lambda on: days.setEnabled(not on))
        days.setEnabled(present is not None)
        content: list[QWidget] = [kept, forever, why]
        if new:
            content.insert(0, Field("Study (tag of its patients)", tag))
        if data.alone:
            content.append(Field("Your recovery code, for a shorter time", code, _ALONE))

        def act() -> Callable[[], object]:
            wanted = None if forever.isChecked() else int(days.text())
            text, named, by_code = reason.text(), tag.text().strip(), code.text().strip() or None
            return lambda: self._set(kind, wanted, named, text, by_code)

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

    def _set(self, kind: str, days: int | None, study: str, reason: str, code: str | None) -> str:
        data_class = data_class_of(kind)
        try:
            self.services.set_retention(data_class, days, study=study, reason=reason, recovery_code=code)
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
        code = QLineEdit()
        content = [Field(f"Type {total} to confirm", line, "The number of things in the list")]
        if data.alone:
            content.append(Field("Your recovery code, where it is much", code, _ALONE))

        def act() -> Callable[[], str | None]:
            typed = code.text().strip() or None
            return lambda: typed

        ask_form(
            self.window(),
            "Delete what is due?",
            "What the list shows is deleted and cannot be brought back except from a backup. Where it is much at once, "
            "this is kept as a request, and another admin does the same here.",
            content,
            "Delete",
            act,
            self._execute,
            ready=lambda: "" if line.text().strip() == str(total) else "Type the number first",
            danger=True,
        )

    def _execute(self, code: str | None) -> None:
        services = self.services
        job = start_job(
            "Deleting what is due", lambda _progress, _cancel: services.execute_retention(recovery_code=code)
        )

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
