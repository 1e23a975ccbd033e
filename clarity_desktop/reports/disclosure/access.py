"""The access report: purposes, recipients, how long what is kept, and each time something was sent (V-68)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from clarity_desktop.domain.time import Instant, format_instant

if TYPE_CHECKING:
    from clarity_desktop.domain.people import PatientId
    from clarity_desktop.vault import Vault
    from clarity_desktop.vault.consent.records import Consent
    from clarity_desktop.vault.consent.retention import Policy

__all__ = ["AccessReport", "Disclosure", "access_report"]

_DISCLOSING: Final = ("report.", "export.", "insight.send", "sync.", "print.", "table.")
"""Beginnings of the names of actions by which something leaves the vault."""


@dataclass(frozen=True, slots=True)
class Disclosure:
    """One time that something of a person left the vault."""

    at: Instant
    by: str
    action: str
    outcome: str
    detail: str


@dataclass(frozen=True, slots=True)
class AccessReport:
    """What a person may know about the use of their data (GDPR article 15)."""

    patient_id: PatientId
    generated: Instant
    consents: tuple[Consent, ...]
    disclosures: tuple[Disclosure, ...]
    opened_by: tuple[tuple[str, int], ...]
    """Who opened the record, and how often."""
    retention: tuple[Policy, ...]
    held: tuple[tuple[str, int], ...]
    """What is held: type and number of samples or elements."""

    def as_document(self) -> dict[str, Any]:
        """The report as plain values, instants in ISO 8601 UTC."""
        return {
            "person": self.patient_id,
            "generated": format_instant(self.generated),
            "purposes": [
                {
                    "purpose": one.purpose,
                    "text_version": one.text_version,
                    "language": one.language,
                    "method": one.method,
                    "given_by": one.given_by,
                    "witnessed_by": one.witnessed_by,
                    "dated": one.dated.isoformat(),
                    "expires": one.expires.isoformat() if one.expires else None,
                    "withdrawn": format_instant(one.withdrawn) if one.withdrawn is not None else None,
                }
                for one in self.consents
            ],
            "recipients": [
                {
                    "at": format_instant(one.at),
                    "by": one.by,
                    "action": one.action,
                    "outcome": one.outcome,
                    "detail": one.detail,
                }
                for one in self.disclosures
            ],
            "opened_by": [{"who": who, "times": times} for who, times in self.opened_by],
            "retention": [
                {"class": one.data_class.value, "study": one.study, "keep_days": one.keep_days}
                for one in self.retention
            ],
            "held": [{"type": kind, "count": count} for kind, count in self.held],
        }

    def as_text(self) -> str:
        """The report for reading."""
        document = self.as_document()
        lines = [f"Access report for {self.patient_id}", f"Made {document['generated']}", "", "Purposes you agreed to"]
        lines += [
            f"  {one['purpose']} (text {one['text_version']}, {one['dated']}"
            + (f", withdrawn {one['withdrawn']})" if one["withdrawn"] else ")")
            for one in document["purposes"]
        ] or ["  None is recorded."]
        lines += ["", "What left this vault"]
        lines += [f"  {one['at']}  {one['action']}  by {one['by']}" for one in document["recipients"]] or ["  Nothing."]
        lines += ["", "Who opened the record"]
        lines += [f"  {who}: {times} times" for who, times in self.opened_by] or ["  Nobody."]
        lines += ["", "How long data is kept"]
        lines += [
            f"  {one.data_class.value}{f' in {one.study}' if one.study else ''}: "
            + ("until it is erased" if one.keep_days is None else f"{one.keep_days} days")
            for one in self.retention
        ]
        lines += ["", "What is held"]
        lines += [f"  {kind}: {count}" for kind, count in self.held] or ["  Nothing."]
        return "\n".join(lines) + "\n"


def access_report(vault: Vault, patient_id: PatientId, *, generated: Instant) -> AccessReport:
    """Gather the report from the vault's consents, policies and audit."""
    patient = vault.patients.get(patient_id)
    entries = vault.audit.entries(limit=None, patient_id=patient_id)
    opened: dict[str, int] = {}
    for entry in entries:
        if entry.action in ("patient.open", "document.open"):
            opened[entry.who] = opened.get(entry.who, 0) + 1
    held: dict[str, int] = {}
    for series in vault.series.list(patient_id):
        held[series.kind] = held.get(series.kind, 0) + series.n
    for element in vault.elements.list(patient_id):
        held[element.kind] = held.get(element.kind, 0) + 1
    for name, count in (
        ("Annotations", len(vault.diary.annotations(patient_id))),
        ("Sleep diary nights", len(vault.diary.nights(patient_id))),
        ("Insight texts", len(vault.insights.list(patient_id))),
        ("Insight requests sent", len(vault.insights.sends(patient_id))),
        ("Free and work days", len(vault.diary.free_days(patient_id).exceptions)),
    ):
        if count:
            held[name] = count
    documents = len(vault.attachments.list(patient_id))
    if documents:
        held["Documents"] = documents
    return AccessReport(
        patient_id,
        generated,
        tuple(vault.consents.list(patient_id)),
        tuple(
            Disclosure(one.at, one.who, one.action, one.outcome, one.detail)
            for one in reversed(entries)
            if one.action.startswith(_DISCLOSING)
        ),
        tuple(sorted(opened.items())),
        tuple(one for one in vault.retention.policies() if one.study in ("", *patient.tags)),
        tuple(sorted(held.items())),
    )
