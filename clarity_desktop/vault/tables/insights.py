"""Insights of a vault: texts, what was sent for them, feedback, and a person's own choice of provider; all sealed."""

from __future__ import annotations

import builtins
import hashlib
import json
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.sqlite import insert

from clarity_desktop.domain.errors import NotFoundError
from clarity_desktop.domain.people import PatientId
from clarity_desktop.domain.time import Instant
from clarity_desktop.vault.store import schema
from clarity_desktop.vault.store.transactions import Store

__all__ = ["CACHE_LIFE_S", "InsightTable", "SentRequest", "StoredInsight"]

CACHE_LIFE_S = 3600
"""A text serves again for less than this long (I-52)."""
_INSIGHTS, _SENDS = schema.insights, schema.insight_sends
_FEEDBACK, _CHOICES = schema.insight_feedback, schema.insight_choices


@dataclass(frozen=True, slots=True)
class StoredInsight:
    """A text as it was made."""

    id: str
    patient_id: PatientId
    made: Instant
    who: str
    provider: str
    topic: str
    document: dict[str, Any]
    """Facts, statements, origin and versions."""


@dataclass(frozen=True, slots=True)
class SentRequest:
    """Something that left the machine, or was about to."""

    id: str
    patient_id: PatientId
    at: Instant
    who: str
    provider: str
    host: str
    model: str
    consent_id: int
    size: int
    """Bytes."""
    sha256: str
    correlation: str
    outcome: str
    """``sending`` until an answer or a failure came."""
    tokens_in: int
    tokens_out: int
    cost_micros: int
    """Estimated cost in millionths of the currency of the settings."""


class InsightTable:
    """Insights and sends. ``clock`` gives steady seconds, for tests of the cache's life."""

    def __init__(self, store: Store, clock: Callable[[], float] = time.time) -> None:
        self._store = store
        self._clock = clock

    # -- texts ------------------------------------------------------------------------------------------------

    def keep(
        self, patient_id: PatientId, *, provider: str, topic: str, cache_key: str, document: dict[str, Any]
    ) -> StoredInsight:
        """Keep a text with its evidence."""
        insight_id, made = str(uuid.uuid4()), int(self._clock())
        seal = self._store.seal_of(patient_id)
        with self._store.writing("insight.keep", patient_id) as write:
            row = {
                "id": insight_id,
                "patient_id": patient_id,
                "made": made,
                "who": self._store.who,
                "provider": provider,
                "topic": topic,
                "cache_key": cache_key,
                "sealed": seal.seal(json.dumps(document).encode(), _INSIGHTS.name, insight_id),
            }
            write.connection.execute(insert(_INSIGHTS).values(row))
            write.detail = f"{provider} {topic}"
        return StoredInsight(insight_id, patient_id, made, self._store.who, provider, topic, document)

    def cached(self, cache_key: str) -> StoredInsight | None:
        """The latest text under a key, while it is younger than an hour; one from the future is not young."""
        now = int(self._clock())
        with self._store.reading() as connection:
            row = connection.execute(
                select(_INSIGHTS).where(_INSIGHTS.c.cache_key == cache_key).order_by(_INSIGHTS.c.made.desc()).limit(1)
            ).first()
            latest = connection.execute(select(func.max(_INSIGHTS.c.made))).scalar() or 0
        # The latest time that was ever written stands against a clock that was set back.
        age = max(now, int(latest)) - row.made if row is not None else CACHE_LIFE_S
        if row is None or not 0 <= age < CACHE_LIFE_S or row.made > now:
            return None
        return self._stored(row)

    def get(self, insight_id: str) -> StoredInsight:
        """One text; raises :class:`NotFoundError` (``insights.unknown``)."""
        with self._store.reading() as connection:
            row = connection.execute(select(_INSIGHTS).where(_INSIGHTS.c.id == insight_id)).first()
        if row is None:
            raise NotFoundError("insights.unknown", "There is no such text.", remedy="List the person's texts first.")
        return self._stored(row)

    def list(self, patient_id: PatientId) -> list[StoredInsight]:
        """All texts about a person, newest first."""
        query = select(_INSIGHTS).where(_INSIGHTS.c.patient_id == patient_id).order_by(_INSIGHTS.c.made.desc())
        with self._store.reading() as connection:
            rows = connection.execute(query).all()
        return [self._stored(row) for row in rows]

    def _stored(self, row: Any) -> StoredInsight:
        blob = self._store.seal_of(row.patient_id).open(row.sealed, _INSIGHTS.name, row.id)
        return StoredInsight(
            row.id, row.patient_id, row.made, row.who, row.provider, row.topic, json.loads(blob.decode())
        )

    # -- sends ------------------------------------------------------------------------------------------------

    def about_to_send(
        self,
        patient_id: PatientId,
        *,
        provider: str,
        host: str,
        model: str,
        consent_id: int,
        body: bytes,
        correlation: str,
    ) -> SentRequest:
        """Record a send before its first byte leaves, in one transaction with its audit entry (I-35, I-36)."""
        send_id, at = str(uuid.uuid4()), int(self._clock())
        digest = hashlib.sha256(body).hexdigest()
        seal = self._store.seal_of(patient_id)
        row = {
            "id": send_id,
            "patient_id": patient_id,
            "at": at,
            "who": self._store.who,
            "provider": provider,
            "host": host,
            "model": model,
            "consent_id": consent_id,
            "bytes": len(body),
            "sha256": digest,
            "correlation": correlation,
            "outcome": "sending",
            "tokens_in": 0,
            "tokens_out": 0,
            "cost_micros": 0,
            "sealed": seal.seal(body, _SENDS.name, send_id),
        }
        with self._store.writing("insight.send", patient_id) as write:
            write.connection.execute(insert(_SENDS).values(row))
            write.detail = (
                f"{provider} {model} at {host}, purpose external language model, consent {consent_id}, "
                f"{len(body)} bytes, sha256 {digest}, request {correlation}"
            )
        return self.sent(send_id)

    def has_ended(
        self, send_id: str, outcome: str, *, tokens_in: int = 0, tokens_out: int = 0, cost_micros: int = 0
    ) -> SentRequest:
        """Record how a send ended."""
        sent = self.sent(send_id)
        with self._store.writing("insight.sent", sent.patient_id) as write:
            write.connection.execute(
                update(_SENDS)
                .where(_SENDS.c.id == send_id)
                .values(outcome=outcome, tokens_in=tokens_in, tokens_out=tokens_out, cost_micros=cost_micros)
            )
            write.outcome = "ok" if outcome == "answered" else "failed"
            write.detail = (
                f"{outcome}, {tokens_in} tokens in, {tokens_out} out, cost {cost_micros} millionths, "
                f"request {sent.correlation}"
            )
        return self.sent(send_id)

    def sent(self, send_id: str) -> SentRequest:
        """One send; raises :class:`NotFoundError` (``insights.unknown``)."""
        with self._store.reading() as connection:
            row = connection.execute(select(_SENDS).where(_SENDS.c.id == send_id)).first()
        if row is None:
            raise NotFoundError("insights.unknown", "There is no such send.", remedy="List what was sent first.")
        return _sent(row)

    def sends(self, patient_id: PatientId | None = None, since: Instant = 0) -> builtins.list[SentRequest]:
        """What left the machine, newest first."""
        query = select(_SENDS).where(_SENDS.c.at >= since).order_by(_SENDS.c.at.desc())
        if patient_id is not None:
            query = query.where(_SENDS.c.patient_id == patient_id)
        with self._store.reading() as connection:
            return [_sent(row) for row in connection.execute(query).all()]

    def sent_bytes(self, send_id: str) -> bytes:
        """The exact bytes of a send."""
        sent = self.sent(send_id)
        with self._store.reading() as connection:
            sealed = connection.execute(select(_SENDS.c.sealed).where(_SENDS.c.id == send_id)).scalar_one()
        return self._store.seal_of(sent.patient_id).open(sealed, _SENDS.name, send_id)

    # -- feedback and choice ----------------------------------------------------------------------------------

    def give_feedback(self, insight_id: str, statement: int, document: dict[str, Any]) -> None:
        """Keep what somebody thinks of a sentence; it never leaves the vault (I-23)."""
        insight = self.get(insight_id)
        key = f"{insight_id}/{statement}/{self._store.who}"
        blob = json.dumps(document).encode()
        with self._store.writing("insight.feedback", insight.patient_id) as write:
            row = {
                "insight_id": insight_id,
                "statement": statement,
                "who": self._store.who,
                "patient_id": insight.patient_id,
                "at": int(self._clock()),
                "sealed": self._store.seal_of(insight.patient_id).seal(blob, _FEEDBACK.name, key),
            }
            keys = ["insight_id", "statement", "who"]
            write.connection.execute(insert(_FEEDBACK).values(row).on_conflict_do_update(index_elements=keys, set_=row))

    def feedback(self, insight_id: str) -> dict[tuple[int, str], dict[str, Any]]:
        """What people think of a text's sentences, by number and user."""
        insight = self.get(insight_id)
        seal = self._store.seal_of(insight.patient_id)
        with self._store.reading() as connection:
            rows = connection.execute(select(_FEEDBACK).where(_FEEDBACK.c.insight_id == insight_id)).all()
        return {
            (row.statement, row.who): json.loads(
                seal.open(row.sealed, _FEEDBACK.name, f"{insight_id}/{row.statement}/{row.who}").decode()
            )
            for row in rows
        }

    def own_feedback(self, insight_id: str) -> dict[int, dict[str, Any]]:
        """What the present user thinks of a text's sentences, by number."""
        return {number: held for (number, who), held in self.feedback(insight_id).items() if who == self._store.who}

    def choice(self, patient_id: PatientId) -> str | None:
        """The person's own provider, or ``None`` where the clinic's holds."""
        with self._store.reading() as connection:
            query = select(_CHOICES.c.provider).where(_CHOICES.c.patient_id == patient_id)
            found = connection.execute(query).scalar()
        return None if found is None else str(found)

    def choose(self, patient_id: PatientId, provider: str | None) -> None:
        """Set the person's own provider; ``None`` returns to the clinic's."""
        with self._store.writing("insight.choice", patient_id) as write:
            write.connection.execute(delete(_CHOICES).where(_CHOICES.c.patient_id == patient_id))
            if provider is not None:
                write.connection.execute(insert(_CHOICES).values(patient_id=patient_id, provider=provider))
            write.detail = provider or "as the clinic"


def _sent(row: Any) -> SentRequest:
    return SentRequest(
        row.id,
        row.patient_id,
        row.at,
        row.who,
        row.provider,
        row.host,
        row.model,
        row.consent_id,
        row.bytes,
        row.sha256,
        row.correlation,
        row.outcome,
        row.tokens_in,
        row.tokens_out,
        row.cost_micros,
    )
