"""The people who open the vault: adding, roles, new passphrases, removal, and the sealed emergency code."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from clarity_desktop.domain.changes import Change
from clarity_desktop.domain.users import Right, Role, User
from clarity_desktop.ui.components.buttons import Button
from clarity_desktop.ui.components.card import Card
from clarity_desktop.ui.components.choice import CheckBox, Choice
from clarity_desktop.ui.components.field import Field
from clarity_desktop.ui.components.new_passphrase import NewPassphrase
from clarity_desktop.ui.components.record_table import Column, Record, RecordTable
from clarity_desktop.ui.components.text import Label
from clarity_desktop.ui.dialogs.codes import EMERGENCY_LINES, CodeDialog
from clarity_desktop.ui.dialogs.form import ask_form, with_secrets
from clarity_desktop.ui.jobs import run_mutation, run_query
from clarity_desktop.ui.pages.refused import ROLE_NAMES, roles_in_words
from clarity_desktop.ui.pages.security.loaded import LoadedPage, count_words, enable, when
from clarity_desktop.ui.qt import QHBoxLayout, QLineEdit, QVBoxLayout, QWidget, Signal
from clarity_desktop.ui.undo import Step

if TYPE_CHECKING:
    from clarity_desktop.app.oversight import Slot

__all__ = ["PeoplePage", "RoleBoxes"]

_HELP = {
    Role.ADMIN: "people, retention, restoring, audit; no patients",
    Role.CLINICIAN: "patients with names, import, reports",
    Role.RESEARCHER: "recordings without names, export without names",
    Role.READ_ONLY: "patients with names, to look at",
}


@dataclass(frozen=True, slots=True)
class _Found:
    me: User
    users: list[User]
    seen: dict[str, int]
    slots: list[Slot]


class RoleBoxes(QWidget):
    """One tick box a role, with what it is for."""

    changed = Signal()

    def __init__(self, roles: frozenset[Role]) -> None:
        super().__init__()
        self.setAccessibleName("Roles")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 4)
        column.setSpacing(2)
        column.addWidget(Label("Roles", "small", "muted"))
        self.boxes: dict[Role, CheckBox] = {}
        for role, name in ROLE_NAMES.items():
            box = CheckBox(f"{name}: {_HELP[role]}")
            box.setChecked(role in roles)
            box.toggled.connect(lambda _: self.changed.emit())
            self.boxes[role] = box
            column.addWidget(box)

    def roles(self) -> frozenset[Role]:
        """The ticked ones."""
        return frozenset(role for role, box in self.boxes.items() if box.isChecked())

    def problem(self) -> str:
        """Why they cannot be taken; empty when they can."""
        return "" if self.roles() else "Choose at least one role"


class PeoplePage(LoadedPage):
    """A table of people, and what an admin can do for each."""

    id: ClassVar[str] = "people"
    title: ClassVar[str] = "People"
    icon: ClassVar[str] = "user-round"
    watches: ClassVar[Change] = Change.SLOTS

    def build(self, column: QVBoxLayout) -> None:
        self._found: _Found | None = None
        self.add = Button("Add person", "primary", "user-plus")
        self.add.clicked.connect(lambda _=False: self.add_person())
        self._card = Card("Who opens this vault", "Each with an own passphrase")
        columns = (
            Column("Name"),
            Column("Roles", 250),
            Column("Last seen", 190),
            Column("Ways in", 80, right=True),
            Column("Since", 190),
        )
        self.table = RecordTable("People who open the vault", columns)
        self.table.current_changed.connect(lambda _: self._enable())
        self.table.opened.connect(lambda _: self.change_roles())
        self._card.body.addWidget(self.table)
        row = QHBoxLayout()
        row.setSpacing(8)
        self.roles = Button("Change roles", "normal", "pencil")
        self.roles.clicked.connect(lambda _=False: self.change_roles())
        self.rename = Button("Rename", "normal", "tag")
        self.rename.clicked.connect(lambda _=False: self.rename_person())
        self.reset = Button("Give a new passphrase", "normal", "key-round")
        self.reset.clicked.connect(lambda _=False: self.reset_passphrase())
        self.remove = Button("Remove", "danger", "trash-2")
        self.remove.clicked.connect(lambda _=False: self.remove_person())
        for button in (self.roles, self.rename, self.reset):
            row.addWidget(button)
        row.addStretch(1)
        row.addWidget(self.remove)
        self._card.body.addLayout(row)
        column.addWidget(self._card)
        sealed = Card("Sealed emergency code", "For the day on which nobody with a passphrase can be reached")
        self._sealed = Label("", "body", wrap=True)
        sealed.body.addWidget(self._sealed)
        self.emergency = Button("Make a code to seal", "normal", "file-text")
        self.emergency.clicked.connect(lambda _=False: self.new_emergency_code())
        sealed.body.addWidget(self.emergency)
        column.addWidget(sealed)

    def toolbar_widgets(self) -> list[QWidget]:
        return [self.add]

    def read(self) -> _Found:
        services = self.services
        return _Found(services.user(), services.users(), services.last_seen(), services.slots())

    def show_data(self, data: _Found) -> None:
        self._found = data
        people = [user for user in data.users if not user.emergency]
        self.table.show_records([self._record(data, user) for user in people])
        present = sum(user.removed is None for user in people)
        self._card.set_title("Who opens this vault", count_words(present, "person", "people"))
        code = next((slot for slot in data.slots if slot.kind == "emergency"), None)
        self._sealed.setText(
            "A sealed code exists. Using it asks for a reason, and every action is marked and listed on the audit page."
            if code is not None
            else "There is no sealed code. It opens the vault with a reason, marks every action, and is reviewed after."
        )
        self.emergency.set_text("Replace the sealed code" if code is not None else "Make a code to seal")
        self._enable()

    def _record(self, data: _Found, user: User) -> Record:
        gone = user.removed is not None
        ways = sum(slot.user == user.id for slot in data.slots)
        return Record(
            user.id,
            (
                user.name + (" (you)" if user.id == data.me.id else ""),
                f"removed {when(user.removed)}" if gone else roles_in_words(user.roles),
                when(data.seen.get(user.name)),
                "–" if gone else str(ways),
                when(user.added) if user.added else "–",
            ),
            "ban" if gone else "shield-check" if Role.ADMIN in user.roles else "user-round",
            muted=gone,
        )

    def _chosen(self) -> User | None:
        key = self.table.current_key()
        return next((user for user in (self._found.users if self._found else ()) if user.id == key), None)

    def _last_admin(self, user: User) -> bool:
        users = self._found.users if self._found else ()
        admins = [one for one in users if Right.MANAGE_PEOPLE in one.rights and one.removed is None]
        return admins == [user]

    def _enable(self) -> None:
        user = self._chosen()
        reason = "Select a person first" if user is None else "This person was removed" if user.removed else ""
        for button in (self.roles, self.rename, self.reset):
            enable(button, reason)
        last = user is not None and not reason and self._last_admin(user)
        enable(self.remove, reason or ("The last admin stays; make somebody else an admin first" if last else ""))

    # -- what can be done -------------------------------------------------------------------------------------

    def add_person(self) -> None:
        """Ask for name, roles and a first passphrase."""
        line, boxes, words = QLineEdit(), RoleBoxes(frozenset({Role.CLINICIAN})), NewPassphrase("First passphrase")
        name = Field("Name", line, "The record of who did what names them by it")
        services = self.services

        def act() -> Callable[[], object]:
            called, passphrase, roles = line.text().strip(), words.text(), boxes.roles()
            return with_secrets(lambda: services.add_user(called, passphrase, roles), passphrase)

        ask_form(
            self.window(),
            "Add a person who opens this vault",
            "Let them type the passphrase themselves, or change it on the key slots page at their first visit.",
            (name, boxes, words),
            "Add person",
            act,
            lambda user: self.told.emit(f"{user.name} can open the vault."),
            ready=lambda: ("" if line.text().strip() else "Type a name first") or boxes.problem() or words.problem(),
            fields={"people.no_name": name, "people.name": name, "vault.passphrase": words.first},
        )

    def change_roles(self) -> None:
        """Ask for other roles; they reach open sessions at once, and can be taken back."""
        user = self._chosen()
        if user is None or user.removed is not None:
            return
        boxes, before = RoleBoxes(user.roles), user.roles

        def act() -> Callable[[], object]:
            wanted = boxes.roles()
            return lambda: self.services.set_user_roles(user.id, wanted) or wanted

        def done(wanted: frozenset[Role]) -> None:
            if wanted != before:
                back, again = (lambda: self._set_roles(user.id, before)), (lambda: self._set_roles(user.id, wanted))
                self.did.emit(Step("Change of roles", back, again))

        ask_form(
            self.window(),
            f"Which roles does {user.name} have?",
            "Rights of several roles add up. A new admin locks and unlocks once.",
            (boxes,),
            "Change roles",
            act,
            done,
            ready=boxes.problem,
        )

    def _set_roles(self, user_id: str, roles: frozenset[Role]) -> None:
        run_mutation(self, lambda: self.services.set_user_roles(user_id, roles))

    def rename_person(self) -> None:
        """Ask for another name."""
        user = self._chosen()
        if user is None or user.removed is not None:
            return
        line = QLineEdit(user.name)
        name = Field("Name", line, "Entries of before keep the name of then")

        def act() -> Callable[[], object]:
            wanted = line.text().strip()
            return lambda: self.services.rename_user(user.id, wanted) or wanted

        def done(wanted: str) -> None:
            self.did.emit(
                Step("Change of name", lambda: self._rename(user.id, user.name), lambda: self._rename(user.id, wanted))
            )

        ask_form(
            self.window(),
            "Give this person another name",
            "",
            (name,),
            "Rename",
            act,
            done,
            ready=lambda: "" if line.text().strip() not in ("", user.name) else "Type another name first",
            fields={"people.": name},
        )

    def _rename(self, user_id: str, name: str) -> None:
        run_mutation(self, lambda: self.services.rename_user(user_id, name))

    def reset_passphrase(self) -> None:
        """Ask for a new passphrase for somebody who has forgotten theirs."""
        user = self._chosen()
        if user is None or user.removed is not None:
            return
        words = NewPassphrase("New passphrase")

        def act() -> Callable[[], object]:
            passphrase = words.text()
            return with_secrets(lambda: self.services.reset_user_passphrase(user.id, passphrase), passphrase)

        ask_form(
            self.window(),
            f"Give {user.name} a new passphrase",
            "The present one opens nothing afterwards. Recovery code and keychain stay. It is an entry of the audit.",
            (words,),
            "Set new passphrase",
            act,
            lambda _: self.told.emit("The new passphrase is set."),
            ready=words.problem,
            fields={"vault.passphrase": words.first},
        )

    def remove_person(self) -> None:
        """Ask for the name to be typed, and who takes over restricted patients, then take all keys from the person."""
        user = self._chosen()
        if user is not None and user.removed is None:
            run_query(
                self, lambda: self.services.restricted_of(user.id), lambda number: self._ask_removal(user, number)
            )

    def _ask_removal(self, user: User, restricted: int) -> None:
        line = QLineEdit()
        content: list[QWidget] = [Field(f"Type the name to confirm: {user.name}", line)]
        others = [
            (one.id, one.name)
            for one in (self._found.users if self._found else ())
            if one.removed is None and one.id != user.id and Right.CHANGE_IDENTITY in one.rights and not one.emergency
        ]
        heir = Choice(others)
        if restricted:
            patients = count_words(restricted, "restricted patient")
            content.append(Field(f"Who takes over {patients}", heir, "They are open to their owner only"))
        services = self.services

        def act() -> Callable[[], object]:
            to = heir.value() if restricted else ""

            def remove() -> None:
                if to:
                    services.hand_over_patients(user.id, to)
                services.remove_user(user.id)

            return remove

        def ready() -> str:
            if restricted and not others:
                return "Nobody else can look after the restricted patients; give somebody the role Clinician first"
            return "" if line.text().strip() == user.name else "Type the name first"

        ask_form(
            self.window(),
            "Take all keys from this person?",
            "Passphrase, keychain and code open nothing any more, open sessions end, and what they did stays in the "
            "audit. Patients belong to the vault and stay. New keys for the whole vault, on the key slots page, also "
            "end the use of keys that were copied before.",
            content,
            "Remove",
            act,
            lambda _: self.told.emit("The person was removed."),
            ready=ready,
            danger=True,
        )

    def new_emergency_code(self) -> None:
        """Show a code to seal, and keep it once two groups were typed back."""
        CodeDialog(
            self.window(),
            "Seal this emergency code",
            "Print it, put it into an envelope and seal that. It is shown once; an earlier one opens nothing then.",
            EMERGENCY_LINES,
            self.services.new_emergency_code,
            self.services.keep_emergency_code,
            lambda: self.told.emit("The emergency code is kept. An earlier one opens nothing now."),
        ).open()
