"""What may be spoken of: facts with their window and evidence, statements about them, and reasons to refuse those."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

__all__ = [
    "CheckResult",
    "Fact",
    "FactWindow",
    "FactsTable",
    "Reason",
    "Statement",
    "StatementKind",
    "Topic",
    "UnavailableFact",
]


class Topic(StrEnum):
    """What an insight is about; the word stands in the facts table as its question."""

    OVERVIEW = "overview"
    SLEEP = "sleep"
    REGULARITY = "regularity"
    ACTIVITY = "activity"
    HEART = "heart"
    EVENT = "event"
    DATA_QUALITY = "data_quality"
    PAT = "pat"


class StatementKind(StrEnum):
    """What a statement does: tells what was measured, asks the clinician, or limits what can be read from it."""

    OBSERVATION = "observation"
    QUESTION = "question"
    CAVEAT = "caveat"


@dataclass(frozen=True, slots=True)
class FactWindow:
    """A span of days relative to the last day with data, which is day 0."""

    key: str
    """A window of the lexicon: recent, earlier, baseline, before_event, after_event, work, free or whole."""
    from_day: int
    to_day: int
    days: int


@dataclass(frozen=True, slots=True)
class Fact:
    """One value that may be spoken of. It holds no identity and no date."""

    id: str
    metric: str
    label: str
    value: float
    """Unrounded, in :attr:`unit`; ``clock_h`` is a decimal hour, 0 ≤ value < 24."""
    unit: str
    decimals: int
    window: FactWindow
    valid_days: int
    coverage: float
    """Worn share of the window, 0–1."""
    method_id: str
    method_version: str
    source: str
    direction: str
    compare: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    source_hash: str | None = None
    """Hash of what it was computed from; kept here only and never part of a request."""


@dataclass(frozen=True, slots=True)
class UnavailableFact:
    """A fact that is not in the table, and why, so that nobody guesses it."""

    id: str
    metric: str
    label: str
    window: str
    reason: str


@dataclass(frozen=True, slots=True)
class FactsTable:
    """Everything a provider of insights may know."""

    table: str
    """Random letters of this request; an answer repeats them."""
    language: str
    question: Topic
    catalogue: str
    facts: tuple[Fact, ...]
    unavailable: tuple[UnavailableFact, ...] = ()

    def fact(self, fact_id: str) -> Fact | None:
        """The fact with this id, or ``None``."""
        return next((one for one in self.facts if one.id == fact_id), None)


@dataclass(frozen=True, slots=True)
class Statement:
    """One sentence of an answer, with placeholders in place of values."""

    kind: StatementKind
    text: str
    facts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reason:
    """Why an answer, or one statement of it, is refused."""

    code: str
    statement: int | None = None
    """Index of the statement from 0; ``None`` when the whole answer is meant."""
    words: tuple[str, ...] = ()
    """Words of the answer at fault."""


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What the grounding check found."""

    reasons: tuple[Reason, ...]
    statements: tuple[Statement, ...] = ()
    """What could be read of the answer."""
    rendered: tuple[str, ...] = ()
    """The statements with their values, when all were accepted."""

    @property
    def accepted(self) -> bool:
        """Whether the answer may be shown."""
        return not self.reasons

    @property
    def text(self) -> str | None:
        """The rendered statements, one a line; ``None`` when refused."""
        return "\n".join(self.rendered) if self.accepted else None
