"""The part of the services that asks the cloud for a text: six values out, prose back that no check can hold."""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from clarity_desktop.app import insight_settings as wanted
from clarity_desktop.app.insight_gate import InsightGateServices, InsightPreview
from clarity_desktop.app.insights import Insight, InsightFacts
from clarity_desktop.domain.insights import FactsTable, Topic
from clarity_desktop.domain.users import Right

if TYPE_CHECKING:
    from datetime import date

__all__ = ["InsightRemoteServices"]

_NO_ACCOUNT: Final = "No cloud account is signed in."
_CONSENT_LATER: Final = "A consent names the server, so it is recorded once an account is signed in."
_SIGN_IN: Final = "Sign in on the Account page."
_NOT_SHOWN: Final = "The cloud's own text cannot be checked, and this workplace does not show it."
_ALLOW: Final = "An admin can allow it in the settings, Insights."


class InsightRemoteServices(InsightGateServices):
    """Texts of the cloud. Part of ``Services``."""

    def _cloud_facts(self, patient_id: str, language: str) -> InsightFacts:
        """The measures that the server reads, each from one window; the score by the head that an admin named."""
        from clarity_desktop.insights.providers.cloud import CLOUD_METRICS

        label = str(self.setting(wanted.CLOUD_SCORE.id)).strip()
        return self._measures(patient_id, Topic.PAT, CLOUD_METRICS, language=language, score_label=label)

    def _cloud_preview(
        self, patient_id: str, topic: Topic, *, language: str = "en", event: date | None = None
    ) -> InsightPreview:
        """Exactly what the cloud would get, or what is missing for it; nothing is sent (I-9)."""
        from clarity_desktop.insights.providers.cloud import cloud_body
        from clarity_desktop.insights.providers.provider import ProviderError

        way = self._cloud_way()
        host = "" if way is None else way.host
        facts = self._cloud_facts(patient_id, language)
        table = self.insight_facts(patient_id, topic, language=language, event=event).table
        body, refused = b"", None
        try:
            body = cloud_body(facts.table)
        except ProviderError as error:
            refused = f"{error.message} {error.remedy}"
        if way is None:
            refused = " ".join(part for part in (f"{_NO_ACCOUNT} {_SIGN_IN}", refused) if part)
        elif refused is None:
            reason = self._gate(patient_id, table, "cloud", host)
            if reason is not None:
                refused = reason.sentence
            elif self.setting(wanted.CLOUD_TEXT.id) is not True:
                refused = f"{_NOT_SHOWN} {_ALLOW}"
        consent = _CONSENT_LATER if way is None else self._consent_words(patient_id, "cloud", host)
        return InsightPreview("cloud", "the server's own model", host, body, facts, consent, refused)

    def _with_remote(self, patient_id: str, by_rules: Insight, table: FactsTable) -> Insight:
        """The rules' text, with the cloud's own beside it where everything allows that; it is never checked (I-66)."""
        from clarity_desktop.insights.gate import GateReason, consent_purpose
        from clarity_desktop.insights.providers.cloud import cloud_body, fails_the_check, read_remote
        from clarity_desktop.insights.providers.provider import ProviderError

        transport = self._cloud_way()
        host = "" if transport is None else transport.host
        reason = self._gate(patient_id, table, "cloud", host)
        if transport is None and reason in (None, GateReason.NO_CONSENT):
            return replace(by_rules, refused=_NO_ACCOUNT, remedy=_SIGN_IN)
        if reason is not None or transport is None:
            reason = reason or GateReason.NO_CONSENT
            self._refusal(patient_id, "cloud", reason)
            return replace(by_rules, refused=reason.sentence, remedy=reason.remedy)
        if self.setting(wanted.CLOUD_TEXT.id) is not True:
            return replace(by_rules, refused=_NOT_SHOWN, remedy=_ALLOW)
        self.require(Right.SEND_INSIGHT, "tell_insight")
        try:
            body = cloud_body(self._cloud_facts(patient_id, "en").table)
        except ProviderError as error:
            return replace(by_rules, refused=error.message, remedy=error.remedy)
        # The values took a while: a withdrawal in between stops the send (I-31).
        reason = self._gate(patient_id, table, "cloud", host)
        if reason is not None:
            self._refusal(patient_id, "cloud", reason)
            return replace(by_rules, refused=reason.sentence, remedy=reason.remedy)
        sent = self.vault.insights.about_to_send(
            patient_id,
            provider="cloud",
            host=host,
            model=consent_purpose("cloud", host),
            consent_id=self._consent(patient_id, "cloud", host) or 0,
            body=body,
            correlation=str(uuid.uuid4()),
        )
        try:
            raw = transport.generate(body)
            remote = read_remote(raw, host)
        except ProviderError as error:
            self.vault.insights.has_ended(sent.id, error.failure.value)
            return replace(by_rules, refused=error.message, remedy=error.remedy, sent_bytes=len(body))
        self.vault.insights.has_ended(sent.id, "answered")
        if fails_the_check(table, raw):
            self.vault.audit.append("insight.check", patient_id=patient_id, outcome="refused", detail="remote text")
        return replace(by_rules, sent_bytes=len(body), remote=remote)
