"""The one tree of errors a person may meet, each with a code, a sentence, a remedy and detail for engineers.

::

    ClarityError                exit 1   anything a person must be told
    ├── UsageError              exit 2   the command or call was not understood
    ├── InputError              exit 3   a file or value cannot be read as what it should be
    ├── LockedError             exit 4   no key, or a passphrase that does not open the vault
    ├── NotPermittedError       exit 4   the vault is open, but not for this
    ├── NotFoundError           exit 5   a named thing does not exist
    ├── ConflictError           exit 6   it exists already, or somebody else holds it
    │   └── OccupiedError       exit 75  another process has the vault open for writing
    ├── NetworkError            exit 7   another machine could not be reached
    ├── CancelledError          exit 8   the person stopped it
    └── IntegrityError          exit 9   stored data is not what was written
"""

from __future__ import annotations

import secrets
from typing import Final

__all__ = [
    "CancelledError",
    "ClarityError",
    "ConflictError",
    "InputError",
    "IntegrityError",
    "LockedError",
    "NetworkError",
    "NotFoundError",
    "OccupiedError",
    "NotPermittedError",
    "UsageError",
]


class ClarityError(Exception):
    """An error that is fit to be shown.

    Parameters
    ----------
    code:
        Stable dotted identifier, such as ``import.not_health_export``. Scripts hold on to it.
    message:
        One sentence for a clinician: what happened. No exception names, no health values.
    remedy:
        One sentence: what the person can do now.
    detail:
        For engineers: file, place, numbers. Never health data, secrets or names of people.
    """

    exit_code: int = 1

    def __init__(self, code: str, message: str, *, remedy: str = "", detail: str = "") -> None:
        super().__init__(message)
        self.code: Final = code
        self.message: Final = message
        self.remedy: Final = remedy
        self.detail: Final = detail
        self.reference: Final = secrets.token_hex(4)
        """Random handle that ties a dialog or a line of output to its log record."""

    def as_document(self) -> dict[str, str]:
        """The error as the command line's JSON contract wants it."""
        return {
            "code": self.code,
            "message": self.message,
            "remedy": self.remedy,
            "detail": self.detail,
            "reference": self.reference,
        }


class UsageError(ClarityError):
    """The command or call was not understood."""

    exit_code = 2


class InputError(ClarityError):
    """A file or a value cannot be read as what it should be."""

    exit_code = 3


class LockedError(ClarityError):
    """There is no key, or the passphrase does not open the vault."""

    exit_code = 4


class NotPermittedError(ClarityError):
    """The vault is open, but this user's roles do not include what was asked."""

    exit_code = 4


class NotFoundError(ClarityError):
    """A named thing does not exist."""

    exit_code = 5


class ConflictError(ClarityError):
    """The thing exists already, or another process or person holds it."""

    exit_code = 6


class OccupiedError(ConflictError):
    """Another process has the vault open for writing; the same command works once it has closed it."""

    exit_code = 75


class NetworkError(ClarityError):
    """Another machine could not be reached, or did not answer in time."""

    exit_code = 7


class CancelledError(ClarityError):
    """The person stopped the work."""

    exit_code = 8

    def __init__(
        self,
        code: str = "work.cancelled",
        message: str = "The work was cancelled.",
        *,
        remedy: str = "Start it again when it suits.",
        detail: str = "",
    ) -> None:
        super().__init__(code, message, remedy=remedy, detail=detail)


class IntegrityError(ClarityError):
    """Stored data is not what was written."""

    exit_code = 9
