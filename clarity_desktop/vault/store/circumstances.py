"""From where and for what a vault is opened: what the audit says of it, and where its traces outside lie."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

__all__ = ["API", "ASSISTANT", "CLI", "UI", "Circumstances", "correlated", "current_correlation", "new_correlation"]

UI: Final = "UI"
CLI: Final = "CLI"
API: Final = "API"
ASSISTANT: Final = "assistant"

_correlation: ContextVar[str | None] = ContextVar("clarity-audit-correlation", default=None)


def new_correlation() -> str:
    """A random id that ties entries of the audit together."""
    return secrets.token_hex(6)


@dataclass(frozen=True, slots=True)
class Circumstances:
    """How a vault is opened.

    Parameters
    ----------
    origin:
        Where actions come from, as the audit says it.
    state:
        Folder of this account's own state, outside the vault's folder, where the head of the audit is kept a second
        time; ``None`` keeps it in the vault's folder only.
    correlation:
        Id of the entries of this opening, where :func:`correlated` gives no other.
    owner:
        The ownership token of the process that started this one and owns the vault; it came by pipe.
    backups:
        Folder of the backups; ``None`` takes the one beside the vault's folder.
    is_copy:
        The folder is a copy under restore, so that no backup is needed before its form is changed.
    take_over:
        Write also where another computer is named as the owner, because it is known to have ended.
    """

    origin: str = API
    state: Path | None = None
    correlation: str = field(default_factory=new_correlation)
    owner: str | None = None
    backups: Path | None = None
    is_copy: bool = False
    take_over: bool = False


@contextmanager
def correlated(correlation: str | None = None) -> Iterator[str]:
    """Entries written inside bear one id: the one given, or a new one."""
    chosen = correlation or new_correlation()
    token = _correlation.set(chosen)
    try:
        yield chosen
    finally:
        _correlation.reset(token)


def current_correlation() -> str | None:
    """The id of :func:`correlated` that is in force here."""
    return _correlation.get()
