"""Profiles of the servers that share one name: capabilities, their paths there, and limits (data, not code)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any, Final

from clarity_desktop.assets import asset
from clarity_desktop.domain.errors import NotFoundError

__all__ = ["PROFILE_NAMES", "Auth", "Endpoint", "Profile", "normal_path", "profile", "profiles"]

PROFILE_NAMES: Final = ("openapi", "audit", "draft")
"""In the order in which ties are decided."""
_PREFIX = re.compile(r"^/api(/v\d+)?(?=/|$)")
_PARAMETER = re.compile(r"\{[^/{}]+\}")


class Auth(StrEnum):
    """How a call proves who makes it."""

    NONE = "none"
    BEARER = "bearer"
    QUERY_TOKEN = "query-token"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One operation of a server, under the capability that code names."""

    id: str
    capability: str
    method: str
    """An HTTP method, or ``WS``."""
    path: str
    auth: Auth
    used_for: str | None
    unused_because: str | None
    request: str = ""
    response: str = ""
    statuses: str = ""

    @property
    def is_used(self) -> bool:
        """Whether the program calls it."""
        return self.used_for is not None

    def filled(self, **parameters: str) -> str:
        """The path with its parameters; raises ``KeyError`` when one is not given."""
        from urllib.parse import quote

        return _PARAMETER.sub(lambda match: quote(parameters[match[0][1:-1]], safe=""), self.path)


@dataclass(frozen=True, slots=True)
class Profile:
    """One server's operations and limits."""

    name: str
    endpoints: tuple[Endpoint, ...]
    limits: Mapping[str, Any]
    openapi_urls: tuple[str, ...]
    signature_paths: frozenset[str]

    def endpoint(self, capability: str) -> Endpoint | None:
        """The operation of a capability, or ``None`` where this server has none."""
        return next((one for one in self.endpoints if one.capability == capability), None)


def normal_path(path: str) -> str:
    """A path for comparison: without ``/api`` and version, one trailing slash or names of parameters."""
    bare = _PREFIX.sub("", path)
    if len(bare) > 1 and bare.endswith("/"):
        bare = bare[:-1]
    return _PARAMETER.sub("{}", bare) or "/"


@cache
def profiles() -> tuple[Profile, ...]:
    """All known profiles, in the order in which ties are decided."""
    return tuple(profile(name) for name in PROFILE_NAMES)


@cache
def profile(name: str) -> Profile:
    """One profile by name; raises :class:`NotFoundError` (``cloud.profile``)."""
    if name not in PROFILE_NAMES:
        raise NotFoundError(
            "cloud.profile",
            "There is no such server profile.",
            remedy="Choose one of: " + ", ".join(PROFILE_NAMES) + ".",
        )
    document = json.loads(asset(f"resources/cloud/profiles/{name}.json").read_text(encoding="utf-8"))
    return Profile(
        document["profile"],
        tuple(
            Endpoint(
                entry["id"],
                entry["capability"],
                entry["method"],
                entry["path"],
                Auth(entry["auth"]),
                entry.get("used_for"),
                entry.get("unused_because"),
                entry.get("request", ""),
                entry.get("response", ""),
                entry.get("statuses", ""),
            )
            for entry in document["endpoints"]
        ),
        document["limits"],
        tuple(document["detect"]["openapi_urls"]),
        frozenset(document["detect"]["signature_paths"]),
    )
