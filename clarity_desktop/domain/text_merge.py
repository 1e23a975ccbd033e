"""Joining two versions of a text over what both came from: word by word, or not at all."""

from __future__ import annotations

import re
from difflib import SequenceMatcher

__all__ = ["merged_text"]

_TOKENS = re.compile(r"\s+|[^\s]+")


def merged_text(base: str, mine: str, theirs: str) -> str | None:
    """The text with both changes, or ``None`` where both have changed the same words.

    The answer does not depend on which side is which.
    """
    if mine == theirs or theirs == base:
        return mine
    if mine == base:
        return theirs
    # One order for both sides, so that two devices come to the same text.
    first, second = sorted((mine, theirs))
    words = _TOKENS.findall(base)
    changes = [(*one, 0) for one in _changes(words, first)] + [(*one, 1) for one in _changes(words, second)]
    changes.sort(key=lambda one: (one[0], one[1], one[3]))
    result: list[str] = []
    place = 0
    previous: tuple[int, int, tuple[str, ...], int] | None = None
    for start, stop, words_new, side in changes:
        if previous is not None:
            same = previous[:3] == (start, stop, words_new)
            if same and previous[3] != side:
                continue
            # Changes that touch are one change to a reader; who wrote what would be a guess.
            if previous[3] != side and start <= previous[1]:
                return None
        result += words[place:start]
        result += words_new
        place = stop
        previous = (start, stop, words_new, side)
    return "".join([*result, *words[place:]])


def _changes(base: list[str], text: str) -> list[tuple[int, int, tuple[str, ...]]]:
    """``(from, to, words instead)`` of a text over its base."""
    words = _TOKENS.findall(text)
    found = SequenceMatcher(None, base, words, autojunk=False).get_opcodes()
    return [(low, high, tuple(words[start:stop])) for tag, low, high, start, stop in found if tag != "equal"]
