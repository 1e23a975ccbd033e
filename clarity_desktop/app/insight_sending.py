"""The part of the services that asks models elsewhere: gate, preview, send, meter, history, feedback."""

from __future__ import annotations

import hashlib
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, Final

from clarity_desktop.app import insight_settings as wanted
from clarity_desktop.app.insights import Insight, InsightFacts, InsightServices, SaidStatement, said_statement
from clarity_desktop.app.permissions import needs
from clarity_desktop.app.preferences import PreferenceServices
from clarity_desktop.domain.errors import ClarityError, ConflictError, UsageError
from clarity_desktop.domain.insights import FactsTable, StatementKind, Topic
from clarity_desktop.domain.users import Right
from clarity_desktop.domain.work import CancelToken

if TYPE_CHECKING:
    from clarity_desktop.insights.dialogue import Outcome
    from clarity_desktop.insights.gate import GateReason
    from clarity_desktop.insights.providers import ModelProvider
    from clarity_desktop.insights.request import InsightRequest
    from clarity_desktop.vault.tables.insights import SentRequest, StoredInsight

__all__ = ["InsightMeter", "InsightPreview", "InsightSendingServices", "KeyHint"]

_GEMINI: Final = "gemini"
_PROVIDERS: Final = ("rules", "gemini", "cloud")
_PURPOSE: Final = "insight-gemini"
_WARN_SHARE: Final = 0.8


@dataclass(frozen=True, slots=True)
class InsightPreview:
    """What would be sent, byte by byte, and whether it may."""

    provider: str
    model: str
    destination: str
    body: bytes
    facts: InsightFacts
    consent: str
    """The consent in words: which one holds, or what is missing."""
    refused: str | None
    """Why nothing may be sent now; ``None`` when the way is free."""


@dataclass(frozen=True, slots=True)
class InsightMeter:
    """Tokens and estimated cost, in millionths of the currency of the settings."""

    today_tokens: int
    today_micros: int
    month_tokens: int
    month_micros: int
    limit_day_micros: int
    limit_month_micros: int
    price_date: str

    @property
    def warns(self) -> bool:
        """Whether a limit is nearly reached."""
        return (
            self.today_micros >= _WARN_SHARE * self.limit_day_micros
            or self.month_micros >= _WARN_SHARE * self.limit_month_micros
        )

    @property
    def within_limits(self) -> bool:
        """Whether more may be sent."""
        return self.today_micros < self.limit_day_micros and self.month_micros < self.limit_month_micros


@dataclass(frozen=True, slots=True)
class KeyHint:
    """A key in the keychain, by its last letters."""

    provider: str
    last_four: str


class InsightSendingServices(InsightServices, PreferenceServices):
    """Insights by models elsewhere. Part of ``Services``; its calls wait, so make them from a worker."""

    # -- who speaks -------------------------------------------------------------------------------------------

    @needs(Right.READ_DATA)
    def insight_provider(self, patient_id: str) -> str:
        """Who speaks about a person: the clinic's choice, or the person's own where that sends less (I-62)."""
        clinic = str(self.setting(wanted.PROVIDER.id))
        own = self.vault.insights.choice(patient_id)
        return "rules" if own == "rules" else clinic

    @needs(Right.CHANGE_DATA)
    def choose_insight_provider(self, patient_id: str, provider: str | None) -> None:
        """Let only rules speak about a person (``rules``), or follow the clinic again (``None``).

        Raises
        ------
        UsageError
            ``insights.only_downward`` for anything that would send more than the clinic chose.
        """
        if provider not in (None, "rules"):
            raise UsageError(
                "insights.only_downward",
                "A person can be taken out of sending, not into it.",
                remedy="An admin chooses for the whole workplace in the settings.",
            )
        self.vault.insights.choose(patient_id, provider)

    @needs(Right.SET_POLICY)
    def set_insight_key(self, provider: str, key: str) -> KeyHint:
        """Test a key with a request that holds no content, then keep it in the keychain (I-63).

        Raises
        ------
        ProviderError
            When the provider does not take the key.
        LockedError
            ``keychain.unavailable``.
        """
        self._known(provider)
        self._provider_with(key.strip()).test_key()
        self.vault.secrets.keep(_PURPOSE, key.strip())
        self.vault.audit.append("insight.key", detail=f"{provider}: key set")
        return KeyHint(provider, key.strip()[-4:])

    @needs(Right.SET_POLICY)
    def forget_insight_key(self, provider: str) -> None:
        """Remove a key from the keychain."""
        self._known(provider)
        self.vault.secrets.forget(_PURPOSE)
        self.vault.audit.append("insight.key", detail=f"{provider}: key removed")

    @needs(Right.OWN_ACCESS)
    def insight_key(self, provider: str = _GEMINI) -> KeyHint | None:
        """The last four letters of the key, or ``None`` without one."""
        found = self.vault.secrets.find(_PURPOSE)
        return None if found is None else KeyHint(provider, found[-4:])

    @needs(Right.OWN_ACCESS)
    def insight_meter(self) -> InsightMeter:
        """Tokens and cost of today and this month (UTC), all people together."""
        today = datetime.now(UTC).date()
        month = _instant(today.replace(day=1))
        sends = self.vault.insights.sends(since=month)
        of_today = [one for one in sends if one.at >= _instant(today)]
        return InsightMeter(
            sum(one.tokens_in + one.tokens_out for one in of_today),
            sum(one.cost_micros for one in of_today),
            sum(one.tokens_in + one.tokens_out for one in sends),
            sum(one.cost_micros for one in sends),
            int(self.setting(wanted.LIMIT_DAY.id)) * 10_000,
            int(self.setting(wanted.LIMIT_MONTH.id)) * 10_000,
            str(self.setting(wanted.PRICE_DATE.id)),
        )

    # -- preview and send -------------------------------------------------------------------------------------

    @needs(Right.READ_DATA)
    def insight_consent_purpose(self, provider: str = _GEMINI) -> str:
        """The purpose that a consent for this provider must name."""
        from clarity_desktop.insights.gate import consent_purpose

        self._known(provider)
        return consent_purpose(provider, self._provider_with("").host)

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

        self._known(provider)
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
            # The cloud's narratives are free prose, which the check refuses; they are read on the account page.
            return replace(by_rules, refused="The cloud's own text is not checked; this text is by rules.")
        model = self._provider_with(self._key() or "")
        reason = self._gate(patient_id, table, chosen, model.host)
        if reason is not None:
            self._refusal(patient_id, chosen, reason)
            return replace(by_rules, refused=reason.sentence, remedy=reason.remedy)
        cache_key = self._cache_key(by_rules.facts, chosen, model.model)
        if not fresh and (cached := self.vault.insights.cached(cache_key)) is not None:
            return self._from_stored(cached, by_rules.facts)
        return self._ask(patient_id, by_rules, model, cache_key, cancel or CancelToken(), on_spoken)

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

        self.require(Right.SEND_INSIGHT, "tell_insight")
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

    # -- the gate ---------------------------------------------------------------------------------------------

    def _gate(self, patient_id: str, table: FactsTable | None, provider: str, host: str) -> GateReason | None:
        from clarity_desktop.insights.gate import Circumstances, gate

        chosen = self.insight_provider(patient_id)
        return gate(
            table,
            Circumstances(
                external_allowed=self.setting("external.sending") is True,
                provider_chosen=chosen == provider,
                simulated=self.vault.patients.get(patient_id).simulated,
                consent_id=self._consent(patient_id, provider, host),
                has_key=self._key() is not None,
                within_limits=self.insight_meter().within_limits,
            ),
        )

    def _consent(self, patient_id: str, provider: str, host: str) -> int | None:
        from clarity_desktop.insights.gate import consent_purpose

        purpose, today = consent_purpose(provider, host), datetime.now(UTC).date()
        held = (one for one in self.vault.consents.list(patient_id) if one.purpose == purpose and one.holds_on(today))
        return next((one.id for one in held), None)

    def _consent_words(self, patient_id: str, provider: str, host: str) -> str:
        found = self._consent(patient_id, provider, host)
        if found is None:
            return f"No consent for {self.insight_consent_purpose(provider)} is recorded."
        one = self.vault.consents.get(found)
        until = "without an end" if one.expires is None else f"until {one.expires.isoformat()}"
        return f"Consent {one.id} of {one.dated.isoformat()}, text {one.text_version}, {until}."

    def _refusal(self, patient_id: str, provider: str, reason: GateReason) -> None:
        self.vault.audit.append(
            "insight.refused", patient_id=patient_id, outcome="refused", detail=f"{provider}: {reason.value}"
        )

    def _known(self, provider: str) -> None:
        if provider != _GEMINI:
            raise UsageError(
                "insights.provider", "This provider sends nothing of its own.", remedy="Choose the provider gemini."
            )

    def _key(self) -> str | None:
        return self.vault.secrets.find(_PURPOSE)

    def _provider_with(self, key: str) -> Any:
        from clarity_desktop.cloud.client.addresses import checked_address
        from clarity_desktop.insights.providers.gemini import GeminiProvider

        address = str(self.setting(wanted.ADDRESS.id)).strip()
        url = checked_address(address) if address else None
        return GeminiProvider(key or "none", str(self.setting(wanted.MODEL.id)), base_url=url)

    # -- what is kept -----------------------------------------------------------------------------------------

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
            return self._from_stored(cached, insight.facts)
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
        return self.vault.insights.list(patient_id)

    @needs(Right.READ_DATA)
    def insights_sent(self, patient_id: str) -> list[SentRequest]:
        """What left this machine about a person for insights, newest first (I-38)."""
        return self.vault.insights.sends(patient_id)

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


class _StoppedError(ClarityError):
    """The gate closed between queueing and sending; turned into the rules' text."""

    def __init__(self, reason: GateReason) -> None:
        super().__init__("insights.stopped", reason.sentence)
        self.reason = reason


def _instant(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())
