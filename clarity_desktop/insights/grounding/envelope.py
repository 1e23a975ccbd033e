"""The envelope of an answer (IS-2): from raw bytes to statements, or the one reason why that cannot be."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, Final

from clarity_desktop.domain.insights import Statement, StatementKind

__all__ = ["MOST_BYTES", "Answer", "EnvelopeError", "parse_strictly", "read_answer"]

MOST_BYTES: Final = 32_768
_MOST_DEPTH: Final = 6
_MOST_STATEMENTS: Final = 12
_MOST_LETTERS: Final = 400
_MOST_FACTS: Final = 8
_STRINGS = re.compile(rb'"(?:[^"\\]|\\.)*(?:"|$)', re.DOTALL)
_BRACKETS = re.compile(rb"[\[\]{}]")


class EnvelopeError(Exception):
    """The answer has no shape that could be checked; carries the reason's code."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer whose shape is as agreed; nothing is known of its words yet."""

    table: str
    language: str
    statements: tuple[Statement, ...]


def read_answer(raw: bytes | dict[str, Any]) -> Answer:
    """Read an answer as received.

    Parameters
    ----------
    raw:
        The bytes, or the document itself where it came as one.

    Raises
    ------
    EnvelopeError
        With the first of ``too_large``, ``empty``, ``too_deep``, ``not_json``, ``duplicate_key``, ``schema``.
    """
    data = raw if isinstance(raw, bytes) else _as_bytes(raw)
    if len(data) > MOST_BYTES:
        raise EnvelopeError("too_large")
    if not data.strip():
        raise EnvelopeError("empty")
    if _depth(data) > _MOST_DEPTH:
        raise EnvelopeError("too_deep")
    return _shaped(parse_strictly(data) if isinstance(raw, bytes) else raw)


def parse_strictly(data: bytes) -> Any:
    """One JSON document in UTF-8 without mark, comment, repeated key, NaN or Infinity; else :class:`EnvelopeError`."""
    try:
        return json.loads(data.decode("utf-8"), object_pairs_hook=_object, parse_constant=_constant)
    except (ValueError, RecursionError) as error:
        raise EnvelopeError("not_json") from error


def _as_bytes(document: dict[str, Any]) -> bytes:
    return json.dumps(document, ensure_ascii=False).encode("utf-8", "surrogatepass")


def _depth(data: bytes) -> int:
    depth = deepest = 0
    for bracket in _BRACKETS.findall(_STRINGS.sub(b"", data)):
        depth += 1 if bracket in b"[{" else -1
        deepest = max(deepest, depth)
    return deepest


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise EnvelopeError("duplicate_key")
    return found


def _constant(name: str) -> Any:
    raise EnvelopeError("not_json")


def _shaped(document: Any) -> Answer:
    if not isinstance(document, dict) or document.keys() != {"schema", "table", "language", "statements"}:
        raise EnvelopeError("schema")
    table, language, statements = document["table"], document["language"], document["statements"]
    if (
        document["schema"] != "clarity-answer/1"
        or not isinstance(table, str)
        or not isinstance(language, str)
        or not isinstance(statements, list)
        or len(statements) > _MOST_STATEMENTS
    ):
        raise EnvelopeError("schema")
    return Answer(table, language, tuple(_statement(one) for one in statements))


def _statement(document: Any) -> Statement:
    if not isinstance(document, dict) or document.keys() != {"kind", "text", "facts"}:
        raise EnvelopeError("schema")
    kind, text, facts = document["kind"], document["text"], document["facts"]
    if (
        not isinstance(kind, str)
        or kind not in {one.value for one in StatementKind}
        or not isinstance(text, str)
        or len(text) > _MOST_LETTERS
        or not isinstance(facts, list)
        or len(facts) > _MOST_FACTS
        or not all(isinstance(one, str) for one in facts)
        or len(set(facts)) != len(facts)
    ):
        raise EnvelopeError("schema")
    return Statement(StatementKind(kind), text, tuple(facts))
