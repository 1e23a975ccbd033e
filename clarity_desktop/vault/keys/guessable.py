"""Passphrases that everybody thinks of: a bundled list, and what people do to make its entries look different."""

from __future__ import annotations

import math
import re
import unicodedata
from functools import lru_cache
from typing import Final

from clarity_desktop.assets import asset

__all__ = ["is_guessable", "strength_words"]

_LIST: Final = "resources/words/common_passphrases.txt"
_LOOKS_LIKE: Final = str.maketrans({"0": "o", "1": "i", "3": "e", "4": "a", "5": "s", "7": "t", "@": "a", "$": "s"})
_FEWEST_CHARACTERS: Final = 5
_FAIR_BITS: Final = 50.0
_STRONG_BITS: Final = 75.0


@lru_cache(maxsize=1)
def _common() -> frozenset[str]:
    lines = asset(_LIST).read_text("utf-8").splitlines()
    return frozenset(line for line in lines if line and not line.startswith("#"))


def is_guessable(passphrase: str) -> bool:
    """Whether a passphrase is on the list, as it is or dressed up, or is little more than a repetition (V-9)."""
    plain = "".join(unicodedata.normalize("NFKC", passphrase).casefold().split())
    if len(set(plain)) < _FEWEST_CHARACTERS:
        return True
    repeated = re.fullmatch(r"(.{1,6}?)\1+.{0,2}", plain)
    if repeated is not None:
        return True
    letters = re.sub(r"[\W_]+", "", plain)
    forms = {plain, letters}
    for form in (plain, letters, letters.translate(_LOOKS_LIKE)):
        forms |= {form, re.sub(r"[\W\d_]+$", "", form), re.sub(r"^[\W\d_]+|[\W\d_]+$", "", form)}
    return not forms.isdisjoint(_common())


def strength_words(passphrase: str) -> str:
    """How strong a passphrase is, in one word: ``guessable``, ``weak``, ``fair`` or ``strong``."""
    if is_guessable(passphrase):
        return "guessable"
    pools = (
        (26, any(letter.islower() for letter in passphrase)),
        (26, any(letter.isupper() for letter in passphrase)),
        (10, any(letter.isdigit() for letter in passphrase)),
        (33, any(not letter.isalnum() for letter in passphrase)),
    )
    pool = sum(size for size, used in pools if used) or 1
    pairs = {passphrase[at : at + 2] for at in range(len(passphrase) - 1)}
    bits = math.log2(pool) * min(len(set(passphrase)) * 2, len(passphrase), len(pairs) + 1)
    return "weak" if bits < _FAIR_BITS else "fair" if bits < _STRONG_BITS else "strong"
