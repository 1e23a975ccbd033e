"""The erasure ledger: pseudonyms of erased patients in a file beside the database, which no restored copy undoes."""

from __future__ import annotations

import hmac
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from clarity_desktop.domain.people import PatientId
from clarity_desktop.domain.time import Instant
from clarity_desktop.vault.keys.header import derived_key
from clarity_desktop.vault.store.layout import write_atomically

__all__ = ["ErasureLedger", "LedgerEntry"]

_FORMAT: Final = 1


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """One erased patient."""

    patient_id: PatientId
    at: Instant


class ErasureLedger:
    """A ledger file. Each entry bears a MAC by the data key: entries that somebody else wrote are not followed."""

    def __init__(self, path: Path, data_key: bytes) -> None:
        self._path = path
        self._key = derived_key(data_key, "erasure-ledger")

    def entries(self) -> tuple[LedgerEntry, ...]:
        """The genuine entries, oldest first; none when there is no ledger."""
        return tuple(entry for entry, mac in self._read() if hmac.compare_digest(mac, self._mac(entry)))

    def is_sound(self) -> bool:
        """Whether every entry of the file is genuine."""
        return len(self.entries()) == len(self._read())

    def add(self, *entries: LedgerEntry) -> None:
        """Add entries whose patients are not in it yet. On return they are on the disk."""
        held = self._read()
        known = {entry.patient_id for entry in self.entries()}
        missing = [entry for entry in entries if entry.patient_id not in known]
        if missing:
            self._write([*held, *((entry, self._mac(entry)) for entry in missing)])

    def rekey(self, data_key: bytes) -> None:
        """Sign the genuine entries with another data key."""
        entries = self.entries()
        self._key = derived_key(data_key, "erasure-ledger")
        if entries:
            self._write([(entry, self._mac(entry)) for entry in entries])

    def _mac(self, entry: LedgerEntry) -> str:
        return hmac.digest(self._key, f"{entry.at}:{entry.patient_id}".encode(), "sha256").hex()

    def _read(self) -> list[tuple[LedgerEntry, str]]:
        try:
            document = json.loads(self._path.read_bytes())
            return [(LedgerEntry(str(one["patient"]), int(one["at"])), str(one["mac"])) for one in document["entries"]]
        except (OSError, ValueError, KeyError, TypeError):
            # The journal in the database holds the same entries and writes the file anew at the next opening.
            return []

    def _write(self, held: list[tuple[LedgerEntry, str]]) -> None:
        entries = [{"patient": entry.patient_id, "at": entry.at, "mac": mac} for entry, mac in held]
        write_atomically(self._path, json.dumps({"format": _FORMAT, "entries": entries}, indent=1).encode())
