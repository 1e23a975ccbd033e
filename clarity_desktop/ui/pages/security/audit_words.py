"""The words of the audit page: what each action is called, and what its filters offer."""

from __future__ import annotations

__all__ = ["ACTIONS", "OUTCOMES", "TIMES", "action_words"]

ACTIONS = (
    ("", "Anything"),
    ("patient", "Patients: opened, added, changed"),
    ("document", "Documents"),
    ("import", "Imports"),
    ("export", "Exports"),
    ("report", "Reports"),
    ("consent", "Consent"),
    ("retention", "Retention"),
    ("vault", "Vault: opened, backups, restore"),
    ("people", "People and roles"),
    ("settings", "Settings"),
    ("access", "Refusals"),
    ("unlock", "Wrong passphrases"),
    ("emergency", "Emergency access"),
)
OUTCOMES = (("", "Any outcome"), ("ok", "ok"), ("refused", "refused"), ("failed", "failed"), ("noticed", "noticed"))
TIMES = (("", "Any time"), ("1", "Last 24 h"), ("7", "Last 7 days"), ("30", "Last 30 days"), ("365", "Last year"))
_WORDS = {
    "access.refused": "Refused by role",
    "audit.export": "Audit exported",
    "audit.gap": "Difference answered for",
    "audit.mismatch": "Difference noticed",
    "consent.give": "Consent recorded",
    "consent.withdraw": "Consent withdrawn",
    "document.add": "Document added",
    "document.open": "Document opened",
    "document.remove": "Document removed",
    "emergency.new": "Emergency code made",
    "emergency.open": "Emergency access",
    "emergency.review": "Emergency reviewed",
    "export.person": "Full export of a person",
    "findings.store": "Findings computed",
    "import": "Import",
    "passphrase.change": "Passphrase changed",
    "passphrase.reset": "Passphrase reset by an admin",
    "patient.add": "Patient added",
    "patient.erase.begin": "Erasure begun",
    "patient.erase.done": "Erasure done",
    "patient.erase.request": "Erasure asked for",
    "patient.hold": "Legal hold placed",
    "patient.hold_released": "Legal hold released",
    "patient.list": "List of patients seen",
    "patient.open": "Patient opened",
    "patient.update": "Patient changed",
    "people.add": "Person added",
    "people.remove": "Person removed",
    "people.rename": "Person renamed",
    "people.roles": "Roles changed",
    "recovery.new": "Recovery code made",
    "recovery.use": "Recovery code used",
    "report.access": "Access report",
    "report.pdf": "Report as PDF",
    "retention.execute": "Retention carried out",
    "retention.set": "Retention changed",
    "rules.set": "Rule of the admins set",
    "settings.change": "Setting changed",
    "settings.security": "Setting changed",
    "slot.add": "Way in added",
    "slot.remove": "Way in removed",
    "unlock.refused": "Wrong passphrase",
    "vault.backup": "Backup",
    "vault.backup_expired": "Backup let go",
    "vault.close": "Vault locked",
    "vault.drill": "Restore practised",
    "vault.open": "Vault opened",
    "vault.rekey": "New keys",
    "vault.restore": "Restore",
    "zones.put": "Zones changed",
}


def action_words(action: str) -> str:
    """An action as people read it; unknown ones by their own name."""
    known = _WORDS.get(action)
    if known is not None:
        return known
    area, _, rest = action.replace("_", " ").partition(".")
    return f"{area.capitalize()}: {rest.replace('.', ', ')}" if rest else area.capitalize()
