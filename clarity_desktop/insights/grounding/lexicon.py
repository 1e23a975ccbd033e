"""The closed vocabulary of a language and the catalogue of metrics, as the package carries them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Any, Final

from clarity_desktop.assets import asset
from clarity_desktop.domain.insights import StatementKind

__all__ = ["LANGUAGES", "CatalogueMetric", "Lexicon", "Term", "catalogue", "lexicon"]

LANGUAGES: Final = ("en", "de")


@dataclass(frozen=True, slots=True)
class CatalogueMetric:
    """What may be said of a metric: its unit, how it is rounded, and from which difference on it differs."""

    unit: str
    decimals: int
    direction: str
    """``level``, ``duration`` or ``clock``: which pair of words a comparison takes."""
    margin: Decimal
    """Differences up to this are "about the same": a choice of display, not a clinical threshold."""
    ratio_words: bool
    source: str
    labels: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Term:
    """A fixed expression of the lexicon and what it names."""

    text: str
    group: str
    """``metric``, ``window`` or ``fixed``."""
    keys: frozenset[str]
    """Metrics or window that it names; for fixed terms of one kind the kinds of statement it may stand in."""


@dataclass(frozen=True, slots=True)
class Lexicon:
    """The words of one language."""

    language: str
    version: str
    alphabet: frozenset[str]
    words: frozenset[str]
    words_by_kind: Mapping[StatementKind, frozenset[str]]
    terms: tuple[Term, ...]
    """All terms, longest first."""
    before_value: frozenset[str]
    after_value: frozenset[str]
    before_comparison: frozenset[str]
    after_comparison: frozenset[str]
    between_placeholders: frozenset[str]
    units: Mapping[str, str | Mapping[str, str]]
    directions: Mapping[str, tuple[str, str]]
    phrases: Mapping[str, str]
    window_phrases: Mapping[str, str]
    classes: tuple[tuple[str, re.Pattern[str]], ...]

    def knows(self, word: str) -> bool:
        """Whether the word stands anywhere in this lexicon."""
        return word in self.words or any(word in group for group in self.words_by_kind.values())

    def class_of(self, word: str) -> str | None:
        """The first class of refused words that this one belongs to."""
        lowered = word.lower()
        return next((code for code, pattern in self.classes if pattern.fullmatch(lowered)), None)


def _read(name: str) -> dict[str, Any]:
    document = json.loads(asset(f"resources/insights/{name}.json").read_text(encoding="utf-8"))
    assert isinstance(document, dict)
    return document


@cache
def catalogue() -> Mapping[str, CatalogueMetric]:
    """All metrics that may be spoken of, by id."""
    return {
        name: CatalogueMetric(
            unit=entry["unit"],
            decimals=entry["decimals"],
            direction=entry["direction"],
            margin=Decimal(entry["margin"]),
            ratio_words=entry["ratio_words"],
            source=entry["source"],
            labels=entry["label"],
        )
        for name, entry in _read("catalogue")["metrics"].items()
    }


@cache
def lexicon(language: str) -> Lexicon:
    """The lexicon of a language of :data:`LANGUAGES`."""
    entry = _read(language)
    around = entry["around_placeholder"]
    return Lexicon(
        language=entry["language"],
        version=entry["version"],
        alphabet=frozenset(_letters(entry["alphabet"])),
        words=frozenset(entry["words"]),
        words_by_kind={StatementKind(kind): frozenset(words) for kind, words in entry["words_by_kind"].items()},
        terms=_terms(entry),
        before_value=frozenset(around["before_value"]),
        after_value=frozenset(around["after_value"]),
        before_comparison=frozenset(around["before_cmp"]),
        after_comparison=frozenset(around["after_cmp"]),
        between_placeholders=frozenset(entry["between_placeholders"]),
        units=entry["units"],
        directions={name: (pair[0], pair[1]) for name, pair in entry["directions"].items()},
        phrases=entry["phrases"],
        window_phrases={key: window["phrase"] for key, window in entry["window_terms"].items()},
        classes=tuple((code, _pattern(patterns)) for code, patterns in entry["classes"].items()),
    )


def _letters(ranges: str) -> str:
    pattern = re.compile(f"[{ranges}]")
    return "".join(letter for letter in map(chr, range(0x250)) if pattern.fullmatch(letter))


def _pattern(patterns: list[str]) -> re.Pattern[str]:
    return re.compile(
        "|".join(re.escape(one.removesuffix("*")) + (".*" if one.endswith("*") else "") for one in patterns)
    )


def _terms(entry: dict[str, Any]) -> tuple[Term, ...]:
    keys: dict[tuple[str, str], set[str]] = {}
    for metric, texts in entry["metric_terms"].items():
        for text in texts:
            keys.setdefault((text, "metric"), set()).add(metric)
    for window, held in entry["window_terms"].items():
        for text in held["terms"]:
            keys.setdefault((text, "window"), set()).add(window)
    for text in entry["fixed_terms"]:
        keys.setdefault((text, "fixed"), set()).update(kind.value for kind in StatementKind)
    for kind, texts in entry["fixed_terms_by_kind"].items():
        for text in texts:
            keys.setdefault((text, "fixed"), set()).add(kind)
    terms = [Term(text, group, frozenset(named)) for (text, group), named in keys.items()]
    return tuple(sorted(terms, key=lambda term: (-len(term.text), term.text)))
