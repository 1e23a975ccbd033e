"""Asking a server for its document, at the places where such servers keep it (clarity-api §1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clarity_desktop.cloud.client.client import CloudClient
from clarity_desktop.cloud.client.exchange import Call, CloudError
from clarity_desktop.cloud.contract.profiles import profiles

__all__ = ["ask_document"]


async def ask_document(client: CloudClient) -> Mapping[str, Any] | None:
    """The OpenAPI document that a server serves, or ``None`` when it serves none.

    Raises
    ------
    CloudError
        When the server cannot be reached, or a page of a portal stands in its place.
    """
    for url in dict.fromkeys(url for one in profiles() for url in one.openapi_urls):
        try:
            answer = await client.send(Call("GET", url, url, is_protected=False))
        except CloudError as error:
            if error.problem is not None and error.problem.status in (401, 403, 404, 405):
                continue
            raise
        if isinstance(answer.document, dict) and "paths" in answer.document:
            return answer.document
    return None
