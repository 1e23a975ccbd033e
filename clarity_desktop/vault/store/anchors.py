"""Where the audit's head is kept outside the database: beside it, in this account's own folder, in the keychain."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from clarity_desktop.domain.errors import LockedError
from clarity_desktop.domain.overwriting import overwrite
from clarity_desktop.vault.keys import keychain
from clarity_desktop.vault.store.layout import write_atomically

__all__ = ["Anchor", "FileAnchor", "Head", "KeychainAnchor", "outside_file"]

_KEPT_HASH_BYTES: Final = 24
_PLACES: Final = 2
_PLACE_BYTES: Final = 256


@dataclass(frozen=True, slots=True)
class Head:
    """Number and hash of the last entry of an audit."""

    seq: int
    digest: bytes
    """SHA-256; the keychain keeps its first 24 bytes only."""

    def fits(self, digest: bytes) -> bool:
        """Whether an entry's hash is the one of this head."""
        return bool(self.digest) and digest[: len(self.digest)] == self.digest


class Anchor(Protocol):
    """A place that keeps the head of one vault's audit."""

    where: str
    """As a sentence names the place: ``the seal``, ``the record of this account``."""
    is_outside: bool
    """Whether a copy of the vault's folder leaves the place alone."""
    at_each_entry: bool
    """Whether it is quick enough to be renewed with each entry; others are renewed on opening and closing."""

    def read(self) -> Head | None:
        """The head, or ``None`` when there is none that this vault's key made."""
        ...

    def write(self, head: Head) -> None:
        """Keep a head; raises ``OSError`` where a file cannot be written."""
        ...


class FileAnchor:
    """A head in a small file, under a MAC.

    The file has two places of one size, of which the older one is written over, never both at once. So a power cut in
    the middle leaves the head before, and the file is never empty. The database has every entry on the disk before its
    head is written here: whatever comes back after a power cut, the head is one that the database holds.
    """

    at_each_entry = True

    def __init__(self, path: Path, key: bytes, *, where: str, is_outside: bool) -> None:
        self._path = path
        self._key = key
        self.where = where
        self.is_outside = is_outside

    def forget(self) -> None:
        """Overwrite the key that signs heads."""
        overwrite(self._key)

    def read(self) -> Head | None:
        """The latest head, or ``None`` when there is none that this key made."""
        return max((head for head in self._places() if head is not None), key=lambda head: head.seq, default=None)

    def write(self, head: Head) -> None:
        """Keep a head. One that is not later than those kept, as after a restore, takes the place of both."""
        if self.is_outside:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        mac = self._mac(head.seq, head.digest).hex()
        document = {"seq": head.seq, "hash": head.digest.hex(), "mac": mac}
        line = json.dumps(document).encode().ljust(_PLACE_BYTES - 1) + b"\n"
        kept = self._places()
        if len(kept) != _PLACES or any(one is not None and one.seq >= head.seq for one in kept):
            write_atomically(self._path, line * _PLACES)
            return
        older = min(range(_PLACES), key=lambda place: -1 if (one := kept[place]) is None else one.seq)
        with self._path.open("r+b", buffering=0) as handle:
            handle.seek(older * _PLACE_BYTES)
            handle.write(line)

    def _places(self) -> list[Head | None]:
        """What stands at each place; fewer than two for the file of an earlier version, or none at all."""
        try:
            content = self._path.read_bytes()
        except OSError:
            return []
        if len(content) != _PLACES * _PLACE_BYTES:
            return [self._parsed(content)]
        return [self._parsed(content[at : at + _PLACE_BYTES]) for at in range(0, len(content), _PLACE_BYTES)]

    def _parsed(self, line: bytes) -> Head | None:
        try:
            document = json.loads(line)
            seq, digest = int(document["seq"]), bytes.fromhex(document["hash"])
            mac = bytes.fromhex(document["mac"])
        except (ValueError, KeyError, TypeError):
            return None
        return Head(seq, digest) if hmac.compare_digest(mac, self._mac(seq, digest)) else None

    def _mac(self, seq: int, digest: bytes) -> bytes:
        return hmac.digest(self._key, f"{seq}:{digest.hex()}".encode(), "sha256")


class KeychainAnchor:
    """A head in the operating system's keychain. A keychain that is locked or gone has nothing to say."""

    where = "the record in the keychain"
    is_outside = True
    at_each_entry = False

    def __init__(self, vault_id: str, directory: Path) -> None:
        self._vault_id = vault_id
        self._account = f"audit-head-{_mark(vault_id, directory)}"

    def read(self) -> Head | None:
        """The head, or ``None`` without one or without a keychain."""
        try:
            kept = keychain.wrapping_key(self._vault_id, self._account)
        except LockedError:
            return None
        return None if kept is None else Head(int.from_bytes(kept[:8], "big"), kept[8:])

    def write(self, head: Head) -> None:
        """Keep the head, where there is a keychain."""
        with contextlib.suppress(LockedError):
            keychain.keep(self._vault_id, self._account, head.seq.to_bytes(8, "big") + head.digest[:_KEPT_HASH_BYTES])


def outside_file(state: Path, vault_id: str, directory: Path, kind: str = "audit") -> Path:
    """The file in an account's own folder for one vault at one place; its name tells nothing of either."""
    ending = "head" if kind == "audit" else "count"
    return state / f"{kind}-{_mark(vault_id, directory)}.{ending}"


def _mark(vault_id: str, directory: Path) -> str:
    """A vault restored to another place has a head of its own there."""
    return hashlib.sha256(f"{vault_id}\0{directory.resolve()}".encode()).hexdigest()[:16]
