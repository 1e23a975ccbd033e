"""How strong a passphrase is, in words, and the rule for accepting one."""

from __future__ import annotations

import math
from dataclasses import dataclass

__all__ = ["MINIMUM_LENGTH", "Strength", "strength_of"]

MINIMUM_LENGTH = 12
_STRONG_BITS = 75.0
_FAIR_BITS = 50.0


@dataclass(frozen=True, slots=True)
class Strength:
    """What a passphrase comes to."""

    accepted: bool
    words: str
    tone: str
    icon: str


def _bits(text: str) -> float:
    """Upper bound on the guesses needed, in bits: letters of the sets used, discounted by repetition."""
    pools = (
        (26, any(letter.islower() for letter in text)),
        (26, any(letter.isupper() for letter in text)),
        (10, any(letter.isdigit() for letter in text)),
        (33, any(not letter.isalnum() for letter in text)),
    )
    pool = sum(size for size, used in pools if used) or 1
    pairs = {text[at : at + 2] for at in range(len(text) - 1)}
    return math.log2(pool) * min(len(set(text)) * 2, len(text), len(pairs) + 1)


def strength_of(text: str) -> Strength:
    """Judge a passphrase as it is typed."""
    if not text:
        return Strength(False, "", "faint", "")
    if len(text) < MINIMUM_LENGTH:
        return Strength(False, f"{len(text)} of at least {MINIMUM_LENGTH} characters", "muted", "circle-dashed")
    bits = _bits(text)
    if bits < _FAIR_BITS:
        return Strength(True, "Easy to guess: add other words", "warn", "triangle-alert")
    if bits < _STRONG_BITS:
        return Strength(True, "Fair: one more word makes it strong", "text", "circle-check")
    return Strength(True, "Strong", "ok", "circle-check")
