"""Bodies on the wire, and the server's own reference of a call."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import httpx

__all__ = ["encoded", "read_body", "reference_of"]

_MOST_BODY: Final = 64 * 2**20
_REFERENCE = re.compile(r"[\w.:/-]{1,80}")


def encoded(document: Any) -> bytes | None:
    """A document as JSON; ``None`` for none. NaN and infinity are an error of the program."""
    if document is None:
        return None
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


async def read_body(response: httpx.Response) -> bytes:
    """The whole body; raises ``httpx.ReadError`` for one that is larger than any of this server."""
    import httpx

    parts, size = [], 0
    async for part in response.aiter_bytes():
        size += len(part)
        if size > _MOST_BODY:
            raise httpx.ReadError("the answer is larger than any of this server")
        parts.append(part)
    return b"".join(parts)


def reference_of(headers: Mapping[str, str], document: Any) -> str:
    """The server's own id of a request, from the answer's metadata or its header; empty where it gives none."""
    metadata = document.get("metadata") if isinstance(document, dict) else None
    held = metadata.get("request_id") if isinstance(metadata, dict) else None
    found = held if isinstance(held, str) else headers.get("x-request-id", "")
    return found if _REFERENCE.fullmatch(found) else ""
