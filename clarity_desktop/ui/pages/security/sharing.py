"""Who may see a person's record: everybody who reads data, or its owner and named colleagues for a time (V-45)."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from datetime import time as clock
from typing import TYPE_CHECKING

from clarity_desktop.domain.users import Right, User
from clarity_desktop.ui.components.buttons import Button
from clarity_desktop.ui.components.card import Card
from clarity_desktop.ui.components.choice import Choice
from clarity_desktop.ui.components.field import Field
from clarity_desktop.ui.components.record_table import Column, Record, RecordTable
from clarity_desktop.ui.components.text import Label
from clarity_desktop.ui.dialogs.confirm import confirm
from clarity_desktop.ui.dialogs.form import ask_form
from clarity_desktop.ui.jobs import run_mutation
from clarity_desktop.ui.pages.security.loaded import enable, when
from clarity_desktop.ui.qt import QHBoxLayout, QLineEdit

if TYPE_CHECKING:
    from clarity_desktop.app import Services
    from clarity_desktop.app.colleagues import PatientAccess
    from clarity_desktop.ui.pages.security.loaded import LoadedPage

__all__ = ["SharingCard", "SharingFound", "read_sharing"]


@dataclass(frozen=True, slots=True)
class SharingFound:
    """What the card shows."""

    patient_id: str
    access: PatientAccess
    me: User
    colleagues: list[User]


def read_sharing(services: Services, patient_id: str) -> SharingFound:
    """Read it; runs in a worker."""
    return SharingFound(patient_id, services.patient_access(patient_id), services.user(), services.colleagues())


def end_of_day(text: str) -> int:
    """The end of a day ``YYYY-MM-DD`` by this computer's clock, UTC seconds; raises ``ValueError``."""
    day = datetime.fromisoformat(text.strip()).date()
    return int(datetime.combine(day, clock(23, 59, 59)).astimezone().timestamp())


class SharingCard(Card):
    """State, shares, and what the owner may do."""

    def __init__(self, page: LoadedPage) -> None:
        super().__init__("Who may see this record")
        self._page = page
        self._found: SharingFound | None = None
        self.state = Label("", "body", wrap=True)
        self.body.addWidget(self.state)
        self.table = RecordTable("Colleagues", (Column("Colleague"), Column("Until", 210), Column("State", 210)))
        self.table.current_changed.connect(lambda _: self._enable())
        self.body.addWidget(self.table)
        row = QHBoxLayout()
        row.setSpacing(8)
        self.restrict = Button("Restrict to me", "normal", "lock")
        self.restrict.clicked.connect(lambda _=False: self.restrict_record())
        self.lift = Button("Open to all again", "normal", "lock-open")
        self.lift.clicked.connect(lambda _=False: self.lift_restriction())
        self.share = Button("Share with a colleague", "normal", "user-plus")
        self.share.clicked.connect(lambda _=False: self.share_record())
        self.end = Button("End this share", "normal", "ban")
        self.end.clicked.connect(lambda _=False: self.end_share())
        for button in (self.restrict, self.lift, self.share, self.end):
            row.addWidget(button)
        row.addStretch(1)
        self.body.addLayout(row)

    def show_found(self, found: SharingFound) -> None:
        """Show who may see the record."""
        self._found = found
        owner, now = found.access.owner, int(time.time())
        if owner is None:
            self.state.setText("Everybody of this vault whose role reads patients sees it.")
        else:
            mine = " (you)" if owner.id == found.me.id else ""
            self.state.setText(
                f"{owner.name}{mine} looks after it since {when(found.access.since)}. Colleagues below see it until "
                "their time is over; nobody else does."
            )
        self.table.show_records(
            [
                Record(
                    user.id,
                    (
                        user.name,
                        when(share.until),
                        "sees it" if share.holds(now) else "ended" if share.ended is not None else "time is over",
                    ),
                    "eye" if share.holds(now) else "eye-off",
                    muted=not share.holds(now),
                )
                for user, share in found.access.shares
            ]
        )
        self.table.setVisible(bool(found.access.shares))
        self._enable()

    def _enable(self) -> None:
        found = self._found
        if found is None:
            return
        owner = found.access.owner
        role = "" if Right.CHANGE_IDENTITY in found.me.rights else "This belongs to the role Clinician"
        theirs = "" if owner is None or owner.id == found.me.id else f"{owner.name} looks after this record"
        self.restrict.setVisible(owner is None)
        self.lift.setVisible(owner is not None)
        self.share.setVisible(owner is not None)
        self.end.setVisible(owner is not None)
        enable(self.restrict, role)
        enable(self.lift, role or theirs)
        enable(self.share, role or theirs or ("" if found.colleagues else "There is nobody else who reads patients"))
        enable(self.end, role or theirs or ("" if self.table.current_key() else "Select a colleague first"))

    # -- what can be done -------------------------------------------------------------------------------------

    def _run(self, act: Callable[[], object], said: str) -> None:
        def done(_: object) -> None:
            self._page.told.emit(said)
            self._page.reload()

        run_mutation(self, act, done)

    def restrict_record(self) -> None:
        """Ask, then let nobody but oneself see the record."""
        found = self._found
        if found is None:
            return
        confirm(
            self._page.window(),
            "Restrict this record to you?",
            "Nobody else of this vault finds or sees this person, until you share the record with a colleague for a "
            "time. It can be opened to all again.",
            verb="Restrict",
            on_confirm=lambda: self._run(
                lambda: self._page.services.restrict_patient(found.patient_id), "The record is open to you only."
            ),
        )

    def lift_restriction(self) -> None:
        """Open the record to everybody who reads patients."""
        found = self._found
        if found is not None:
            said = "Everybody who reads patients sees the record again."
            self._run(lambda: self._page.services.lift_restriction(found.patient_id), said)

    def share_record(self) -> None:
        """Ask with whom and until when."""
        found = self._found
        if found is None:
            return
        who = Choice([(one.id, one.name) for one in found.colleagues])
        until = QLineEdit()
        until.setPlaceholderText("YYYY-MM-DD")
        day = Field("Last day", until, "Access ends with this day, without anybody doing anything")

        def ready() -> str:
            try:
                return "" if end_of_day(until.text()) > time.time() else "The last day is today or later"
            except ValueError:
                return "Write the last day as year, month and day: 2027-04-23"

        def act() -> Callable[[], object]:
            user, last = who.value(), end_of_day(until.text())
            return lambda: self._page.services.share_patient(found.patient_id, user, last)

        def done(_: object) -> None:
            self._page.told.emit("The colleague sees the record until then.")
            self._page.reload()

        ask_form(
            self._page.window(),
            "Share this record with a colleague?",
            "They see it as their role allows, in open sessions too.",
            (Field("Colleague", who), day),
            "Share",
            act,
            done,
            ready=ready,
            fields={"share.until": day},
        )

    def end_share(self) -> None:
        """Take the selected colleague's access back at once."""
        found, user = self._found, self.table.current_key()
        if found is not None and user:
            said = "The colleague sees the record no more."
            self._run(lambda: self._page.services.end_share(found.patient_id, user), said)
