"""The check of an answer against a facts table: a pure function that never raises on any bytes (IS-2 to IS-11)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from clarity_desktop.domain.insights import CheckResult, Fact, FactsTable, Reason, Statement, StatementKind
from clarity_desktop.insights.grounding.binding import binding_reasons, context_reasons
from clarity_desktop.insights.grounding.envelope import EnvelopeError, read_answer
from clarity_desktop.insights.grounding.lexicon import Lexicon, lexicon
from clarity_desktop.insights.grounding.pieces import Pieces, Placeholder, take_apart
from clarity_desktop.insights.grounding.rendering import comparison_text, value_text
from clarity_desktop.insights.grounding.table import BadTableError, validate_table
from clarity_desktop.insights.grounding.wording import form_reasons, sign_reasons, word_reasons

__all__ = [
    "LEAST_COVERAGE",
    "check_answer",
    "check_statements",
    "may_compare",
    "render",
    "render_pieces",
    "statement_reasons",
]

LEAST_COVERAGE = 0.8
"""Below this a statement that rests on the fact needs a caveat about its window."""


def check_answer(table: FactsTable, raw: bytes | dict[str, Any]) -> CheckResult:
    """Check an answer as it was received.

    Parameters
    ----------
    table:
        What the answer may speak of.
    raw:
        The bytes of the answer, or its document.
    """
    try:
        validate_table(table)
    except BadTableError:
        return CheckResult((Reason("bad_table"),))
    try:
        answer = read_answer(raw)
    except EnvelopeError as error:
        return CheckResult((Reason(error.code),))
    reasons = []
    if not any(one.kind is StatementKind.OBSERVATION for one in answer.statements):
        reasons.append(Reason("empty"))
    if answer.table != table.table:
        reasons.append(Reason("wrong_table"))
    if answer.language != table.language:
        reasons.append(Reason("wrong_language"))
    return check_statements(table, answer.statements, reasons)


def check_statements(table: FactsTable, statements: Sequence[Statement], reasons: Sequence[Reason] = ()) -> CheckResult:
    """Check statements one by one and together; ``reasons`` found before are kept in front."""
    words = lexicon(table.language)
    found = list(reasons)
    seen: set[str] = set()
    for index, statement in enumerate(statements):
        found.extend(
            Reason(code, index, (word,) if word else ()) for code, word in statement_reasons(table, statement, words)
        )
        bare = "".join(statement.text.split()).casefold()
        if bare and bare in seen:
            found.append(Reason("repeated", index))
        seen.add(bare)
    found.extend(_caveat_reasons(table, statements, words))
    unique = tuple(dict.fromkeys(found))
    if unique:
        return CheckResult(unique, tuple(statements))
    return CheckResult((), tuple(statements), tuple(render(table, one, words) for one in statements))


def statement_reasons(table: FactsTable, statement: Statement, words: Lexicon) -> Iterator[tuple[str, str]]:
    """All that speaks against one statement on its own (IS-3 to IS-9): codes, each with the word at fault if one is."""
    if not statement.text.strip():
        yield "empty", ""
        return
    pieces = take_apart(statement.text, words)
    facts = {fact.id: fact for fact in table.facts}
    yield from _placeholder_reasons(table, statement, pieces, facts)
    for placed in pieces.terms:
        if placed.term.group == "fixed" and statement.kind.value not in placed.term.keys:
            yield "ungrounded_topic", placed.term.text
    yield from sign_reasons(pieces, words)
    yield from ((code, "") for code in form_reasons(pieces, statement.kind))
    yield from word_reasons(pieces, statement.kind, words)
    yield from binding_reasons(pieces, facts)
    yield from context_reasons(pieces, words)


def _placeholder_reasons(
    table: FactsTable, statement: Statement, pieces: Pieces, facts: Mapping[str, Fact]
) -> Iterator[tuple[str, str]]:
    if pieces.has_malformed:
        yield "malformed_placeholder", ""
    elif not pieces.placeholders:
        yield "no_fact", ""
    unavailable = {one.id for one in table.unavailable}
    used = [name for placeholder in pieces.placeholders for name in placeholder.ids]
    for name in dict.fromkeys((*used, *statement.facts)):
        if name in unavailable:
            yield "unavailable_fact", name
        elif name not in facts:
            yield "unknown_fact", name
    for placeholder in pieces.placeholders:
        if not _is_offered(placeholder, facts):
            yield "comparison_not_allowed", ""
    if set(statement.facts) != set(used):
        yield "facts_mismatch", ""


def _is_offered(placeholder: Placeholder, facts: Mapping[str, Fact]) -> bool:
    fact = facts.get(placeholder.fact)
    if placeholder.other is None or fact is None:
        return True
    other = facts.get(placeholder.other)
    return other is None or (other.id in fact.compare and may_compare(fact, other))


def may_compare(fact: Fact, other: Fact) -> bool:
    """Whether two facts are of one kind: metric, unit, decimals, method and length of window, in different windows."""

    def kind(one: Fact) -> tuple[object, ...]:
        return one.metric, one.unit, one.decimals, one.method_id, one.method_version, one.window.days

    return kind(fact) == kind(other) and fact.window.key != other.window.key


def _caveat_reasons(table: FactsTable, statements: Sequence[Statement], words: Lexicon) -> Iterator[Reason]:
    facts = {fact.id: fact for fact in table.facts}
    used = [
        [
            facts[name]
            for placeholder in take_apart(statement.text, words).placeholders
            for name in placeholder.ids
            if name in facts
        ]
        for statement in statements
    ]
    covered = {
        fact.window.key
        for statement, own in zip(statements, used, strict=True)
        if statement.kind is StatementKind.CAVEAT
        for fact in own
    }
    for index, (statement, own) in enumerate(zip(statements, used, strict=True)):
        thin = [fact for fact in own if fact.coverage < LEAST_COVERAGE or fact.flags]
        if statement.kind is not StatementKind.CAVEAT and any(fact.window.key not in covered for fact in thin):
            yield Reason("caveat_missing", index)
            return


def render(table: FactsTable, statement: Statement, words: Lexicon) -> str:
    """The statement with its values and comparisons; only for statements that passed the check."""
    return "".join(text for text, _ in render_pieces(table, statement, words))


def render_pieces(table: FactsTable, statement: Statement, words: Lexicon) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """The rendered statement in pieces, each with the ids of the facts that it is the value or comparison of."""
    facts = {fact.id: fact for fact in table.facts}
    parts: list[tuple[str, tuple[str, ...]]] = []
    place = 0
    for placeholder in take_apart(statement.text, words).placeholders:
        fact = facts[placeholder.fact]
        other = None if placeholder.other is None else facts[placeholder.other]
        value = value_text(fact, words) if other is None else comparison_text(fact, other, words)
        parts += [(statement.text[place : placeholder.start], ()), (value, tuple(placeholder.ids))]
        place = placeholder.stop
    return tuple(part for part in (*parts, (statement.text[place:], ())) if part[0])
