"""What belongs to which value: names before their values, and nothing around a value that changes it (IS-8, IS-9)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from clarity_desktop.domain.insights import Fact
from clarity_desktop.insights.grounding.lexicon import Lexicon
from clarity_desktop.insights.grounding.pieces import Pieces, PlacedTerm, Placeholder, Word
from clarity_desktop.insights.grounding.wording import plain_case

__all__ = ["binding_reasons", "context_reasons"]

_STOPS = frozenset(",;:().?")
_DASHES = frozenset("-–‐‑—")


def binding_reasons(pieces: Pieces, facts: Mapping[str, Fact]) -> Iterator[tuple[str, str]]:
    """Codes of values under another name, of values without one, and of names without a value, with the term."""
    all_known = all(name in facts for placeholder in pieces.placeholders for name in placeholder.ids)
    metrics = [placed for placed in pieces.terms if placed.term.group == "metric"]
    windows = [placed for placed in pieces.terms if placed.term.group == "window"]
    if pieces.placeholders and not metrics:
        yield "unbound_value", ""
    yield from _swapped(pieces.placeholders, metrics, facts, lambda fact: fact.metric)
    yield from _swapped(pieces.placeholders, windows, facts, lambda fact: fact.window.key)
    if not all_known or pieces.has_malformed:
        # What an unknown placeholder stands for cannot be said; it is a reason of its own.
        return
    first = {facts[one.fact].metric for one in pieces.placeholders}
    for placed in metrics:
        if not placed.term.keys & first:
            yield "metric_without_fact", placed.term.text
    either = {facts[name].window.key for one in pieces.placeholders for name in one.ids}
    for placed in windows:
        if not placed.term.keys & either:
            yield "window_without_fact", placed.term.text


def _swapped(
    placeholders: Sequence[Placeholder],
    terms: Sequence[PlacedTerm],
    facts: Mapping[str, Fact],
    key: Callable[[Fact], str],
) -> Iterator[tuple[str, str]]:
    if not terms or not placeholders:
        return
    names_first = terms[0].start < placeholders[0].start
    for placeholder in placeholders:
        before = [placed for placed in terms if placed.start < placeholder.start]
        after = [placed for placed in terms if placed.start > placeholder.start]
        if names_first:
            owner = before[-1] if before else after[0]
        else:
            owner = after[0] if after else before[-1]
        fact = facts.get(placeholder.fact)
        if fact is not None and key(fact) not in owner.term.keys:
            yield "swapped_fact", owner.term.text


def context_reasons(pieces: Pieces, words: Lexicon) -> Iterator[tuple[str, str]]:
    """``value_context`` for each word or sign beside a placeholder that could change what the value says."""
    for placeholder in pieces.placeholders:
        is_value = placeholder.other is None
        before = words.before_value if is_value else words.before_comparison
        after = words.after_value if is_value else words.after_comparison
        neighbour = _neighbour(pieces, placeholder.start, backwards=True)
        if neighbour is not None and not _may_stand_before(neighbour, pieces, before, is_value):
            yield "value_context", _text(neighbour)
        neighbour = _neighbour(pieces, placeholder.stop, backwards=False)
        if neighbour is not None and not (isinstance(neighbour, Word) and neighbour.text in after):
            yield "value_context", _text(neighbour)
    for left, right in zip(pieces.placeholders, pieces.placeholders[1:], strict=False):
        if not _may_be_joined(pieces, left, right, words):
            yield "value_context", ""


_Neighbour = Word | PlacedTerm | Placeholder | str


def _neighbour(pieces: Pieces, place: int, *, backwards: bool) -> _Neighbour | None:
    """What stands beside a place, blanks aside; ``None`` at an end or where punctuation ends the look-up."""
    text = pieces.text
    step = -1 if backwards else 1
    index = place - 1 if backwards else place
    while 0 <= index < len(text) and text[index] == " ":
        index += step
    if not 0 <= index < len(text) or text[index] in _STOPS:
        return None
    every: tuple[Placeholder | PlacedTerm | Word, ...] = (*pieces.placeholders, *pieces.terms, *pieces.words)
    for piece in every:
        if piece.start <= index < piece.stop:
            return piece
    return text[index]


def _may_stand_before(neighbour: _Neighbour, pieces: Pieces, allowed: frozenset[str], is_value: bool) -> bool:
    if isinstance(neighbour, Word):
        return neighbour.text in allowed or plain_case(pieces, neighbour) in allowed
    return isinstance(neighbour, PlacedTerm) and is_value and neighbour.term.group != "fixed"


def _may_be_joined(pieces: Pieces, left: Placeholder, right: Placeholder, words: Lexicon) -> bool:
    between = [placed for placed in pieces.terms if left.stop <= placed.start < right.start]
    if any(placed.term.group != "fixed" for placed in between):
        return True
    if between:
        return False
    joining = [word.text for word in pieces.words if left.stop <= word.start < right.start]
    return all(word in words.between_placeholders for word in joining)


def _text(neighbour: _Neighbour) -> str:
    if isinstance(neighbour, str):
        return neighbour
    if isinstance(neighbour, PlacedTerm):
        return neighbour.term.text
    return neighbour.text if isinstance(neighbour, Word) else ""
