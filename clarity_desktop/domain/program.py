"""What program this is and whether it is ready: what version, About and health checks tell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["ModelIdentity", "ProgramIdentity", "Readiness"]


@dataclass(frozen=True, slots=True)
class ModelIdentity:
    """A checkpoint that this machine knows."""

    id: str
    sha256: str
    """Of the file as it lies here."""
    verified: bool
    problem: str
    """Why it is not verified; empty when it is."""


@dataclass(frozen=True, slots=True)
class ProgramIdentity:
    """What identifies a build (L-50)."""

    app: str
    schema: str
    """Revision of the vault's schema that this program writes."""
    api_contract: Mapping[str, str]
    """Version and SHA-256 of the server description that the program's types were made from, and profile names."""
    models: tuple[ModelIdentity, ...]
    build: Mapping[str, str]
    """Hash of the program's own source, commit of a checkout, Python, platform, and how it was installed."""


@dataclass(frozen=True, slots=True)
class Readiness:
    """One line of a readiness check (L-49)."""

    name: str
    state: str
    """``ok``, ``warn`` (works, with something to know) or ``fail``."""
    detail: str
    remedy: str = ""
