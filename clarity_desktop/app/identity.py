"""What build of the program this is: version, schema, contract, models, source (L-50)."""

from __future__ import annotations

import hashlib
import json
import platform
import re
import sys
from functools import cache
from pathlib import Path
from typing import Final

from clarity_desktop import __version__
from clarity_desktop.app.machine import models
from clarity_desktop.assets import asset
from clarity_desktop.domain.program import ModelIdentity, ProgramIdentity

__all__ = ["build_identifiers", "is_packaged", "program_identity"]

_CONTRACT: Final = "resources/cloud/openapi/served.json"
_COMMIT = re.compile(r"[0-9a-f]{40}")
_PACKAGE: Final = Path(__file__).resolve().parents[1]


def program_identity(home: Path) -> ProgramIdentity:
    """Everything that tells one build from another; asks nobody and opens no vault.

    Parameters
    ----------
    home:
        The program's home folder, whose installed models are named and hashed.
    """
    from clarity_desktop.cloud.contract.profiles import PROFILE_NAMES
    from clarity_desktop.vault.store.schema import REVISION

    raw = asset(_CONTRACT).read_bytes()
    contract = {
        "version": str(json.loads(raw)["info"]["version"]),
        "sha256": hashlib.sha256(raw).hexdigest(),
        "profiles": ", ".join(PROFILE_NAMES),
    }
    found = tuple(ModelIdentity(one.id, one.stored_sha256, one.verified, one.problem) for one in models(home))
    return ProgramIdentity(__version__, REVISION, contract, found, build_identifiers())


def is_packaged() -> bool:
    """Whether this is the packaged program, in which nothing for developers can be switched on (L-75)."""
    return bool(getattr(sys, "frozen", False))


@cache
def build_identifiers() -> dict[str, str]:
    """Hash of the source, commit, Python and platform of this run."""
    kind = "package" if is_packaged() else "checkout" if (_PACKAGE.parent / ".git").exists() else "wheel"
    return {
        "kind": kind,
        "source_sha256": _source_hash(),
        "commit": _commit(_PACKAGE.parent / ".git") if kind == "checkout" else "",
        "python": platform.python_version(),
        "platform": f"{sys.platform} {platform.machine()}",
    }


def _source_hash() -> str:
    """SHA-256 over the names and bytes of the program's own modules; of the program file where it is packaged."""
    if is_packaged():
        return hashlib.sha256(Path(sys.executable).read_bytes()).hexdigest()
    digest = hashlib.sha256()
    for path in sorted(_PACKAGE.rglob("*.py")):
        raw = path.read_bytes()
        digest.update(f"{path.relative_to(_PACKAGE).as_posix()}\0{len(raw)}\0".encode())
        digest.update(raw)
    return digest.hexdigest()


def _commit(folder: Path) -> str:
    """The commit of a checkout, read from its files; empty where they do not tell."""
    try:
        if folder.is_file():
            folder = Path(folder.read_text("utf-8").partition("gitdir:")[2].strip())
        head = (folder / "HEAD").read_text("utf-8").strip()
        if head.startswith("ref: "):
            name = head[5:]
            loose = folder / name
            common = folder / "commondir"
            root = (folder / common.read_text("utf-8").strip()) if common.is_file() else folder
            loose = loose if loose.is_file() else root / name
            packed = root / "packed-refs"
            if loose.is_file():
                head = loose.read_text("utf-8").strip()
            elif packed.is_file():
                lines = (line.split(" ", 1) for line in packed.read_text("utf-8").splitlines() if " " in line)
                head = next((commit for commit, ref in lines if ref == name), "")
    except (OSError, UnicodeDecodeError):
        return ""
    return head if _COMMIT.fullmatch(head) else ""
