"""The card of the second factor: an authenticator app, text messages, and whether this computer is remembered."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from clarity_desktop.ui.components.buttons import Button
from clarity_desktop.ui.components.card import Card
from clarity_desktop.ui.components.field import Field
from clarity_desktop.ui.components.qr_code import QrCode
from clarity_desktop.ui.components.text import Label
from clarity_desktop.ui.dialogs.confirm import confirm
from clarity_desktop.ui.dialogs.form import FormSheet, ask_form, with_secrets
from clarity_desktop.ui.jobs import run_mutation
from clarity_desktop.ui.pages.cloud.account_forms import action_button
from clarity_desktop.ui.pages.security.loaded import enable
from clarity_desktop.ui.qt import QHBoxLayout, QLineEdit, Qt, QVBoxLayout, QWidget, Signal

if TYPE_CHECKING:
    from clarity_desktop.app import Services
    from clarity_desktop.app.cloud_devices import TotpEnrolment
    from clarity_desktop.app.cloud_sessions import CloudStatus
    from clarity_desktop.domain.errors import ClarityError

__all__ = ["SecondFactorCard", "ask_app", "spaced"]

_WORDS = {"app": "Authenticator app", "sms": "Text message"}


def spaced(secret: str) -> str:
    """A secret in groups of four, as it is typed by hand."""
    return " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))


def ask_app(window: QWidget, services: Services, enrolment: TotpEnrolment, done: Callable[[object], None]) -> FormSheet:
    """Show the secret as a picture and as text, and ask for the first six digits."""
    both = QWidget()
    row = QHBoxLayout(both)
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(16)
    row.addWidget(QrCode(enrolment.address, "Code for the authenticator app; the same stands beside it as text"))
    column = QVBoxLayout()
    column.setSpacing(6)
    column.addWidget(Label("1. Open the authenticator app and scan the code.", "body", wrap=True))
    column.addWidget(Label("Without a camera, type this into the app:", "body", "muted", wrap=True))
    secret = QLineEdit(spaced(enrolment.secret))
    secret.setReadOnly(True)
    secret.setAccessibleName("Secret of the authenticator app")
    secret.setCursorPosition(0)
    column.addWidget(secret)
    column.addWidget(Label(f"Account: {enrolment.email}", "small", "muted", wrap=True))
    column.addWidget(Label("2. Type the six digits that it shows.", "body", wrap=True))
    column.addStretch(1)
    row.addLayout(column, 1)
    code = QLineEdit()
    field = Field("Code", code, "Six digits; they change every half minute")

    def act() -> Callable[[], Any]:
        typed = code.text()
        return with_secrets(lambda: services.cloud_finish_app(typed), typed)

    sheet = ask_form(
        window,
        "Set up an authenticator app",
        "The secret is drawn on this computer and kept nowhere here. Whoever has it can make the digits.",
        (both, field),
        "Confirm",
        act,
        done,
        ready=lambda: "" if len(code.text().strip()) >= 6 else "Type the six digits first",
        fields={"cloud.wrong_code": field},
        width=600,
    )
    code.setFocus(Qt.FocusReason.OtherFocusReason)
    return sheet


class SecondFactorCard(Card):
    """Shows what an account asks for besides its password, and changes it."""

    told = Signal(str)
    changed = Signal()

    def __init__(self, services: Services) -> None:
        super().__init__("Second factor", "What a sign-in asks for besides the password")
        self._services = services
        self._asked_for = ""
        self.factor = Label("–", "body", wrap=True)
        self.computer = Label("–", "body", wrap=True)
        for title, value in (("Asked for", self.factor), ("This computer", self.computer)):
            row = QHBoxLayout()
            row.setSpacing(12)
            name = Label(title, "body", "muted")
            name.setFixedWidth(120)
            row.addWidget(name, 0, Qt.AlignmentFlag.AlignTop)
            row.addWidget(value, 1)
            self.body.addLayout(row)
        row = QHBoxLayout()
        row.setSpacing(8)
        self.look = action_button("Ask the service", "normal", "refresh-cw", self.ask_factors)
        self.app = action_button("Set up an app", "normal", "scan-line", self.begin_app)
        self.sms = action_button("Use text messages", "normal", "message-square-quote", self.use_messages)
        self.none = action_button("Switch off", "danger", "ban", self.switch_off)
        self.forget = action_button("Forget this computer", "normal", "monitor", self.forget_computer)
        for button in (self.look, self.app, self.sms, self.forget):
            row.addWidget(button)
        row.addStretch(1)
        row.addWidget(self.none)
        self.body.addSpacing(4)
        self.body.addLayout(row)

    @property
    def buttons(self) -> tuple[Button, ...]:
        """All buttons."""
        return (self.look, self.app, self.sms, self.none, self.forget)

    def show_status(self, data: CloudStatus, reason: str) -> None:
        """Show how it stands.

        Parameters
        ----------
        reason:
            Why nothing can be changed now; empty where it can.
        """
        current = data.current
        server = next((one for one in data.servers if current is not None and one.url == current.server), None)
        by_pool = server is not None and server.login == "pool"
        own = "" if by_pool else "The server's own sign-in knows no second factor"
        why = reason or ("" if data.signed_in else "Nobody is signed in") or own
        for button in (self.look, self.app, self.sms, self.none):
            enable(button, why)
        enable(self.forget, why or ("" if data.remembers else "This computer is not remembered"))
        if current is None or current.key != self._asked_for:
            self.factor.setText("–" if not data.signed_in or own else "Not asked yet")
        self.computer.setText(
            "Remembered: this computer is asked for the password alone"
            if data.remembers
            else "Not remembered: each sign-in asks for everything"
        )
        self._key = "" if current is None else current.key

    # -- what a person can do ---------------------------------------------------------------------------------

    def ask_factors(self) -> None:
        """Ask the identity service what it asks for."""
        self.factor.setText("Asking…")

        def done(found: Any) -> None:
            self._asked_for = self._key
            preferred = _WORDS.get(found.preferred, "")
            others = [_WORDS[one] for one in found.enabled if one in _WORDS and one != found.preferred]
            words = preferred or "The password alone"
            self.factor.setText(words + (f"; also {', '.join(others).lower()}" if others else ""))

        run_mutation(self, self._services.cloud_factors, done, self._refused)

    def _refused(self, error: ClarityError) -> None:
        self.factor.setText(f"{error.message} {error.remedy}".strip())

    def begin_app(self) -> None:
        """Ask for a secret, and show it."""

        def done(found: TotpEnrolment) -> None:
            ask_app(self.window(), self._services, found, lambda _: self._did("The app is asked for from now on."))

        run_mutation(self, self._services.cloud_begin_app, done, self._refused)

    def use_messages(self) -> None:
        """Ask, then let codes come by text message."""
        confirm(
            self.window(),
            "Use text messages?",
            "A code comes to the phone number that the service has for the account. An app is harder to deceive.",
            verb="Use text messages",
            on_confirm=lambda: self._prefer("sms", "Codes come as text messages from now on."),
        )

    def switch_off(self) -> None:
        """Ask, then let the password be enough."""
        confirm(
            self.window(),
            "Switch the second factor off?",
            "Whoever knows the password can sign in then. It can be set up again at any time.",
            verb="Switch off",
            on_confirm=lambda: self._prefer("none", "The password alone is asked for from now on."),
        )

    def _prefer(self, factor: str, said: str) -> None:
        run_mutation(self, lambda: self._services.cloud_prefer_factor(factor), lambda _: self._did(said), self._refused)

    def _did(self, said: str) -> None:
        self.told.emit(said)
        self.ask_factors()

    def forget_computer(self) -> None:
        """Let the second factor be asked for here again."""

        def done(confirmed: object) -> None:
            here = "This computer is asked for everything again"
            self.told.emit(f"{here}." if confirmed else f"{here}; the service did not confirm it.")
            self.changed.emit()

        run_mutation(self, self._services.cloud_forget_device, done, self._refused)
