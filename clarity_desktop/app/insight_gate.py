"""The part of the services that asks whether facts may be sent: consent, switch, choice, key and limits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from clarity_desktop.app.cloud_sessions import CloudSessionServices
from clarity_desktop.app.insight_records import InsightRecordServices
from clarity_desktop.app.insights import InsightFacts
from clarity_desktop.app.permissions import needs
from clarity_desktop.domain.errors import ConflictError
from clarity_desktop.domain.insights import FactsTable
from clarity_desktop.domain.users import Right

if TYPE_CHECKING:
    from clarity_desktop.insights.gate import GateReason
    from clarity_desktop.insights.providers.cloud import CloudTransport

__all__ = ["InsightGateServices", "InsightPreview"]

_GEMINI: Final = "gemini"


@dataclass(frozen=True, slots=True)
class InsightPreview:
    """What would be sent, byte by byte, and whether it may."""

    provider: str
    model: str
    destination: str
    """Host; empty where no account is signed in."""
    body: bytes
    """Empty where no request can be made of what is there."""
    facts: InsightFacts
    consent: str
    """The consent in words: which one holds, or what is missing."""
    refused: str | None
    """Why nothing may be sent now; ``None`` when the way is free."""


class InsightGateServices(CloudSessionServices, InsightRecordServices):
    """The gate before anything is sent. Part of ``Services``."""

    cloud_transport: CloudTransport | None = None
    """Carries requests to the cloud in place of the account that is signed in."""

    @needs(Right.READ_DATA)
    def insight_consent_purpose(self, provider: str = _GEMINI) -> str:
        """The purpose that a consent for this provider must name."""
        from clarity_desktop.insights.gate import consent_purpose

        if provider == "cloud":
            way = self._cloud_way()
            if way is None:
                raise ConflictError(
                    "insights.no_account", "No cloud account is signed in.", remedy="Sign in on the Account page."
                )
            return consent_purpose(provider, way.host)
        self._known(provider)
        return consent_purpose(provider, self._provider_with("").host)

    def _cloud_way(self) -> CloudTransport | None:
        """The way to the current account's server; ``None`` without an account."""
        from clarity_desktop.app.insight_cloud import AccountTransport

        if self.cloud_transport is not None:
            return self.cloud_transport
        account = self.cloud_account()
        return None if account is None else AccountTransport(account, lambda: self._cloud_api(account), self._net)

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
                has_key=provider != _GEMINI or self._key() is not None,
                within_limits=self.insight_meter().within_limits,
                has_library=provider != _GEMINI or self._has_library(),
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
