"""Opening a live socket: the same trust, address and pin as requests, and the token seen by nobody (L-1, L-66)."""

from __future__ import annotations

import asyncio
import ssl
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, urlsplit, urlunsplit

from clarity_desktop.cloud.client.certificates import fingerprint_of, tls_context
from clarity_desktop.cloud.client.exchange import NO_PROXY, CloudError

if TYPE_CHECKING:
    from websockets.asyncio.client import ClientConnection

    from clarity_desktop.cloud.client.client import Service

__all__ = ["SocketRefusedError", "open_socket"]

_OPEN_S: Final = 10.0
_MOST_RECEIVED: Final = 2**20


class SocketRefusedError(CloudError):
    """A server did not open a socket; ``status`` is that of its answer, or ``None`` when none came."""

    def __init__(self, status: int | None, detail: str) -> None:
        super().__init__(
            "cloud.socket",
            "The server did not open its live channel.",
            remedy="Results still arrive by asking for them.",
            detail=detail,
            retryable=status not in (403, 404),
        )
        self.status = status


async def open_socket(service: Service, base_url: str, path: str, token: str) -> ClientConnection:
    """Connect to a path with a token in the address; no error and no log holds that address.

    Raises
    ------
    SocketRefusedError
        With the status that the server gave.
    """
    import logging

    from websockets.asyncio.client import connect
    from websockets.exceptions import InvalidHandshake, InvalidStatus, WebSocketException

    # The library writes addresses into its debug log.
    quiet = logging.getLogger("clarity_desktop.cloud.sockets")
    quiet.setLevel(logging.CRITICAL)
    parts = urlsplit(base_url)
    secure = parts.scheme == "https"
    address = urlunsplit(
        ("wss" if secure else "ws", parts.netloc, parts.path + path, f"token={quote(token, safe='')}", "")
    )
    more: dict[str, Any] = {}
    if service.proxy is not None:
        more["proxy"] = None if service.proxy == NO_PROXY else service.proxy
    if secure:
        more["ssl"] = await asyncio.to_thread(tls_context, service.ca_file)
    try:
        connection = await connect(
            address,
            open_timeout=_OPEN_S,
            ping_interval=None,
            max_size=_MOST_RECEIVED,
            logger=quiet,
            user_agent_header="clarity-desktop",
            **more,
        )
    except InvalidStatus as error:
        raise SocketRefusedError(error.response.status_code, f"status {error.response.status_code}") from None
    except (InvalidHandshake, WebSocketException, OSError, TimeoutError, ssl.SSLError) as error:
        raise SocketRefusedError(None, type(error).__name__) from None
    if secure and service.pin_sha256 is not None:
        tls = connection.transport.get_extra_info("ssl_object")
        found = None if tls is None else tls.getpeercert(binary_form=True)
        if found is None or fingerprint_of(found) != service.pin_sha256.replace(":", "").lower():
            await connection.close()
            raise SocketRefusedError(None, "the certificate is not the pinned one")
    return connection
