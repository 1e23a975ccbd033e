"""Values and comparisons as text: the one place that turns a fact into figures and words (IS-12 to IS-14)."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Final

from clarity_desktop.domain.insights import Fact
from clarity_desktop.insights.grounding.lexicon import Lexicon, catalogue

__all__ = ["clock_difference_min", "comparison_text", "rounded", "value_text"]

_NO_BREAK: Final = "\u00a0"
_MINUS: Final = "\u2212"
_DAY_MIN: Final = 1440
# Wide enough for any double with its decimals, so that no value is too large to be written.
_WIDE: Final = Context(prec=400, rounding=ROUND_HALF_UP)
_GERMAN: Final = str.maketrans(",.", ".,")
_DOUBLE: Final = (Decimal("1.9"), Decimal("2.1"))
_HALF: Final = (Decimal("0.45"), Decimal("0.55"))


def rounded(value: float, decimals: int) -> Decimal:
    """The value with this many decimals, half away from zero on its shortest decimal form; never −0."""
    found = Decimal(repr(value)).quantize(Decimal(1).scaleb(-decimals), context=_WIDE)
    return abs(found) if found.is_zero() else found


def _clock_minutes(value: float) -> int:
    return int((Decimal(repr(value)) * 60).quantize(Decimal(1), ROUND_HALF_UP)) % _DAY_MIN


def _number(value: Decimal, language: str) -> str:
    text = f"{abs(value):,f}"
    if language == "de":
        text = text.translate(_GERMAN)
    return (_MINUS if value < 0 else "") + text


def _with_unit(value: Decimal, unit: str, words: Lexicon) -> str:
    number = _number(value, words.language)
    sign = words.units[unit]
    if not isinstance(sign, str):
        sign = sign["one"] if abs(value) == 1 else sign["other"]
    if not sign:
        return number
    gap = "" if unit == "percent" and words.language == "en" else _NO_BREAK
    return number + gap + sign


def value_text(fact: Fact, words: Lexicon) -> str:
    """The fact's value with its unit, as every place shows it."""
    if fact.unit != "clock_h":
        return _with_unit(rounded(fact.value, fact.decimals), fact.unit, words)
    hour, minute = divmod(_clock_minutes(fact.value), 60)
    sign = words.units["clock_h"]
    assert isinstance(sign, str)
    return f"{hour:02d}:{minute:02d}" + (f"{_NO_BREAK}{sign}" if sign else "")


def clock_difference_min(fact: Fact, other: Fact) -> int:
    """Minutes from ``other`` to ``fact`` on the clock, the short way round: more than −720, at most 720."""
    minutes = (_clock_minutes(fact.value) - _clock_minutes(other.value)) % _DAY_MIN
    return minutes - _DAY_MIN if minutes > _DAY_MIN // 2 else minutes


def comparison_text(fact: Fact, other: Fact, words: Lexicon) -> str:
    """How ``fact`` stands relative to ``other``, computed on the rounded values so that a reader can redo it."""
    metric = catalogue()[fact.metric]
    phrases = words.phrases
    ratio = ""
    if fact.unit == "clock_h":
        difference = Decimal(clock_difference_min(fact, other))
        margin = metric.margin * 60
        amount = _duration(int(abs(difference)))
    else:
        ours, theirs = rounded(fact.value, fact.decimals), rounded(other.value, other.decimals)
        difference, margin = _WIDE.subtract(ours, theirs), metric.margin
        amount = _amount(abs(difference), fact.unit, words)
        if metric.ratio_words and theirs > 0:
            ratio = _ratio(_WIDE.divide(ours, theirs), words)
    place = words.window_phrases[other.window.key]
    size = abs(difference)
    if size <= margin:
        return f"{phrases['same']} {place} ({phrases['difference']} {amount})"
    direction = words.directions[metric.direction][0 if difference > 0 else 1]
    degree = ""
    if margin > 0 and size <= 2 * margin:
        degree = phrases["slightly"] + " "
    elif margin > 0 and size > 5 * margin:
        degree = phrases["clearly"] + " "
    more = f", {ratio}" if ratio else ""
    return f"{degree}{direction} {phrases['than']} {place} ({phrases['difference']} {amount}{more})"


def _amount(size: Decimal, unit: str, words: Lexicon) -> str:
    if unit == "percent":
        return _number(size, words.language) + _NO_BREAK + words.phrases["points"]
    return _with_unit(size, unit, words)


def _duration(minutes: int) -> str:
    hours, rest = divmod(minutes, 60)
    if hours == 0:
        return f"{rest}{_NO_BREAK}min"
    return f"{hours}{_NO_BREAK}h {rest}{_NO_BREAK}min"


def _ratio(ratio: Decimal, words: Lexicon) -> str:
    if ratio > _DOUBLE[1]:
        return words.phrases["more_than_double"]
    if ratio >= _DOUBLE[0]:
        return words.phrases["about_double"]
    if _HALF[0] <= ratio <= _HALF[1]:
        return words.phrases["about_half"]
    return words.phrases["less_than_half"] if ratio < _HALF[0] else ""
