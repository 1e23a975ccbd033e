"""Who did what: the audit under filters, the state of its chain, what left, and emergencies to review."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from clarity_desktop.domain.time import Span
from clarity_desktop.domain.users import Right
from clarity_desktop.ui.components.badge import Badge
from clarity_desktop.ui.components.buttons import Button, SegmentedSwitch
from clarity_desktop.ui.components.card import Card
from clarity_desktop.ui.components.choice import Choice
from clarity_desktop.ui.components.field import Field
from clarity_desktop.ui.components.record_table import Column, Record, RecordTable
from clarity_desktop.ui.components.text import Label
from clarity_desktop.ui.dialogs.form import ask_form
from clarity_desktop.ui.dialogs.note import show_note
from clarity_desktop.ui.jobs import start_job
from clarity_desktop.ui.pages.security.audit_words import ACTIONS, OUTCOMES, TIMES, action_words
from clarity_desktop.ui.pages.security.loaded import LoadedPage, count_words, enable, when
from clarity_desktop.ui.qt import QFileDialog, QHBoxLayout, QLineEdit, QTimer, QVBoxLayout, QWidget

if TYPE_CHECKING:
    from clarity_desktop.app.oversight import AuditEntry, AuditVerdict, EmergencyUse

__all__ = ["AuditPage"]

_MOST = 1000
_TYPING_MS = 250


@dataclass(frozen=True, slots=True)
class _Found:
    entries: list[AuditEntry]
    people: list[str]
    codes: dict[str, str]
    uses: list[EmergencyUse]
    all_of_them: bool


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the filters say."""

    who: str = ""
    what: str = ""
    outcome: str = ""
    about: str = ""
    """Id or code of a patient, or how the id begins."""
    span: Span | None = None
    left_machine: bool = False


class AuditPage(LoadedPage):
    """Filters and table; nobody has a way to change an entry."""

    id: ClassVar[str] = "audit"
    title: ClassVar[str] = "Audit"
    icon: ClassVar[str] = "list"

    def build(self, column: QVBoxLayout) -> None:
        self._entries: list[AuditEntry] = []
        self._codes: dict[str, str] = {}
        self._uses: list[EmergencyUse] = []
        self._asked = _Asked()
        self._typing = QTimer(self)
        self._typing.setSingleShot(True)
        self._typing.setInterval(_TYPING_MS)
        self._typing.timeout.connect(self.reload)
        self.chain = Badge("Chain not checked yet", "circle-dashed", "neutral")
        self.verify = Button("Check the chain", "normal", "shield-check")
        self.verify.clicked.connect(lambda _=False: self.check_chain())
        self.export = Button("Export signed", "normal", "download")
        self.export.clicked.connect(lambda _=False: self.choose_file())
        self.view = SegmentedSwitch(
            "Which entries",
            (("all", "All entries"), ("left", "What left this machine"), ("emergency", "Emergencies")),
            "all",
        )
        self.view.chosen.connect(lambda _: self._changed())
        column.addWidget(self._filters())
        self._card = Card("Entries")
        columns = (
            Column("Time", 210),
            Column("Who", 150),
            Column("What", 210),
            Column("Patient", 110),
            Column("Outcome", 90),
            Column("From", 70),
            Column("Details"),
        )
        self.table = RecordTable("Entries of the audit", columns, most=20)
        self.table.opened.connect(lambda _: self.show_entry())
        self._card.body.addWidget(self.table)
        self.nothing = Label("", "body", "muted", wrap=True)
        self._card.body.addWidget(self.nothing)
        column.addWidget(self._card)
        self._emergencies = Card("Emergency uses", "Each asks for a review by an admin")
        heads = (
            Column("Opened", 220),
            Column("Reason"),
            Column("Actions", 80, right=True),
            Column("Patients", 80, right=True),
            Column("Review", 320),
        )
        self.emergencies = RecordTable("Emergency uses", heads)
        self.emergencies.current_changed.connect(lambda _: self._enable())
        self.emergencies.opened.connect(lambda _: self.review())
        self._emergencies.body.addWidget(self.emergencies)
        self.look = Button("Review", "normal", "eye")
        self.look.clicked.connect(lambda _=False: self.review())
        self._emergencies.body.addWidget(self.look)
        column.addWidget(self._emergencies)

    def _filters(self) -> QWidget:
        holder = QWidget()
        row = QHBoxLayout(holder)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(self.view)
        row.addSpacing(8)
        self.who = Choice([("", "Anybody")])
        self.what = Choice(ACTIONS)
        self.about = QLineEdit()
        self.about.setPlaceholderText("Patient: id or code")
        self.about.setFixedWidth(150)
        self.outcome = Choice(OUTCOMES)
        self.time = Choice(TIMES)
        names = ("Who", "What was done", "Patient", "Outcome", "When")
        for name, control in zip(names, (self.who, self.what, self.about, self.outcome, self.time), strict=True):
            control.setAccessibleName(name)
            row.addWidget(control)
        for choice in (self.who, self.what, self.outcome, self.time):
            choice.currentIndexChanged.connect(lambda _: self._changed())
        self.about.textChanged.connect(lambda _: self._typing.start())
        self.clear = Button("Clear", "quiet", "x")
        self.clear.clicked.connect(lambda _=False: self.clear_filters())
        row.addWidget(self.clear)
        row.addStretch(1)
        return holder

    def toolbar_lead(self) -> list[QWidget]:
        return [self.chain]

    def toolbar_widgets(self) -> list[QWidget]:
        return [self.verify, self.export]

    # -- reading ----------------------------------------------------------------------------------------------

    def reload(self) -> None:
        # The controls are read here, on the window's thread; the worker gets what they say.
        days, now = int(self.time.value() or 0), int(time.time())
        self._asked = _Asked(
            self.who.value(),
            self.what.value(),
            self.outcome.value(),
            self.about.text().strip().casefold(),
            Span(now - days * 86_400, now + 86_400) if days else None,
            self.view.value() == "left",
        )
        super().reload()

    def read(self) -> _Found:
        services = self.services
        me = services.user()
        everything = Right.READ_ALL_AUDIT in me.rights
        codes: dict[str, str] = {}
        if Right.READ_DATA in me.rights:
            codes = {patient.id: patient.code for patient in services.patients()}
        asked = self._asked
        patient_id = next((one for one, code in codes.items() if asked.about in (one, code.casefold())), asked.about)
        entries = services.search_audit(
            who=asked.who or None,
            action=asked.what or None,
            outcome=asked.outcome or None,
            span=asked.span,
            left_machine=asked.left_machine,
            limit=None if patient_id else _MOST,
        )
        if patient_id:
            entries = [one for one in entries if (one.patient_id or "").startswith(patient_id)][:_MOST]
        people = [user.name for user in services.users()] if Right.MANAGE_PEOPLE in me.rights else [me.name]
        uses = services.emergency_uses() if everything else []
        return _Found(entries, people, codes, uses, everything)

    def show_data(self, data: _Found) -> None:
        self._entries, self._uses, self._codes = data.entries, data.uses, data.codes
        self._offer(data.people)
        emergencies = self.view.value() == "emergency"
        self._card.setVisible(not emergencies)
        self._emergencies.setVisible(emergencies)
        self.clear.setVisible(bool(self._filtered()))
        self.table.show_records([self._record(entry) for entry in data.entries])
        number = count_words(len(data.entries), "entry", "entries")
        whose = "of everybody" if data.all_of_them else "your own; an admin reads those of everybody"
        more = ", the latest" if len(data.entries) >= _MOST else ""
        self._card.set_title(
            "What left this machine" if self.view.value() == "left" else "Entries", f"{number}{more}, {whose}"
        )
        self.table.setVisible(bool(data.entries))
        self.nothing.setVisible(not data.entries)
        names = ", ".join(self._filtered())
        self.nothing.setText(
            f"No entry fits: {names}. Clear shows all again." if names else "Nothing has left this machine."
        )
        self.emergencies.show_records([_use(use) for use in data.uses])
        waiting = sum(use.reviewed is None for use in data.uses)
        self._emergencies.set_title(
            "Emergency uses",
            f"{count_words(waiting, 'waits', 'wait')} for review"
            if data.uses
            else "None. The sealed code has not been used."
            if data.all_of_them
            else "An admin reviews these",
        )
        self._enable()

    def _record(self, entry: AuditEntry) -> Record:
        refused = entry.outcome not in ("ok", "begun")
        patient = entry.patient_id or ""
        shown = self._codes.get(patient, patient[:8])
        return Record(
            str(entry.seq),
            (
                when(entry.at),
                entry.who,
                action_words(entry.action),
                shown or "–",
                entry.outcome,
                entry.origin or "–",
                f"no. {entry.seq} · {entry.action}" + (f" · {entry.detail}" if entry.detail else ""),
            ),
            "triangle-alert" if refused else "",
            "warn",
        )

    def _offer(self, people: list[str]) -> None:
        before = [self.who.itemText(at) for at in range(1, self.who.count())]
        if before != people:
            value = self.who.value()
            self.who.blockSignals(True)
            while self.who.count() > 1:
                self.who.removeItem(1)
            for name in people:
                self.who.addItem(name, name)
            self.who.set_value(value)
            self.who.blockSignals(False)

    def _filtered(self) -> list[str]:
        chosen = [one.currentText() for one in (self.who, self.what, self.outcome, self.time) if one.value()]
        return [*chosen, *([f"patient {self.about.text().strip()}"] if self.about.text().strip() else [])]

    def clear_filters(self) -> None:
        """Show all entries again."""
        controls = (self.who, self.what, self.outcome, self.time, self.about)
        for control in controls:
            control.blockSignals(True)
        for choice in (self.who, self.what, self.outcome, self.time):
            choice.setCurrentIndex(0)
        self.about.clear()
        for control in controls:
            control.blockSignals(False)
        self._changed()

    def _changed(self) -> None:
        self.reload()
        self.moved.emit()

    # -- what can be done -------------------------------------------------------------------------------------

    def check_chain(self) -> None:
        """Check every entry as a job."""
        services = self.services
        job = start_job("Checking the audit", lambda _progress, _cancel: services.verify_audit())
        enable(self.verify, "Being checked")

        def ended() -> None:
            enable(self.verify, "")
            verdict: AuditVerdict | None = job.result
            if verdict is not None:
                self.show_verdict(verdict)

        job.ended.connect(ended)

    def show_verdict(self, verdict: AuditVerdict) -> None:
        """Say how the chain stands, in the head."""
        number = count_words(verdict.entries, "entry", "entries")
        if verdict.chain_ok:
            words = f"{number}, chain intact, checked {time.strftime('%H:%M')}"
            self.chain.show_state(words, "circle-check", "ok")
        else:
            words = f"Chain differs from entry {verdict.first_bad} on"
            self.chain.show_state(words, "triangle-alert", "danger", verdict.reason)

    def show_entry(self) -> None:
        """Show everything that the selected entry says."""
        key = self.table.current_key()
        entry = next((one for one in self._entries if str(one.seq) == key), None)
        if entry is None:
            return
        lines = (
            f"{when(entry.at)} · {entry.who} · as {entry.role or 'no role'} · from {entry.origin or 'unknown'}",
            f"{entry.action} · {entry.outcome}" + (f" · patient {entry.patient_id}" if entry.patient_id else ""),
            entry.detail,
            f"Belongs to {entry.correlation}" if entry.correlation else "",
        )
        show_note(self.window(), f"Entry {entry.seq}: {action_words(entry.action)}", "\n".join(filter(None, lines)))

    def choose_file(self) -> None:
        """Ask where the entries shown are to be written."""
        name = str(Path.home() / f"audit-{time.strftime('%Y-%m-%d')}.json")
        dialog = QFileDialog(self, "Export the entries shown", name, "JSON (*.json)")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("json")
        dialog.fileSelected.connect(lambda chosen: self.export_to(Path(chosen)))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def export_to(self, path: Path) -> None:
        """Write the entries shown, readable and signed, as a job; the export is an entry itself."""
        entries, services = list(self._entries), self.services
        job = start_job("Exporting the audit", lambda _progress, _cancel: services.export_audit(path, entries))
        self.after(job, f"{count_words(len(entries), 'entry', 'entries')} written, readable by anybody, and signed.")

    def _use_chosen(self) -> EmergencyUse | None:
        key = self.emergencies.current_key()
        return next((use for use in self._uses if str(use.seq) == key), None)

    def _enable(self) -> None:
        use = self._use_chosen()
        reason = "Select a use first" if use is None else "This use was reviewed" if use.reviewed is not None else ""
        enable(self.look, reason)

    def review(self) -> None:
        """Ask what the review of the selected use found; the note stays in the audit."""
        use = self._use_chosen()
        if use is None or use.reviewed is not None:
            return
        line = QLineEdit()
        note = Field("What was found", line, "Without naming a patient; it stays in the audit")

        def act() -> Any:
            text = line.text()
            return lambda: self.services.review_emergency(use.seq, text)

        def done(_: object) -> None:
            self.told.emit("The review is an entry of the audit.")
            self.reload()

        ask_form(
            self.window(),
            "Review this emergency use",
            f"Opened {when(use.at)} with the reason: {use.reason}. "
            f"{count_words(use.actions, 'action')} on {count_words(use.patients, 'patient')} followed.",
            (note,),
            "Keep review",
            act,
            done,
            ready=lambda: "" if line.text().strip() else "Type what was found first",
            fields={"emergency.no_note": note},
        )

    def place(self) -> dict[str, Any]:
        controls = {"who": self.who, "what": self.what, "outcome": self.outcome, "time": self.time}
        found = {name: control.value() for name, control in controls.items()}
        return {**found, "view": self.view.value(), "patient": self.about.text()}

    def restore(self, place: dict[str, Any]) -> None:
        if str(place.get("view", "all")) in ("all", "left", "emergency"):
            self.view.set_value(str(place.get("view", "all")))
        for name, control in (("who", self.who), ("what", self.what), ("outcome", self.outcome), ("time", self.time)):
            control.blockSignals(True)
            control.set_value(str(place.get(name, "")))
            control.blockSignals(False)
        self.about.setText(str(place.get("patient", "")))
        self.reload()


def _use(use: EmergencyUse) -> Record:
    waiting = use.reviewed is None
    review = "waits" if waiting else f"{use.reviewed_by}, {when(use.reviewed)}: {use.note}"
    return Record(
        str(use.seq),
        (when(use.at), use.reason, str(use.actions), str(use.patients), review),
        "circle-dashed" if waiting else "circle-check",
        "warn" if waiting else "ok",
    )
