"""What the vault answers about itself: slots, facts for diagnostics, the result of a verification, audit entries."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from clarity_desktop.domain.time import Instant, Span

__all__ = ["AuditEntry", "AuditQuery", "AuditVerdict", "Slot", "VaultInfo", "VerifyReport"]


@dataclass(frozen=True, slots=True)
class Slot:
    """One way into the vault."""

    id: str
    kind: str
    """``passphrase``, ``keychain``, ``recovery`` or ``emergency``."""
    label: str
    user: str = ""
    """Id of the user whose way in it is."""


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
    role: str = ""
    """Role in which the person acted; empty in entries of vaults without roles."""
    origin: str = ""
    """``UI``, ``CLI``, ``API`` or ``assistant``; empty in entries from before it was kept."""
    correlation: str = ""
    """The same for all entries of one opening, command or job."""
    monotonic_ms: int = 0
    """Milliseconds since the computer started, which no change of the clock moves."""


@dataclass(frozen=True, slots=True)
class AuditQuery:
    """Which entries of the audit are asked for; every condition that is given must hold."""

    patient_id: str | None = None
    action: str | None = None
    """An action, or the first words of several: ``patient`` takes ``patient.open`` and ``patient.add``."""
    who: str | None = None
    outcome: str | None = None
    origin: str | None = None
    correlation: str | None = None
    span: Span | None = None
    limit: int | None = 200
    """At most so many of the latest entries; ``None`` takes all."""


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
