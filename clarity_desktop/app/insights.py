"""The part of the services that puts words beside charts: facts of a topic and insights from them."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

import numpy as np

from clarity_desktop.app.insight_scores import ScoreServices, score_finding
from clarity_desktop.app.permissions import needs
from clarity_desktop.app.studies import StudyServices
from clarity_desktop.domain import kinds
from clarity_desktop.domain.errors import NotFoundError, UsageError
from clarity_desktop.domain.findings import Finding
from clarity_desktop.domain.insights import Fact, FactsTable, FactWindow, Statement, StatementKind, Topic
from clarity_desktop.domain.panel import Panel
from clarity_desktop.domain.time import Instant, Span, ZoneTimeline, day_of_date, format_instant
from clarity_desktop.domain.users import Right

if TYPE_CHECKING:
    from clarity_desktop.insights.facts import WindowEvidence
    from clarity_desktop.insights.providers.cloud import RemoteText

__all__ = [
    "NOT_A_DIAGNOSIS",
    "Insight",
    "InsightFacts",
    "InsightServices",
    "SaidStatement",
    "fact_period",
    "fact_text",
    "insight_lines",
    "insight_note",
    "said_statement",
]

NOT_A_DIAGNOSIS = "Not a diagnosis. Research software."
"""Stands with every text, on screen, on paper and on the clipboard (I-22)."""


@dataclass(frozen=True, slots=True)
class InsightFacts:
    """The facts of a topic with the spans of time they are about."""

    topic: Topic
    language: str
    table: FactsTable | None
    """``None`` when there is not one fact to speak of."""
    hash: str
    """SHA-256 of what the table says; empty without one."""
    spans: dict[str, Span]
    """UTC span of each window key."""
    last_day: date
    """Local date of day 0."""
    missing: tuple[str, ...] = ()
    """What is missing and how to get it, in sentences."""


@dataclass(frozen=True, slots=True)
class SaidStatement:
    """One sentence with its values and what it rests on."""

    kind: StatementKind
    text: str
    facts: tuple[str, ...]
    pieces: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """The text in pieces, each with the ids of the facts that it is the value or comparison of."""


@dataclass(frozen=True, slots=True)
class Insight:
    """A text about a person's recordings, every value of which is a fact of this program."""

    provider: str
    origin: str
    """Who made it and in which version: ``rules 1``."""
    made: Instant
    facts: InsightFacts
    statements: tuple[SaidStatement, ...]
    refused: str | None = None
    """Why there is no text, or why another provider's text stands here; ``None`` when all went as asked."""
    id: str = ""
    """Of the kept text; empty for one that is not kept."""
    remedy: str = ""
    """What can be done about :attr:`refused`, and by whom."""
    sent_bytes: int = 0
    """Bytes that left for this text; 0 when nothing was sent."""
    remote: RemoteText | None = None
    """What the cloud wrote, which no check can hold to the facts."""
    partial: bool = False
    """Whether it was cancelled before its end."""
    cached: bool = False
    """Whether it is a text of the last hour that serves again, because no fact has changed since."""

    @property
    def text(self) -> str:
        """The sentences, one a line."""
        return "\n".join(one.text for one in self.statements)


_NOTE_WORDS = {"en": ("valid days", "coverage", "method"), "de": ("gültige Tage", "Abdeckung", "Methode")}
_DETAILED = (Topic.REGULARITY, Topic.ACTIVITY)
"""Topics that speak of measures which only a detailed analysis has."""
_REASONS = {
    "too_few_days": "{label}: fewer than three valid days. Wear the device for at least ten hours a day.",
    "too_little_wear": "{label}: worn for too little time. Wear the device for at least ten hours a day.",
    "source_missing": "{label}: nothing in this vault measures it. Import a source that does.",
    "not_consented": "{label}: there is no consent for it.",
    "unreviewed": "{label}: not reviewed yet.",
    "steps_only": "{label}: sleep is not told from steps. Import sleep stages or an actigraph's counts.",
}


class InsightServices(StudyServices, ScoreServices):
    """Facts and insights. Part of ``Services``."""

    @needs(Right.READ_DATA)
    def insight_facts(
        self, patient_id: str, topic: Topic = Topic.OVERVIEW, *, language: str = "en", event: date | None = None
    ) -> InsightFacts:
        """The facts of a topic: all that a provider of insights may know.

        Parameters
        ----------
        event:
            Local date of the event that :attr:`Topic.EVENT` is about.

        Raises
        ------
        NotFoundError
            ``analysis.no_data`` when there is no recording.
        UsageError
            ``insights.no_event`` for an event topic without a date, or with one that has no three days on both sides.
        """
        from clarity_desktop.insights.facts import topic_windows

        panel = self.panel(patient_id)
        last = self._last_day(panel)
        event_day = None if event is None else day_of_date(event) - last
        if topic is Topic.EVENT and (event_day is None or event_day > -3):
            raise UsageError(
                "insights.no_event",
                "A change around an event needs its day, and three days of recording after it.",
                remedy="Give the day of an event that lies at least three days before the last recording.",
            )
        windows = topic_windows(topic, event_day, whole_days=self._whole_days(patient_id, panel, last))
        return self._facts_of(patient_id, panel, last, topic, windows, language)

    def _measures(
        self, patient_id: str, topic: Topic, metrics: tuple[str, ...], *, language: str, score_label: str
    ) -> InsightFacts:
        """Facts of chosen measures over a topic's windows, the score by a head of this label; none for an empty one."""
        from clarity_desktop.insights.facts import topic_windows

        panel = self.panel(patient_id)
        last = self._last_day(panel)
        windows = topic_windows(topic, whole_days=self._whole_days(patient_id, panel, last))
        return self._facts_of(
            patient_id, panel, last, topic, windows, language, metrics=metrics, score_label=score_label
        )

    def _facts_of(
        self,
        patient_id: str,
        panel: Panel,
        last: int,
        topic: Topic,
        windows: tuple[FactWindow, ...],
        language: str,
        *,
        metrics: tuple[str, ...] | None = None,
        score_label: str | None = None,
    ) -> InsightFacts:
        from clarity_desktop.insights.facts import build_table, facts_hash, windows_of

        zone = panel.zone
        score = self._research_score(patient_id, score_label) if topic is Topic.PAT else None
        whole = next((one for one in windows if one.key == "whole"), None)

        def panel_of(span: Span) -> Panel:
            # Period and scaling exponent are told of the whole window alone, and take longer than all the rest.
            is_whole = whole is not None and topic in _DETAILED and span == _span_of(whole, last, zone)
            return self.panel(patient_id, span, details=is_whole)

        def further(span: Span) -> tuple[Finding, ...]:
            if score is not None:
                return score_finding(self, patient_id, score, span)
            return self._beats(patient_id, span, topic)

        evidence = windows_of(
            windows,
            last,
            panel_of,
            zone.day_span,
            self._daily_steps(patient_id),
            further,
        )
        table = build_table(topic, evidence, language, metrics=metrics)
        spans = {one.window.key: one.panel.span for one in evidence}
        return InsightFacts(
            topic,
            language,
            table,
            "" if table is None else facts_hash(table),
            spans,
            date.fromordinal(date(1970, 1, 1).toordinal() + last),
            _missing(table, evidence, "" if score is None else score.missing),
        )

    @needs(Right.READ_DATA)
    def insight(
        self,
        patient_id: str,
        topic: Topic = Topic.OVERVIEW,
        *,
        language: str = "en",
        event: date | None = None,
        metrics: frozenset[str] | None = None,
    ) -> Insight:
        """What the rules say of a topic: offline, and the same for the same facts.

        Parameters
        ----------
        metrics:
            Speak of these measures of the topic alone, as an answer to a question; of all when ``None``.
        """
        from clarity_desktop.insights.grounding import check_statements
        from clarity_desktop.insights.rules import rule_statements, rules_version

        facts = self.insight_facts(patient_id, topic, language=language, event=event)
        if metrics is not None:
            facts = _narrowed(facts, metrics)
        statements: tuple[Statement, ...] = () if facts.table is None else rule_statements(facts.table)
        said: tuple[SaidStatement, ...] = ()
        if facts.table is not None and statements:
            checked = check_statements(facts.table, statements)
            if checked.accepted:
                said = tuple(said_statement(facts.table, one) for one in statements)
        refused = None if said else "There are not enough valid days to say something about this topic."
        return Insight("rules", f"rules {rules_version()}", int(time.time()), facts, said, refused)

    def _last_day(self, panel: Panel) -> int:
        worn = [day.date for day in panel.days if day.worn_min > 0]
        nights = [night.date for night in panel.nights]
        if not worn and not nights:
            raise NotFoundError(
                "analysis.no_data",
                "This person has no activity, heart rate or sleep to analyse.",
                remedy="Import a file that holds any of them.",
            )
        last = int(panel.zone.local_days(np.array([panel.span.stop - 1], dtype=np.int64))[0])
        return min(last, max(day_of_date(day) for day in (*worn, *nights)))

    def _whole_days(self, patient_id: str, panel: Panel, last: int) -> int:
        """Days from the first with activity, heart rate or sleep to day 0: all that is called the whole recording."""
        from clarity_desktop.analysis.panels.activity_signal import PANEL_KINDS

        firsts = [one.first for one in self.series(patient_id) if one.kind in PANEL_KINDS and one.first is not None]
        start = min(firsts, default=panel.span.start)
        first = int(panel.zone.local_days(np.array([start], dtype=np.int64))[0])
        return max(1, last - first + 1)

    def _daily_steps(self, patient_id: str) -> dict[date, float]:
        found = self.study.days(patient_id, kinds.STEPS, merged=True)
        return {day: float(one.sum) for day, one in found.items() if one.sum is not None}

    def _beats(self, patient_id: str, span: Span, topic: Topic) -> tuple[Finding, ...]:
        if topic is not Topic.HEART:
            return ()
        return self.study.heart(patient_id, span)


def _narrowed(facts: InsightFacts, metrics: frozenset[str]) -> InsightFacts:
    """The facts of some measures, with the coverage that caveats speak of."""
    from clarity_desktop.insights.facts import facts_hash
    from clarity_desktop.insights.grounding.lexicon import catalogue

    table = facts.table
    if table is None:
        return facts
    kept = tuple(one for one in table.facts if one.metric in metrics)
    if not kept:
        missing = tuple(
            _REASONS[one.reason].format(label=one.label[:1].upper() + one.label[1:])
            for one in table.unavailable
            if one.metric in metrics
        )
        labels = (entry.labels[facts.language] for name, entry in catalogue().items() if name in metrics)
        elsewhere = tuple(f"{one[:1].upper()}{one[1:]}: not told of these windows. See the charts." for one in labels)
        return replace(facts, table=None, hash="", missing=tuple(dict.fromkeys(missing)) or elsewhere)
    names = {one.id for one in kept} | {f"coverage_{one.window.key}" for one in kept}
    narrow = tuple(
        replace(one, compare=tuple(name for name in one.compare if name in names))
        for one in table.facts
        if one.id in names
    )
    held = replace(table, facts=narrow, unavailable=tuple(one for one in table.unavailable if one.metric in metrics))
    return replace(facts, table=held, hash=facts_hash(held))


def _span_of(window: FactWindow, last_day: int, zone: ZoneTimeline) -> Span:
    return Span(zone.day_span(last_day + window.from_day).start, zone.day_span(last_day + window.to_day).stop)


def _missing(table: FactsTable | None, evidence: tuple[WindowEvidence, ...], score: str) -> tuple[str, ...]:
    if table is None:
        days = max((one.valid_days for one in evidence), default=0)
        return (f"Needs three days worn for at least ten hours, has {days}.", *([score] if score else ()))
    found: dict[str, None] = {}
    spoken = {fact.metric for fact in table.facts}
    for one in table.unavailable:
        if one.metric == "pat" and score:
            found[score] = None
        elif one.metric not in spoken:
            label = one.label[:1].upper() + one.label[1:]
            found[_REASONS[one.reason].format(label=label)] = None
    return tuple(found)


def insight_note(insight: Insight, statements: tuple[SaidStatement, ...] | None = None) -> str:
    """The text with its citations, who made it, from what, and that it is no diagnosis: to copy, print or sign.

    Parameters
    ----------
    statements:
        Those that are shown; all when ``None``.
    """
    lines, notes = insight_lines(insight, insight.statements if statements is None else statements)
    made = format_instant(insight.made)
    return "\n".join((*lines, "", *notes, f"Made by {insight.origin}, {made}.", NOT_A_DIAGNOSIS))


def insight_lines(insight: Insight, shown: tuple[SaidStatement, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The sentences with the numbers of their notes, and the notes: measure, dates, days, coverage and method."""
    table = insight.facts.table
    cited = list(dict.fromkeys(name for one in shown for name in one.facts))
    lines = []
    for one in shown:
        marks = "".join(f"[{cited.index(name) + 1}]" for name in one.facts)
        lines.append(f"{one.text} {marks}")
    notes = []
    for number, name in enumerate(cited, 1):
        fact = None if table is None else table.fact(name)
        if fact is not None:
            valid, covered, made_by = _NOTE_WORDS[insight.facts.language]
            days = f"{fact.valid_days} {valid}, {covered} {100 * fact.coverage:.0f} %"
            method = f"{made_by} {fact.method_id} {fact.method_version}"
            notes.append(f"[{number}] {fact.label}, {fact_period(fact, insight.facts)}, {days}, {method}")
    return tuple(lines), tuple(notes)


def said_statement(table: FactsTable, statement: Statement) -> SaidStatement:
    """A statement that passed the check, with its values."""
    from clarity_desktop.insights.grounding.check import render_pieces
    from clarity_desktop.insights.grounding.lexicon import lexicon

    pieces = render_pieces(table, statement, lexicon(table.language))
    return SaidStatement(statement.kind, "".join(text for text, _ in pieces), statement.facts, pieces)


def fact_text(fact: Fact, language: str) -> str:
    """The fact's value with its unit, as the sentences show it (I-15)."""
    from clarity_desktop.insights.grounding.lexicon import lexicon
    from clarity_desktop.insights.grounding.rendering import value_text

    return value_text(fact, lexicon(language))


def fact_period(fact: Fact, facts: InsightFacts) -> str:
    """The fact's days as dates, for those who may see them: never part of a request."""
    window: FactWindow = fact.window
    first = facts.last_day.toordinal() + window.from_day
    last = facts.last_day.toordinal() + window.to_day
    return f"{date.fromordinal(first).isoformat()}/{date.fromordinal(last).isoformat()}"
