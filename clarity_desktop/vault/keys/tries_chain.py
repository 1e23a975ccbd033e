"""The chain over wrong tries: each is signed with a key that is replaced at once by its hash, so none is taken back.

While the vault is locked no secret is at hand, so the file holds the key for the next entry and no earlier one. Whoever
changes the file can add entries, and cannot make the signatures of those that they remove or alter: the key of the
beginning lies sealed by the data key, and at the next unlock the whole chain is walked again from there.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from clarity_desktop.vault.keys.wrapping import derived_key, new_key, unwrap, wrap

__all__ = ["Beginning", "Chain", "Entry", "replayed"]

_PURPOSE: Final = "wrong-tries"


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the chain."""

    at: int
    """Unix seconds by the clock of then."""
    user: str
    right: bool
    """False for a try as it begins; true where it is taken back because it was right."""
    mac: str = ""

    def signed(self, key: bytes) -> Entry:
        """The same entry with its signature by this key."""
        text = json.dumps([self.at, self.user, self.right]).encode()
        return Entry(self.at, self.user, self.right, hmac.digest(key, text, "sha256").hex()[:32])


@dataclass(frozen=True, slots=True)
class Beginning:
    """What the chain began with, as the data key opened it."""

    key: bytes
    counts: dict[str, int]
    """Wrong tries by user when the chain began."""


@dataclass(slots=True)
class Chain:
    """The key for the next entry, and the sealed beginning."""

    key: bytes
    sealed: bytes

    @classmethod
    def unsealed(cls) -> Chain:
        """A chain that began while no data key was at hand, which the next unlock notices."""
        return cls(new_key(), b"")

    @classmethod
    def begun(cls, data_key: bytes, counts: dict[str, int]) -> Chain:
        """A new chain whose beginning the data key seals."""
        first = new_key()
        text = json.dumps({"key": first.hex(), "counts": counts}).encode()
        return cls(first, wrap(derived_key(data_key, _PURPOSE), text, _PURPOSE))

    def sign(self, entry: Entry) -> Entry:
        """Sign an entry, and step to the next key; the one it was signed with is nowhere afterwards."""
        signed = entry.signed(self.key)
        self.key = _next(self.key)
        return signed

    def beginning(self, data_key: bytes) -> Beginning | None:
        """The beginning, or ``None`` when this data key did not seal it."""
        text = unwrap(derived_key(data_key, _PURPOSE), self.sealed, _PURPOSE) if self.sealed else None
        if text is None:
            return None
        document = json.loads(text)
        return Beginning(bytes.fromhex(document["key"]), {str(k): int(n) for k, n in document["counts"].items()})

    def is_sound(self, beginning: Beginning, entries: Sequence[Entry], dropped: int) -> bool:
        """Whether every kept entry is the one that was signed at its place, and none after it is missing.

        Parameters
        ----------
        dropped:
            How many entries before the first kept one were let go because there were too many.
        """
        key = beginning.key
        for _ in range(dropped):
            key = _next(key)
        for entry in entries:
            if not hmac.compare_digest(entry.signed(key).mac, entry.mac):
                return False
            key = _next(key)
        return hmac.compare_digest(key, self.key)


def replayed(
    counts: dict[str, int], entries: Sequence[Entry], trim: Callable[[dict[str, int]], None]
) -> dict[str, int]:
    """The counts that entries lead to; ``trim`` keeps their number bounded as it was done then."""
    found = dict(counts)
    for entry in entries:
        if entry.right:
            found.pop(entry.user, None)
        else:
            found[entry.user] = found.get(entry.user, 0) + 1
            trim(found)
    return found


def _next(key: bytes) -> bytes:
    return hashlib.sha256(b"clarity-desktop/next-key" + key).digest()
