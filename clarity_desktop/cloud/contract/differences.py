"""Where a served document and a profile differ: endpoint by endpoint, and field by field of what is sent and read."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from clarity_desktop.assets import asset
from clarity_desktop.cloud.contract.detection import Detection, detect, operations
from clarity_desktop.cloud.contract.profiles import Profile, normal_path

__all__ = ["ContractReport", "EndpointState", "compare_contract"]

_NOT_IN_DOCUMENTS: Final = frozenset({"openapi", "docs", "prometheus", "query_legacy"})
"""Routes that a server has without naming them in its document."""


@dataclass(frozen=True, slots=True)
class EndpointState:
    """One operation against the server: used, unused with the reason, or missing."""

    method: str
    path: str
    status: str
    """``used``, ``unused`` or ``missing``."""
    reason: str
    capability: str = ""


@dataclass(frozen=True, slots=True)
class ContractReport:
    """The outcome of a contract check."""

    detection: Detection
    endpoints: tuple[EndpointState, ...]
    differences: tuple[str, ...]
    """Sentences: routes that nobody knows, and fields that differ from those the program was made for."""


def compare_contract(document: Mapping[str, Any]) -> ContractReport:
    """Compare a served OpenAPI document with the profile it fits best.

    Field by field it is compared with the document that the program's types were generated from.
    """
    detection = detect(document)
    if detection.profile is None:
        routes = tuple(
            EndpointState(method, path, "unused", "No known server has this route.")
            for method, path in sorted(detection.served)
        )
        return ContractReport(detection, routes, ("No profile fits this server: none of their own paths is served.",))
    states = tuple(_states(detection, detection.profile))
    known = {(one.method, normal_path(one.path)) for one in detection.profile.endpoints}
    differences = [
        f"{method} {path} is served and not known to the profile {detection.profile.name}."
        for method, path in sorted(detection.served - known)
    ]
    differences.extend(_field_differences(document))
    return ContractReport(detection, states, tuple(differences))


def _states(detection: Detection, known: Profile) -> Iterator[EndpointState]:
    for endpoint in known.endpoints:
        is_served = (endpoint.method, normal_path(endpoint.path)) in detection.served
        if not endpoint.is_used:
            yield EndpointState(
                endpoint.method, endpoint.path, "unused", endpoint.unused_because or "", endpoint.capability
            )
        elif endpoint.method == "WS":
            reason = f"{endpoint.used_for}; live channels stand in no document and are tried when they are needed"
            yield EndpointState(endpoint.method, endpoint.path, "used", reason, endpoint.capability)
        elif is_served or endpoint.capability in _NOT_IN_DOCUMENTS:
            yield EndpointState(endpoint.method, endpoint.path, "used", endpoint.used_for or "", endpoint.capability)
        else:
            reason = f"not served here, so it is off: {endpoint.used_for}"
            yield EndpointState(endpoint.method, endpoint.path, "missing", reason, endpoint.capability)


@cache
def _known_document() -> Mapping[str, Any]:
    document = json.loads(asset("resources/cloud/openapi/served.json").read_text(encoding="utf-8"))
    assert isinstance(document, dict)
    return document


def _field_differences(document: Mapping[str, Any]) -> Iterator[str]:
    known = _known_document()
    shared = operations(document) & operations(known)
    for method, path in sorted(shared):
        for role, ours, theirs in (
            ("request", _request(known, method, path), _request(document, method, path)),
            ("answer", _answer(known, method, path), _answer(document, method, path)),
        ):
            yield from _schema_differences(f"{method} {path} {role}", known, ours, document, theirs, ())


def _operation(document: Mapping[str, Any], method: str, path: str) -> Mapping[str, Any]:
    for name, item in document["paths"].items():
        if normal_path(name) == path and method.lower() in item:
            found = item[method.lower()]
            return found if isinstance(found, Mapping) else {}
    return {}


def _request(document: Mapping[str, Any], method: str, path: str) -> Any:
    body = _operation(document, method, path).get("requestBody", {})
    return _json_schema(body.get("content", {})) if isinstance(body, Mapping) else None


def _answer(document: Mapping[str, Any], method: str, path: str) -> Any:
    responses = _operation(document, method, path).get("responses", {})
    good = next((code for code in sorted(responses) if str(code).startswith("2")), None)
    return None if good is None else _json_schema(responses[good].get("content", {}))


def _json_schema(content: Any) -> Any:
    entry = content.get("application/json", {}) if isinstance(content, Mapping) else {}
    return entry.get("schema") if isinstance(entry, Mapping) else None


def _resolved(document: Mapping[str, Any], schema: Any) -> Mapping[str, Any]:
    seen = 0
    while isinstance(schema, Mapping) and "$ref" in schema and seen < 20:
        node: Any = document
        for part in str(schema["$ref"]).removeprefix("#/").split("/"):
            node = node.get(part, {}) if isinstance(node, Mapping) else {}
        schema, seen = node, seen + 1
    return schema if isinstance(schema, Mapping) else {}


def _schema_differences(
    place: str, known: Mapping[str, Any], ours: Any, document: Mapping[str, Any], theirs: Any, seen: tuple[str, ...]
) -> Iterator[str]:
    if len(seen) > 6:
        return
    first, second = _resolved(known, ours), _resolved(document, theirs)
    mine, other = _fields(first), _fields(second)
    needed, needed_there = _required(first), _required(second)
    for name in sorted(mine.keys() - other.keys()):
        yield f"{place}: the field {name} is gone."
    for name in sorted(other.keys() - mine.keys()):
        yield f"{place}: the field {name} is new{' and needed' if name in needed_there else ''}."
    for name in sorted(mine.keys() & other.keys()):
        if (name in needed) != (name in needed_there):
            yield f"{place}: the field {name} is {'needed' if name in needed_there else 'no longer needed'}."
        before, after = _kind(known, mine[name]), _kind(document, other[name])
        if before != after:
            yield f"{place}: the field {name} was {before} and is {after}."
        else:
            inner = (place, name)
            yield from _schema_differences(
                f"{place} {name}", known, _inside(mine[name]), document, _inside(other[name]), (*seen, inner[1])
            )


def _fields(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    found = schema.get("properties", {})
    return found if isinstance(found, Mapping) else {}


def _required(schema: Mapping[str, Any]) -> frozenset[str]:
    found = schema.get("required", [])
    return frozenset(found) if isinstance(found, list) else frozenset()


def _inside(schema: Any) -> Any:
    if isinstance(schema, Mapping) and "items" in schema:
        return schema["items"]
    for choice in schema.get("anyOf", ()) if isinstance(schema, Mapping) else ():
        if isinstance(choice, Mapping) and choice.get("type") != "null":
            return _inside(choice)
    return schema


def _kind(document: Mapping[str, Any], schema: Any) -> str:
    """A schema's kind in a few words, with limits and values, so that a change of any of them shows."""
    if not isinstance(schema, Mapping):
        return "anything"
    choices = schema.get("anyOf") or schema.get("oneOf")
    if isinstance(choices, list):
        return " or ".join(sorted(_kind(document, one) for one in choices))
    found = _resolved(document, schema)
    kind = str(found.get("type", "anything"))
    if kind == "array":
        kind = f"list of {_kind(document, found.get('items'))}"
    limits = [f"{name} {found[name]}" for name in _LIMITS if name in found]
    if "enum" in found:
        limits.append("one of " + ", ".join(sorted(map(str, found["enum"]))))
    return " ".join([kind, *limits])


_LIMITS: Final = ("format", "minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems", "pattern")
