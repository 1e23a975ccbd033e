"""The part of the services that speaks with places of sign-in: clients, the identity service, a server's own routes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from clarity_desktop.app.cloud_contract import CloudContractServices
from clarity_desktop.app.cloud_servers import CloudServer
from clarity_desktop.app.cloud_watch import CloudWatchServices
from clarity_desktop.app.flags import SERVER_LOGIN
from clarity_desktop.domain.errors import ClarityError

if TYPE_CHECKING:
    from clarity_desktop.app.cloud_keeping import VaultKeeping
    from clarity_desktop.cloud.auth import Session, TokenSet
    from clarity_desktop.cloud.auth.cognito import IdentityService
    from clarity_desktop.cloud.client import CloudClient

__all__ = ["CloudLoginServices"]

_T = TypeVar("_T")


class CloudLoginServices(CloudWatchServices, CloudContractServices):
    """Part of ``Services``; its calls wait, so make them from a worker."""

    _cloud_keeping: VaultKeeping | None

    def _client_of(self, server: CloudServer, session: Session | None = None, user_id: str = "") -> CloudClient:
        from clarity_desktop.app.cloud_keeping import VaultKeeping
        from clarity_desktop.cloud.client import CloudClient

        with self._lock:
            if self._cloud_keeping is None:
                self._cloud_keeping = VaultKeeping(self.vault)
            keeping = self._cloud_keeping
        account = f"{server.url}/{user_id}" if user_id else ""
        cache = keeping if user_id else None
        return self._watch(
            CloudClient(self._service(server), session, account=account, bucket_store=keeping, cache=cache)
        )

    def _identity(self, server: CloudServer) -> IdentityService:
        """The identity service with its public keys, fetched by the one client."""
        from clarity_desktop.cloud.auth.cognito import IdentityService
        from clarity_desktop.cloud.auth.refusals import configuration_error
        from clarity_desktop.cloud.client import Call, CloudClient, CloudError, Service
        from clarity_desktop.cloud.client.failures import unreadable

        pool = server.pool()
        address = urlsplit(pool.keys_url)
        own = self._service(server)
        place = f"{address.scheme}://{address.netloc}"
        client = CloudClient(Service(place, own.ca_file, None, own.proxy, own.connect_s, own.total_s))
        call = Call("GET", address.path, "/{pool}/.well-known/jwks.json", is_protected=False)

        async def keys() -> Any:
            async with client:
                return (await client.send(call)).document

        try:
            found = self._net.run(keys())
        except CloudError as error:
            if error.problem is not None and error.problem.status in (400, 403, 404):
                # The service answers, and knows no such pool.
                raise configuration_error(f"public keys: {error.problem.status}") from None
            raise
        if not isinstance(found, dict) or not isinstance(found.get("keys"), list):
            raise unreadable(call, "")
        return IdentityService(pool, found, own.connect_s, own.total_s, own.proxy)

    def _with_server_login(self, server: CloudServer, work: Callable[[Any], Any]) -> Any:
        from clarity_desktop.cloud.auth.server_login import ServerLogin
        from clarity_desktop.cloud.contract import profile

        self._require_flag(SERVER_LOGIN)
        client = self._client_of(server)

        async def run() -> Any:
            async with client:
                return await work(ServerLogin(client, profile(known.profile or "openapi")))

        known = self._detected(server, client)
        return self._net.run(run())

    def _clinic_sign_in(self, server: CloudServer, email: str, password: str) -> TokenSet:
        from clarity_desktop.cloud.auth.clinic_login import ClinicLogin

        client = self._client_of(server)

        async def run() -> TokenSet:
            async with client:
                return await ClinicLogin(client).sign_in(email, password)

        return self._net.run(run())

    @staticmethod
    def _kept_text(server: CloudServer, tokens: TokenSet) -> str:
        from clarity_desktop.cloud.auth.clinic_login import kept_text

        return kept_text(tokens) if server.login == "clinic" else tokens.refresh

    def _revoke(self, server: CloudServer, tokens: TokenSet) -> None:
        if server.login == "pool":
            try:
                self._identity(server).sign_out(tokens.refresh)
            except ClarityError as error:
                self._note("cloud.sign_out", server, "refused", error.code)

    def _told(self, action: str, server: CloudServer, ask: Callable[[], _T]) -> _T:
        """Do it, and record a refusal."""
        try:
            return ask()
        except ClarityError as error:
            self._note(action, server, "refused", error.code)
            raise

    def _note(self, action: str, server: CloudServer, outcome: str, detail: str) -> None:
        host = urlsplit(server.url).hostname or ""
        self.vault.audit.append(action, outcome=outcome, detail=f"{host} {detail}".strip())
