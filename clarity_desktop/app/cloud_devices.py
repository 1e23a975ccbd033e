"""The part of the services for proof beyond the password: this computer as remembered, and an authenticator app."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from clarity_desktop.app.cloud_servers import CloudServer
from clarity_desktop.app.cloud_sessions import CloudAccount, CloudSessionServices
from clarity_desktop.app.permissions import needs
from clarity_desktop.domain.changes import Change
from clarity_desktop.domain.errors import ClarityError, ConflictError, UsageError
from clarity_desktop.domain.users import Right

if TYPE_CHECKING:
    from clarity_desktop.cloud.auth import OfferedDevice, RememberedDevice, SecondFactors, TokenSet
    from clarity_desktop.cloud.auth.cognito import IdentityService

__all__ = ["DEVICE_NAME", "CloudDeviceServices", "TotpEnrolment"]

DEVICE_NAME: Final = "Clarity Desktop"
"""What the identity service lists this computer by; its own name stays here."""
_ISSUER: Final = "CLARITY"
_FACTORS: Final = ("app", "sms", "none")


@dataclass(frozen=True, slots=True)
class TotpEnrolment:
    """What an authenticator app has to be given; shown once and kept nowhere."""

    email: str
    secret: str = field(repr=False)
    """Base32."""

    @property
    def address(self) -> str:
        """The same as an ``otpauth`` address, for a picture that an app reads."""
        label = quote(f"{_ISSUER}:{self.email}", safe=":")
        return f"otpauth://totp/{label}?secret={self.secret}&issuer={_ISSUER}"


class CloudDeviceServices(CloudSessionServices):
    """Part of ``Services``; its calls wait, so make them from a worker."""

    # -- the second factor --------------------------------------------------------------------------------------

    @needs(Right.SEND_INSIGHT, Right.SET_POLICY)
    def cloud_factors(self) -> SecondFactors:
        """What the current account asks for besides the password; raises as :meth:`cloud_begin_app`."""
        service, access = self._at_identity()
        return service.factors(access)

    @needs(Right.SEND_INSIGHT, Right.SET_POLICY)
    def cloud_begin_app(self) -> TotpEnrolment:
        """Ask for the secret that an authenticator app makes its digits from.

        Raises
        ------
        ConflictError
            ``cloud.no_factor`` for a sign-in at the server itself, which knows no second factor.
        CloudError
            ``cloud.signed_out``; what the identity service refuses by.
        """
        service, access = self._at_identity()
        account = self._account(None)
        return TotpEnrolment(account.email or account.user_id, service.begin_totp(access))

    @needs(Right.SEND_INSIGHT, Right.SET_POLICY)
    def cloud_finish_app(self, code: str) -> None:
        """Prove that the app shows the right digits; they are asked for at every sign-in from now on.

        Raises
        ------
        CloudError
            ``cloud.wrong_code`` and as :meth:`cloud_begin_app`.
        """
        service, access = self._at_identity()
        server = self._server(self._account(None).server)
        self._told("cloud.second_factor", server, lambda: service.finish_totp(access, code, DEVICE_NAME))
        self._note("cloud.second_factor", server, "ok", "app")
        self._announce(Change.SETTINGS)

    @needs(Right.SEND_INSIGHT, Right.SET_POLICY)
    def cloud_prefer_factor(self, factor: str) -> None:
        """Say what is asked for besides the password: ``app``, ``sms`` or ``none``; raises as :meth:`cloud_begin_app`.

        Raises
        ------
        UsageError
            ``cloud.factor`` for another word.
        """
        if factor not in _FACTORS:
            raise UsageError("cloud.factor", "There is no such second factor.", remedy=f"One of {', '.join(_FACTORS)}.")
        service, access = self._at_identity()
        server = self._server(self._account(None).server)
        self._told("cloud.second_factor", server, lambda: service.prefer_factor(access, factor))
        self._note("cloud.second_factor", server, "ok", factor)
        self._announce(Change.SETTINGS)

    # -- this computer ------------------------------------------------------------------------------------------

    @needs(Right.SEND_INSIGHT, Right.SET_POLICY)
    def cloud_forget_device(self) -> bool:
        """Let the second factor be asked for on this computer again; answers whether the service confirmed it.

        The secrets here are dropped whatever the service says.
        """
        account = self._account(None)
        server = self._server(account.server)
        confirmed = False
        try:
            self._require_sending()
            confirmed = self._forget_at_service(account, server)
        except ClarityError as error:
            self._note("cloud.device_forget", server, "refused", error.code)
        else:
            self._note("cloud.device_forget", server, "ok", "")
        finally:
            self._devices_kept().forget(server.url, account.email)
        self._announce(Change.SETTINGS)
        return confirmed

    def _forget_at_service(self, account: CloudAccount, server: CloudServer) -> bool:
        device = self._devices_kept().find(server.url, account.email)
        if device is None or server.login != "pool":
            return False
        access = self._net.run(self._cloud_session(account).access_token())
        self._identity(server).forget_device(access, device.key)
        return True

    def _remembered(self, url: str, email: str) -> RememberedDevice | None:
        """What names this machine, where it may skip the second factor."""
        server = next((one for one in self.cloud_servers() if one.url == url), None)
        if server is None or server.login != "pool":
            return None
        found = self._devices_kept().find(url, email)
        return found if found is not None and found.remembered else None

    def _name_this_machine(
        self, server: CloudServer, tokens: TokenSet, offered: OfferedDevice, *, remember: bool
    ) -> None:
        """Confirm the machine, or the pool would not renew the sign-in; a refusal ends no sign-in."""
        try:
            device = self._identity(server).name_device(tokens.access, offered, DEVICE_NAME, remember=remember)
        except ClarityError as error:
            self._note("cloud.device_remember", server, "refused", error.code)
            return
        kept = self._devices_kept().keep(server.url, tokens.email, device)
        if remember:
            self._note("cloud.device_remember", server, "ok", "keychain" if kept else "in memory alone")

    def _at_identity(self) -> tuple[IdentityService, str]:
        """The identity service of the current account, and a token for it."""
        self._require_sending()
        account = self._account(None)
        server = self._server(account.server)
        if server.login != "pool":
            raise ConflictError(
                "cloud.no_factor",
                "The server's own sign-in knows no second factor.",
                remedy="Sign in at the identity service: change the sign-in in the settings of the server.",
            )
        access = self._net.run(self._cloud_session(account).access_token())
        return self._identity(server), access
