"""Each rule of the grounding check by itself, with generated texts and numbers where a rule is about all of them."""

from __future__ import annotations

import json
import unicodedata
from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clarity_desktop.domain.insights import Fact, FactsTable, Statement, StatementKind
from clarity_desktop.insights.grounding import check_statements, lexicon, read_table
from clarity_desktop.insights.grounding.lexicon import catalogue
from clarity_desktop.insights.grounding.rendering import comparison_text, rounded, value_text

TABLES = Path(__file__).parent.parent / "data" / "insights" / "tables"
RESOURCES = Path(__file__).parents[2] / "resources" / "insights"
OBSERVATION, QUESTION, CAVEAT = StatementKind.OBSERVATION, StatementKind.QUESTION, StatementKind.CAVEAT
GOOD = "Total sleep time was {tst_recent} in the recent window."


def _table(name: str) -> FactsTable:
    found = read_table(json.loads((TABLES / f"{name}.json").read_text(encoding="utf-8")))
    return replace(found, facts=tuple(replace(fact, coverage=0.95, flags=()) for fact in found.facts))


SLEEP = _table("t01_sleep_en")


def _published(language: str) -> dict[str, Any]:
    """The lexicon as its file has it."""
    found = json.loads((RESOURCES / f"{language}.json").read_text(encoding="utf-8"))
    assert isinstance(found, dict)
    return found


def _codes(text: str, kind: StatementKind = OBSERVATION, table: FactsTable = SLEEP) -> set[str]:
    ids = tuple(fact.id for fact in table.facts if f"{{{fact.id}}}" in text or f":{fact.id}" in text)
    said = [Statement(kind, text, ids)]
    if kind is not OBSERVATION:
        said.insert(0, Statement(OBSERVATION, GOOD, ("tst_recent",)))
    return {one.code for one in check_statements(table, said).reasons if one.statement in (None, len(said) - 1)}


def test_the_sentence_that_the_faults_are_put_into_is_good() -> None:
    assert _codes(GOOD) == set()


# -- IS-3 -----------------------------------------------------------------------------------------------------------


@given(st.characters(codec="utf-8"), st.sampled_from(["before", "after"]))
def test_is_3_nothing_but_the_allowed_neighbours_touches_a_placeholder(letter: str, side: str) -> None:
    text = GOOD.replace("{tst_recent}", letter + "{tst_recent}" if side == "before" else "{tst_recent}" + letter)
    allowed = " (" if side == "before" else " .,;:?)"
    if letter not in allowed:
        assert "malformed_placeholder" in _codes(text)


@given(st.text(min_size=1, max_size=30))
def test_is_3_what_stands_in_braces_is_an_id_of_the_table_or_refused(inside: str) -> None:
    known = {fact.id for fact in SLEEP.facts}
    if inside not in known and not inside.startswith("cmp:"):
        found = _codes(f"Total sleep time was {{{inside}}} in the recent window.")
        assert found & {"malformed_placeholder", "unknown_fact", "unavailable_fact", "no_fact"}


@pytest.mark.parametrize(
    ("facts", "code"),
    [(("tst_recent", "tst_baseline"), "facts_mismatch"), ((), "facts_mismatch"), (("tst_never",), "unknown_fact")],
)
def test_is_3_the_list_of_facts_is_that_of_the_placeholders(facts: tuple[str, ...], code: str) -> None:
    found = check_statements(SLEEP, [Statement(OBSERVATION, GOOD, facts)])
    assert code in {one.code for one in found.reasons}


# -- IS-4 -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("term", ["24-hour rhythm", "24-hour pattern", "one of the measures shown", "at once"])
def test_is_4_number_like_terms_stand_only_as_they_are_listed(term: str) -> None:
    assert _codes(f"Beside the {term}, total sleep time was {{tst_recent}} in the recent window.") == set()


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("24-hour sleep", "digit"),
        ("48-hour rhythm", "digit"),
        ("24-Hour rhythm", "digit"),
        ("one of the nights", "number_word"),
        ("second half of the recording", "number_word"),
    ],
)
def test_is_4_their_neighbours_are_refused(words: str, code: str) -> None:
    assert code in _codes(f"Beside the {words}, total sleep time was {{tst_recent}} in the recent window.")


def test_is_4_a_term_is_no_part_of_a_longer_word_and_keeps_its_case() -> None:
    assert _codes("Total sleep times was {tst_recent} in the recent window.") & {"unbound_value", "unknown_word"}
    assert _codes("In the recent window, total Sleep time was {tst_recent}.") & {"unknown_word", "identity_word"}
    assert _codes("In the recent window, total sleep time was {tst_recent}.") == set()


def test_is_4_a_term_of_another_kind_is_an_ungrounded_topic() -> None:
    for language, name in (("en", "t01_sleep_en"), ("de", "t02_sleep_de")):
        for kind, terms in _published(language)["fixed_terms_by_kind"].items():
            other = OBSERVATION if kind != OBSERVATION.value else CAVEAT
            for term in sorted(terms)[:3]:
                text = term[:1].upper() + term[1:] + " {tst_recent}."
                assert "ungrounded_topic" in _codes(text, other, _table(name)), term


# -- IS-5 -----------------------------------------------------------------------------------------------------------


def _expected(letter: str) -> str | None:
    """The code of IS-5 for one sign of its own, read from the page rather than from the program."""
    folded = unicodedata.normalize("NFKC", letter)
    if unicodedata.numeric(letter, None) is not None or unicodedata.category(letter) in ("Nd", "Nl", "No"):
        return "digit"
    if any(one.isdigit() for one in folded):
        return "digit"
    if unicodedata.category(letter)[0] in "CMZ" or unicodedata.normalize("NFC", letter) != letter:
        return "hidden_unicode"
    return None


@settings(max_examples=400)
@given(st.characters(codec="utf-8", categories=["Nd", "Nl", "No", "Cc", "Cf", "Co", "Mn", "Mc", "Me", "Zl", "Zp"]))
def test_is_5_numbers_and_hidden_signs_of_any_script_are_refused_by_name(letter: str) -> None:
    code = _expected(letter)
    assert code is not None
    assert code in _codes(f"Total sleep time was {{tst_recent}} in the recent {letter} window.")


@settings(max_examples=300)
@given(st.characters(codec="utf-8", categories=["Lu", "Ll", "Lo", "Lt", "Lm", "So", "Sc", "Sm", "Sk", "Po", "Ps"]))
def test_is_5_no_sign_outside_the_alphabet_passes(letter: str) -> None:
    words = lexicon("en")
    if letter not in words.alphabet and letter not in ".,;:?(){}'’-–":
        assert _codes(f"Total sleep time was {{tst_recent}} in the {letter} window.") - {"window_without_fact"}


@pytest.mark.parametrize(
    ("sign", "code"),
    [
        ("*", "markup"),
        ("<", "markup"),
        ("@", "url"),
        ("%", "unit_word"),
        ("€", "character"),
        ("!", "character"),
        ("ж", "foreign_letter"),
    ],
)
def test_is_5_signs_have_their_own_codes(sign: str, code: str) -> None:
    assert code in _codes(f"Total sleep time was {{tst_recent}} in the recent {sign} window.")


# -- IS-6 -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        GOOD[:-1],
        GOOD + ".",
        GOOD[:-1] + "?",
        GOOD.replace(" was", "  was"),
        " " + GOOD,
        GOOD + " ",
        GOOD.replace(" in", " , in"),
        GOOD.replace(" in", " (in"),
        GOOD.replace("Total", "total").replace("total sleep", "the total sleep"),
        GOOD + " Sleep was recorded.",
    ],
)
def test_is_6_one_well_formed_sentence_or_none(text: str) -> None:
    assert "form" in _codes(text)


@given(st.sampled_from(["", " ", "  "]), st.booleans())
def test_is_6_the_same_text_twice_is_repeated_whatever_its_blanks_and_case(blank: str, upper: bool) -> None:
    again = GOOD.upper() if upper else GOOD.replace(" ", " " + blank)
    said = [Statement(OBSERVATION, text, ("tst_recent",)) for text in (GOOD, again)]
    if not upper or again != GOOD.upper():
        assert "repeated" in {one.code for one in check_statements(SLEEP, said).reasons}


# -- IS-7 -----------------------------------------------------------------------------------------------------------


@settings(max_examples=300)
@given(st.text(alphabet="abcdefghijklmnopqrstuvwxyz", min_size=1, max_size=12))
def test_is_7_a_word_passes_only_when_the_lexicon_has_it(word: str) -> None:
    words = lexicon("en")
    allowed = set(words.words) | set(words.words_by_kind.get(OBSERVATION, frozenset()))
    found = _codes(f"Total sleep time was {{tst_recent}} in the recent window, {word} recorded.")
    if word not in allowed:
        assert found
    else:
        assert not found & {"unknown_word", "wrong_language"}


@pytest.mark.parametrize("word", ["Will", "May", "Mark", "Sleep"])
def test_is_7_a_capital_in_mid_sentence_is_refused(word: str) -> None:
    assert _codes(f"Total sleep time was {{tst_recent}} in the recent window for {word}.")


@pytest.mark.parametrize("word", ["travel", "naps", "routine", "noise"])
def test_is_7_what_belongs_to_a_question_is_no_observation(word: str) -> None:
    assert "ungrounded_topic" in _codes(f"Total sleep time was {{tst_recent}} in the recent window with {word}.")
    asked = f"Was there {word} with total sleep time at {{tst_recent}} in the recent window?"
    assert "ungrounded_topic" not in _codes(asked, QUESTION)


@pytest.mark.parametrize(
    ("word", "code"),
    [
        ("higher", "comparison_word"),
        ("normal", "evaluation_word"),
        ("because", "causal_word"),
        ("twice", "number_word"),
        ("depression", "diagnosis_word"),
        ("melatonin", "treatment_word"),
        ("schlaf", "unknown_word"),
        ("Schlafenszeit", "wrong_language"),
    ],
)
def test_is_7_the_code_is_of_the_first_class_that_has_the_word(word: str, code: str) -> None:
    found = _codes(f"Total sleep time was {{tst_recent}} in the recent window, {word} recorded.")
    assert found & {code, "unknown_word", "wrong_language", "identity_word"}
    if code not in ("unknown_word", "wrong_language"):
        assert code in found


# -- IS-8 -----------------------------------------------------------------------------------------------------------

PAIRS = [(fact, other) for fact in SLEEP.facts for other in SLEEP.facts if fact.metric != other.metric]


@settings(max_examples=200)
@given(st.sampled_from(PAIRS))
def test_is_8_a_value_under_another_measure_is_swapped(pair: tuple[Fact, Fact]) -> None:
    shown, named = pair
    text = f"In the measured window, {named.label} was {{{shown.id}}}."
    assert _codes(text) & {"swapped_fact", "metric_without_fact"}


@settings(max_examples=200)
@given(st.sampled_from(SLEEP.facts), st.sampled_from(sorted(lexicon("en").window_phrases)))
def test_is_8_a_value_under_another_window_is_swapped(fact: Fact, window: str) -> None:
    label = fact.label[:1].upper() + fact.label[1:]
    found = _codes(f"{label} was {{{fact.id}}} {lexicon('en').window_phrases[window]}.")
    if window == fact.window.key:
        assert found == set()
    else:
        assert found & {"swapped_fact", "window_without_fact"}


def test_is_8_names_without_values_and_values_without_names() -> None:
    assert "unbound_value" in _codes("The value was {tst_recent}.")
    assert "metric_without_fact" in _codes("Total sleep time was {tst_recent}, and time in bed was recorded.")
    assert "window_without_fact" in _codes("Total sleep time was {tst_recent}, and the baseline window was recorded.")


# -- IS-9 -----------------------------------------------------------------------------------------------------------


@settings(max_examples=200)
@given(st.sampled_from(sorted(lexicon("en").words)))
def test_is_9_only_listed_words_stand_before_a_value(word: str) -> None:
    before = _published("en")["around_placeholder"]["before_value"]
    found = _codes(f"Total sleep time, measured, {word} {{tst_recent}} in the recent window.")
    assert ("value_context" in found) is (word not in before)


@pytest.mark.parametrize(
    "words",
    [
        "about {tst_recent}",
        "more than {tst_recent}",
        "not {tst_recent}",
        "- {tst_recent}",
        "{tst_recent} - {tst_baseline}",
        "from {tst_recent} to {tst_baseline}",
        "{tst_recent} of {tst_baseline}",
    ],
)
def test_is_9_nothing_beside_a_value_changes_what_it_says(words: str) -> None:
    assert _codes(f"Total sleep time was {words}.")


@pytest.mark.parametrize("word", ["clearly", "not", "almost", "much"])
def test_is_9_nothing_colours_a_comparison(word: str) -> None:
    found = _codes(f"Total sleep time was {{tst_recent}} and was {word} {{cmp:tst_recent:tst_baseline}}.")
    assert found & {"value_context", "negation", "vague_quantity", "unknown_word", "evaluation_word", "comparison_word"}


# -- IS-10 ----------------------------------------------------------------------------------------------------------


@given(st.floats(0, 1), st.lists(st.sampled_from(["nonwear", "clipped", "clock_change"]), max_size=2, unique=True))
def test_is_10_thin_or_flagged_facts_alone_need_a_caveat(coverage: float, flags: list[str]) -> None:
    facts = tuple(
        replace(fact, coverage=coverage, flags=tuple(flags)) if fact.id == "tst_recent" else fact
        for fact in SLEEP.facts
    )
    found = check_statements(replace(SLEEP, facts=facts), [Statement(OBSERVATION, GOOD, ("tst_recent",))])
    assert ({one.code for one in found.reasons} == {"caveat_missing"}) is (coverage < 0.8 or bool(flags))


# -- IS-12 to IS-14 -------------------------------------------------------------------------------------------------

VALUES = st.floats(-1e9, 1e9, allow_nan=False)


@settings(max_examples=400)
@given(VALUES, st.integers(0, 4))
def test_is_12_rounding_is_that_of_the_shortest_decimal_form(value: float, decimals: int) -> None:
    found = rounded(value, decimals)
    wanted = Decimal(repr(value)).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
    assert found == wanted
    assert not (found.is_zero() and found.is_signed()), "never minus zero"
    assert -found.as_tuple().exponent == decimals  # type: ignore[operator]
    assert abs(found - Decimal(repr(value))) * 2 <= Decimal(1).scaleb(-decimals)


@settings(max_examples=300)
@given(VALUES, st.integers(0, 4), st.sampled_from(["en", "de"]))
def test_is_13_a_shown_number_reads_back_as_the_rounded_one(value: float, decimals: int, language: str) -> None:
    fact = replace(_fact("tst_recent"), value=value, decimals=decimals)
    text = value_text(fact, lexicon(language))
    number, unit = text.split("\u00a0")
    assert unit == "h"
    group, mark = (",", ".") if language == "en" else (".", ",")
    whole = number.lstrip("\u2212").split(mark)[0]
    assert all(len(part) == 3 for part in whole.split(group)[1:])
    assert Decimal(number.replace(group, "").replace(mark, ".").replace("\u2212", "-")) == rounded(value, decimals)
    assert "-" not in text


@given(st.floats(0, 23.999999))
def test_is_13_a_clock_hour_is_the_nearest_minute_and_midnight_is_zero(value: float) -> None:
    fact = replace(_fact("midsleep_recent"), value=value)
    hours, minutes = (int(part) for part in value_text(fact, lexicon("en")).split(":"))
    assert 0 <= hours < 24
    assert 0 <= minutes < 60
    away = abs(value * 60 - (60 * hours + minutes))
    assert min(away, 1440 - away) <= 0.5 + 1e-9


def _fact(name: str) -> Fact:
    found = SLEEP.fact(name)
    assert found is not None
    return found


@settings(max_examples=400)
@given(st.floats(0, 24), st.floats(0, 24))
def test_is_14_a_comparison_can_be_redone_from_the_shown_values(ours: float, theirs: float) -> None:
    first, second = replace(_fact("tst_recent"), value=ours), replace(_fact("tst_baseline"), value=theirs)
    text = comparison_text(first, second, lexicon("en"))
    difference = rounded(ours, first.decimals) - rounded(theirs, first.decimals)
    margin = catalogue()["tst"].margin
    assert f"difference {abs(difference)}\u00a0h" in text
    assert text.startswith("about the same as") is (abs(difference) <= margin)
    if abs(difference) > margin:
        assert ("longer than" in text) is (difference > 0)
        assert text.startswith("slightly ") is (abs(difference) <= 2 * margin)
        assert text.startswith("clearly ") is (abs(difference) > 5 * margin)
    backwards = comparison_text(
        replace(second, window=first.window), replace(first, window=second.window), lexicon("en")
    )
    swapped = text.replace("longer", "?").replace("shorter", "longer").replace("?", "shorter")
    assert backwards.split(", ")[0].rstrip(")") == swapped.split(", ")[0].rstrip(")"), (
        "the other way round says the same"
    )


@settings(max_examples=300)
@given(st.integers(0, 1439), st.integers(0, 1439))
def test_is_14_clocks_are_compared_the_short_way_round(ours: int, theirs: int) -> None:
    first = replace(_fact("midsleep_recent"), value=ours / 60 % 24)
    second = replace(_fact("midsleep_baseline"), value=theirs / 60 % 24)
    text = comparison_text(first, second, lexicon("en"))
    minutes = (ours - theirs) % 1440
    minutes = minutes - 1440 if minutes > 720 else minutes
    hours, rest = divmod(abs(minutes), 60)
    shown = f"{hours}\u00a0h {rest}\u00a0min" if hours else f"{rest}\u00a0min"
    assert f"(difference {shown})" in text
    if "about the same" not in text:
        assert ("later than" in text) is (minutes > 0)
