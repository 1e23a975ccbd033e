"""The part of the services that keeps texts: the cache of an hour, history, what was sent, and feedback."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from clarity_desktop.app.insight_choice import InsightChoiceServices
from clarity_desktop.app.insights import Insight, InsightFacts, SaidStatement
from clarity_desktop.app.permissions import needs
from clarity_desktop.domain.insights import StatementKind
from clarity_desktop.domain.users import Right

if TYPE_CHECKING:
    from clarity_desktop.vault.tables.insights import SentRequest, StoredInsight

__all__ = ["InsightRecordServices"]


class InsightRecordServices(InsightChoiceServices):
    """What is kept of insights. Part of ``Services``."""

    def _cache_key(self, facts: InsightFacts, provider: str, model: str) -> str:
        from clarity_desktop.insights.grounding.lexicon import lexicon
        from clarity_desktop.insights.request import PROMPT_VERSION

        parts = (facts.hash, provider, model, PROMPT_VERSION, facts.language, lexicon(facts.language).version)
        return hashlib.sha256("/".join(parts).encode()).hexdigest()

    def _kept(self, patient_id: str, insight: Insight, cache_key: str, *, fresh: bool) -> Insight:
        from clarity_desktop.insights.grounding import table_document

        if insight.facts.table is None or not insight.statements or self.vault.is_read_only:
            return insight
        key = cache_key if len(cache_key) == 64 else self._cache_key(insight.facts, "rules", insight.origin)
        if not fresh and (cached := self.vault.insights.cached(key)) is not None:
            return replace(self._from_stored(cached, insight.facts), cached=True)
        document = {
            "origin": insight.origin,
            "language": insight.facts.language,
            "facts": table_document(insight.facts.table, local=True),
            "hash": insight.facts.hash,
            "last_day": insight.facts.last_day.isoformat(),
            "sent_bytes": insight.sent_bytes,
            "statements": [
                {
                    "kind": one.kind.value,
                    "text": one.text,
                    "facts": list(one.facts),
                    "pieces": [[text, list(ids)] for text, ids in one.pieces],
                }
                for one in insight.statements
            ],
        }
        stored = self.vault.insights.keep(
            patient_id,
            provider=insight.provider,
            topic=insight.facts.topic.value,
            cache_key=key,
            document=document,
        )
        return replace(insight, id=stored.id)

    @staticmethod
    def _from_stored(stored: StoredInsight, facts: InsightFacts) -> Insight:
        document = stored.document
        return Insight(
            stored.provider,
            document["origin"],
            stored.made,
            facts,
            tuple(
                SaidStatement(
                    StatementKind(one["kind"]),
                    one["text"],
                    tuple(one["facts"]),
                    tuple((text, tuple(ids)) for text, ids in one.get("pieces", ())),
                )
                for one in document["statements"]
            ),
            id=stored.id,
            sent_bytes=int(document.get("sent_bytes", 0)),
        )

    @needs(Right.READ_DATA)
    def insight_history(self, patient_id: str) -> list[StoredInsight]:
        """All texts about a person, newest first, each with the facts it was made from."""
        from clarity_desktop.app.cloud_results import ANALYSIS_TOPIC

        # A server's numbers are kept in the same place, and are no text.
        return [one for one in self.vault.insights.list(patient_id) if one.topic != ANALYSIS_TOPIC]

    @needs(Right.READ_DATA)
    def insights_sent(self, patient_id: str) -> list[SentRequest]:
        """What left this machine about a person for insights, newest first (I-38)."""
        return self.vault.insights.sends(patient_id)

    @needs(Right.READ_DATA)
    def insight_starter(self, patient_id: str) -> str:
        """Who speaks about a person when a page opens: a model only once somebody had it asked about them before.

        So what would be sent can be looked at before the first send (I-9).
        """
        chosen = self.insight_provider(patient_id)
        before = chosen != "rules" and any(one.provider == chosen for one in self.vault.insights.sends(patient_id))
        return chosen if before else "rules"

    @needs(Right.READ_DATA)
    def insight_bytes_sent(self, send_id: str) -> bytes:
        """The exact bytes of a send; their SHA-256 is the one of its audit entry."""
        return self.vault.insights.sent_bytes(send_id)

    @needs(Right.READ_DATA)
    def rate_insight(
        self, insight_id: str, statement: int, *, helpful: bool | None = None, hidden: bool = False, comment: str = ""
    ) -> None:
        """Keep what the user thinks of a sentence, in the vault alone (I-23)."""
        document = {"helpful": helpful, "hidden": hidden, "comment": comment}
        self.vault.insights.give_feedback(insight_id, statement, document)

    @needs(Right.READ_DATA)
    def insight_ratings(self, insight_id: str) -> dict[tuple[int, str], dict[str, Any]]:
        """What users think of a text's sentences, by number and user."""
        return self.vault.insights.feedback(insight_id)

    @needs(Right.READ_DATA)
    def own_insight_ratings(self, insight_id: str) -> dict[int, dict[str, Any]]:
        """What the present user thinks of a text's sentences, by number."""
        return self.vault.insights.own_feedback(insight_id)
