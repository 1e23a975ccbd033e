"""The part of the services that answers typed questions about a person from facts alone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from clarity_desktop.app import insight_settings as wanted
from clarity_desktop.app.insight_sending import InsightSendingServices
from clarity_desktop.app.insights import Insight, SaidStatement
from clarity_desktop.app.permissions import needs
from clarity_desktop.domain.errors import NotFoundError
from clarity_desktop.domain.time import Span, day_of_date
from clarity_desktop.domain.users import Right
from clarity_desktop.domain.work import CancelToken

if TYPE_CHECKING:
    from collections.abc import Callable

    from clarity_desktop.insights.identifiers import IdentifierHit

__all__ = ["InsightQuestionServices", "QuestionAnswer"]


@dataclass(frozen=True, slots=True)
class QuestionAnswer:
    """What came of a question."""

    refused: str | None
    """Code of why it is not answered; ``None`` with an answer."""
    words: str
    """The reason in words, with the workplace's protocol text for an emergency; empty with an answer."""
    insight: Insight | None = None


class InsightQuestionServices(InsightSendingServices):
    """Questions. A question's own words are neither sent nor stored: only the measures that it names are."""

    @needs(Right.READ_DATA)
    def insight_identifiers(self, patient_id: str, question: str) -> tuple[IdentifierHit, ...]:
        """Stretches of a question that could name somebody: name, code, birth date, phone and more (I-60, I-61)."""
        from clarity_desktop.insights.identifiers import KnownPerson, find_identifiers

        person = self.vault.patients.get(patient_id)
        held = (person.name,) if self._sees_identity() else ()
        return find_identifiers(question, KnownPerson(held, (person.code,), person.birth_date))

    @needs(Right.READ_DATA)
    def ask_insight(
        self,
        patient_id: str,
        question: str,
        *,
        provider: str | None = None,
        language: str = "en",
        cancel: CancelToken | None = None,
        on_spoken: Callable[[SaidStatement], None] = lambda _: None,
    ) -> QuestionAnswer:
        """Answer a question from the facts of the measures that it names; what is refused is told with its reason.

        Parameters
        ----------
        provider:
            Who puts the facts into words; the one in force when ``None``. It sees those facts and never the question.
        """
        from clarity_desktop.insights.questions import QuestionRefusal, read_question

        reading = read_question(question)
        if reading.refusal is not None:
            words = reading.refusal.sentence
            if reading.refusal is QuestionRefusal.EMERGENCY:
                own = str(self.setting(wanted.EMERGENCY.id)).strip()
                words = f"{words}\n{own or 'No protocol text is set here; an admin sets it in the settings, Insights.'}"
            self.vault.audit.append(
                "insight.question", patient_id=patient_id, outcome="refused", detail=reading.refusal.value
            )
            return QuestionAnswer(reading.refusal.value, words)
        found = self.tell_insight(
            patient_id,
            reading.topic,
            provider=provider,
            language=language,
            metrics=frozenset(reading.metrics) or None,
            cancel=cancel,
            on_spoken=on_spoken,
        )
        if not found.statements:
            return QuestionAnswer("no_facts", " ".join((found.refused or "", *found.facts.missing)).strip(), found)
        return QuestionAnswer(None, "", found)

    @needs(Right.READ_DATA)
    def stored_insight(self, insight_id: str) -> Insight:
        """A text that was made before, with the values it was made from (I-55); raises ``NotFoundError``."""
        from clarity_desktop.app.insights import InsightFacts
        from clarity_desktop.insights.grounding import read_table

        stored = self.vault.insights.get(insight_id)
        self.vault.patients.get(stored.patient_id)
        if "facts" not in stored.document:
            raise NotFoundError("insights.unknown", "There is no such text.", remedy="List the person's texts first.")
        table = read_table(stored.document["facts"])
        last = date.fromisoformat(stored.document["last_day"])
        zone = self.zone_timeline(stored.patient_id)
        day = day_of_date(last)
        spans = {
            fact.window.key: Span(
                zone.day_span(day + fact.window.from_day).start, zone.day_span(day + fact.window.to_day).stop
            )
            for fact in table.facts
        }
        facts = InsightFacts(table.question, table.language, table, stored.document["hash"], spans, last)
        return self._from_stored(stored, facts)
