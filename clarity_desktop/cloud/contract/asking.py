"""Asking a server for its document, at the places where such servers keep it (clarity-api §1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clarity_desktop.cloud.client.client import CloudClient
from clarity_desktop.cloud.client.exchange import Call, CloudError
from clarity_desktop.cloud.contract.detection import Detection, assumed, detect
from clarity_desktop.cloud.contract.profiles import profiles

__all__ = ["ask_document", "find_out"]


async def find_out(client: CloudClient, chosen: str = "") -> Detection:
    """Tell a server's profile: by its document, else by what its root names, else as a person chose (clarity-api §1).

    Raises
    ------
    CloudError
        As :func:`ask_document`.
    """
    document = await ask_document(client)
    if document is not None:
        return detect(document)
    root = "/api/v1/"
    try:
        answer = await client.send(Call("GET", root, root, is_protected=False))
    except CloudError as error:
        if error.problem is None or error.problem.status >= 500:
            raise
    else:
        families = answer.document.get("endpoints") if isinstance(answer.document, dict) else None
        if isinstance(families, dict):
            return assumed("openapi")
    return assumed(chosen) if chosen else detect({"paths": {}})


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
