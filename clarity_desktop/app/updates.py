"""Updates: a signed notice of a newer version is checked, shown, and never acted upon by itself (V-78)."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from clarity_desktop import __version__
from clarity_desktop.app.permissions import needs
from clarity_desktop.app.preferences import PreferenceServices
from clarity_desktop.app.settings_registry import Kind, SettingSpec, declare
from clarity_desktop.domain.errors import ClarityError, InputError, IntegrityError, NotPermittedError
from clarity_desktop.domain.users import Right

__all__ = ["UPDATES", "UpdateNotice", "UpdateServices", "checked_notice", "package_is_genuine", "release_key"]

_FORMAT: Final = 1
_LARGEST: Final = 64 * 1024
_KEY: Final = Path(__file__).resolve().parent / "release-key.pub"
_VERSION: Final = re.compile(r"(\d{1,6})\.(\d{1,6})\.(\d{1,6})")

UPDATES: Final = declare(
    SettingSpec(
        "update.check",
        "Updates",
        "Check notices of new versions",
        "A notice that is signed by the makers says which version is newer; nothing is ever installed by it.",
        Kind.SWITCH,
        True,
        right=Right.SET_POLICY,
        security=True,
        words=("version", "upgrade", "signature"),
    )
)
"""Whether anybody here may have notices checked; an admin switches it off for the workstation."""


@dataclass(frozen=True, slots=True)
class UpdateNotice:
    """What a genuine notice says."""

    version: str
    released: str
    """Day, ISO 8601."""
    packages: Mapping[str, str]
    """SHA-256 of the package for each platform, hexadecimal."""
    is_newer: bool
    """Whether it is of a later version than this program; an earlier one is never offered."""


def release_key() -> bytes:
    """The public key of the makers that this program was built with.

    Raises
    ------
    ClarityError
        ``update.no_key`` for a program that was built without one.
    """
    try:
        key = base64.b64decode(_KEY.read_text("ascii").strip(), validate=True)
    except (OSError, ValueError):
        key = b""
    if len(key) != 32:
        raise ClarityError(
            "update.no_key",
            "This program was built without the key of its makers, so it checks no notices of new versions.",
            remedy="Look for new versions where you got the program.",
        )
    return key


def checked_notice(document: bytes, key: bytes, *, present: str = __version__) -> UpdateNotice:
    """The notice in a signed document. Reads bytes and answers a value: no file, no network, nothing is run.

    The document is JSON with ``notice``, the base64 of the notice's own JSON, and ``signature``, the base64 of its
    Ed25519 signature (RFC 8032) over exactly those bytes.

    Parameters
    ----------
    document:
        At most 64 KiB.
    key:
        Public key, 32 bytes.
    present:
        The version to compare with.

    Raises
    ------
    InputError
        ``update.shape`` for something that is no notice.
    IntegrityError
        ``update.signature`` when it was not signed with this key, or was altered.
    """
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    if len(document) > _LARGEST:
        raise _no_notice()
    try:
        outer = json.loads(document)
        inner = base64.b64decode(outer["notice"], validate=True)
        signature = base64.b64decode(outer["signature"], validate=True)
    except (ValueError, KeyError, TypeError, RecursionError):
        raise _no_notice() from None
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, inner)
    except (InvalidSignature, ValueError):
        raise IntegrityError(
            "update.signature",
            "This notice was not signed by the makers of the program, or was altered since.",
            remedy="Do not install what it names. Get the program where you got it first.",
        ) from None
    try:
        notice = json.loads(inner)
        if notice["format"] != _FORMAT or notice["program"] != "clarity-desktop":
            raise ValueError("another notice")
        version = str(notice["version"])
        packages = {str(name): str(digest) for name, digest in notice["packages"].items()}
        if not all(re.fullmatch(r"[0-9a-f]{64}", digest) for digest in packages.values()):
            raise ValueError("no hash")
        return UpdateNotice(version, str(notice["released"]), packages, _numbers(version) > _numbers(present))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise _no_notice() from None


def package_is_genuine(path: Path, notice: UpdateNotice) -> bool:
    """Whether a file that somebody has fetched is a package that a genuine notice names. It is only read."""
    import hashlib

    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest() in notice.packages.values()


class UpdateServices(PreferenceServices):
    """Checking notices. Part of ``Services``. There is no method that fetches, installs or starts anything."""

    @needs(Right.OWN_ACCESS)
    def check_update(self, path: Path) -> UpdateNotice:
        """What a notice in a file says, if it is genuine. The check is an entry of the audit.

        Raises
        ------
        NotPermittedError
            ``update.off`` where an admin has switched it off.
        ClarityError
            ``update.no_key``, ``update.shape``, ``update.signature``, ``update.file``.
        """
        if self.setting(UPDATES.id) is not True:
            self.vault.audit.append("update.check", outcome="refused", detail="switched off")
            raise NotPermittedError(
                "update.off", "Checking for new versions is switched off here.", remedy="Ask an admin of the vault."
            )
        try:
            with path.open("rb") as handle:
                document = handle.read(_LARGEST + 1)
        except OSError as error:
            raise InputError(
                "update.file",
                "The notice cannot be read.",
                remedy="Check the name of the file.",
                detail=type(error).__name__,
            ) from None
        try:
            notice = checked_notice(document, release_key())
        except ClarityError as error:
            self.vault.audit.append("update.check", outcome="refused", detail=error.code)
            raise
        self.vault.audit.append("update.check", detail=f"version {notice.version}")
        return notice


def _numbers(version: str) -> tuple[int, int, int]:
    found = _VERSION.match(version)
    if found is None:
        raise ValueError("no version")
    return int(found[1]), int(found[2]), int(found[3])


def _no_notice() -> InputError:
    return InputError(
        "update.shape", "This is no notice of a new version.", remedy="Choose the file that was published with it."
    )
