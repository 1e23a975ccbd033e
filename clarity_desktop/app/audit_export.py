"""The audit as a file that leaves the vault: readable by anybody, signed so that no line changes unnoticed."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from clarity_desktop.domain.errors import ClarityError, InputError, IntegrityError
from clarity_desktop.domain.time import format_instant

if TYPE_CHECKING:
    from clarity_desktop.vault import AuditEntry

__all__ = ["check_export", "write_export"]

_FORMAT: Final = "clarity-audit-export-1"
_PURPOSE: Final = b"clarity-desktop audit export"


def write_export(
    path: Path,
    entries: Sequence[AuditEntry],
    key: bytes,
    *,
    made: int,
    by: str,
    chain: Mapping[str, Any] | None = None,
    digests: Mapping[int, str] | None = None,
) -> str:
    """Write entries, oldest first, with a hash and a signature over them; answers the SHA-256 in hexadecimal.

    Nothing is encrypted: the file is for people outside, who may read it without the vault.

    Parameters
    ----------
    key:
        The vault's key for its audit; whoever has the vault can check the signature with :func:`check_export`.
    made:
        When it was asked for, UTC seconds.
    by:
        Who asked for it.
    chain:
        What the check of the whole chain came to right before: entries, whether it is whole, and its head.
    digests:
        Hash of each entry in the chain, in hexadecimal; with them an entry's place in it can be proved later.

    Raises
    ------
    ClarityError
        ``audit.not_written`` when the file cannot be written; nothing half-written stays.
    """
    body: dict[str, Any] = {
        "format": _FORMAT,
        "made": format_instant(made),
        "by": by,
        "chain": None if chain is None else dict(chain),
        "entries": [
            {**asdict(one), "at": format_instant(one.at), "hash": (digests or {}).get(one.seq)}
            for one in sorted(entries, key=lambda entry: entry.seq)
        ],
    }
    digest = hashlib.sha256(_bytes(body)).hexdigest()
    document = {**body, "sha256": digest, "seal": _seal(key, digest)}
    name = ""
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".audit-")
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            json.dump(document, stream, indent=1, ensure_ascii=False)
        Path(name).replace(path)
    except OSError as error:
        if name:
            Path(name).unlink(missing_ok=True)
        raise ClarityError(
            "audit.not_written",
            "The audit could not be written there. Nothing of it was left behind.",
            remedy="Choose a folder that can be written to, with free space.",
            detail=type(error).__name__,
        ) from None
    return digest


def check_export(path: Path, key: bytes) -> dict[int, str | None]:
    """The entries of an export with their hashes in the chain, if it is as it was written by the vault of this key.

    Raises
    ------
    InputError
        ``audit.not_an_export``.
    IntegrityError
        ``audit.export_altered``.
    """
    try:
        document = json.loads(path.read_text("utf-8"))
        digest, seal = str(document.pop("sha256")), str(document.pop("seal"))
        known = document["format"] == _FORMAT
        held = {int(one["seq"]): one.get("hash") for one in document["entries"]}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        known, digest, seal, held, document = False, "", "", {}, {}
    if not known:
        raise InputError(
            "audit.not_an_export", "This is no export of an audit.", remedy="Choose a file that this program wrote."
        )
    whole = hashlib.sha256(_bytes(document)).hexdigest() == digest
    if not whole or not hmac.compare_digest(_seal(key, digest), seal):
        raise IntegrityError(
            "audit.export_altered",
            "This export is not as the vault wrote it.",
            remedy="Ask for it again from the vault, and keep this file for whoever looks into it.",
        )
    return held


def _bytes(body: dict[str, Any]) -> bytes:
    return json.dumps(body, sort_keys=True, ensure_ascii=True, separators=(",", ":")).encode()


def _seal(key: bytes, digest: str) -> str:
    return hmac.digest(key, _PURPOSE + digest.encode(), "sha256").hex()
