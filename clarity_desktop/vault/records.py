"""What the vault answers about itself: slots, facts for diagnostics, the result of a verification, audit entries."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from clarity_desktop.domain.time import Instant

__all__ = ["AuditEntry", "AuditVerdict", "Slot", "VaultInfo", "VerifyReport"]


@dataclass(frozen=True, slots=True)
class Slot:
    """One way into the vault."""

    id: str
    kind: str
    """``passphrase`` or ``keychain``."""
    label: str


@dataclass(frozen=True, slots=True)
class VaultInfo:
    """Facts about an open vault."""

    vault: Path
    cipher: str
    """Name and version of the cipher library, such as ``SQLCipher 4.19.0 community``."""
    schema: str
    """Revision of the schema."""
    slots: tuple[Slot, ...]
    page_size: int = 0
    """Bytes of a database page."""


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One line of the audit: who did what to whom, and how it ended. Never a clinical value."""

    seq: int
    at: Instant
    who: str
    action: str
    """Dotted name: ``patient.open``, ``import.finish``."""
    patient_id: str | None
    outcome: str
    detail: str


@dataclass(frozen=True, slots=True)
class AuditVerdict:
    """What checking the chain came to."""

    entries: int
    chain_ok: bool
    first_bad: int | None
    """Sequence number of the first entry that is not as it was written; one past the end for a cut tail."""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """What checking the whole vault came to."""

    ok: bool
    integrity: str
    """``ok``, or what the database says."""
    problems: tuple[str, ...]
    audit_entries: int
    chain_ok: bool
    first_bad: int | None
    """See :class:`AuditVerdict`."""
    chunks: int = 0
    """Chunks decoded and compared with their digests."""
