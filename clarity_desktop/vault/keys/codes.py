"""Codes to be printed and typed: 30 random characters in six groups, each with a check character of its own."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import Final

from clarity_desktop.domain.errors import InputError

__all__ = ["ALPHABET", "GROUPS", "PendingCode", "code_from_text", "new_code"]

ALPHABET: Final = "34679ACDEFHJKMNPQRTVWXY"
"""23 characters of which no two are taken for each other (0 O, 1 I L, 2 Z, 5 S, 8 B, 6 G, U V: one of each at most).

Their number is prime, so that the weighted sum finds every single wrong character and every two that changed places.
"""
GROUPS: Final = 6
_OF_GROUP: Final = 5
_PRIME: Final = len(ALPHABET)
_CHECK_WEIGHT: Final = _OF_GROUP + 1


def new_code() -> str:
    """A random code as it is printed: ``XXXXXX-…`` six times, 135 bits."""
    groups = []
    for group in range(GROUPS):
        values = [secrets.randbelow(_PRIME) for _ in range(_OF_GROUP)]
        groups.append("".join(ALPHABET[value] for value in (*values, _check(group, values))))
    return "-".join(groups)


def code_from_text(text: str) -> str:
    """The code as printed, from what somebody typed: case, spaces and dashes do not matter.

    Raises
    ------
    InputError
        ``code.shape`` for another length or character, ``code.group`` with the number of a group that has a typing
        error.
    """
    letters = [letter for letter in text.upper() if not letter.isspace() and letter not in "-–—_."]
    if len(letters) != GROUPS * _CHECK_WEIGHT or any(letter not in ALPHABET for letter in letters):
        raise InputError(
            "code.shape",
            f"A code has {GROUPS} groups of {_CHECK_WEIGHT} characters.",
            remedy=f"Type it as it is printed; it uses only {ALPHABET}.",
        )
    joined = "".join(letters)
    groups = [joined[at : at + _CHECK_WEIGHT] for at in range(0, len(joined), _CHECK_WEIGHT)]
    for number, group in enumerate(groups):
        *values, check = (ALPHABET.index(letter) for letter in group)
        if check != _check(number, values):
            raise InputError(
                "code.group",
                f"Group {number + 1} of the code differs from what was printed.",
                remedy="Compare this group with the paper, character by character.",
            )
    return "-".join(groups)


def _check(group: int, values: list[int]) -> int:
    """The value that makes the weighted sum of a group zero. The group's number counts, so groups cannot be swapped."""
    total = group + 1 + sum(weight * value for weight, value in enumerate(values, start=1))
    return -total * pow(_CHECK_WEIGHT, -1, _PRIME) % _PRIME


@dataclass(frozen=True, slots=True)
class PendingCode:
    """A code that is shown once, and opens nothing until two of its groups were typed back (V-12)."""

    text: str = field(repr=False)
    asked: tuple[int, int]
    """Numbers of the two groups to type back, from 1."""

    @classmethod
    def new(cls) -> PendingCode:
        """A fresh code that asks for two of its groups, chosen at random."""
        first, second = sorted(secrets.SystemRandom().sample(range(1, GROUPS + 1), 2))
        return cls(new_code(), (first, second))

    def check(self, answers: dict[int, str]) -> None:
        """Raise :class:`InputError` (``code.not_typed_back``) unless both groups are as printed."""
        groups = self.text.split("-")
        for number in self.asked:
            if answers.get(number, "").strip().upper() != groups[number - 1]:
                raise InputError(
                    "code.not_typed_back",
                    f"Group {number} differs from the code that was shown.",
                    remedy="Write the code down or print it, then type the two groups from the paper.",
                )
