"""The rules provider: paragraphs from templates over a facts table, offline, the same for the same facts (I-40)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any, Final

from clarity_desktop.assets import asset
from clarity_desktop.domain.insights import Fact, FactsTable, Statement, StatementKind, Topic
from clarity_desktop.insights.grounding.check import LEAST_COVERAGE
from clarity_desktop.insights.grounding.lexicon import catalogue, lexicon
from clarity_desktop.insights.grounding.rendering import clock_difference_min, rounded

__all__ = ["caveats_for", "patient_statements", "rule_statements", "rules_version"]

_MOST_OBSERVATIONS: Final = 6
_MOST_STATEMENTS: Final = 12
_THIN: Final = 0.6
"""Below this share of worn time the data are said to be incomplete, not only to be read with care."""
_FIRST_WINDOWS: Final = ("recent", "after_event", "whole", "before_event", "earlier", "baseline", "work", "free")
_OTHER_WINDOWS: Final = ("baseline", "before_event", "earlier")


@cache
def _templates(language: str) -> Mapping[str, Any]:
    document = _document()[language]
    assert isinstance(document, dict)
    return document


@cache
def _document() -> Mapping[str, Any]:
    found = json.loads(asset("resources/insights/rules.json").read_text(encoding="utf-8"))
    assert isinstance(found, dict)
    return found


def rules_version() -> str:
    """Version of the templates; it is kept with every text made from them."""
    return str(_document()["version"])


def rule_statements(table: FactsTable) -> tuple[Statement, ...]:
    """Statements about a table, in the order of its facts: what was measured, how it compares, a question, caveats.

    Equal facts give equal statements on each platform. Every text passes the grounding check, which the caller runs.
    """
    speaker = _Speaker(table)
    observations = list(speaker.observations())[:_MOST_OBSERVATIONS]
    if not observations:
        return ()
    said = [*observations, *speaker.question()]
    caveats = list(speaker.caveats(said))
    room = _MOST_STATEMENTS - len(caveats)
    return (*said[:room], *caveats)


def patient_statements(table: FactsTable) -> tuple[Statement, ...]:
    """Statements to print for the person themselves: measures with everyday names, one thing a sentence (I-70).

    They hold the same facts, values and caveats as :func:`rule_statements`; indices and questions to the clinician are
    left out. Empty where the table has no such measure.
    """
    speaker = _Speaker(table)
    said = list(speaker.plain())
    caveats = list(speaker.caveats(said))
    return (*said[: _MOST_STATEMENTS - len(caveats)], *caveats) if said else ()


def caveats_for(table: FactsTable, said: Iterable[Statement]) -> tuple[Statement, ...]:
    """Caveats about the windows whose thin or flagged facts were spoken of without one (IS-10)."""
    facts = {fact.id: fact for fact in table.facts}
    said = tuple(said)
    covered = {
        facts[name].window.key
        for one in said
        if one.kind is StatementKind.CAVEAT
        for name in one.facts
        if name in facts
    }
    spoken = [one for one in said if one.kind is not StatementKind.CAVEAT]
    return tuple(one for one in _Speaker(table).caveats(spoken) if facts[one.facts[0]].window.key not in covered)


class _Speaker:
    """Fills the templates of one language with one table's placeholders."""

    def __init__(self, table: FactsTable) -> None:
        self._table = table
        self._facts = {fact.id: fact for fact in table.facts}
        self._templates = _templates(table.language)
        self._windows = lexicon(table.language).window_phrases

    def _subject(self, fact: Fact) -> str:
        own: Mapping[str, str] = self._templates.get("subjects", {})
        return own.get(fact.metric, fact.label[:1].upper() + fact.label[1:])

    def _say(self, kind: StatementKind, template: str, facts: Iterable[Fact], **more: str) -> Statement:
        used = tuple(dict.fromkeys(fact.id for fact in facts))
        first = self._facts[used[0]]
        text = template.format(
            subject=self._subject(first),
            label=first.label,
            value=_placeholder(first),
            window=self._windows[first.window.key],
            **more,
        )
        return Statement(kind, text, used)

    def _metrics(self) -> dict[str, dict[str, Fact]]:
        found: dict[str, dict[str, Fact]] = {}
        for fact in self._table.facts:
            found.setdefault(fact.metric, {})[fact.window.key] = fact
        return found

    def observations(self) -> Iterator[Statement]:
        """One statement a metric in its first window, compared where the table offers it; split days after them."""
        metrics = self._metrics()
        about_data = self._table.question is Topic.DATA_QUALITY
        for metric, windows in metrics.items():
            if metric == "coverage" and not about_data and len(metrics) > 1:
                continue
            fact = next((windows[key] for key in _FIRST_WINDOWS if key in windows), None)
            if fact is None or fact.window.key in ("work", "free"):
                continue
            number = "plural" if metric in self._templates["plural"] else "singular"
            other = self._compared(fact, windows)
            if other is None:
                yield self._say(StatementKind.OBSERVATION, self._templates["value"][number], (fact,))
            else:
                comparison = f"{{cmp:{fact.id}:{other.id}}}"
                template = self._templates["value_compared"][number]
                yield self._say(StatementKind.OBSERVATION, template, (fact, other), comparison=comparison)
        for windows in metrics.values():
            work, free = windows.get("work"), windows.get("free")
            if work is not None and free is not None:
                template = self._templates["split"]
                yield self._say(StatementKind.OBSERVATION, template, (work, free), value_other=_placeholder(free))

    def plain(self) -> Iterator[Statement]:
        """A sentence for the value of each everyday measure, and one of its own for how it compares."""
        everyday = _document()["patient_metrics"]
        for metric, windows in self._metrics().items():
            fact = next((windows[key] for key in _FIRST_WINDOWS if key in windows), None)
            if metric not in everyday or fact is None or fact.window.key in ("work", "free"):
                continue
            number = "plural" if metric in self._templates["plural"] else "singular"
            yield self._say(StatementKind.OBSERVATION, self._templates["value"][number], (fact,))
            other = self._compared(fact, windows)
            if other is not None:
                template = self._templates["compared_alone"][number]
                comparison = f"{{cmp:{fact.id}:{other.id}}}"
                yield self._say(StatementKind.OBSERVATION, template, (fact, other), comparison=comparison)

    @staticmethod
    def _compared(fact: Fact, windows: Mapping[str, Fact]) -> Fact | None:
        for key in _OTHER_WINDOWS:
            other = windows.get(key)
            if other is not None and other.id in fact.compare:
                return other
        return None

    def question(self) -> Iterator[Statement]:
        """One open question: about the first metric that differs, else none is asked."""
        if self._table.question is Topic.DATA_QUALITY:
            return
        for windows in self._metrics().values():
            fact = next((windows[key] for key in _FIRST_WINDOWS if key in windows), None)
            if fact is None or fact.metric in ("coverage", "valid_days"):
                continue
            other = self._compared(fact, windows)
            if other is not None and _differs(fact, other):
                yield self._say(StatementKind.QUESTION, self._templates["question"], (fact,))
                return

    def caveats(self, said: Iterable[Statement]) -> Iterator[Statement]:
        """One caveat for each window of which a thin or flagged fact was spoken."""
        thin: dict[str, Fact] = {}
        for statement in said:
            for name in statement.facts:
                fact = self._facts[name]
                if fact.coverage < LEAST_COVERAGE or fact.flags:
                    thin.setdefault(fact.window.key, fact)
        for key, fact in thin.items():
            coverage = self._facts.get(f"coverage_{key}")
            if coverage is None:
                yield self._say(StatementKind.CAVEAT, self._templates["caveat_value"], (fact,))
                continue
            template = self._templates["caveat_thin" if coverage.coverage < _THIN else "caveat"]
            yield self._say(StatementKind.CAVEAT, template, (coverage,), coverage=_placeholder(coverage))


def _placeholder(fact: Fact) -> str:
    return "{" + fact.id + "}"


def _differs(fact: Fact, other: Fact) -> bool:
    entry = catalogue()[fact.metric]
    if fact.unit == "clock_h":
        return abs(clock_difference_min(fact, other)) > entry.margin * 60
    return abs(rounded(fact.value, fact.decimals) - rounded(other.value, other.decimals)) > entry.margin
