"""The facts table as a document: reading, writing, and the rules it must keep (IS-1)."""

from __future__ import annotations

import math
import re
from typing import Any, Final

from clarity_desktop.domain.insights import Fact, FactsTable, FactWindow, Topic, UnavailableFact
from clarity_desktop.insights.grounding.lexicon import LANGUAGES, catalogue, lexicon

__all__ = [
    "FLAGS",
    "LEAST_DAYS",
    "UNAVAILABLE_REASONS",
    "BadTableError",
    "read_table",
    "table_document",
    "validate_table",
]

FLAGS: Final = (
    "nonwear",
    "clock_change",
    "zone_change",
    "clipped",
    "uncalibrated",
    "model_estimate",
    "source_conflict",
)
UNAVAILABLE_REASONS: Final = (
    "too_few_days",
    "too_little_wear",
    "source_missing",
    "not_consented",
    "unreviewed",
    "steps_only",
)
LEAST_DAYS: Final = 3
_MOST_FACTS: Final = 60
_LARGEST: Final = 10**18
_TABLE = re.compile(r"[a-z]{8,16}")
_ID = re.compile(r"[a-z][a-z0-9_]{1,40}")
_HASH = re.compile(r"sha256:[0-9a-f]{64}")
_TABLE_KEYS: Final = {"schema", "table", "language", "question", "catalogue", "facts", "unavailable"}
_FACT_KEYS: Final = {
    "id",
    "metric",
    "label",
    "value",
    "unit",
    "decimals",
    "window",
    "valid_days",
    "coverage",
    "method",
    "source",
    "direction",
    "compare",
    "flags",
}
# A difference of two times, of need and sleep, or a score may lie below zero; an amount of something may not.
_MAY_BE_NEGATIVE: Final = frozenset({"sjl", "debt", "hr_dip", "sri", "dfa", "pat", "is", "iv", "ra"})
_PERCENTAGES: Final = frozenset({"coverage", "se"})


class BadTableError(Exception):
    """The table breaks a rule of its own; the text names it in the words of the schema, never with a value."""


def _demand(holds: bool, what: str) -> None:
    if not holds:
        raise BadTableError(what)


def _is_number(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    return abs(value) <= _LARGEST if isinstance(value, int) else math.isfinite(value)


def _whole(value: Any) -> bool:
    return _is_number(value) and value == int(value)


def _matches(pattern: re.Pattern[str], value: Any) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None


def read_table(document: Any) -> FactsTable:
    """Read a facts table from its document.

    Raises
    ------
    BadTableError
        When its shape or one of its values breaks IS-1.
    """
    _demand(isinstance(document, dict) and document.keys() == _TABLE_KEYS, "keys of the table")
    _demand(document["schema"] == "clarity-facts/1" and document["catalogue"] == "1", "version")
    _demand(_matches(_TABLE, document["table"]), "table")
    _demand(document["language"] in LANGUAGES, "language")
    _demand(document["question"] in {topic.value for topic in Topic}, "question")
    facts, unavailable = document["facts"], document["unavailable"]
    _demand(isinstance(facts, list) and 1 <= len(facts) <= _MOST_FACTS, "number of facts")
    _demand(isinstance(unavailable, list), "unavailable")
    table = FactsTable(
        document["table"],
        document["language"],
        Topic(document["question"]),
        document["catalogue"],
        tuple(_fact(one) for one in facts),
        tuple(_unavailable(one) for one in unavailable),
    )
    validate_table(table)
    return table


def validate_table(table: FactsTable) -> None:
    """Hold a table to the rules of IS-1; raises :class:`BadTableError`."""
    metrics, windows = catalogue(), lexicon(table.language).window_phrases
    ids = [fact.id for fact in table.facts] + [one.id for one in table.unavailable]
    _demand(len(set(ids)) == len(ids), "ids are unique")
    for fact in table.facts:
        metric = metrics.get(fact.metric)
        _demand(metric is not None, "metric")
        assert metric is not None
        _demand(fact.label == metric.labels[table.language], "label")
        _demand((fact.unit, fact.decimals, fact.direction) == (metric.unit, metric.decimals, metric.direction), "unit")
        _demand(fact.source == metric.source, "source")
        _check_window(fact.window, windows)
        _demand(LEAST_DAYS <= fact.valid_days <= fact.window.days, "valid_days")
        _demand(0 <= fact.coverage <= 1, "coverage")
        _demand(set(fact.flags) <= set(FLAGS) and len(set(fact.flags)) == len(fact.flags), "flags")
        _demand(fact.metric != "pat" or "uncalibrated" in fact.flags, "flags of a research score")
        _check_value(fact)
    for one in table.unavailable:
        missing = metrics.get(one.metric)
        _demand(missing is not None and one.label == missing.labels[table.language], "label of an unavailable fact")
        _demand(one.window in windows, "window of an unavailable fact")
        _demand(one.reason in UNAVAILABLE_REASONS, "reason of an unavailable fact")


def _check_window(window: FactWindow, known: Any) -> None:
    _demand(window.key in known, "window")
    _demand(window.from_day <= window.to_day <= 0, "days of the window")
    _demand(window.days == window.to_day - window.from_day + 1 and window.days >= LEAST_DAYS, "length of the window")


def _check_value(fact: Fact) -> None:
    value = fact.value
    _demand(math.isfinite(value), "value")
    if fact.unit == "clock_h":
        _demand(0 <= value < 24, "value on the clock")
    if fact.metric in _PERCENTAGES:
        _demand(0 <= value <= 100, "percentage")
    if fact.metric not in _MAY_BE_NEGATIVE:
        _demand(value >= 0, "amount below zero")
    if fact.metric == "valid_days":
        _demand(value <= fact.window.days, "valid days beyond the window")


def _fact(document: Any) -> Fact:
    _demand(isinstance(document, dict) and document.keys() - {"source_hash"} == _FACT_KEYS, "keys of a fact")
    window, method, value = document["window"], document["method"], document["value"]
    _demand(_matches(_ID, document["id"]), "id")
    _demand(_is_number(value), "value")
    _demand(isinstance(window, dict) and window.keys() == {"key", "from_day", "to_day", "days"}, "window")
    _demand(isinstance(method, dict) and method.keys() == {"id", "version"}, "method")
    texts = (document["metric"], document["label"], document["unit"], document["source"], document["direction"])
    _demand(all(isinstance(one, str) for one in (*texts, window["key"], *method.values())), "texts of a fact")
    numbers = (document["decimals"], document["valid_days"], window["from_day"], window["to_day"], window["days"])
    _demand(all(_whole(one) for one in numbers), "whole numbers of a fact")
    coverage = document["coverage"]
    _demand(_is_number(coverage), "coverage")
    _demand(isinstance(document["compare"], list) and isinstance(document["flags"], list), "lists of a fact")
    _demand(all(_matches(_ID, one) for one in document["compare"]), "compare")
    _demand(all(isinstance(one, str) for one in document["flags"]), "flags")
    _demand("source_hash" not in document or _matches(_HASH, document["source_hash"]), "source_hash")
    _demand(len(set(document["compare"])) == len(document["compare"]), "compare")
    return Fact(
        id=document["id"],
        metric=document["metric"],
        label=document["label"],
        value=value,
        unit=document["unit"],
        decimals=int(document["decimals"]),
        window=FactWindow(window["key"], int(window["from_day"]), int(window["to_day"]), int(window["days"])),
        valid_days=int(document["valid_days"]),
        coverage=float(coverage),
        method_id=method["id"],
        method_version=method["version"],
        source=document["source"],
        direction=document["direction"],
        compare=tuple(document["compare"]),
        flags=tuple(document["flags"]),
        source_hash=document.get("source_hash"),
    )


def _unavailable(document: Any) -> UnavailableFact:
    keys = {"id", "metric", "label", "window", "reason"}
    _demand(isinstance(document, dict) and document.keys() == keys, "keys of an unavailable fact")
    _demand(all(isinstance(one, str) for one in document.values()), "texts of an unavailable fact")
    _demand(_matches(_ID, document["id"]), "id")
    return UnavailableFact(
        document["id"], document["metric"], document["label"], document["window"], document["reason"]
    )


def table_document(table: FactsTable, *, local: bool = False) -> dict[str, Any]:
    """The table as a document in the order of the schema.

    Parameters
    ----------
    local:
        Keep ``source_hash``, which no request ever holds.
    """
    return {
        "schema": "clarity-facts/1",
        "table": table.table,
        "language": table.language,
        "question": table.question.value,
        "catalogue": table.catalogue,
        "facts": [_fact_document(fact, local) for fact in table.facts],
        "unavailable": [
            {"id": one.id, "metric": one.metric, "label": one.label, "window": one.window, "reason": one.reason}
            for one in table.unavailable
        ],
    }


def _fact_document(fact: Fact, local: bool) -> dict[str, Any]:
    window = fact.window
    document: dict[str, Any] = {
        "id": fact.id,
        "metric": fact.metric,
        "label": fact.label,
        "value": fact.value,
        "unit": fact.unit,
        "decimals": fact.decimals,
        "window": {"key": window.key, "from_day": window.from_day, "to_day": window.to_day, "days": window.days},
        "valid_days": fact.valid_days,
        "coverage": fact.coverage,
        "method": {"id": fact.method_id, "version": fact.method_version},
        "source": fact.source,
        "direction": fact.direction,
        "compare": list(fact.compare),
        "flags": list(fact.flags),
    }
    if local and fact.source_hash is not None:
        document["source_hash"] = fact.source_hash
    return document
