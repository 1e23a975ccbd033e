"""The certificate of an erasure: what, when, who, hashes, and which copies remain until when. It names nobody."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum

from clarity_desktop.domain.people import PatientId
from clarity_desktop.domain.time import Instant, format_instant

__all__ = ["CertificateOfErasure", "CopyState", "ErasedCopy"]


class CopyState(StrEnum):
    """What became of one copy of the data."""

    KEY_REMOVED = "key_removed"
    """The patient's key was taken out; what the copy holds sealed cannot be opened again."""
    ROWS_REMOVED = "rows_removed"
    """The copy was opened and the patient's rows were deleted."""
    HOLDS_NOTHING = "holds_nothing"
    NOT_REACHED = "not_reached"
    """The copy could not be reached; the ledger erases the patient when it is restored."""


@dataclass(frozen=True, slots=True)
class ErasedCopy:
    """One copy and what became of it."""

    place: str
    state: CopyState
    until: Instant | None = None
    """When the copy is deleted by rotation, UTC seconds; ``None`` when that is not known."""


@dataclass(frozen=True, slots=True)
class CertificateOfErasure:
    """What an erasure did."""

    pseudonym: PatientId
    requested_by: str
    confirmed_by: str
    begun: Instant
    done: Instant
    content_sha256: str
    """Hash of all that was held, taken before the erasure."""
    key_sha256: str
    """Hash of the wrapped key that was destroyed; empty when there was none."""
    rows: Mapping[str, int] = field(default_factory=dict)
    """Deleted rows by table."""
    pages: str = ""
    """``rewritten`` when the whole database was written anew, ``overwritten`` when deleted places were zeroed."""
    copies: tuple[ErasedCopy, ...] = ()
    again: bool = False
    """The patient had come back by an older copy, and was erased by the ledger."""

    def as_json(self) -> str:
        """The certificate as one JSON document, instants in UTC seconds."""
        return json.dumps(asdict(self), indent=1, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> CertificateOfErasure:
        """Read :meth:`as_json` back."""
        document = json.loads(text)
        document["copies"] = tuple(
            ErasedCopy(copy["place"], CopyState(copy["state"]), copy["until"]) for copy in document["copies"]
        )
        return cls(**document)

    def as_text(self) -> str:
        """The certificate for people, in plain text."""
        lines = [
            "Certificate of erasure",
            "",
            f"Person (pseudonym)   {self.pseudonym}",
            f"Requested by         {self.requested_by or 'erasure ledger'}",
            f"Confirmed by         {self.confirmed_by or 'erasure ledger'}",
            f"Begun                {format_instant(self.begun)}",
            f"Done                 {format_instant(self.done)}",
            f"SHA-256 of the data  {self.content_sha256 or 'not taken'}",
            f"SHA-256 of the key   {self.key_sha256 or 'no key was there'}",
            f"Pages of the vault   {self.pages}",
            "",
            "Deleted rows",
            *(f"  {table:20} {count:>10}" for table, count in sorted(self.rows.items())),
            "",
            "Copies",
            *(f"  {copy.place}: {_WORDS[copy.state]}{_until(copy)}" for copy in self.copies),
        ]
        if not self.copies:
            lines.append("  No copies are known.")
        return "\n".join(lines) + "\n"


_WORDS = {
    CopyState.KEY_REMOVED: "the key was removed, the sealed data cannot be opened",
    CopyState.ROWS_REMOVED: "the rows were deleted",
    CopyState.HOLDS_NOTHING: "held no key of this person",
    CopyState.NOT_REACHED: "could not be reached; the person is erased when it is restored",
}


def _until(copy: ErasedCopy) -> str:
    if copy.state is CopyState.HOLDS_NOTHING:
        return ""
    return f"; kept until {format_instant(copy.until)}" if copy.until is not None else "; no date of deletion is known"
