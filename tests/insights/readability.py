"""How hard a text is to read, by two stated formulas, for tests of what people are given to read (I-70).

Flesch-Kincaid grade for English (Kincaid et al. 1975): 0.39 words/sentence + 11.8 syllables/word - 15.59. Fourth
Vienna formula for German (Bamberger and Vanecek 1984): 0.2656 words/sentence + 0.2744 times the percentage of words
with three or more syllables - 1.693. Both answer a school year. Syllables are runs of vowels, an English final e
aside; numbers with their units are left out, as the formulas are about words.
"""

from __future__ import annotations

import re

__all__ = ["grade"]

_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_VALUES = re.compile(r"[\u2212+]?\d[\d.,:]*(?:[\s\u00a0]?(?:%|h|min|ms|bpm|Uhr|Prozentpunkte|percentage points)\b)?")


def _syllables(word: str, language: str) -> int:
    plain = word.casefold()
    if language == "en":
        plain = re.sub(r"(?<=[^aeiouyl])e(?:d|s)?$", "", plain) or plain
        return max(1, len(re.findall(r"[aeiouy]+", plain)))
    plain = re.sub(r"(ei|ai|au|eu|äu|ie|aa|ee|oo|ey)", "a", plain)
    return max(1, len(re.findall(r"[aeiouyäöü]", plain)))


def grade(sentences: list[str], language: str) -> float:
    """School year that the sentences ask for."""
    words = [word for one in sentences for word in _WORD.findall(_VALUES.sub(" ", one))]
    per_sentence = len(words) / len(sentences)
    counts = [_syllables(word, language) for word in words]
    if language == "en":
        return 0.39 * per_sentence + 11.8 * sum(counts) / len(words) - 15.59
    long = 100 * sum(count >= 3 for count in counts) / len(words)
    return 0.2656 * per_sentence + 0.2744 * long - 1.693
