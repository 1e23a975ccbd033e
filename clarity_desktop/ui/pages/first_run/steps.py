"""The steps of the first run, each one question with what it needs to go on."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

from clarity_desktop.domain.errors import ClarityError
from clarity_desktop.domain.users import Role
from clarity_desktop.ui.components.choice import CheckBox, Choice, zone_names
from clarity_desktop.ui.components.code_view import CodeView
from clarity_desktop.ui.components.field import Field
from clarity_desktop.ui.components.new_passphrase import NewPassphrase
from clarity_desktop.ui.components.states import Icon
from clarity_desktop.ui.components.text import ElidedLabel, Label
from clarity_desktop.ui.dialogs.codes import RECOVERY_LINES
from clarity_desktop.ui.dialogs.form import with_secrets
from clarity_desktop.ui.qt import QHBoxLayout, QLineEdit, QVBoxLayout, QWidget, Signal

if TYPE_CHECKING:
    from clarity_desktop.app import Services
    from clarity_desktop.app.access import PendingCode

__all__ = [
    "CloudStep",
    "CodeStep",
    "DemoStep",
    "LanguageStep",
    "PassphraseStep",
    "PersonStep",
    "Step",
    "TimeStep",
    "VaultStep",
]

Work = Callable[[], Any]
_NOBODY_YET = "Owner"
"""Under this name a vault is made, until its first person says theirs."""


class Step(QWidget):
    """One page of the wizard."""

    title: ClassVar[str]
    """In the rail."""
    question: ClassVar[str]
    words: ClassVar[str]
    verb: ClassVar[str] = "Next"
    changed = Signal()
    """Ask :meth:`problem` again."""

    def __init__(self, services: Services) -> None:
        super().__init__()
        self.services = services
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(0, 0, 0, 0)
        self.column.setSpacing(12)
        self.build()
        self.column.addStretch(1)

    def build(self) -> None:
        """Make the controls."""

    def enter(self) -> None:
        """The step is shown."""

    def problem(self) -> str:
        """Why one cannot go on yet; empty when one can."""
        return ""

    def work(self) -> Work | None:
        """What going on has to do, off the window's thread; ``None`` for nothing. Called on the window's thread."""
        return None

    def refused(self, error: ClarityError) -> bool:
        """Show an error of the work at its place; false leaves that to the wizard."""
        return False


class LanguageStep(Step):
    """The language of the program."""

    title = "Language"
    question = "Which language?"
    words = "Dates and numbers follow the settings of this computer. More languages come with later versions."

    def build(self) -> None:
        self.language = Choice([("en", "English")], "en")
        field = Field("Language of the program", self.language)
        field.setFixedWidth(320)
        self.column.addWidget(field)


class VaultStep(Step):
    """Where the vault will lie, and what that means."""

    title = "Create the vault"
    question = "Where everything is kept"
    words = (
        "Recordings, names, notes and findings are kept in one encrypted folder on this computer, the vault. "
        "Nothing leaves it unless you send it."
    )

    def build(self) -> None:
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(Icon("hard-drive", 16, "text_muted"))
        row.addWidget(ElidedLabel(str(self.services.vault_directory), "mono"), 1)
        self.column.addLayout(row)
        for icon, text in (
            ("lock", "Encrypted with AES-256. The key is random, and your passphrase is the way to it."),
            ("history", "Encrypted backups are made every day beside this folder, or on another disk by the settings."),
            ("users", "Several people can open one vault, each with an own passphrase."),
        ):
            line = QHBoxLayout()
            line.setSpacing(8)
            line.addWidget(Icon(icon, 16, "text_muted"))
            line.addWidget(Label(text, "body", wrap=True), 1)
            self.column.addLayout(line)


class PassphraseStep(Step):
    """The passphrase of the first person."""

    title = "Passphrase"
    question = "Choose your passphrase"
    words = "It opens the vault. Nobody can look it up; without it and the code of the next step, nobody can help."

    def build(self) -> None:
        self.passphrase = NewPassphrase()
        self.passphrase.setFixedWidth(400)
        self.passphrase.changed.connect(self.changed)
        self.column.addWidget(self.passphrase)
        self.made = Label("The vault is made and has its passphrase. The Key slots page changes it.", "body", wrap=True)
        self.column.addWidget(self.made)

    def enter(self) -> None:
        is_made = self.services.unlocked
        self.passphrase.setVisible(not is_made)
        self.made.setVisible(is_made)
        if not is_made:
            self.passphrase.passphrase.setFocus()

    def problem(self) -> str:
        return "" if self.services.unlocked else self.passphrase.problem()


class CodeStep(Step):
    """The recovery code; going on from here makes the vault (V-12)."""

    title = "Recovery code"
    question = "Write down the recovery code"
    words = (
        "It opens the vault when the passphrase is forgotten. It is shown once and is stored nowhere. "
        "Without both, nobody can open the data, and nobody can help."
    )

    def __init__(self, services: Services, passphrase: Callable[[], str], fresh: Callable[[], PendingCode]) -> None:
        self._passphrase, self._fresh = passphrase, fresh
        self.kept = False
        super().__init__(services)

    def build(self) -> None:
        self.view = CodeView("Recovery code", RECOVERY_LINES)
        self.view.changed.connect(self.changed)
        self.view.failed.connect(self._say)
        self.column.addWidget(self.view)
        self.trouble = Label("", "body", "danger", wrap=True)
        self.trouble.hide()
        self.column.addWidget(self.trouble)
        self.made = Label("The code is kept. The Key slots page replaces it by another one.", "body", wrap=True)
        self.made.hide()
        self.column.addWidget(self.made)

    def enter(self) -> None:
        self.view.setVisible(not self.kept)
        self.made.setVisible(self.kept)
        if not self.kept and self.view.pending is None:
            self.view.show_code(self._fresh())
        self.view.first.setFocus()

    def problem(self) -> str:
        return "" if self.kept else self.view.problem()

    def work(self) -> Work | None:
        pending = self.view.pending
        if self.kept or pending is None:
            return None
        services, passphrase, answers = self.services, self._passphrase(), self.view.answers()

        def make() -> None:
            if not services.unlocked:
                services.create_vault(passphrase, person=_NOBODY_YET)
            services.keep_recovery_code(pending, answers)

        return with_secrets(make, passphrase)

    def done(self) -> None:
        """The vault is made and the code kept."""
        self.kept = True
        self.view.show_code(None)

    def refused(self, error: ClarityError) -> bool:
        self._say(f"{error.message} {error.remedy}".strip())
        return True

    def _say(self, sentence: str) -> None:
        self.trouble.setText(sentence)
        self.trouble.setVisible(bool(sentence))


class PersonStep(Step):
    """Name and roles of the first person."""

    title = "Your role"
    question = "Who are you here?"
    words = (
        "What is done stands in the audit under this name. Who makes a vault looks after it as its admin; an admin "
        "sees no patients, unless they are also a clinician."
    )

    def build(self) -> None:
        self.name = QLineEdit()
        self.named = Field("Your name", self.name, "Others of this vault see it; patients are not named by it")
        self.named.setFixedWidth(400)
        self.name.textChanged.connect(lambda _: self._typed())
        self.column.addWidget(self.named)
        self.clinician = CheckBox("I work with patients: import, see names, make reports (Clinician)")
        self.clinician.setChecked(True)
        self.clinician.toggled.connect(lambda _: self.changed.emit())
        self.column.addWidget(self.clinician)

    def _typed(self) -> None:
        self.named.show_error("")
        self.changed.emit()

    def enter(self) -> None:
        if self.services.unlocked and not self.name.text():
            present = self.services.user().name
            self.name.setText("" if present == _NOBODY_YET else present)
        self.name.setFocus()

    def problem(self) -> str:
        return "" if self.name.text().strip() else "Type your name first"

    def work(self) -> Work | None:
        name, services = self.name.text().strip(), self.services
        roles = {Role.ADMIN, Role.CLINICIAN} if self.clinician.isChecked() else {Role.ADMIN}

        def settle() -> None:
            me = services.user()
            if me.name != name:
                services.rename_user(me.id, name)
            if me.roles != roles:
                services.set_user_roles(me.id, roles)
            services.settings.set("last_person", name)

        return settle

    def refused(self, error: ClarityError) -> bool:
        self.named.show_error(error.message)
        return True


class TimeStep(Step):
    """The zone of new patients."""

    title = "Zone"
    question = "Where do your patients live?"
    words = "Stored times are UTC and never change; this is the zone of new patients where a recording states none."

    def build(self) -> None:
        self.zone = Choice([("", "As this computer")])
        self.zone.setMaxVisibleItems(12)
        field = Field("Zone", self.zone)
        field.setFixedWidth(320)
        self.column.addWidget(field)

    def enter(self) -> None:
        if self.zone.count() == 1:
            for zone in zone_names():
                self.zone.addItem(zone, zone)
            self.zone.set_value(str(self.services.setting("zone.home")))

    def work(self) -> Work | None:
        wanted, services = self.zone.value(), self.services
        return lambda: services.change_setting("zone.home", wanted)


class CloudStep(Step):
    """Nothing is sent; skipping is the default."""

    title = "Cloud"
    question = "Keep everything on this computer"
    words = "Nothing is sent anywhere now. The program is complete without a network."
    verb = "Skip"

    def build(self) -> None:
        self.column.addWidget(
            Label(
                "An admin switches sending to outside services on in the settings, when it is wanted. Each person's "
                "consent is asked for besides, and the audit lists whatever left this machine.",
                "body",
                wrap=True,
            )
        )


class DemoStep(Step):
    """Simulated people to try the program on."""

    title = "Demo people"
    question = "Look around with simulated people?"
    words = "They are marked as simulated wherever they appear, and can be removed."
    verb = "Open Clarity Desktop"

    def build(self) -> None:
        self.demo = CheckBox("Add simulated people to try the program")
        self.demo.setChecked(True)
        self.column.addWidget(self.demo)

    def allow(self, reason: str) -> None:
        """Offer the demo, or say why it cannot be added."""
        self.demo.setEnabled(not reason)
        self.demo.setToolTip(reason)
        if reason:
            self.demo.setChecked(False)
