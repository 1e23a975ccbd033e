"""Who may call what: each public method of the services declares the rights that let somebody call it."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, Final, ParamSpec, Protocol, TypeVar

from clarity_desktop.domain.errors import NotPermittedError
from clarity_desktop.domain.users import Right, User

__all__ = ["DECLARED", "Guarded", "declared_rights", "needs", "open_to_all", "refused"]

DECLARED: Final = "__clarity_rights__"
"""Attribute of a guarded function: the rights of which one is enough, or none for what works with a locked vault."""

_ABOUT: Final = ("patient_id", "series_id", "attachment_id", "consent_id", "import_id")
"""Parameters that say whose data a method is about."""
_WITHOUT_LOOKING: Final = frozenset(
    {
        Right.OWN_ACCESS,
        Right.SET_POLICY,
        Right.MANAGE_PEOPLE,
        Right.MANAGE_RETENTION,
        Right.RESTORE,
        Right.CONFIRM_ERASURE,
        Right.READ_OWN_AUDIT,
        Right.READ_ALL_AUDIT,
    }
)
"""Rights of those who look after the vault: using them shows nothing of a patient, and each use is its own entry."""

_P = ParamSpec("_P")
_T = TypeVar("_T")


class Guarded(Protocol):
    """What the guard asks of an object whose methods it guards."""

    def user(self) -> User:
        """Who has opened the vault, with the roles of this moment; raises ``LockedError`` when it is locked."""

    def note_refusal(self, action: str) -> None:
        """Record that somebody was refused."""

    def admit(self, action: str, word: str, row_id: object, *, enters: bool = True) -> None:
        """Let the user look at a patient, by an id of theirs, and record it; or refuse and raise."""


_G = TypeVar("_G", bound=Guarded)
_Method = Callable[Concatenate[_G, _P], _T]


def needs(*rights: Right, enters: bool = True) -> Callable[[_Method[_G, _P, _T]], _Method[_G, _P, _T]]:
    """Let a method be called by those who have at least one of these rights.

    A refusal becomes an entry of the audit. The method raises :class:`LockedError` while the vault is locked and
    :class:`NotPermittedError` (``rights.missing``) for others.

    A method that is told a patient by ``patient_id``, or by the id of one of their series, documents or consents, is
    called for those who may see that patient, and the first such call in a session is an entry that the record was
    opened (V-28, V-45); so nothing of a patient is read unrecorded, whoever adds a method.

    Parameters
    ----------
    enters:
        False for a method that writes the entry of the opening itself.
    """

    def guarded(method: _Method[_G, _P, _T]) -> _Method[_G, _P, _T]:
        code = method.__code__
        names = code.co_varnames[1 : code.co_argcount + code.co_kwonlyargcount]
        about = [(names.index(word), word) for word in _ABOUT if word in names]

        @wraps(method)
        def call(self: _G, /, *args: _P.args, **kwargs: _P.kwargs) -> _T:
            used = self.user().rights.intersection(rights)
            if not used:
                self.note_refusal(method.__name__)
                raise refused(method.__name__)
            for place, word in about:
                row_id = kwargs.get(word, args[place] if place < len(args) else None)
                if row_id is not None and not used <= _WITHOUT_LOOKING:
                    self.admit(method.__name__, word, row_id, enters=enters)
            return method(self, *args, **kwargs)

        setattr(call, DECLARED, frozenset(rights))
        return call

    return guarded


def open_to_all(method: Callable[_P, _T]) -> Callable[_P, _T]:
    """Declare that a method works with a locked vault, or checks by itself."""
    setattr(method, DECLARED, frozenset())
    return method


def declared_rights(member: Any) -> frozenset[Right] | None:
    """What a method or property declares; ``None`` when it declares nothing."""
    function = member.fget if isinstance(member, property) else member
    found = getattr(function, DECLARED, None)
    return found if isinstance(found, frozenset) else None


def refused(action: str) -> NotPermittedError:
    """What somebody without the right is told."""
    return NotPermittedError(
        "rights.missing",
        "Your role in this vault does not include this.",
        remedy="Ask an admin of the vault, who gives roles.",
        detail=action,
    )
