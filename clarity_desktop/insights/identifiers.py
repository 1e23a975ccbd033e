"""Finds what could name the open person in a typed question: name, code, dates, phone, mail, addresses of machines."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Final

__all__ = ["IdentifierHit", "KnownPerson", "find_identifiers", "without_identifiers"]

_MONTHS: Final = (
    "jan|january|januar|jän|jänner|feb|february|februar|mar|march|märz|mrz|apr|april|may|mai|jun|june|juni|jul|july|juli|"
    "aug|august|sep|sept|september|oct|october|okt|oktober|nov|november|dec|december|dez|dezember"
)
_PATTERNS: Final = (
    ("mail", re.compile(r"[\w.+-]+\s?(?:@|\(at\))\s?[\w-]+(?:\.[\w-]+)+")),
    ("web address", re.compile(r"(?:https?://|www\.)\S+", re.IGNORECASE)),
    ("network address", re.compile(r"\b\d{1,3}(?:\.\d{1,3}){3}\b")),
    ("date", re.compile(r"\b\d{4}[-/. ]\d{1,2}[-/. ]\d{1,2}\b")),
    ("date", re.compile(r"\b\d{1,2}\s?[-/.]\s?\d{1,2}\s?[-/.]\s?\d{2,4}\b")),
    (
        "date",
        re.compile(rf"\b\d{{1,2}}(?:st|nd|rd|th|\.)?\s+(?:of\s+)?(?:{_MONTHS})\b\.?(?:,?\s*\d{{2,4}})?", re.IGNORECASE),
    ),
    ("date", re.compile(rf"\b(?:{_MONTHS})\b\.?\s+\d{{1,2}}(?:st|nd|rd|th)?\b(?:,?\s*\d{{2,4}})?", re.IGNORECASE)),
    ("phone", re.compile(r"(?:\+|\b)\(?\d(?:[\s()./-]*\d){6,}")),
    ("number", re.compile(r"\b(?=\w*\d)(?=\w*[A-Za-z])[\w-]*\d{3,}[\w-]*\b")),
)
_LEAST_NAME: Final = 2


@dataclass(frozen=True, slots=True)
class KnownPerson:
    """What is known of the open person that must not stand in a question."""

    names: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    """Record number, study code, and other numbers of theirs."""
    birth_date: date | None = None


@dataclass(frozen=True, slots=True)
class IdentifierHit:
    """A stretch of a text that could name somebody."""

    start: int
    stop: int
    what: str
    """``name``, ``code``, ``date``, ``phone``, ``mail`` and so on."""


def find_identifiers(text: str, known: KnownPerson) -> tuple[IdentifierHit, ...]:
    """Stretches of a text that could name the person, by place; overlapping ones are joined.

    Letter case, accents, blanks and separators make no difference.
    """
    found = sorted(_hits(text, known), key=lambda hit: (hit.start, -hit.stop))
    joined: list[IdentifierHit] = []
    for hit in found:
        if joined and hit.start < joined[-1].stop:
            last = joined[-1]
            joined[-1] = IdentifierHit(last.start, max(last.stop, hit.stop), last.what)
        else:
            joined.append(hit)
    return tuple(joined)


def without_identifiers(text: str, hits: Iterable[IdentifierHit]) -> str:
    """The text with those stretches taken out."""
    parts, place = [], 0
    for hit in hits:
        parts.append(text[place : hit.start])
        place = hit.stop
    return " ".join("".join((*parts, text[place:])).split())


def _hits(text: str, known: KnownPerson) -> Iterator[IdentifierHit]:
    letters, places = _folded(text)
    for name in _name_parts(known.names):
        for match in re.finditer(rf"(?<![^\W\d_]){re.escape(name)}(?:s|es|'s|’s)?(?![^\W\d_])", letters):
            yield IdentifierHit(places[match.start()], places[match.end() - 1] + 1, "name")
    for initials in _initials(known.names):
        for match in re.finditer(rf"(?<!\w){initials}(?!\w)", text):
            yield IdentifierHit(match.start(), match.end(), "name")
    bare, where = _bare(text)
    codes = {"".join(_bare(code)[0]) for code in known.codes}
    for code in codes:
        for match in re.finditer(re.escape(code), bare) if len(code) >= 3 else ():
            yield IdentifierHit(where[match.start()], where[match.end() - 1] + 1, "code")
    if known.birth_date is not None:
        for written in _written(known.birth_date):
            for match in re.finditer(rf"(?<!\d){written}(?!\d)", text):
                yield IdentifierHit(match.start(), match.end(), "date")
    for what, pattern in _PATTERNS:
        yield from (IdentifierHit(match.start(), match.end(), what) for match in pattern.finditer(text))


def _folded(text: str) -> tuple[str, list[int]]:
    """Lower-case letters without accents, with the place of each in the text."""
    letters, places = [], []
    for place, letter in enumerate(text):
        for one in unicodedata.normalize("NFKD", letter).casefold():
            if not unicodedata.combining(one):
                letters.append(one)
                places.append(place)
    return "".join(letters), places


def _bare(text: str) -> tuple[str, list[int]]:
    letters, places = _folded(text)
    kept = [(letter, place) for letter, place in zip(letters, places, strict=True) if letter.isalnum()]
    return "".join(letter for letter, _ in kept), [place for _, place in kept]


def _name_parts(names: Iterable[str]) -> set[str]:
    folded = (_folded(name)[0] for name in names)
    return {part for name in folded for part in re.findall(r"[^\W\d_]+", name) if len(part) >= _LEAST_NAME}


def _initials(names: Iterable[str]) -> set[str]:
    """``JS``, ``J.S.``, ``J. S.`` of a name of two words or more, in capitals."""
    found = set()
    for name in names:
        parts = [part[0].upper() for part in re.findall(r"[^\W\d_]+", name)]
        if len(parts) >= 2:
            found.add(r"\.?\s?".join(map(re.escape, (parts[0], parts[-1]))) + r"\.?")
    return found


def _written(day: date) -> tuple[str, ...]:
    return f"{day:%Y%m%d}", f"{day:%d%m%Y}", f"{day:%m%d%Y}", f"{day:%d%m%y}", f"{day:%y%m%d}"
