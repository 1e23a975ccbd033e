"""Which addresses may be spoken to: https everywhere, plain http on this machine alone (L-3)."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit, urlunsplit

from clarity_desktop.domain.errors import UsageError

__all__ = ["checked_address", "is_loopback"]


def is_loopback(host: str) -> bool:
    """Whether a host name or address is this machine."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def checked_address(text: str) -> str:
    """A server's base address without a trailing slash, user name, query or fragment.

    Raises
    ------
    UsageError
        ``cloud.address`` when it is no address, ``cloud.plain_http`` for unencrypted ones beyond this machine.
    """
    try:
        parts = urlsplit(text.strip())
        host, port = parts.hostname or "", parts.port
    except ValueError:
        parts, host, port = urlsplit(""), "", None
    if parts.scheme not in ("http", "https") or not host or parts.username or parts.query or parts.fragment:
        raise UsageError(
            "cloud.address",
            "This is not the address of a server.",
            remedy="Write it as https://server.example, without a name or a query.",
        )
    if parts.scheme == "http" and not is_loopback(host):
        raise UsageError(
            "cloud.plain_http",
            "This address is not encrypted, so nothing is sent there.",
            remedy="Ask the operator of the server for its https address.",
        )
    place = f"[{host}]" if ":" in host else host
    return urlunsplit((parts.scheme, place if port is None else f"{place}:{port}", parts.path.rstrip("/"), "", ""))
