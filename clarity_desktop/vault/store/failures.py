"""What the database reports, in words for a person: damage, a full disk, somebody else writing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from clarity_desktop.domain.errors import ClarityError, ConflictError, IntegrityError

__all__ = ["database_failures", "file_failures"]

_DAMAGE: Final = ("malformed", "not a database", "hmac check", "corrupt")


@contextmanager
def database_failures() -> Iterator[None]:
    """Turn failures of the database itself into errors fit to be shown.

    Others, such as a broken constraint, are errors of the program and pass through.

    Raises
    ------
    IntegrityError
        ``vault.damaged``.
    ConflictError
        ``vault.busy``.
    ClarityError
        ``vault.disk_full``, ``vault.read_only``, ``vault.disk``.
    """
    try:
        yield
    except PoolTimeout:
        raise _busy() from None
    except DBAPIError as error:
        known = _known(str(error.orig).casefold(), type(error.orig).__name__)
        if known is None:
            raise
        raise known from None
    except SQLAlchemyError as error:
        raise _damaged(type(error).__name__) from None


@contextmanager
def file_failures() -> Iterator[None]:
    """Turn failures of the file system into an error fit to be shown: :class:`ClarityError` ``vault.folder``."""
    try:
        yield
    except OSError as error:
        raise ClarityError(
            "vault.folder",
            "The vault's folder cannot be used.",
            remedy="Check its permissions and the free space of the disk, or choose another folder.",
            detail=type(error).__name__,
        ) from None


def _known(text: str, name: str) -> ClarityError | None:
    if any(word in text for word in _DAMAGE):
        return _damaged(name)
    if "locked" in text or "busy" in text:
        return _busy()
    if "full" in text:
        return ClarityError(
            "vault.disk_full",
            "The disk is full, so nothing was changed.",
            remedy="Free some space and do it again.",
            detail=name,
        )
    if "readonly" in text or "read-only" in text:
        return ClarityError(
            "vault.read_only",
            "The vault's folder cannot be written to, so nothing was changed.",
            remedy="Check the permissions of the folder and of the disk.",
            detail=name,
        )
    if "i/o error" in text or "unable to open" in text:
        return ClarityError(
            "vault.disk",
            "The disk did not do what was asked, so nothing was changed.",
            remedy="Check that the disk is there and sound, then do it again.",
            detail=name,
        )
    return None


def _damaged(detail: str) -> IntegrityError:
    return IntegrityError(
        "vault.damaged",
        "The vault's database is damaged.",
        remedy="Restore the vault from a backup.",
        detail=detail,
    )


def _busy() -> ConflictError:
    return ConflictError(
        "vault.busy",
        "Another process is writing to the vault.",
        remedy="Wait for it to end, then do it again.",
    )
