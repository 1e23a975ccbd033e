"""Validation by the served OpenAPI document, with the answers of the observed server (E4)."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from datetime import datetime
from functools import cache
from typing import Any

from clarity_desktop.assets import asset

__all__ = ["problems_of"]


@cache
def _document() -> dict[str, Any]:
    found = json.loads(asset("resources/cloud/openapi/served.json").read_text(encoding="utf-8"))
    assert isinstance(found, dict)
    return found


def problems_of(schema_name: str, value: Any) -> list[dict[str, Any]]:
    """What is wrong with a request body, as FastAPI tells it, echoed input included (D5)."""
    schema = _document()["components"]["schemas"][schema_name]
    return [
        {"type": kind, "loc": ["body", *place], "msg": message, "input": found, "ctx": {}}
        for kind, place, message, found in _problems(schema, value, [])
    ]


_Found = tuple[str, list[Any], str, Any]


def _problems(schema: dict[str, Any], value: Any, place: list[Any]) -> Iterator[_Found]:
    if "$ref" in schema:
        schema = _document()["components"]["schemas"][schema["$ref"].rsplit("/", 1)[-1]]
    choices = schema.get("anyOf")
    if choices is not None:
        if value is None and any(one.get("type") == "null" for one in choices):
            return
        own = [one for one in choices if one.get("type") != "null"]
        results = [list(_problems(one, value, place)) for one in own]
        if all(results):
            yield from results[0]
        return
    if "enum" in schema and value not in schema["enum"]:
        yield "enum", place, "Input should be " + ", ".join(map(repr, schema["enum"])), value
        return
    kind = schema.get("type")
    if kind == "object":
        yield from _object(schema, value, place)
    elif kind == "array":
        yield from _array(schema, value, place)
    elif kind in ("integer", "number"):
        yield from _number(schema, value, place)
    elif kind == "string":
        yield from _string(schema, value, place)
    elif kind == "boolean" and not isinstance(value, bool):
        yield "bool_type", place, "Input should be a valid boolean", value


def _object(schema: dict[str, Any], value: Any, place: list[Any]) -> Iterator[_Found]:
    if not isinstance(value, dict):
        yield "model_attributes_type", place, "Input should be a valid dictionary", value
        return
    for name in schema.get("required", []):
        if name not in value:
            yield "missing", [*place, name], "Field required", value
    for name, inner in schema.get("properties", {}).items():
        if name in value:
            yield from _problems(inner, value[name], [*place, name])


def _array(schema: dict[str, Any], value: Any, place: list[Any]) -> Iterator[_Found]:
    if not isinstance(value, list):
        yield "list_type", place, "Input should be a valid list", value
        return
    if len(value) < schema.get("minItems", 0):
        yield "too_short", place, f"List should have at least {schema['minItems']} item after validation", value
    if len(value) > schema.get("maxItems", len(value)):
        yield "too_long", place, f"List should have at most {schema['maxItems']} items after validation", value
    for number, one in enumerate(value):
        yield from _problems(schema.get("items", {}), one, [*place, number])


def _number(schema: dict[str, Any], value: Any, place: list[Any]) -> Iterator[_Found]:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not is_number or (schema["type"] == "integer" and value != int(value)):
        yield f"{schema['type']}_type", place, f"Input should be a valid {schema['type']}", value
        return
    if value < schema.get("minimum", value):
        message = f"Input should be greater than or equal to {schema['minimum']:g}"
        yield "greater_than_equal", place, message, value
    if value <= schema.get("exclusiveMinimum", value - 1):
        yield "greater_than", place, f"Input should be greater than {schema['exclusiveMinimum']:g}", value
    if value > schema.get("maximum", value):
        yield "less_than_equal", place, f"Input should be less than or equal to {schema['maximum']:g}", value


def _string(schema: dict[str, Any], value: Any, place: list[Any]) -> Iterator[_Found]:
    if not isinstance(value, str):
        yield "string_type", place, "Input should be a valid string", value
        return
    if len(value) < schema.get("minLength", 0):
        yield "string_too_short", place, f"String should have at least {schema['minLength']} characters", value
    if len(value) > schema.get("maxLength", len(value)):
        yield "string_too_long", place, f"String should have at most {schema['maxLength']} characters", value
    if schema.get("format") == "uuid":
        try:
            uuid.UUID(value)
        except ValueError:
            yield "uuid_parsing", place, "Input should be a valid UUID", value
    if schema.get("format") == "date-time":
        try:
            datetime.fromisoformat(value.replace("Z", "+00:00"))
        except ValueError:
            yield "datetime_from_date_parsing", place, "Input should be a valid datetime", value
    if schema.get("format") == "email" and "@" not in value:
        yield "value_error", place, "value is not a valid email address", value
