"""The gate before anything is sent: whether it may go, checked when it is queued and again right before it leaves."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from clarity_desktop.domain.insights import FactsTable
from clarity_desktop.insights.grounding.table import BadTableError, validate_table

__all__ = ["Circumstances", "GateReason", "consent_purpose", "gate"]


class GateReason(StrEnum):
    """Why nothing is sent; the value is the code that audit and panel name."""

    SWITCHED_OFF = "switched_off"
    """An admin forbids external sends for everyone (I-33)."""
    NOT_CHOSEN = "not_chosen"
    """The clinic's or the patient's profile is rules only (I-62)."""
    SIMULATED = "simulated"
    """Simulated people never send (I-34)."""
    NO_CONSENT = "no_consent"
    """No consent for this patient, purpose and provider holds now (I-30)."""
    NO_KEY = "no_key"
    NO_LIBRARY = "no_library"
    """The provider's library is not installed (I-41)."""
    FEW_DAYS = "few_days"
    """Fewer than three valid days (I-24)."""
    BAD_TABLE = "bad_table"
    """The facts contradict each other (I-20)."""
    LIMIT = "limit"
    """The day's or month's limit of cost is reached (I-48)."""

    @property
    def sentence(self) -> str:
        """The reason for a clinician."""
        return _SENTENCES[self]

    @property
    def remedy(self) -> str:
        """Who can change it, and where."""
        return _REMEDIES[self]


_SENTENCES = {
    GateReason.SWITCHED_OFF: "Sending to external services is switched off for this workplace by an admin.",
    GateReason.NOT_CHOSEN: "Insights are set to rules only, so nothing is sent.",
    GateReason.SIMULATED: "Nothing is sent about simulated people.",
    GateReason.NO_CONSENT: "There is no consent of this person for sending facts to this provider.",
    GateReason.NO_KEY: "There is no key for this provider yet.",
    GateReason.NO_LIBRARY: "The library of this provider is not installed here, so nothing is sent.",
    GateReason.FEW_DAYS: "There are fewer than three valid days, so nothing is sent.",
    GateReason.BAD_TABLE: "The facts contradict each other, so nothing is said or sent.",
    GateReason.LIMIT: "The limit of cost is reached, so nothing is sent.",
}

_REMEDIES = {
    GateReason.SWITCHED_OFF: "An admin can switch it on: Settings, External services.",
    GateReason.NOT_CHOSEN: "An admin chooses for the workplace; a clinician can take a person out, not in.",
    GateReason.SIMULATED: "This cannot be changed.",
    GateReason.NO_CONSENT: "Record the consent of this person for this provider.",
    GateReason.NO_KEY: "An admin can enter the provider's key.",
    GateReason.NO_LIBRARY: "Install the package google-genai, or use insights by rules, which need none.",
    GateReason.FEW_DAYS: "Wear the device for at least ten hours a day on three days or more.",
    GateReason.BAD_TABLE: "Look at the facts and at their recordings; a report of this helps.",
    GateReason.LIMIT: "It opens again on the next day or month (UTC); an admin can change the limit.",
}


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What holds at the moment of the check."""

    external_allowed: bool
    provider_chosen: bool
    simulated: bool
    consent_id: int | None
    """The consent that covers this patient and provider now, or ``None``."""
    has_key: bool
    within_limits: bool = True
    has_library: bool = True


def consent_purpose(provider: str, host: str) -> str:
    """The purpose a consent must name: provider and host, so that a change of either asks again (I-32)."""
    return f"insight:{provider}:{host}"


def gate(table: FactsTable | None, now: Circumstances) -> GateReason | None:
    """Why nothing may be sent, the firmest reason first; ``None`` when the way is free."""
    if not now.external_allowed:
        return GateReason.SWITCHED_OFF
    if not now.provider_chosen:
        return GateReason.NOT_CHOSEN
    if now.simulated:
        return GateReason.SIMULATED
    if table is None:
        return GateReason.FEW_DAYS
    try:
        validate_table(table)
    except BadTableError:
        return GateReason.BAD_TABLE
    if now.consent_id is None:
        return GateReason.NO_CONSENT
    if not now.has_library:
        return GateReason.NO_LIBRARY
    if not now.has_key:
        return GateReason.NO_KEY
    return None if now.within_limits else GateReason.LIMIT
