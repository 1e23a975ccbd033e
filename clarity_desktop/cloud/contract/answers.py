"""Where an answer and the description of it differ: names and kinds of fields, never what stands in them (L-86)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Final

from clarity_desktop.assets import asset
from clarity_desktop.cloud.contract.profiles import normal_path

__all__ = ["answer_differences"]

_MOST: Final = 12
_DEPTH: Final = 4
_LOOKED_AT: Final = 3
"""Members of a list that are compared."""
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,39}")
_KINDS: Final[Mapping[str, tuple[type, ...]]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
    "null": (type(None),),
}


def answer_differences(method: str, path: str, document: Any) -> tuple[str, ...]:
    """Compare a success with the description that the program's types were made from.

    Parameters
    ----------
    path:
        With parameters as names.

    Returns
    -------
    Sentences such as ``analysis.embedding is missing``; empty for an operation that is not described.
    """
    schema = _schemas().get((method, normal_path(path)))
    if schema is None:
        return ()
    found = []
    for one in _differences(schema, document, "", 0):
        if one not in found:
            found.append(one)
        if len(found) == _MOST:
            break
    return tuple(found)


@cache
def _described() -> Mapping[str, Any]:
    found = json.loads(asset("resources/cloud/openapi/served.json").read_text(encoding="utf-8"))
    return found if isinstance(found, dict) else {}


@cache
def _schemas() -> Mapping[tuple[str, str], Mapping[str, Any]]:
    found: dict[tuple[str, str], Mapping[str, Any]] = {}
    for path, item in _described().get("paths", {}).items():
        for method, operation in item.items():
            for status, answer in operation.get("responses", {}).items():
                schema = answer.get("content", {}).get("application/json", {}).get("schema")
                if status.startswith("2") and schema is not None:
                    found[method.upper(), normal_path(path)] = schema
    return found


def _resolved(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    name = str(schema.get("$ref", "")).rsplit("/", 1)[-1]
    found = _described().get("components", {}).get("schemas", {}).get(name, {}) if name else schema
    return found if isinstance(found, Mapping) else {}


def _differences(schema: Mapping[str, Any], value: Any, place: str, depth: int) -> Iterator[str]:
    schema = _resolved(schema)
    choices = [_resolved(one) for word in ("anyOf", "oneOf") for one in schema.get(word, ())]
    if choices:
        fitting = [one for one in choices if _fits(one, value)]
        if not fitting:
            yield f"{place or 'the answer'} is {_kind_of(value)}, which is not described"
            return
        schema = fitting[0]
    elif not _fits(schema, value):
        yield f"{place or 'the answer'} is {_kind_of(value)} and described as {schema.get('type')}"
        return
    if depth >= _DEPTH:
        return
    if isinstance(value, dict) and "properties" in schema:
        yield from _of_object(schema, value, place, depth)
    elif isinstance(value, list) and isinstance(schema.get("items"), Mapping):
        for one in value[:_LOOKED_AT]:
            yield from _differences(schema["items"], one, f"{place}[]", depth + 1)


def _of_object(schema: Mapping[str, Any], value: dict[str, Any], place: str, depth: int) -> Iterator[str]:
    described = schema["properties"]
    for name in sorted(set(schema.get("required", ())) - value.keys()):
        yield f"{_at(place, name)} is missing"
    for name in sorted(map(str, value.keys() - described.keys())):
        if not schema.get("additionalProperties"):
            # What a server calls a field may be anything; only a name that looks like one is repeated.
            yield f"{_at(place, name if _NAME.fullmatch(name) else 'a field of another form')} is not described"
    for name in sorted(described.keys() & value.keys()):
        yield from _differences(described[name], value[name], _at(place, name), depth + 1)


def _at(place: str, name: str) -> str:
    return f"{place}.{name}" if place else name


def _fits(schema: Mapping[str, Any], value: Any) -> bool:
    kinds = _KINDS.get(str(schema.get("type", "")))
    if kinds is None:
        return True
    if isinstance(value, bool):
        return bool in kinds
    return isinstance(value, kinds)


def _kind_of(value: Any) -> str:
    for name, kinds in _KINDS.items():
        if type(value) in kinds:
            return name
    return "something else"
