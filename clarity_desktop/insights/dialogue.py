"""One question to a language model: stream, check, one repair round, and the rules' text when words do not hold."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from clarity_desktop.domain.errors import CancelledError
from clarity_desktop.domain.insights import CheckResult, FactsTable, Reason, Statement, StatementKind
from clarity_desktop.domain.work import CancelToken
from clarity_desktop.insights.grounding.check import check_answer, check_statements, render, statement_reasons
from clarity_desktop.insights.grounding.lexicon import lexicon
from clarity_desktop.insights.providers.provider import Finish, ModelProvider, ProviderError, Usage
from clarity_desktop.insights.request import InsightRequest, repair_request, request_for
from clarity_desktop.insights.rules import caveats_for, rule_statements
from clarity_desktop.insights.streaming import StatementStream

__all__ = ["CAUSES", "Outcome", "Spoken", "ask", "by_rules"]

_AT_ONCE: Final = frozenset(
    {
        *("not_json", "too_large", "too_deep", "duplicate_key", "schema", "empty"),
        *("wrong_table", "bad_table", "instruction_word"),
    }
)
"""Reasons after which nothing of the answer is worth a second round."""
_DROPPABLE: Final = frozenset(
    {"unknown_fact", "unavailable_fact", "malformed_placeholder", "comparison_not_allowed", "facts_mismatch"}
)

CAUSES: Final = {
    "declined": "The provider declined to answer; this text is by rules.",
    "cut": "The provider's answer broke off; this text is by rules.",
    "empty": "The provider gave no text; this text is by rules.",
    "refused": "The provider's words did not hold against the facts; this text is by rules.",
}
"""Why rules speak in place of a model, by code."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """A statement with its values filled in."""

    statement: Statement
    text: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a question."""

    spoken: tuple[Spoken, ...]
    by_model: bool
    """Whether the model's own words are shown; else the rules'."""
    cause: str | None = None
    """Code of why rules speak: of :data:`CAUSES`, or of a :class:`ProviderFailure`."""
    cause_sentence: str = ""
    partial: bool = False
    """Cancelled: what was checked until then."""
    rounds: int = 0
    dropped: int = 0
    reasons: tuple[str, ...] = ()
    """Codes of all refusals on the way, for the audit; never the refused words."""
    usage: Usage = field(default_factory=Usage)


def by_rules(table: FactsTable) -> tuple[Spoken, ...]:
    """The rules' text; empty when they have nothing to say or, which no test has seen, do not hold themselves."""
    statements = rule_statements(table)
    result = check_statements(table, statements)
    if not result.accepted:
        return ()
    return tuple(Spoken(one, text) for one, text in zip(statements, result.rendered, strict=True))


class _Round:
    """One request and what came of it."""

    def __init__(self, table: FactsTable, on_spoken: Callable[[Spoken], None]) -> None:
        self._table, self._on_spoken = table, on_spoken
        self._words = lexicon(table.language)
        self.stream = StatementStream()
        self.finish: Finish | None = None
        self.usage = Usage()
        self.spoken: list[Spoken] = []

    def run(self, provider: ModelProvider, request: InsightRequest, cancel: CancelToken) -> CheckResult:
        for piece in provider.answer(request, cancel):
            for found in self.stream.feed(piece.text):
                self._show(found)
            if piece.usage is not None:
                self.usage = piece.usage
            self.finish = piece.finish or self.finish
        return check_answer(self._table, self.stream.text.encode("utf-8", "surrogatepass"))

    def _show(self, found: Any) -> None:
        """Hand on a statement that has passed on its own (IS-3 to IS-9)."""
        statement = _statement(found)
        if statement is None or any(statement_reasons(self._table, statement, self._words)):
            return
        spoken = Spoken(statement, render(self._table, statement, self._words))
        self.spoken.append(spoken)
        self._on_spoken(spoken)


def ask(
    table: FactsTable,
    provider: ModelProvider,
    cancel: CancelToken,
    *,
    on_spoken: Callable[[Spoken], None] = lambda _: None,
    before_send: Callable[[InsightRequest], None] = lambda _: None,
) -> Outcome:
    """Ask a model about a table.

    Parameters
    ----------
    on_spoken:
        Called with each statement that has passed on its own, as it arrives.
    before_send:
        Called right before each request leaves; what it raises stops the send (I-31, I-36).
    """
    usage, rounds = Usage(), 0
    seen: list[str] = []
    request = request_for(table)
    result: CheckResult | None = None
    statements: tuple[Statement, ...] = ()
    for _ in range(2):
        before_send(request)
        rounds += 1
        one = _Round(table, on_spoken)
        try:
            result = one.run(provider, request, cancel)
        except CancelledError:
            return Outcome(
                tuple(one.spoken), True, partial=True, rounds=rounds, reasons=tuple(seen), usage=_sum(usage, one.usage)
            )
        except ProviderError as error:
            return _rules(table, error.failure.value, error.message, rounds, seen, usage)
        usage = _sum(usage, one.usage)
        if one.finish is not Finish.COMPLETE:
            cause = (one.finish or Finish.CUT).value
            return _rules(table, cause, CAUSES[cause], rounds, seen, usage)
        shown = _with_caveats(table, result)
        if shown is not None:
            return Outcome(shown, True, rounds=rounds, reasons=tuple(seen), usage=usage)
        seen.extend(dict.fromkeys(reason.code for reason in result.reasons))
        statements = result.statements
        if any(reason.code in _AT_ONCE for reason in result.reasons):
            return _rules(table, "refused", CAUSES["refused"], rounds, seen, usage)
        request = repair_request(table, statements, result.reasons)
    assert result is not None
    kept = _without_dropped(statements, result.reasons)
    if kept is not None:
        shown = _with_caveats(table, check_statements(table, kept))
        if shown is not None:
            dropped = len(statements) - len(kept)
            return Outcome(shown, True, rounds=rounds, dropped=dropped, reasons=tuple(seen), usage=usage)
    return _rules(table, "refused", CAUSES["refused"], rounds, seen, usage)


def _rules(table: FactsTable, cause: str, sentence: str, rounds: int, seen: list[str], usage: Usage) -> Outcome:
    return Outcome(by_rules(table), False, cause, sentence, rounds=rounds, reasons=tuple(seen), usage=usage)


def _with_caveats(table: FactsTable, result: CheckResult) -> tuple[Spoken, ...] | None:
    """The statements as shown, with caveats of the program where those alone are missing; else ``None``."""
    if any(reason.code != "caveat_missing" for reason in result.reasons) or not result.statements:
        return None
    statements = (*result.statements, *caveats_for(table, result.statements))
    if not any(one.kind is StatementKind.OBSERVATION for one in statements):
        return None
    whole = check_statements(table, statements)
    if not whole.accepted:
        return None
    return tuple(Spoken(one, text) for one, text in zip(statements, whole.rendered, strict=True))


def _without_dropped(statements: tuple[Statement, ...], reasons: tuple[Reason, ...]) -> list[Statement] | None:
    """What is left when statements with nothing but unusable placeholders go, if those are at most a third (I-12)."""
    codes: dict[int, set[str]] = {}
    for reason in reasons:
        if reason.statement is not None:
            codes.setdefault(reason.statement, set()).add(reason.code)
        elif reason.code != "caveat_missing":
            return None
    bad = {index for index, found in codes.items() if found - {"caveat_missing"}}
    if any(codes[index] - _DROPPABLE - {"caveat_missing"} for index in bad) or 3 * len(bad) > len(statements):
        return None
    return [one for index, one in enumerate(statements) if index not in bad]


def _statement(found: Any) -> Statement | None:
    if not isinstance(found, dict) or found.keys() != {"kind", "text", "facts"}:
        return None
    kind, text, facts = found["kind"], found["text"], found["facts"]
    is_known = isinstance(kind, str) and kind in {one.value for one in StatementKind}
    if not is_known or not isinstance(text, str) or not isinstance(facts, list):
        return None
    if not all(isinstance(one, str) for one in facts):
        return None
    return Statement(StatementKind(kind), text, tuple(facts))


def _sum(first: Usage, second: Usage) -> Usage:
    return Usage(first.tokens_in + second.tokens_in, first.tokens_out + second.tokens_out)
