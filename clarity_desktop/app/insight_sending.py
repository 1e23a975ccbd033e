"""The part of the services that asks models elsewhere: what would be sent, the send itself, and what came of it."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Final

from clarity_desktop.app import insight_settings as wanted
from clarity_desktop.app.insight_gate import InsightPreview
from clarity_desktop.app.insight_joining import QuestionsUnderWay
from clarity_desktop.app.insight_remote import InsightRemoteServices
from clarity_desktop.app.insights import Insight, SaidStatement, said_statement
from clarity_desktop.app.permissions import needs
from clarity_desktop.domain.errors import ClarityError, ConflictError, UsageError
from clarity_desktop.domain.insights import Topic
from clarity_desktop.domain.users import Right
from clarity_desktop.domain.work import CancelToken

if TYPE_CHECKING:
    from clarity_desktop.insights.dialogue import Outcome
    from clarity_desktop.insights.gate import GateReason
    from clarity_desktop.insights.providers import ModelProvider
    from clarity_desktop.insights.request import InsightRequest
    from clarity_desktop.vault.tables.insights import SentRequest as SentRequest
    from clarity_desktop.vault.tables.insights import StoredInsight as StoredInsight

__all__ = ["InsightPreview", "InsightSendingServices"]

_GEMINI: Final = "gemini"
_PROVIDERS: Final = ("rules", "gemini", "cloud")


class InsightSendingServices(InsightRemoteServices):
    """Insights by models elsewhere. Part of ``Services``; its calls wait, so make them from a worker."""

    _under_way: QuestionsUnderWay

    # -- preview and send -------------------------------------------------------------------------------------

    @needs(Right.READ_DATA)
    def insight_preview(
        self,
        patient_id: str,
        topic: Topic = Topic.OVERVIEW,
        *,
        provider: str = _GEMINI,
        language: str = "en",
        event: date | None = None,
    ) -> InsightPreview:
        """Exactly what would be sent; nothing is sent (I-9).

        Raises
        ------
        ConflictError
            ``insights.no_facts`` when there is not one fact to send.
        """
        from clarity_desktop.insights.request import request_for

        if provider == "cloud":
            return self._cloud_preview(patient_id, topic, language=language, event=event)
        self._known(provider)
        self._require_library()
        facts = self.insight_facts(patient_id, topic, language=language, event=event)
        if facts.table is None:
            raise ConflictError(
                "insights.no_facts", "There is not one fact to send.", remedy="; ".join(facts.missing) or "Import more."
            )
        model = self._provider_with(self._key() or "")
        reason = self._gate(patient_id, facts.table, provider, model.host)
        return InsightPreview(
            provider,
            model.model,
            model.host,
            model.preview(request_for(facts.table)),
            facts,
            self._consent_words(patient_id, provider, model.host),
            None if reason is None else reason.sentence,
        )

    @needs(Right.READ_DATA)
    def tell_insight(
        self,
        patient_id: str,
        topic: Topic = Topic.OVERVIEW,
        *,
        provider: str | None = None,
        language: str = "en",
        event: date | None = None,
        fresh: bool = False,
        metrics: frozenset[str] | None = None,
        cancel: CancelToken | None = None,
        on_spoken: Callable[[SaidStatement], None] = lambda _: None,
    ) -> Insight:
        """Words about a topic by the provider in force, or by rules where that may not or cannot speak.

        Parameters
        ----------
        provider:
            Who is asked; the one in force when ``None``. More than the one in force is never sent.
        fresh:
            Ask again although a text of the last hour is there.
        metrics:
            Speak of these measures of the topic alone; of all when ``None``.
        on_spoken:
            Called with each sentence that has passed the check, as it arrives.
        """
        chosen = self.insight_provider(patient_id) if provider is None else provider
        if chosen not in _PROVIDERS:
            raise UsageError(
                "insights.provider", "There is no such provider.", remedy="Choose one of: " + ", ".join(_PROVIDERS)
            )
        by_rules = self.insight(patient_id, topic, language=language, event=event, metrics=metrics)
        table = by_rules.facts.table
        if chosen == "rules" or table is None:
            return self._kept(patient_id, by_rules, f"rules/{by_rules.origin}", fresh=fresh)
        if chosen == "cloud":
            return self._with_remote(patient_id, by_rules, table)
        model = self._provider_with(self._key() or "")
        reason = self._gate(patient_id, table, chosen, model.host)
        if reason is not None:
            self._refusal(patient_id, chosen, reason)
            return replace(by_rules, refused=reason.sentence, remedy=reason.remedy)
        cache_key = self._cache_key(by_rules.facts, chosen, model.model)
        if not fresh and (cached := self.vault.insights.cached(cache_key)) is not None:
            return replace(self._from_stored(cached, by_rules.facts), cached=True)
        self.require(Right.SEND_INSIGHT, "tell_insight")
        token = cancel or CancelToken()
        return self._under_way.ask(
            (patient_id, cache_key),
            by_rules,
            lambda spoken: self._ask(patient_id, by_rules, model, cache_key, token, spoken),
            token,
            on_spoken,
        )

    def _ask(
        self,
        patient_id: str,
        by_rules: Insight,
        model: ModelProvider,
        cache_key: str,
        cancel: CancelToken,
        on_spoken: Callable[[SaidStatement], None],
    ) -> Insight:
        from clarity_desktop.insights.dialogue import ask
        from clarity_desktop.insights.request import PROMPT_VERSION

        table = by_rules.facts.table
        assert table is not None
        correlation = str(uuid.uuid4())
        sends: list[SentRequest] = []

        def before_send(request: InsightRequest) -> None:
            # Checked again right before the bytes leave: a withdrawal in between stops them (I-31).
            reason = self._gate(patient_id, table, model.name, model.host)
            if reason is not None:
                raise _StoppedError(reason)
            sends.append(
                self.vault.insights.about_to_send(
                    patient_id,
                    provider=model.name,
                    host=model.host,
                    model=model.model,
                    consent_id=self._consent(patient_id, model.name, model.host) or 0,
                    body=model.preview(request),
                    correlation=correlation,
                )
            )

        try:
            outcome = ask(
                table,
                model,
                cancel,
                on_spoken=lambda one: on_spoken(said_statement(table, one.statement)),
                before_send=before_send,
            )
        except _StoppedError as stopped:
            self._refusal(patient_id, model.name, stopped.reason)
            return replace(by_rules, refused=stopped.reason.sentence, remedy=stopped.reason.remedy)
        self._close_sends(sends, outcome)
        sent = sum(one.size for one in sends)
        if not outcome.by_model:
            return replace(by_rules, refused=outcome.cause_sentence, sent_bytes=sent)
        said = Insight(
            model.name,
            f"{model.name} {model.model}, prompt {PROMPT_VERSION}",
            int(time.time()),
            by_rules.facts,
            tuple(said_statement(table, one.statement) for one in outcome.spoken),
            "Cancelled: this is what was checked until then." if outcome.partial else None,
            sent_bytes=sent,
            partial=outcome.partial,
        )
        if outcome.partial:
            return said
        return self._kept(patient_id, said, cache_key, fresh=True)

    def _close_sends(self, sends: list[SentRequest], outcome: Outcome) -> None:
        ended = "cancelled" if outcome.partial else outcome.cause or "answered"
        for number, one in enumerate(sends):
            # Tokens are told for the whole question; they are booked on its last request.
            is_last = number == len(sends) - 1
            tokens_in = outcome.usage.tokens_in if is_last else 0
            tokens_out = outcome.usage.tokens_out if is_last else 0
            self.vault.insights.has_ended(
                one.id,
                ended,
                tokens_in=tokens_in,
                tokens_out=tokens_out,
                cost_micros=self._cost_micros(tokens_in, tokens_out),
            )
        if outcome.reasons:
            patient = sends[-1].patient_id if sends else None
            codes = ", ".join(sorted(set(outcome.reasons)))
            self.vault.audit.append("insight.check", patient_id=patient, outcome="refused", detail=codes)

    def _cost_micros(self, tokens_in: int, tokens_out: int) -> int:
        # Hundredths per million tokens are hundredths of a millionth per token.
        hundredths = tokens_in * int(self.setting(wanted.PRICE_IN.id)) + tokens_out * int(
            self.setting(wanted.PRICE_OUT.id)
        )
        return -(-hundredths // 100)


class _StoppedError(ClarityError):
    """The gate closed between queueing and sending; turned into the rules' text."""

    def __init__(self, reason: GateReason) -> None:
        super().__init__("insights.stopped", reason.sentence)
        self.reason = reason
