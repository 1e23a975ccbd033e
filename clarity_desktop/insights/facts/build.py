"""The facts table of a topic: values where there are enough days, and the names of those that there are not."""

from __future__ import annotations

import hashlib
import json
import math
import secrets
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from clarity_desktop.domain.insights import Fact, FactsTable, Topic, UnavailableFact
from clarity_desktop.insights.facts.evidence import WindowEvidence
from clarity_desktop.insights.facts.topics import TOPIC_METRICS
from clarity_desktop.insights.facts.values import FactValue, Unavailable, share_worn, value_of
from clarity_desktop.insights.grounding.check import may_compare
from clarity_desktop.insights.grounding.lexicon import catalogue
from clarity_desktop.insights.grounding.table import LEAST_DAYS, table_document

__all__ = ["MOST_REQUEST_BYTES", "build_table", "facts_hash", "new_mark"]

MOST_REQUEST_BYTES: Final = 16_384
"""Most that the facts table of a request may weigh (I-8)."""
_MOST_FACTS: Final = 60
_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz"


def new_mark() -> str:
    """Random letters for one request."""
    return "".join(secrets.choice(_LETTERS) for _ in range(10))


def facts_hash(table: FactsTable) -> str:
    """SHA-256 of what the table says, whatever request it belongs to (I-7, I-40)."""
    document = table_document(replace(table, table="a" * 8))
    return hashlib.sha256(json.dumps(document, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def build_table(
    topic: Topic,
    evidence: Sequence[WindowEvidence],
    language: str,
    *,
    mark: str | None = None,
    metrics: Sequence[str] | None = None,
) -> FactsTable | None:
    """The table of a topic over windows, or ``None`` when there is not one fact to speak of.

    Facts stand in the order of :data:`TOPIC_METRICS`, each metric over the windows in the order of ``evidence``. Those
    that would make the request too large are left out from the end of that order.

    Parameters
    ----------
    metrics:
        The measures to speak of, in order, in place of the topic's own.
    """
    facts: list[Fact] = []
    missing: list[UnavailableFact] = []
    for metric in TOPIC_METRICS[topic] if metrics is None else metrics:
        for window in evidence:
            answer = value_of(metric, window)
            if answer is None:
                continue
            made = _fact(metric, window, answer, language)
            if isinstance(made, Fact):
                facts.append(made)
            else:
                missing.append(made)
    if not facts:
        return None
    mark = mark or new_mark()
    while True:
        table = FactsTable(mark, language, topic, "1", _comparable(facts), tuple(missing))
        size = len(json.dumps(table_document(table), ensure_ascii=False).encode())
        if (size <= MOST_REQUEST_BYTES and len(facts) <= _MOST_FACTS) or len(facts) == 1:
            return table
        facts.pop()


def _fact(
    metric: str, evidence: WindowEvidence, answer: FactValue | Unavailable, language: str
) -> Fact | UnavailableFact:
    entry, window = catalogue()[metric], evidence.window
    name, label = f"{metric}_{window.key}", entry.labels[language]

    def unavailable(reason: str) -> UnavailableFact:
        return UnavailableFact(name, metric, label, window.key, reason)

    if isinstance(answer, Unavailable):
        return unavailable(answer.reason)
    days = min(answer.rests_on, window.days)
    if days < LEAST_DAYS or window.days < LEAST_DAYS:
        return unavailable("too_few_days")
    if not math.isfinite(answer.value):
        return unavailable("source_missing")
    value = answer.value % 24 if entry.unit == "clock_h" else answer.value
    own = evidence.panel.provenance
    source = hashlib.sha256(f"{own}/{metric}/{window.key}".encode()).hexdigest()
    return Fact(
        id=name,
        metric=metric,
        label=label,
        value=round(value, 6) if entry.unit != "clock_h" else min(round(value, 6), 23.999999),
        unit=entry.unit,
        decimals=entry.decimals,
        window=window,
        valid_days=days,
        coverage=round(share_worn(evidence), 4),
        method_id=answer.method,
        method_version=answer.version,
        source=entry.source,
        direction=entry.direction,
        flags=tuple(dict.fromkeys((*evidence.flags, *answer.flags))),
        source_hash=f"sha256:{source}",
    )


def _comparable(facts: Sequence[Fact]) -> tuple[Fact, ...]:
    return tuple(
        replace(fact, compare=tuple(other.id for other in facts if other is not fact and may_compare(fact, other)))
        for fact in facts
    )
