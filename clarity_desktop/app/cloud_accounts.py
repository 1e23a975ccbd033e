"""The part of the services that signs in: accounts of people at servers, their sessions, and what each may call."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from clarity_desktop.app.cloud_devices import CloudDeviceServices
from clarity_desktop.app.cloud_servers import CloudServer
from clarity_desktop.app.cloud_sessions import (
    ACCOUNTS,
    CURRENT,
    CloudAccount,
    CloudChallenge,
    CloudStatus,
)
from clarity_desktop.app.permissions import needs
from clarity_desktop.domain.changes import Change
from clarity_desktop.domain.errors import ClarityError, ConflictError
from clarity_desktop.domain.users import Right

if TYPE_CHECKING:
    from clarity_desktop.app.cloud_sessions import LiveAccount
    from clarity_desktop.cloud.auth import TokenSet
    from clarity_desktop.cloud.auth.cognito import IdentityService

__all__ = ["CloudAccountServices"]

_T = TypeVar("_T")


class CloudAccountServices(CloudDeviceServices):
    """Signing in and out. Part of ``Services``; calls that ask a server wait, so make them from a worker."""

    # -- signing in ---------------------------------------------------------------------------------------------

    @needs(Right.SEND_INSIGHT, Right.SET_POLICY)
    def cloud_sign_in(
        self, url: str, email: str, password: str, *, another: bool = False, remember: bool = False
    ) -> CloudAccount | CloudChallenge:
        """Sign in at a server that the vault knows. By default the password does not leave this machine (SRP).

        Parameters
        ----------
        another:
            The answer to ``cloud.other_user``: let the vault know a further account.
        remember:
            Let the identity service ask no second factor of this computer, where it offers that.

        Raises
        ------
        CloudError
            ``cloud.wrong_password`` and whatever else the identity service refuses by; ``cloud.account_locked`` with
            the time until which nothing is sent; ``cloud.configuration`` when address, pool or client are not the
            account's.
        ConflictError
            ``cloud.other_user`` when the vault belongs to another account (L-18); nothing is kept then.
        NotPermittedError
            ``cloud.sending_off``.
        """
        self._require_sending()
        server = self._server(url)

        address = email.strip()

        def ask() -> CloudAccount | CloudChallenge:
            if server.login == "pool":
                device = self._remembered(server.url, address)
                found = self._identity(server).sign_in(address, password, device)
                return self._answered(server, address, found, another=another, remember=remember)
            self._require_unlocked_account(server, address)
            tokens = self._password_sign_in(server, address, password)
            return self._complete(server, tokens, another=another)

        return self._told("cloud.sign_in", server, ask)

    @needs(Right.SEND_INSIGHT, Right.SET_POLICY)
    def cloud_answer(self, challenge: CloudChallenge, text: str) -> CloudAccount | CloudChallenge:
        """Answer a challenge with a code or a new password; raises as :meth:`cloud_sign_in`, ``cloud.wrong_code``."""
        self._require_sending()
        server = self._server(challenge.server)

        def ask() -> CloudAccount | CloudChallenge:
            found = self._identity(server).answer(challenge.state, text)
            return self._answered(
                server, challenge.email, found, another=challenge.another, remember=challenge.remember
            )

        return self._told("cloud.sign_in", server, ask)

    @needs(Right.SEND_INSIGHT, Right.SET_POLICY)
    def cloud_sign_out(self, key: str | None = None, *, everywhere: bool = False) -> bool:
        """Sign out here, or of all machines; answers whether the service confirmed it.

        Tokens are dropped whatever the service says, and all data stays here (L-16). The server may take an old
        access token until it ends by itself (D31).
        """
        account = self._account(key)
        server = self._server(account.server)
        confirmed = False
        try:
            confirmed = self._end_at_service(account, server, everywhere=everywhere)
        except ClarityError as error:
            self._note("cloud.sign_out", server, "refused", f"{error.code}; tokens dropped here")
        else:
            self._note("cloud.sign_out", server, "ok", "everywhere" if everywhere else "here")
        finally:
            self._drop(account.key)
            self._tokens_kept().forget(account.key)
            if everywhere:
                self._devices_kept().forget(server.url, account.email)
        self._announce(Change.SETTINGS)
        return confirmed

    @needs(Right.SEND_INSIGHT, Right.SET_POLICY)
    def cloud_forget_account(self, key: str) -> None:
        """Take an account that is signed out off the list; what was sent to it stays there.

        Raises
        ------
        ConflictError
            ``cloud.account_in_use`` while it is signed in, or data of somebody is set to go there.
        """
        account = self._account(key)
        if self._tokens_kept().find(key) is not None or self.vault.outbox.enabled(key):
            raise ConflictError(
                "cloud.account_in_use",
                "This account is still in use.",
                remedy="Sign out, and switch the sync of each person to it off.",
            )
        self.vault.outbox.remember(ACCOUNTS, [asdict(one) for one in self._accounts() if one.key != account.key])
        self.vault.cloud.forget_bodies(key)
        self._note("cloud.account_forget", self._server(account.server), "ok", "")
        self._announce(Change.SETTINGS)

    @needs(Right.SEND_INSIGHT, Right.SET_POLICY)
    def cloud_choose_account(self, key: str) -> CloudAccount:
        """Make an account the one that screens speak of."""
        account = self._account(key)
        self.vault.outbox.remember(CURRENT, account.key)
        self._announce(Change.SETTINGS)
        return account

    # -- accounts without a session -----------------------------------------------------------------------------

    @needs(Right.SEND_INSIGHT, Right.SET_POLICY)
    def cloud_register(self, url: str, email: str, password: str, name: str = "") -> bool:
        """Make an account at a server; answers whether it is confirmed already."""
        from clarity_desktop.cloud.auth import checked_password

        checked_password(password)
        return self._account_call(
            "cloud.register",
            url,
            lambda service: service.register(email.strip(), password, name.strip()),
            lambda login: login.register(email.strip(), password, name.strip()),
        )

    @needs(Right.SEND_INSIGHT, Right.SET_POLICY)
    def cloud_confirm(self, url: str, email: str, code: str) -> None:
        """Confirm an account by the code from its mail; raises ``cloud.wrong_code``, ``cloud.old_code``."""
        self._account_call(
            "cloud.confirm",
            url,
            lambda service: service.confirm(email.strip(), code),
            lambda login: login.confirm(email.strip(), code),
        )

    @needs(Right.SEND_INSIGHT, Right.SET_POLICY)
    def cloud_send_code(self, url: str, email: str) -> None:
        """Let the code be sent again; says nothing of whether there is such an account."""
        self._account_call(
            "cloud.send_code",
            url,
            lambda service: service.send_code_again(email.strip()),
            lambda login: login.send_code_again(email.strip()),
        )

    @needs(Right.SEND_INSIGHT, Right.SET_POLICY)
    def cloud_forgot_password(self, url: str, email: str) -> None:
        """Let a code for a new password be sent; says nothing of whether there is such an account."""
        self._account_call(
            "cloud.forgot_password",
            url,
            lambda service: service.forgot_password(email.strip()),
            lambda login: login.forgot_password(email.strip()),
        )

    @needs(Right.SEND_INSIGHT, Right.SET_POLICY)
    def cloud_reset_password(self, url: str, email: str, code: str, password: str) -> None:
        """Set a new password by a code; raises ``cloud.wrong_code``, ``cloud.password_rule``."""
        from clarity_desktop.cloud.auth import checked_password

        checked_password(password)
        self._account_call(
            "cloud.reset_password",
            url,
            lambda service: service.reset_password(email.strip(), code, password),
            lambda login: login.reset_password(email.strip(), code, password),
        )

    # -- how it stands ------------------------------------------------------------------------------------------

    @needs(Right.OWN_ACCESS)
    def cloud_status(self) -> CloudStatus:
        """How the vault stands with servers; asks none."""
        current = self.cloud_account()
        has_token = current is not None and self._tokens_kept().find(current.key) is not None
        return CloudStatus(
            self.setting("external.sending") is True,
            self.cloud_servers(),
            self._accounts(),
            current,
            has_token,
            has_token and self._cloud_kept,
            current is not None and self._remembered(current.server, current.email) is not None,
            None if current is None or not has_token else self._end_of_sign_in(current),
            "" if current is None else self._authority_of(current.server),
        )

    def _authority_of(self, url: str) -> str:
        """Fingerprint of a server's own authority; a file that is gone since is said as such where it is used."""
        from clarity_desktop.cloud.client.certificates import fingerprint_of_file

        server = next((one for one in self.cloud_servers() if one.url == url), None)
        if server is None or not server.ca_file:
            return ""
        try:
            return fingerprint_of_file(Path(server.ca_file))
        except ClarityError:
            return "unreadable"

    @needs(Right.OWN_ACCESS)
    def cloud_ending_soon(self) -> tuple[tuple[CloudAccount, int], ...]:
        """Sign-ins that nothing renews and that end within a day, with their ends (UTC seconds); asks no server."""
        from clarity_desktop.cloud.auth.clinic_login import ANNOUNCED_S

        ends = ((one, self._end_of_sign_in(one)) for one in self._accounts())
        return tuple((one, end) for one, end in ends if end is not None and end - time.time() <= ANNOUNCED_S)

    @needs(Right.SEND_INSIGHT, Right.SET_POLICY)
    def cloud_probe(self, key: str | None = None) -> dict[str, bool]:
        """Whether each probe of the account's server answers now: that it can be reached, not that it works."""
        self._require_sending()
        api = self._cloud_api(self._account(key))
        return self._net.run(api.health())

    def _account_call(
        self,
        action: str,
        url: str,
        by_pool: Callable[[IdentityService], _T],
        by_server: Callable[[Any], Any],
    ) -> _T:
        self._require_sending()
        server = self._server(url)

        def ask() -> Any:
            if server.login == "server":
                return self._with_server_login(server, by_server)
            return by_pool(self._identity(server))

        found: _T = self._told(action, server, ask)
        if action != "cloud.sign_in":
            self._note(action, server, "ok", "")
        return found

    def _answered(
        self, server: CloudServer, email: str, found: Any, *, another: bool, remember: bool
    ) -> CloudAccount | CloudChallenge:
        from clarity_desktop.cloud.auth import Challenge

        if found.device_unknown:
            self._devices_kept().forget(server.url, email)
        if isinstance(found, Challenge):
            return CloudChallenge(
                server.url, email, found.kind.value, found.name, found.hint, another, remember, state=found
            )
        account = self._complete(server, found.tokens, another=another)
        if found.offered is not None:
            self._name_this_machine(server, found.tokens, found.offered, remember=remember)
        return account

    def _complete(self, server: CloudServer, tokens: TokenSet, *, another: bool) -> CloudAccount:
        known = self._accounts()
        account = CloudAccount(server.url, tokens.subject, tokens.email, server.profile, server.identity)
        is_known = account.key in {one.key for one in known}
        if known and not is_known and not another:
            self._revoke(server, tokens)
            raise ConflictError(
                "cloud.other_user",
                "This vault belongs to another account.",
                remedy="Sign in as that one, or say that this vault shall know a further account; nothing of "
                "anybody goes there before it is switched on for a person.",
            )
        live = self._go_live(server, account, tokens)
        try:
            self._require_that_server_agrees(server, live)
        except ClarityError:
            self._drop(account.key)
            self._revoke(server, tokens)
            raise
        self._cloud_kept = self._tokens_kept().keep(account.key, self._kept_text(server, tokens))
        rest = [one for one in known if one.key != account.key]
        self.vault.outbox.remember(ACCOUNTS, [asdict(one) for one in (*rest, live.account)])
        self.vault.outbox.remember(CURRENT, live.account.key)
        where = "token in the keychain" if self._cloud_kept else "token in memory alone"
        self._note("cloud.sign_in", server, "ok", where)
        self._announce(Change.SETTINGS)
        return live.account

    def _require_that_server_agrees(self, server: CloudServer, live: LiveAccount) -> None:
        """A server that refuses a token of this moment, or knows another person by it, is set up for another pool.

        A server that cannot be asked says nothing of the kind.
        """
        from clarity_desktop.cloud.auth.refusals import configuration_error

        if server.login != "pool":
            return
        try:
            found = self._net.run(live.api.me())
        except ClarityError as error:
            if error.code not in ("cloud.signed_out", "cloud.status_401", "cloud.status_403"):
                return
            raise configuration_error("the server refuses the token") from None
        if found and found != live.account.user_id:
            raise configuration_error("the server knows another user by this token")

    # -- sign-ins by password -----------------------------------------------------------------------------------

    def _password_sign_in(self, server: CloudServer, email: str, password: str) -> TokenSet:
        """Sign in at the server itself; a lock is remembered by its first time, as each try would move it (L-19)."""
        try:
            if server.login == "clinic":
                return self._clinic_sign_in(server, email, password)
            found: TokenSet = self._with_server_login(server, lambda login: login.sign_in(email, password))
        except ClarityError as error:
            until = getattr(error, "locked_until", None)
            if isinstance(until, float):
                self._cloud_locked[server.url, email.casefold()] = until
            raise
        return found

    def _require_unlocked_account(self, server: CloudServer, email: str) -> None:
        from clarity_desktop.cloud.auth.server_login import account_locked

        until = self._cloud_locked.get((server.url, email.casefold()), 0.0)
        if until > time.time():
            raise account_locked(until)
