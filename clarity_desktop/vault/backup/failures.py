"""What may stand in the way of a backup, in words for a person."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from sqlcipher3.dbapi2 import Error as DatabaseError

from clarity_desktop.domain.errors import ClarityError, IntegrityError

__all__ = ["backup_failures", "no_room", "unsound"]

_NO_ROOM: Final = frozenset({errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)})


def no_room(detail: str = "") -> ClarityError:
    """The error of a full disk."""
    return ClarityError(
        "backup.no_room",
        "There is not enough space for the backup. Earlier backups are as they were.",
        remedy="Free some space, or choose another place for backups.",
        detail=detail,
    )


def unsound(detail: str) -> IntegrityError:
    """The error of a copy that does not read back as what was written."""
    return IntegrityError(
        "backup.unsound",
        "The copy does not read back as what was written, so it was not kept. Earlier backups are as they were.",
        remedy="Check the disk that backups are kept on, and the vault itself with: vault verify",
        detail=detail,
    )


@contextmanager
def backup_failures() -> Iterator[None]:
    """Turn failures of files and of the copy's database into errors fit to be shown.

    Raises
    ------
    ClarityError
        ``backup.no_room`` or ``backup.place``.
    IntegrityError
        ``backup.unsound``.
    """
    try:
        yield
    except DatabaseError as error:
        text = str(error).casefold()
        if "full" in text:
            raise no_room(type(error).__name__) from None
        if "malformed" in text or "not a database" in text:
            raise unsound(type(error).__name__) from None
        raise _place(type(error).__name__) from None
    except OSError as error:
        if error.errno in _NO_ROOM:
            raise no_room(type(error).__name__) from None
        raise _place(type(error).__name__) from None


def _place(detail: str) -> ClarityError:
    return ClarityError(
        "backup.place",
        "The place for backups cannot be used. Earlier backups are as they were.",
        remedy="Check that its disk is connected and that this account may write there.",
        detail=detail,
    )
