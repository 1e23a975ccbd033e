"""What a language model is given: the fixed prompt, the answer's schema, the words it may use, and the facts table."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

from clarity_desktop.domain.insights import FactsTable, Reason, Statement, StatementKind
from clarity_desktop.insights.grounding.lexicon import lexicon
from clarity_desktop.insights.grounding.table import table_document

__all__ = ["PROMPT_VERSION", "InsightRequest", "answer_schema", "repair_request", "request_for"]

PROMPT_VERSION: Final = "1"

_PROMPT: Final = """You put a table of measured facts into two to six sentences for a clinician.
Write in the language named in the table. Answer with one JSON document of the given schema and nothing else.
Repeat the word in "table" of the facts as "table" of the answer.
Each statement is one sentence. First say what was measured, then how it compares, then ask one open question.
Write every value as a placeholder: {id} for a value, {cmp:id:id} for a comparison that the fact's "compare" offers.
The program fills placeholders in with value, unit and direction. Write no digit, number word, unit or direction.
Name the metric before its value and the window it belongs to, by the terms below. List the ids you used in "facts".
Give a caveat with a placeholder of the same window where coverage is below 0.8 or flags are set.
Use the listed words and terms alone. No cause, judgement, diagnosis, treatment, advice, forecast, name, place or date.
"""


@dataclass(frozen=True, slots=True)
class InsightRequest:
    """All that leaves the machine for one question, apart from the protocol's own headers."""

    instruction: str
    """Fixed for a prompt version and a language."""
    content: str
    """The facts table; in a repair round also which statements were refused and why."""
    schema: dict[str, Any]
    prompt_version: str = PROMPT_VERSION

    @property
    def size(self) -> int:
        """Bytes of instruction and content together."""
        return len(self.instruction.encode()) + len(self.content.encode())


def answer_schema() -> dict[str, Any]:
    """Schema of an answer, in the subset of JSON Schema that structured output understands."""
    statement = {
        "type": "object",
        "properties": {
            "kind": {"type": "string", "enum": [kind.value for kind in StatementKind]},
            "text": {"type": "string"},
            "facts": {"type": "array", "items": {"type": "string"}},
        },
        "required": ["kind", "text", "facts"],
    }
    return {
        "type": "object",
        "properties": {
            "schema": {"type": "string", "enum": ["clarity-answer/1"]},
            "table": {"type": "string"},
            "language": {"type": "string"},
            "statements": {"type": "array", "items": statement},
        },
        "required": ["schema", "table", "language", "statements"],
    }


def request_for(table: FactsTable) -> InsightRequest:
    """The request for a table. Nothing but the table differs between two requests of one language."""
    return InsightRequest(_instruction(table.language), _compact({"facts": table_document(table)}), answer_schema())


def repair_request(table: FactsTable, statements: tuple[Statement, ...], reasons: tuple[Reason, ...]) -> InsightRequest:
    """The one repair round: the same table, and the refused statements by number with codes and words at fault.

    Only words that the answer itself held are named; no value is added.
    """
    refused: dict[int | None, dict[str, Any]] = {}
    for reason in reasons:
        entry = refused.setdefault(reason.statement, {"statement": reason.statement, "codes": [], "words": []})
        if reason.code not in entry["codes"]:
            entry["codes"].append(reason.code)
        own = "" if reason.statement is None else statements[reason.statement].text
        entry["words"].extend(word for word in reason.words if word in own and word not in entry["words"])
    content = {"facts": table_document(table), "refused": list(refused.values())}
    return InsightRequest(_instruction(table.language), _compact(content), answer_schema())


def _compact(document: Any) -> str:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))


def _instruction(language: str) -> str:
    words = lexicon(language)
    terms = {group: sorted(term.text for term in words.terms if term.group == group) for group in _GROUPS}
    lines = [
        _PROMPT,
        "Words: " + " ".join(sorted(words.words)),
        *(
            f"Words in a {kind.value} only: " + " ".join(sorted(own))
            for kind, own in sorted(words.words_by_kind.items())
        ),
        "Names of metrics: " + "; ".join(terms["metric"]),
        "Names of windows: " + "; ".join(sorted(words.window_phrases.values())),
        "Fixed terms: " + "; ".join(terms["fixed"]),
        "Before a value: " + " ".join(sorted(words.before_value)) + ". Before a comparison: "
        + " ".join(sorted(words.before_comparison)) + ".",
        "Refused kinds: " + ", ".join(code for code, _ in words.classes),
    ]  # fmt: skip
    return "\n".join(lines)


_GROUPS: Final = ("metric", "window", "fixed")
