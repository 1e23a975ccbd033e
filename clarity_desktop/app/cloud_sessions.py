"""Sessions of accounts at servers: tokens in memory and keychain, the identity service, and what each may call."""

from __future__ import annotations

import asyncio
import time
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from clarity_desktop.app.cloud_calls import CallBook
from clarity_desktop.app.cloud_logins import CloudLoginServices
from clarity_desktop.app.cloud_servers import CloudServer
from clarity_desktop.app.permissions import needs, open_to_all
from clarity_desktop.domain.changes import Change
from clarity_desktop.domain.errors import ClarityError, NotFoundError
from clarity_desktop.domain.users import Right

if TYPE_CHECKING:
    from clarity_desktop.app.cloud_keeping import VaultKeeping
    from clarity_desktop.app.sync import SyncedAccount
    from clarity_desktop.cloud.api import AccountApi
    from clarity_desktop.cloud.auth import Session, TokenSet
    from clarity_desktop.cloud.auth.keeping import DeviceKeeper, RefreshKeeper
    from clarity_desktop.cloud.client import CloudClient
    from clarity_desktop.cloud.realtime import JobRow, LiveSockets, ResultBook

__all__ = ["CloudAccount", "CloudChallenge", "CloudSessionServices", "CloudStatus", "LiveAccount", "account_document"]

ACCOUNTS: Final = "cloud.accounts"
"""Name under which the vault keeps the accounts."""
CURRENT: Final = "cloud.current"
_NOTED_EVERY_S: Final = 900.0


@dataclass(frozen=True, slots=True)
class CloudAccount:
    """A person at a server."""

    server: str
    """Base address."""
    user_id: str
    """The token's ``sub``."""
    email: str
    profile: str
    """Profile of the server; empty for an unknown one."""
    identity: str = ""
    """Pool and client that the account signed in by; empty for the server's own sign-in."""

    @property
    def key(self) -> str:
        """The account's name everywhere else: in the outbox, in limits, in the keychain."""
        return f"{self.server}/{self.user_id}"


@dataclass(frozen=True, slots=True)
class CloudChallenge:
    """A sign-in that waits for a code or a new password."""

    server: str
    email: str
    kind: str
    """``software_token``, ``sms``, ``new_password`` or ``unsupported``."""
    name: str
    hint: str
    """Where a code was sent, masked."""
    another: bool = field(default=False, repr=False)
    remember: bool = field(default=False, repr=False)
    """Whether this computer is to be remembered once the sign-in is complete."""
    state: Any = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class CloudStatus:
    """How the vault stands with servers."""

    sending: bool
    """Whether anything may leave this workplace."""
    servers: tuple[CloudServer, ...]
    accounts: tuple[CloudAccount, ...]
    current: CloudAccount | None
    signed_in: bool
    """Whether the current account has a session or a token to make one from."""
    is_kept: bool
    """Whether the sign-in outlives the program; else it is in memory alone (L-14)."""
    remembers: bool = False
    """Whether the current account's identity service asks no second factor of this computer."""
    ends: int | None = None
    """When a sign-in that cannot be renewed ends, UTC seconds; ``None`` for one that renews itself."""
    authority: str = ""
    """SHA-256 of the own authority of the current server, in hex; empty for what this computer trusts (L-4)."""


@dataclass(slots=True)
class LiveAccount:
    """An account in use."""

    account: CloudAccount
    session: Session
    client: CloudClient
    api: AccountApi
    sockets: LiveSockets
    results: ResultBook

    async def end(self) -> None:
        """Close its sockets and connections."""
        self.results.close()
        await self.sockets.close()
        await self.client.close()


class CloudSessionServices(CloudLoginServices):
    """What the services hold of accounts in use. Part of ``Services``."""

    _cloud_live: dict[str, LiveAccount]
    _cloud_keeper: RefreshKeeper | None
    _cloud_devices: DeviceKeeper | None
    _cloud_kept: bool
    _cloud_locked: dict[tuple[str, str], float]
    """Server and account to the time until which the server has locked it."""
    _cloud_noted: dict[str, float]
    _cloud_keeping: VaultKeeping | None

    def _begin_cloud(self) -> None:
        self._cloud_live = {}
        self._cloud_calls = CallBook()
        self._cloud_keeper = None
        self._cloud_devices = None
        self._cloud_kept = False
        self._cloud_locked = {}
        self._cloud_noted = {}
        self._cloud_keeping = None

    @open_to_all
    def lock(self) -> None:
        """Close the vault, after every session in memory; tokens in the keychain stay."""
        with self._lock:
            for key in tuple(self._cloud_live):
                self._drop(key)
            if self._cloud_keeper is not None:
                self._cloud_keeper.close()
                self._cloud_keeper = None
            if self._cloud_devices is not None:
                self._cloud_devices.close()
                self._cloud_devices = None
            if self._cloud_keeping is not None:
                self._cloud_keeping.close()
                self._cloud_keeping = None
        super().lock()

    @needs(Right.OWN_ACCESS)
    def cloud_account(self) -> CloudAccount | None:
        """The account that screens and sync speak of; ``None`` when the vault knows none."""
        accounts = self._accounts()
        current = self.vault.outbox.recall(CURRENT, "")
        return next((one for one in accounts if one.key == current), accounts[0] if accounts else None)

    # -- for the other parts ------------------------------------------------------------------------------------

    def _cloud_api(self, account: SyncedAccount) -> AccountApi:
        """What a signed-in account may call; raises :class:`CloudError` (``cloud.signed_out``) without a token."""
        return self._live_account(self._account(f"{account.server}/{account.user_id}")).api

    def _live_account(self, account: CloudAccount) -> LiveAccount:
        from clarity_desktop.cloud.auth import TokenSet
        from clarity_desktop.cloud.auth.clinic_login import tokens_of_text
        from clarity_desktop.cloud.client.failures import signed_out

        live = self._cloud_live.get(account.key)
        if live is not None and live.session.tokens is not None:
            return live
        refresh = self._tokens_kept().find(account.key)
        if refresh is None:
            raise signed_out()
        self._require_same_identity(account)
        server = self._server(account.server)
        if server.login == "clinic":
            return self._go_live(server, account, tokens_of_text(refresh, account.user_id, account.email))
        # No access token yet: the first call fetches one.
        tokens = TokenSet("", "", refresh, account.user_id, account.email, "", 0.0, 0.0)
        return self._go_live(server, account, tokens)

    def _cloud_session(self, account: CloudAccount) -> Session:
        """The account's token source; raises as :meth:`_cloud_api`."""
        return self._live_account(account).session

    def _cloud_sockets(self, account: CloudAccount) -> LiveSockets:
        """The account's live channels; closed at lock and sign-out. Raises as :meth:`_cloud_api`."""
        return self._live_account(account).sockets

    def _job_moved(self, row: JobRow) -> None:
        """A job at a server moved on; another part of the services shows it. Called in the network's loop."""

    def _server_changed(self, url: str) -> None:
        for key in [key for key, live in self._cloud_live.items() if live.account.server == url]:
            self._drop(key)

    # -- inside -------------------------------------------------------------------------------------------------

    def _accounts(self) -> tuple[CloudAccount, ...]:
        return tuple(CloudAccount(**one) for one in self.vault.outbox.recall(ACCOUNTS, []))

    def _account(self, key: str | None) -> CloudAccount:
        found = self.cloud_account() if key is None else next((o for o in self._accounts() if o.key == key), None)
        if found is None:
            raise NotFoundError(
                "cloud.account",
                "This vault knows no such account.",
                remedy="Sign in on the account page, or run: clarity-desktop cloud sign-in.",
            )
        return found

    def _tokens_kept(self) -> RefreshKeeper:
        from clarity_desktop.cloud.auth.keeping import RefreshKeeper
        from clarity_desktop.vault.keys import keychain

        with self._lock:
            if self._cloud_keeper is None:
                self._cloud_keeper = RefreshKeeper(self.vault.secrets)
                self._cloud_kept = keychain.is_available()
            return self._cloud_keeper

    def _devices_kept(self) -> DeviceKeeper:
        from clarity_desktop.cloud.auth.keeping import DeviceKeeper

        with self._lock:
            if self._cloud_devices is None:
                self._cloud_devices = DeviceKeeper(self.vault.secrets)
            return self._cloud_devices

    def _require_same_identity(self, account: CloudAccount) -> None:
        """Raise :class:`CloudError` (``cloud.configuration``) when pool or client were changed since the sign-in."""
        from clarity_desktop.cloud.auth.refusals import configuration_error

        now = self._server(account.server).identity
        if account.identity and now != account.identity:
            raise configuration_error("pool or client were changed in the settings after the sign-in")

    def _end_of_sign_in(self, account: CloudAccount) -> int | None:
        """When a sign-in that nothing renews ends; ``None`` for one that renews itself, or is over."""
        from clarity_desktop.cloud.auth.clinic_login import tokens_of_text

        server = next((one for one in self.cloud_servers() if one.url == account.server), None)
        if server is None or server.login != "clinic":
            return None
        try:
            text = self._tokens_kept().find(account.key) or ""
            return int(tokens_of_text(text, account.user_id, account.email).expires)
        except ClarityError:
            return None

    def _go_live(self, server: CloudServer, account: CloudAccount, tokens: TokenSet) -> LiveAccount:
        from clarity_desktop.cloud.api import AccountApi
        from clarity_desktop.cloud.auth import Session
        from clarity_desktop.cloud.auth.server_login import ServerLogin
        from clarity_desktop.cloud.contract import profile
        from clarity_desktop.cloud.realtime import LiveSockets, ResultBook

        keeper = self._tokens_kept()

        async def renew(refresh: str) -> TokenSet:
            if server.login == "server":
                plain = self._client_of(server)
                async with plain:
                    known = session.tokens or tokens
                    return await ServerLogin(plain, profile(server.profile or "openapi")).renew(known)
            device = self._devices_kept().find(server.url, account.email)
            key = None if device is None else device.key
            return await asyncio.to_thread(lambda: self._identity(server).renew(refresh, account.user_id, key))

        async def keep(renewed: TokenSet) -> None:
            await asyncio.to_thread(keeper.keep, account.key, renewed.refresh)

        def ended() -> None:
            # The loop does not wait for the vault.
            asyncio.get_running_loop().run_in_executor(None, self._session_ended, account, server)

        def failed(code: str) -> None:
            asyncio.get_running_loop().run_in_executor(None, self._renewal_failed, account, server, code)

        session = Session(tokens, renew, keep=keep, ended=ended, failed=failed, renews=server.login != "clinic")
        client = self._client_of(server, session, account.user_id)
        self._drop(account.key)
        server = self._detected(server, client)
        account = replace(account, email=account.email or tokens.email, profile=server.profile)
        client.hooks.on_response.append(lambda trace: self._look_at_contract(account.server, trace.status))

        def noticed(capability: str, told: tuple[str, ...]) -> None:
            # The loop does not wait for the vault.
            asyncio.get_running_loop().run_in_executor(None, self._note_disagreements, account.server, capability, told)

        api = AccountApi(client, server.detection(), account.user_id, noticed)
        live = LiveAccount(
            account, session, client, api, LiveSockets(api, session), ResultBook(api.fetch_job, self._job_moved)
        )
        with self._lock:
            self._cloud_live[account.key] = live
        return live

    def _look_at_contract(self, url: str, status: int | None) -> None:
        """A path that the server does not know: its profile is asked for again at the next session (clarity-api §1)."""
        if status == 405 and self._vault is not None and not self.vault.is_read_only:
            known = self.cloud_servers()
            self._keep_servers([replace(one, detected=0) if one.url == url else one for one in known])

    def _session_ended(self, account: CloudAccount, server: CloudServer) -> None:
        """The service refuses the token: told once, and what waits stays (L-12)."""
        if self._vault is None:
            return
        self._tokens_kept().forget(account.key)
        self._note("cloud.refresh", server, "refused", "signed out by the service")
        self._announce(Change.SETTINGS)

    def _renewal_failed(self, account: CloudAccount, server: CloudServer, code: str) -> None:
        """A renewal came to nothing and the session goes on: an entry once in a while, not for every call."""
        with self._lock:
            noted, now = self._cloud_noted.get(account.key, 0.0), time.time()
            if self._vault is None or now - noted < _NOTED_EVERY_S:
                return
            self._cloud_noted[account.key] = now
        self._note("cloud.refresh", server, "failed", code)

    def _drop(self, key: str) -> None:
        with self._lock:
            live = self._cloud_live.pop(key, None)
        if live is not None:
            self._net.submit(live.end())

    def _end_at_service(self, account: CloudAccount, server: CloudServer, *, everywhere: bool) -> bool:
        refresh = self._tokens_kept().find(account.key)
        if refresh is None:
            return False
        self._require_sending()
        if server.login == "clinic":
            # Such a server knows no sign-out: its token ends by itself, and is forgotten here.
            return False
        if server.login == "server":
            self._net.run(self._cloud_api(account).logout())
            return True
        if everywhere:
            access = self._net.run(self._cloud_session(account).access_token())
            service = self._identity(server)
            device = self._devices_kept().find(server.url, account.email)
            if device is not None:
                # First, as the token names nobody any more afterwards.
                service.forget_device(access, device.key)
            service.sign_out_everywhere(access)
        else:
            self._identity(server).sign_out(refresh)
        return True


def account_document(account: CloudAccount) -> dict[str, Any]:
    """An account as commands print it."""
    return asdict(account)
