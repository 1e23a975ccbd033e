"""A statement taken apart: placeholders, terms and words in their places (IS-3, IS-4)."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Final

from clarity_desktop.insights.grounding.lexicon import Lexicon, Term

__all__ = ["CUT", "Pieces", "Placeholder", "PlacedTerm", "Word", "take_apart"]

CUT: Final = "\x00"
"""Stands in :attr:`Pieces.rest` where a placeholder or a term was cut out."""

_PLACEHOLDER = re.compile(r"\{(?:cmp:([a-z][a-z0-9_]{1,40}):([a-z][a-z0-9_]{1,40})|([a-z][a-z0-9_]{1,40}))\}")
_IN_BRACES = re.compile(r"\{[^{}]*\}")
_WORD = re.compile(r"[^\W\d_]+(?:[-'’][^\W\d_]+)*")
_BEFORE_PLACEHOLDER: Final = frozenset(" (")
_AFTER_PLACEHOLDER: Final = frozenset(" .,;:?)")
_TOUCHING: Final = frozenset("-_/'’‐‑")


@dataclass(frozen=True, slots=True)
class Placeholder:
    """A value or a comparison in its place."""

    start: int
    stop: int
    fact: str
    other: str | None = None
    """The fact that ``fact`` is compared with; ``None`` for a plain value."""

    @property
    def ids(self) -> tuple[str, ...]:
        """All ids that it uses."""
        return (self.fact,) if self.other is None else (self.fact, self.other)


@dataclass(frozen=True, slots=True)
class PlacedTerm:
    """A term of the lexicon in its place."""

    start: int
    stop: int
    term: Term


@dataclass(frozen=True, slots=True)
class Word:
    """A run of letters in its place."""

    start: int
    stop: int
    text: str


@dataclass(frozen=True, slots=True)
class Pieces:
    """A statement in pieces, each kind in the order of the text."""

    text: str
    placeholders: tuple[Placeholder, ...]
    terms: tuple[PlacedTerm, ...]
    words: tuple[Word, ...]
    rest: str
    """The text with every letter of a placeholder or term replaced by :data:`CUT`; same length."""
    has_malformed: bool
    """Whether something like a placeholder is none, or something is glued to one."""


def is_brace(letter: str) -> bool:
    """Whether a sign is a curly brace of any width or ornament."""
    return letter in "{}" or (letter > "\x7f" and "CURLY BRACKET" in unicodedata.name(letter, ""))


def take_apart(text: str, words: Lexicon) -> Pieces:
    """Find placeholders first, then terms, longest first and left to right, then words in what is left."""
    placeholders: list[Placeholder] = []
    malformed = False
    rest = list(text)
    for match in _PLACEHOLDER.finditer(text):
        start, stop = match.span()
        before, after = text[start - 1 : start], text[stop : stop + 1]
        malformed |= bool(before) and before not in _BEFORE_PLACEHOLDER
        malformed |= bool(after) and after not in _AFTER_PLACEHOLDER
        fact = match[1] or match[3]
        placeholders.append(Placeholder(start, stop, fact, match[2]))
        rest[start:stop] = CUT * (stop - start)
    malformed |= any(is_brace(letter) for letter in rest)
    for match in _IN_BRACES.finditer("".join(rest)):
        # What stands in braces was meant as a placeholder: it is refused as one, not word by word.
        rest[match.start() : match.end()] = CUT * len(match[0])
    terms = _cut_terms(text, rest, words)
    left = "".join(rest)
    found = tuple(Word(match.start(), match.end(), match[0]) for match in _WORD.finditer(left))
    return Pieces(text, tuple(placeholders), terms, found, left, malformed)


def _cut_terms(text: str, rest: list[str], words: Lexicon) -> tuple[PlacedTerm, ...]:
    found: list[PlacedTerm] = []
    lowered_start = text[:1].lower() + text[1:]
    for term in words.terms:
        for candidate in {text, lowered_start}:
            start = candidate.find(term.text)
            while start >= 0:
                stop = start + len(term.text)
                # With its first letter lowered the text may match at its start alone.
                fits = candidate is text or start == 0
                if fits and CUT not in rest[start:stop] and not _touched(text, start, stop):
                    rest[start:stop] = CUT * (stop - start)
                    found.append(PlacedTerm(start, stop, term))
                start = candidate.find(term.text, start + 1)
    return tuple(sorted(found, key=lambda placed: placed.start))


def _touched(text: str, start: int, stop: int) -> bool:
    return any(
        letter.isalpha() or letter.isnumeric() or letter in _TOUCHING
        for letter in (text[start - 1 : start], text[stop : stop + 1])
        if letter
    )
