"""The part of the services that knows servers: their addresses, trust, identity service, and the profile found."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from clarity_desktop.app.flags import SERVER_LOGIN, FlagServices
from clarity_desktop.app.network import NetworkServices
from clarity_desktop.app.permissions import needs, open_to_all
from clarity_desktop.app.settings_registry import Kind, SettingSpec, declare
from clarity_desktop.domain.changes import Change
from clarity_desktop.domain.errors import ConflictError, NotFoundError, NotPermittedError, UsageError
from clarity_desktop.domain.users import Right

if TYPE_CHECKING:
    from clarity_desktop.cloud.auth import Pool
    from clarity_desktop.cloud.client import CloudClient, Service
    from clarity_desktop.cloud.contract import ContractReport, Detection

__all__ = ["CloudServer", "CloudServerServices", "server_document"]

_SERVERS: Final = "cloud.servers"
_LOGINS: Final = ("pool", "server", "clinic")
_HOLDS_S: Final = 86_400
"""How long a detection is believed (clarity-api §1)."""

CONNECT: Final = declare(
    SettingSpec(
        "cloud.connect_s",
        "What leaves",
        "Longest wait for a connection",
        "After this a server counts as not reached; it holds from the next unlocking on.",
        Kind.NUMBER,
        5,
        least=1,
        most=60,
        unit="s",
        words=("timeout", "network", "server"),
    )
)
TOTAL: Final = declare(
    SettingSpec(
        "cloud.total_s",
        "What leaves",
        "Longest wait for an answer",
        "After this a request ends with its time-out; analyses may take longer. It holds from the next unlocking on.",
        Kind.NUMBER,
        30,
        least=5,
        most=300,
        unit="s",
        words=("timeout", "network", "server"),
    )
)


@dataclass(frozen=True, slots=True)
class CloudServer:
    """A server as the vault knows it; holds no secret."""

    url: str
    """Base address, and the server's name everywhere."""
    region: str = ""
    pool_id: str = ""
    client_id: str = ""
    endpoint: str = ""
    """Another address of the identity service, such as an emulator's."""
    ca_file: str = ""
    pin: str = ""
    """SHA-256 of the one certificate that is trusted, in hex."""
    proxy: str = ""
    """Without name and password, which are in the keychain; empty for the computer's own, ``direct`` for none."""
    login: str = "pool"
    """``pool`` (the password never reaches the server), ``server`` (L-85), or ``clinic`` (one token, L-81)."""
    chosen_profile: str = ""
    """What a person says of a server that serves no document."""
    profile: str = ""
    """As it was found; empty for an unknown server."""
    document_hash: str = ""
    detected: int = 0
    """When it was found, UTC seconds; 0 for never."""
    served: tuple[str, ...] = ()
    """Operations of its document: ``GET /auth/me``."""

    @property
    def has_pool(self) -> bool:
        """Whether an identity service is set."""
        return bool(self.region and self.pool_id and self.client_id)

    @property
    def identity(self) -> str:
        """Pool and client as one word; empty where the server's own sign-in is chosen."""
        return f"{self.pool_id}/{self.client_id}" if self.login == "pool" else ""

    def pool(self) -> Pool:
        """The identity service; raises :class:`UsageError` (``cloud.no_pool``) where none is set."""
        from clarity_desktop.cloud.auth import Pool

        if not self.has_pool:
            raise UsageError(
                "cloud.no_pool",
                "The server's identity service is not set.",
                remedy="Give its region, pool and client on the account page, or with: clarity-desktop cloud server.",
            )
        return Pool(self.region, self.pool_id, self.client_id, self.endpoint or None)

    def detection(self) -> Detection:
        """The finding that is stored."""
        from clarity_desktop.cloud.contract import Detection, profile

        served = frozenset((method, path) for method, _, path in (one.partition(" ") for one in self.served))
        return Detection(profile(self.profile) if self.profile else None, {}, self.document_hash, served)


class CloudServerServices(NetworkServices, FlagServices):
    """Servers. Part of ``Services``; calls that ask a server wait, so make them from a worker."""

    @needs(Right.OWN_ACCESS)
    def cloud_servers(self) -> tuple[CloudServer, ...]:
        """The servers that the vault knows, in order of being added."""
        found = self.vault.outbox.recall(_SERVERS, [])
        return tuple(CloudServer(**{**one, "served": tuple(one.get("served", ()))}) for one in found)

    @needs(Right.SET_POLICY)
    def set_cloud_server(self, url: str, /, **changes: str) -> CloudServer:
        """Add a server or change it; the change is an entry of the audit (L-53).

        Parameters
        ----------
        changes:
            Fields of :class:`CloudServer` that are set; a ``proxy`` may carry a name and a password, which go to the
            keychain.

        Raises
        ------
        UsageError
            ``cloud.address``, ``cloud.plain_http``; ``cloud.server_field`` for a field that cannot be set.
        InputError
            ``cloud.ca_file``.
        NotFoundError
            ``cloud.profile``.
        NotPermittedError
            ``flags.off`` for the server's own sign-in where that is switched off.
        """
        from clarity_desktop.cloud.client import checked_address
        from clarity_desktop.cloud.client.certificates import fingerprint_of_file
        from clarity_desktop.cloud.contract import profile

        address = checked_address(url)
        settable = {"region", "pool_id", "client_id", "endpoint", "ca_file", "pin", "proxy", "login", "chosen_profile"}
        if set(changes) - settable or changes.get("login", "pool") not in _LOGINS:
            raise UsageError(
                "cloud.server_field",
                "A server has no such setting.",
                remedy=f"Settable: {', '.join(sorted(settable))}.",
            )
        if changes.get("login") == "server":
            self._require_flag(SERVER_LOGIN)
        if changes.get("endpoint"):
            changes["endpoint"] = checked_address(changes["endpoint"])
        if changes.get("ca_file"):
            fingerprint_of_file(Path(changes["ca_file"]))
        if changes.get("chosen_profile"):
            profile(changes["chosen_profile"])
        if "proxy" in changes:
            changes["proxy"] = self._keep_proxy(address, changes["proxy"])
        servers = list(self.cloud_servers())
        before = next((one for one in servers if one.url == address), None)
        fields: dict[str, Any] = dict(changes)
        after = replace(before or CloudServer(address), **fields)
        if before is not None and changes:
            after = replace(after, detected=0)
        servers = [after if one.url == address else one for one in servers] if before else [*servers, after]
        self._keep_servers(servers)
        told = ", ".join(sorted(changes)) or "added"
        self.vault.audit.append("cloud.address", detail=f"{urlsplit(address).hostname}: {told}")
        self._server_changed(address)
        self._announce(Change.SETTINGS)
        return after

    @needs(Right.SET_POLICY)
    def remove_cloud_server(self, url: str) -> None:
        """Forget a server; raises :class:`ConflictError` (``cloud.server_in_use``) while an account of it is known."""
        server = self._server(url)
        if any(one.get("server") == server.url for one in self.vault.outbox.recall("cloud.accounts", [])):
            raise ConflictError(
                "cloud.server_in_use",
                "An account of this server is still known here.",
                remedy="Sign out of the account and remove it first.",
            )
        self._keep_servers([one for one in self.cloud_servers() if one.url != server.url])
        self.vault.secrets.forget(f"cloud-proxy/{server.url}")
        self.vault.audit.append("cloud.address", detail=f"{urlsplit(server.url).hostname}: removed")
        self._announce(Change.SETTINGS)

    @open_to_all
    def check_cloud(self, url: str) -> tuple[bool, ContractReport]:
        """Ask a server for its document and compare it with the profiles; sends nothing of anyone.

        Over an open vault the admin's switch holds here too: off means that not a byte leaves this workplace. Without
        one there is no workplace whose switch could be read, and the address alone is what a person typed.

        Returns
        -------
        Whether the server serves a document, and the report.

        Raises
        ------
        UsageError
            ``cloud.address`` or ``cloud.plain_http`` for an address that may not be spoken to.
        NotPermittedError
            ``cloud.sending_off``.
        CloudError
            When the server cannot be reached.
        """
        from clarity_desktop.cloud.client import CloudClient, Service, checked_address
        from clarity_desktop.cloud.contract import compare_contract
        from clarity_desktop.cloud.contract.asking import ask_document

        service = Service(checked_address(url))
        if self._vault is not None:
            self._require_sending()
            known = next((one for one in self.cloud_servers() if one.url == checked_address(url)), None)
            service = service if known is None else self._service(known)
        client = CloudClient(service)

        async def ask() -> tuple[bool, ContractReport]:
            async with client:
                document = await ask_document(client)
                return document is not None, compare_contract(document or {"paths": {}})

        return self._net.run(ask())

    # -- for the other parts ------------------------------------------------------------------------------------

    def _server_changed(self, url: str) -> None:
        """Another part of the services drops what rests on the server's old settings."""

    def _keep_servers(self, servers: list[CloudServer]) -> None:
        self.vault.outbox.remember(_SERVERS, [asdict(one) for one in servers])

    def _server(self, url: str) -> CloudServer:
        from clarity_desktop.cloud.client import checked_address

        address = checked_address(url)
        found = next((one for one in self.cloud_servers() if one.url == address), None)
        if found is None:
            raise NotFoundError(
                "cloud.server",
                "This vault knows no such server.",
                remedy="An admin adds it on the account page, or with: clarity-desktop cloud server URL.",
            )
        return found

    def _service(self, server: CloudServer) -> Service:
        from clarity_desktop.cloud.client import Service
        from clarity_desktop.cloud.client.exchange import NO_PROXY

        proxy = server.proxy or None
        if proxy is not None and proxy != NO_PROXY:
            own = self.vault.secrets.find(f"cloud-proxy/{server.url}")
            if own:
                parts = urlsplit(proxy)
                proxy = parts._replace(netloc=f"{own}@{parts.netloc}").geturl()
        authority = Path(server.ca_file) if server.ca_file else None
        connect_s, total_s = float(self.setting(CONNECT.id)), float(self.setting(TOTAL.id))
        return Service(server.url, authority, server.pin or None, proxy, connect_s, total_s)

    def _keep_proxy(self, url: str, proxy: str) -> str:
        """The address without name and password, which go to the keychain (L-6)."""
        parts = urlsplit(proxy)
        own, _, place = parts.netloc.rpartition("@")
        if own:
            self.vault.secrets.keep(f"cloud-proxy/{url}", own)
        return parts._replace(netloc=place).geturl() if proxy else ""

    def _detected(self, server: CloudServer, client: CloudClient, *, again: bool = False) -> CloudServer:
        """The server with a finding that holds; it is asked again after a day."""
        from clarity_desktop.cloud.contract.asking import find_out

        if not again and server.detected and 0 <= time.time() - server.detected < _HOLDS_S:
            return server
        found = self._net.run(find_out(client, server.chosen_profile))
        after = replace(
            server,
            profile="" if found.profile is None else found.profile.name,
            document_hash=found.document_hash,
            detected=int(time.time()),
            served=tuple(sorted(f"{method} {path}" for method, path in found.served)),
        )
        if not self.vault.is_read_only:
            self._keep_servers([after if one.url == server.url else one for one in self.cloud_servers()])
        return after

    def _require_sending(self) -> None:
        """Raise :class:`NotPermittedError` (``cloud.sending_off``) while nothing may leave this workplace."""
        if self.setting("external.sending") is not True:
            raise NotPermittedError(
                "cloud.sending_off",
                "Sending to outside services is switched off for this workplace.",
                remedy="An admin can switch it on in the settings; everything else works without it.",
            )


def server_document(server: CloudServer) -> dict[str, Any]:
    """A server as commands print it."""
    document = asdict(server)
    del document["served"]
    return document
