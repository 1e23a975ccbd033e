"""The manifest of a backup: what it holds, hashes of its files, and a sealed part that only the vault's key reads."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from clarity_desktop.domain.errors import IntegrityError
from clarity_desktop.domain.time import Instant
from clarity_desktop.vault.keys.header import derived_key
from clarity_desktop.vault.store.layout import write_atomically

__all__ = ["FORMAT", "MANIFEST", "SUFFIX", "BackupFile", "Contents", "Manifest", "altered", "hash_of"]

FORMAT: Final = 1
MANIFEST: Final = "manifest.json"
SUFFIX: Final = ".claritybackup"
_PURPOSE: Final = "backup"
_NONCE_BYTES: Final = 12
_BLOCK: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class BackupFile:
    """One file of a backup."""

    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Contents:
    """What the copied database holds; sealed, because numbers of rows tell of people."""

    rows: Mapping[str, int]
    """Rows by table."""
    audit_entries: int
    audit_hash: str
    """Hash of the last audit entry, hexadecimal."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup says of itself."""

    name: str
    vault_id: str
    schema: str
    program: str
    """Version that wrote it."""
    created: Instant
    kind: str
    """``scheduled``, ``manual``, ``migration`` or ``safety``."""
    verified: Instant | None
    """When it was opened from the written file and found whole."""
    files: Mapping[str, BackupFile]
    sealed: bytes = b""

    def _plain(self) -> dict[str, Any]:
        return {
            "format": FORMAT,
            "name": self.name,
            "vault": self.vault_id,
            "schema": self.schema,
            "program": self.program,
            "created": self.created,
            "kind": self.kind,
            "verified": self.verified,
            "files": {name: {"size": one.size, "sha256": one.sha256} for name, one in sorted(self.files.items())},
        }

    def _bound(self) -> bytes:
        return json.dumps(self._plain(), sort_keys=True, separators=(",", ":")).encode()

    def write(self, folder: Path, contents: Contents, data_key: bytes) -> Manifest:
        """Write the manifest into a backup's folder. Its seal is bound to all of it. Answers the sealed one."""
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        inner = {
            "rows": dict(contents.rows),
            "entries": contents.audit_entries,
            "hash": contents.audit_hash,
        }
        nonce = secrets.token_bytes(_NONCE_BYTES)
        key = derived_key(data_key, _PURPOSE)
        sealed = nonce + AESGCM(key).encrypt(nonce, json.dumps(inner).encode(), self._bound())
        document = {**self._plain(), "sealed": base64.b64encode(sealed).decode("ascii")}
        write_atomically(folder / MANIFEST, json.dumps(document, indent=1).encode())
        return replace(self, sealed=sealed)

    @classmethod
    def read(cls, folder: Path) -> Manifest:
        """The manifest of a backup's folder; nothing is checked yet.

        Raises
        ------
        FileNotFoundError
            When there is none.
        IntegrityError
            ``backup.altered`` when it is not a manifest; ``backup.newer`` when a newer program wrote it.
        """
        raw = (folder / MANIFEST).read_bytes()
        try:
            document = json.loads(raw)
            if int(document["format"]) > FORMAT:
                raise newer(f"format {document['format']}")
            return cls(
                name=str(document["name"]),
                vault_id=str(document["vault"]),
                schema=str(document["schema"]),
                program=str(document["program"]),
                created=int(document["created"]),
                kind=str(document["kind"]),
                verified=None if document["verified"] is None else int(document["verified"]),
                files={
                    str(name): BackupFile(int(one["size"]), str(one["sha256"]))
                    for name, one in document["files"].items()
                },
                sealed=base64.b64decode(document["sealed"], validate=True),
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise altered(f"manifest: {type(error).__name__}") from None

    def opened(self, data_key: bytes) -> Contents:
        """The sealed part; raises :class:`IntegrityError` (``backup.altered``) unless this key made this manifest."""
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        nonce, box = self.sealed[:_NONCE_BYTES], self.sealed[_NONCE_BYTES:]
        try:
            inner = json.loads(AESGCM(derived_key(data_key, _PURPOSE)).decrypt(nonce, box, self._bound()))
            rows = {str(name): int(count) for name, count in inner["rows"].items()}
            return Contents(rows, int(inner["entries"]), str(inner["hash"]))
        except (InvalidTag, ValueError, KeyError, TypeError, AttributeError):
            raise altered("manifest seal") from None


def altered(detail: str) -> IntegrityError:
    """The error of a backup whose bytes are not those that were written."""
    return IntegrityError(
        "backup.altered",
        "This backup was altered after it was made. Nothing was changed.",
        remedy="Use another backup; keep this one as it is and ask the person who looks after security.",
        detail=detail,
    )


def newer(detail: str) -> IntegrityError:
    """The error of a backup that a newer program wrote."""
    return IntegrityError(
        "backup.newer",
        "This backup was made by a newer version of Clarity Desktop. Nothing was changed.",
        remedy="Install the latest version and restore it with that.",
        detail=detail,
    )


def hash_of(path: Path, check: Callable[[int], None] | None = None) -> BackupFile:
    """Size and SHA-256 of a file; ``check`` is called with the bytes of each block read, and may raise to stop."""
    state, size = hashlib.sha256(), 0
    with path.open("rb") as handle:
        while block := handle.read(_BLOCK):
            state.update(block)
            size += len(block)
            if check is not None:
                check(len(block))
    return BackupFile(size, state.hexdigest())
