"""Writes the typed dictionaries of a server's bodies from its OpenAPI document: ``python -m`` this module."""

from __future__ import annotations

import json
import keyword
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from clarity_desktop.assets import asset

__all__ = ["generated", "main"]

_PRIMITIVES: Final = {"string": "str", "integer": "int", "number": "float", "boolean": "bool", "null": "None"}
_PIECES = re.compile(r"[\W_]+")
_HEAD: Final = '''"""Bodies of the API as typed dictionaries; made by ``clarity_desktop.cloud.contract.generate``."""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypedDict

__all__ = {names}
'''


def generated(document: Mapping[str, Any]) -> str:
    """The module's text: one class for each object of the document, one alias for each enumeration, by name."""
    schemas = document["components"]["schemas"]
    names = {name: _named(name) for name in sorted(schemas)}
    parts = []
    for name, schema in sorted(schemas.items()):
        parts.append("\n".join(_enumeration(names[name], schema) if "enum" in schema else _class(names[name], schema)))
    listed = "".join(f'\n    "{one}",' for one in sorted(names.values()))
    return _HEAD.format(names=f"[{listed}\n]") + "\n\n" + "\n\n\n".join(parts) + "\n"


def _named(schema: str) -> str:
    """A schema's name as a class: ``PaginatedResponse_dict_str__Any__`` as ``PaginatedResponseDictStrAny``."""
    return "".join(piece[0].upper() + piece[1:] for piece in _PIECES.split(schema) if piece)


def _enumeration(name: str, schema: Mapping[str, Any]) -> Iterator[str]:
    yield f"{name} = Literal["
    for value in schema["enum"]:
        yield f"    {json.dumps(value)},"
    yield "]"


def _class(name: str, schema: Mapping[str, Any]) -> Iterator[str]:
    required = set(schema.get("required", ()))
    yield f"class {name}(TypedDict):"
    yield f'    """Schema ``{schema.get("title") or name}``."""'
    yield ""
    for field, inner in schema.get("properties", {}).items():
        if not field.isidentifier() or keyword.iskeyword(field):
            continue
        kind = _kind(inner)
        yield f"    {field}: {kind if field in required else f'NotRequired[{kind}]'}"


def _kind(schema: Mapping[str, Any]) -> str:
    if "$ref" in schema:
        return _named(schema["$ref"].rsplit("/", 1)[-1])
    for word in ("anyOf", "oneOf", "allOf"):
        if word in schema:
            return " | ".join(dict.fromkeys(_kind(one) for one in schema[word]))
    if "const" in schema:
        return f"Literal[{json.dumps(schema['const'])}]"
    kind = schema.get("type")
    if kind == "array":
        return f"list[{_kind(schema.get('items', {}))}]"
    if kind == "object":
        more = schema.get("additionalProperties")
        return f"dict[str, {_kind(more) if isinstance(more, Mapping) and more else 'Any'}]"
    return _PRIMITIVES.get(str(kind), "Any")


def main() -> None:
    """Write ``cloud/dto.py`` from the document that the observed server serves."""
    document = json.loads(asset("resources/cloud/openapi/served.json").read_text(encoding="utf-8"))
    target = Path(__file__).parent.parent / "dto.py"
    target.write_text(generated(document), encoding="utf-8")
    sys.stdout.write(f"{target.name} written\n")


if __name__ == "__main__":
    main()
