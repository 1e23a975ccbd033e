"""Which profile a server has, told from the document it serves (clarity-api §1)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from clarity_desktop.cloud.contract.profiles import Profile, normal_path, profile, profiles

__all__ = ["Detection", "assumed", "detect", "operations"]

_METHODS = frozenset({"get", "put", "post", "delete", "patch", "head", "options"})


@dataclass(frozen=True, slots=True)
class Detection:
    """What was found out about a server."""

    profile: Profile | None
    """``None`` for an unknown server: probes alone work there."""
    hits: Mapping[str, int]
    """Signature paths found, by profile."""
    document_hash: str
    """SHA-256 of the served document in canonical form; empty without one."""
    served: frozenset[tuple[str, str]]
    """Method and path, normalised, of every operation the document names."""

    def offers(self, capability: str) -> bool:
        """Whether the server has a capability; sockets are never judged by the document."""
        if self.profile is None:
            return False
        endpoint = self.profile.endpoint(capability)
        if endpoint is None:
            return False
        return endpoint.method == "WS" or (endpoint.method, normal_path(endpoint.path)) in self.served


def operations(document: Mapping[str, Any]) -> frozenset[tuple[str, str]]:
    """Method and normalised path of each operation of an OpenAPI document; what is no operation is left out."""
    paths = document.get("paths")
    if not isinstance(paths, Mapping):
        return frozenset()
    return frozenset(
        (method.upper(), normal_path(path))
        for path, item in paths.items()
        if isinstance(path, str) and isinstance(item, Mapping)
        for method in item
        if isinstance(method, str) and method.lower() in _METHODS
    )


def detect(document: Mapping[str, Any]) -> Detection:
    """Tell the profile from a served OpenAPI document.

    Whole normalised paths are compared with each profile's signature; most hits wins, ties go openapi, audit, draft.
    """
    served = operations(document)
    paths = {path for _, path in served}
    hits = {one.name: len(one.signature_paths & paths) for one in profiles()}
    best = max(profiles(), key=lambda one: hits[one.name])
    canonical = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=True, default=str)
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    return Detection(best if hits[best.name] else None, hits, digest, served)


def assumed(name: str) -> Detection:
    """A profile taken on somebody's word, for a server that serves no document: all its operations count as there."""
    known = profile(name)
    served = frozenset((one.method, normal_path(one.path)) for one in known.endpoints if one.method != "WS")
    return Detection(known, {}, "", served)
