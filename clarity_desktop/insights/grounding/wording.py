"""Signs, form and words of a statement: whether it is one sentence of the closed vocabulary (IS-5 to IS-7)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import cache
from typing import Final

from clarity_desktop.domain.insights import StatementKind
from clarity_desktop.insights.grounding.lexicon import LANGUAGES, Lexicon, lexicon
from clarity_desktop.insights.grounding.pieces import CUT, Pieces, Word, is_brace

__all__ = ["form_reasons", "plain_case", "sign_reasons", "word_reasons"]

_SIGNS: Final = frozenset(" .,;:?()'’-–")
_MARKUP: Final = frozenset("<>*_#[]|`~\\=")
_ADDRESS = re.compile(r"[^\W\d_]\.[^\W\d_]|://")
_PUNCTUATED_BLANK = re.compile(r" [.,;:?)]|\( ")
_DOUBLE_PUNCTUATION = re.compile(r"[.,;:?][.,;:?]|\(\)")
_PARTS = re.compile(r"[-'’]")


@cache
def _code_of_sign(letter: str, alphabet: frozenset[str]) -> str | None:
    """Why a sign outside placeholders and terms is refused; ``None`` when it is allowed."""
    if letter in alphabet or letter in _SIGNS or is_brace(letter):
        # Braces are judged with the placeholders.
        return None
    folded = unicodedata.normalize("NFKC", letter)
    category = unicodedata.category(letter)
    if (
        unicodedata.numeric(letter, None) is not None
        or category in ("Nd", "Nl", "No")
        or any(one.isdigit() for one in folded)
    ):
        return "digit"
    if category[0] in "CMZ" or (category[0] == "L" and folded != letter):
        return "hidden_unicode"
    if category[0] == "L":
        return "foreign_letter"
    if letter in _MARKUP:
        return "markup"
    if letter in "@/":
        return "url"
    return "unit_word" if letter in "%‰°" else "character"


def sign_reasons(pieces: Pieces, words: Lexicon) -> Iterator[tuple[str, str]]:
    """Codes of the signs that may not stand there, each with the sign; first an unfolded text and addresses."""
    if not unicodedata.is_normalized("NFC", pieces.text):
        yield "hidden_unicode", ""
    if _ADDRESS.search(pieces.text):
        yield "url", ""
    for letter in dict.fromkeys(pieces.rest):
        if letter == CUT:
            continue
        code = _code_of_sign(letter, words.alphabet)
        if code is not None:
            yield code, letter
    if CUT in pieces.text:
        yield "hidden_unicode", ""


def form_reasons(pieces: Pieces, kind: StatementKind) -> Iterator[str]:
    """``form`` when the text is not one well-formed sentence of its kind."""
    text = pieces.text
    end = "?" if kind is StatementKind.QUESTION else "."
    start = 1 if text[:1] == "(" else 0
    opening = text[start : start + 1]
    starts_well = (
        opening.isupper()
        or any(one.start == start for one in pieces.placeholders)
        or any(one.start == start for one in pieces.terms)
    )
    if (
        not text.endswith(end)
        or any(mark in pieces.rest[:-1] for mark in ".?")
        or not starts_well
        or "  " in text
        or text != text.strip()
        or _PUNCTUATED_BLANK.search(text)
        or _DOUBLE_PUNCTUATION.search(text)
        or not _paired(text)
    ):
        yield "form"


def _paired(text: str) -> bool:
    depth = 0
    for letter in text:
        depth += (letter == "(") - (letter == ")")
        if depth < 0:
            return False
    return depth == 0


def plain_case(pieces: Pieces, word: Word) -> str:
    """The word as the lexicon may hold it: the first one of a statement without its raised first letter."""
    is_first = word.start == 0 or (word.start == 1 and pieces.text[0] == "(")
    return word.text[:1].lower() + word.text[1:] if is_first else word.text


def word_reasons(pieces: Pieces, kind: StatementKind, words: Lexicon) -> Iterator[tuple[str, str]]:
    """Codes of the words that may not stand there, each with the word as it was written."""
    for word in pieces.words:
        forms = {word.text, plain_case(pieces, word)}
        if any(_is_allowed(form, kind, words) for form in forms):
            continue
        if any(_is_allowed(form, other, words) for form in forms for other in StatementKind):
            yield "ungrounded_topic", word.text
        else:
            yield _code_of_word(word.text, forms, words), word.text


def _is_allowed(form: str, kind: StatementKind, words: Lexicon) -> bool:
    def is_in(part: str) -> bool:
        return part in words.words or part in words.words_by_kind.get(kind, frozenset())

    return is_in(form) or ("-" in form and all(is_in(part) for part in form.split("-")))


def _code_of_word(text: str, forms: set[str], words: Lexicon) -> str:
    others = [lexicon(language) for language in LANGUAGES if language != words.language]
    parts = [part for part in _PARTS.split(text) if part]
    for own in (words, *others):
        code = own.class_of(text.replace("’", "'"))
        if code is None and len(parts) > 1:
            code = next((found for part in parts if (found := own.class_of(part)) is not None), None)
        if code is not None:
            return code
    return "wrong_language" if any(other.knows(form) for other in others for form in forms) else "unknown_word"
