"""The unlock screen: opens the vault, or shows the first run where there is none. Nothing about anyone is shown."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from clarity_desktop.domain.errors import ClarityError, LockedError
from clarity_desktop.domain.overwriting import overwrite
from clarity_desktop.ui.components.buttons import Button
from clarity_desktop.ui.components.card import Card
from clarity_desktop.ui.components.choice import Choice
from clarity_desktop.ui.components.field import Field, PassphraseEdit
from clarity_desktop.ui.components.states import Icon
from clarity_desktop.ui.components.text import ElidedLabel, Label
from clarity_desktop.ui.dialogs.recovery import RecoveryDialog
from clarity_desktop.ui.jobs import run_mutation, run_query
from clarity_desktop.ui.qt import QHBoxLayout, QStackedLayout, Qt, QTimer, QVBoxLayout, QWidget, Signal

if TYPE_CHECKING:
    from clarity_desktop.app import Services
    from clarity_desktop.ui.pages.first_run.wizard import FirstRunWizard

__all__ = ["UnlockPage"]

_WIDTH = 400
_ENCRYPTED = "The data in this folder is encrypted."


class UnlockPage(QWidget):
    """A card of 400 px in the middle of the window; the wizard of the first run takes its place where it is due."""

    unlocked = Signal(bool)
    """The vault is open; true when demo people are wanted."""
    setting_up = Signal()
    """The vault is open behind the first run, whose steps are not over."""

    def __init__(self, services: Services) -> None:
        super().__init__()
        self.services = services
        self.setObjectName("unlock")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.creating = False
        self._wait = 0
        self._looked = False
        self._clock = QTimer(self)
        self._clock.setInterval(1000)
        self._clock.timeout.connect(self._count_down)
        self._build()
        self.refresh()

    def _build(self) -> None:
        self._stack = QStackedLayout(self)
        door = QWidget()
        self._stack.addWidget(door)
        self.wizard: FirstRunWizard | None = None
        outer = QVBoxLayout(door)
        outer.addStretch(2)
        card = Card(padding=24)
        card.setFixedWidth(_WIDTH)
        middle = QHBoxLayout()
        middle.addStretch(1)
        middle.addWidget(card)
        middle.addStretch(1)
        outer.addLayout(middle)
        foot = Label("Not a diagnosis · research software", "micro", "muted")
        outer.addStretch(3)
        outer.addWidget(foot, 0, Qt.AlignmentFlag.AlignHCenter)
        body = card.body
        brand = QHBoxLayout()
        brand.setSpacing(8)
        brand.addWidget(Icon("moon-star", 24, "accent"))
        brand.addWidget(Label("Clarity Desktop", "title"))
        brand.addStretch(1)
        body.addLayout(brand)
        body.addSpacing(4)
        self.question = Label("Unlock your vault", "dialog_title")
        body.addWidget(self.question)
        self.words = Label(_ENCRYPTED, "body", "muted", wrap=True)
        body.addWidget(self.words)
        place = QHBoxLayout()
        place.setSpacing(6)
        place.addWidget(Icon("hard-drive", 14, "text_muted"))
        self.place = ElidedLabel(str(self.services.vault_directory), "mono", "muted")
        place.addWidget(self.place, 1)
        body.addLayout(place)
        body.addSpacing(8)
        self.person = Choice([])
        self.person.view().setAccessibleName("People who open the vault")
        self.whose = Field("Who opens the vault", self.person)
        self.whose.hide()
        self.person.currentIndexChanged.connect(lambda _: self._chosen())
        body.addWidget(self.whose)
        self.passphrase = PassphraseEdit()
        self.first = Field("Passphrase", self.passphrase)
        body.addWidget(self.first)
        row = QHBoxLayout()
        row.setSpacing(8)
        self.keychain = Button("Use the keychain", "normal", "key-round")
        self.keychain.clicked.connect(lambda _=False: self._open_with_keychain())
        row.addWidget(self.keychain)
        self.recovery = Button("Use a recovery code", "link")
        self.recovery.clicked.connect(lambda _=False: self.open_recovery())
        row.addWidget(self.recovery)
        row.addStretch(1)
        self.button = Button("Unlock", "primary", "lock-open")
        self.button.clicked.connect(lambda _=False: self.submit())
        row.addWidget(self.button)
        body.addLayout(row)
        self.passphrase.textChanged.connect(lambda _: self._typed())
        self.passphrase.returnPressed.connect(self.submit)

    def refresh(self) -> None:
        """Look whether there is a vault. The folder answers at once; the store confirms from a worker."""
        folder = self.services.vault_directory
        self._offer(creating=not (folder.is_dir() and any(folder.iterdir())))
        self.passphrase.clear()
        self.first.show_error("")
        self._typed()
        if self._looked:
            self.confirm_vault()

    def say(self, why: str) -> None:
        """Say why the vault was locked; empty says what is always said."""
        if not self.creating:
            self.words.setText(f"{why} {_ENCRYPTED}".strip())

    def choose_person(self) -> None:
        """Give the keyboard to the list of people, where there is one to choose from."""
        wanted = self.person if self.person.count() > 1 else self.passphrase
        wanted.setFocus(Qt.FocusReason.OtherFocusReason)

    def confirm_vault(self) -> None:
        """Ask the store itself whether there is a vault and whose, once the window has been painted."""
        services = self.services

        def look() -> tuple[str, ...] | None:
            return services.unlock_names() if services.vault_exists() else None

        def show(names: tuple[str, ...] | None) -> None:
            self._looked = True
            self._offer(creating=names is None)
            self._show_names(names or ())

        run_query(self, look, show, lambda _: None)

    def _show_names(self, names: tuple[str, ...]) -> None:
        """Offer the people who have a passphrase, when there are several; the one of last time stands first."""
        if names != tuple(self.person.itemText(at) for at in range(self.person.count())):
            self.person.clear()
            for name in names:
                self.person.addItem(name, name)
            self.person.set_value(str(self.services.settings.get("last_person", "")))
        self.whose.setVisible(len(names) > 1)

    def _who(self) -> str | None:
        return self.person.value() if self.person.count() > 1 else None

    def _chosen(self) -> None:
        if self._wait:
            # Each person has a pause of their own.
            self._wait = 0
            self._count_down()

    def open_recovery(self) -> None:
        """Open the dialog in which a printed code sets a new passphrase."""
        RecoveryDialog(self.window(), self.services, self._opened).open()

    def _offer(self, *, creating: bool) -> None:
        self.creating = creating
        self.keychain.setVisible(not creating and bool(self.services.settings.get("keychain_slot", False)))
        if creating and self.wizard is None:
            self.show_wizard()
        elif not creating and self.wizard is not None and not self.services.unlocked:
            self._drop_wizard()
        self._typed()

    def show_wizard(self) -> None:
        """Show the first run, at the step where it was left."""
        from clarity_desktop.ui.pages.first_run.wizard import FirstRunWizard

        self.wizard = FirstRunWizard(self.services)
        self.wizard.finished.connect(self._set_up)
        self.wizard.opened.connect(self.setting_up)
        self._stack.setCurrentIndex(self._stack.addWidget(self.wizard))

    def _drop_wizard(self) -> None:
        wizard, self.wizard = self.wizard, None
        if wizard is not None:
            self._stack.setCurrentIndex(0)
            self._stack.removeWidget(wizard)
            wizard.deleteLater()

    def _set_up(self, wants_demo: bool) -> None:
        self.creating = False
        self._drop_wizard()
        self.unlocked.emit(wants_demo)

    def _typed(self) -> None:
        if self._wait:
            return
        text = self.passphrase.text()
        self.first.show_error("")
        self.button.setEnabled(bool(text))
        self.button.setToolTip("" if text else "Type the passphrase first")

    def submit(self) -> None:
        """Open the vault with what was typed; runs off the window's thread."""
        if not self.button.isEnabled():
            return
        text = self.passphrase.text()
        services, who = self.services, self._who()

        def opened(_: None) -> None:
            overwrite(text)
            self._opened()

        def refused(error: ClarityError) -> None:
            overwrite(text)
            self._refused(error)

        self._set_working(True)
        run_mutation(self, lambda: services.unlock(text, person=who), opened, refused)

    def _open_with_keychain(self) -> None:
        self._set_working(True)

        def answer(opened: bool) -> None:
            if opened:
                self._opened()
                return
            self._set_working(False)
            self.first.show_error("The keychain does not open this vault. Type the passphrase.")

        who = self._who()
        run_mutation(self, lambda: self.services.unlock_with_keychain(person=who), answer, self._refused)

    def _set_working(self, working: bool) -> None:
        for widget in (self.passphrase, self.button, self.keychain, self.person, self.recovery):
            widget.setEnabled(not working)
        self.button.set_text("Opening" if working else "Unlock")

    def _opened(self) -> None:
        if self._who() is not None:
            self.services.settings.set("last_person", self._who())
        self.passphrase.forget()
        self._set_working(False)
        self.say("")
        if isinstance(self.services.settings.get("first_run"), int):
            self.show_wizard()
            self.setting_up.emit()
        else:
            self.unlocked.emit(False)

    def _refused(self, error: ClarityError) -> None:
        self._set_working(False)
        self.passphrase.selectAll()
        self.passphrase.setFocus(Qt.FocusReason.OtherFocusReason)
        if not isinstance(error, LockedError):
            self.first.show_error(error.message)
            return
        self.first.show_error(error.message)
        who = self._who()

        def pause(seconds: float) -> None:
            if seconds > 0:
                self._wait = math.ceil(seconds)
                self.passphrase.setEnabled(False)
                self.button.setEnabled(False)
                self._count_down()
                self._clock.start()

        run_query(self, lambda: self.services.unlock_wait_s(who), pause, lambda _: None)

    def _count_down(self) -> None:
        if self._wait == 0:
            self._clock.stop()
            self.passphrase.setEnabled(True)
            self.passphrase.clear()
            self._typed()
            self.passphrase.setFocus(Qt.FocusReason.OtherFocusReason)
            return
        self.first.show_error(f"Pause after wrong passphrases: {_in_words(self._wait)} left")
        self._wait -= 1


def _in_words(seconds: int) -> str:
    minutes, rest = divmod(seconds, 60)
    parts = [f"{minutes} minute{'' if minutes == 1 else 's'}"] if minutes else []
    if rest or not minutes:
        parts.append(f"{rest} second{'' if rest == 1 else 's'}")
    return " ".join(parts)
