"""The grounding check against the public corpus, against liars, and against any bytes (IS-1 to IS-14)."""

from __future__ import annotations

import base64
import json
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clarity_desktop.domain.insights import FactsTable, Statement, StatementKind
from clarity_desktop.insights.grounding import (
    BadTableError,
    check_answer,
    check_statements,
    lexicon,
    read_table,
    table_document,
)
from clarity_desktop.insights.grounding.batch import check_folder
from clarity_desktop.insights.grounding.rendering import comparison_text, rounded, value_text

CORPUS = Path(__file__).parent.parent / "data" / "insights"
EXPECTED = json.loads((CORPUS / "expected.json").read_text(encoding="utf-8"))
TABLES = [
    read_table(json.loads(path.read_text(encoding="utf-8"))) for path in sorted((CORPUS / "tables").glob("*.json"))
]
ENGLISH = [table for table in TABLES if table.language == "en"]


@pytest.fixture(scope="module")
def results() -> Any:
    return check_folder(CORPUS)


def test_every_item_of_the_corpus_is_judged(results: Any) -> None:
    assert results.keys() == EXPECTED.keys()
    assert len(results) >= 235


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_is_11_the_verdict_is_the_expected_one(results: Any, name: str) -> None:
    wanted, found = EXPECTED[name], results[name]
    assert found.accepted is wanted["accepted"], found.reasons
    if wanted["accepted"]:
        assert found.text == wanted["text"]
    else:
        assert {one.code for one in found.reasons} & set(wanted["codes"])
        assert found.text is None
        if "statement" in wanted:
            assert wanted["statement"] in {one.statement for one in found.reasons}


def _document(facts_table: FactsTable, *statements: tuple[str, str, list[str]], **changes: Any) -> bytes:
    document = {
        "schema": "clarity-answer/1",
        "table": facts_table.table,
        "language": facts_table.language,
        "statements": [{"kind": kind, "text": text, "facts": facts} for kind, text, facts in statements],
    }
    return json.dumps(document | changes, ensure_ascii=False).encode()


def _codes(table: FactsTable, raw: bytes) -> set[str]:
    return {one.code for one in check_answer(table, raw).reasons}


def _sleep() -> FactsTable:
    """A table of two windows of sleep with enough coverage and no flags."""
    source = next(table for table in ENGLISH if table.question == "sleep" and table.fact("tst_baseline"))
    return replace(source, facts=tuple(replace(fact, coverage=0.95, flags=()) for fact in source.facts))


PIECES = [
    *("{tst_recent}", "{cmp:tst_recent:tst_baseline}", "total sleep time", "was", "in the recent window", "{x}"),
    *("{", "}", " ", ".", "not", "7", "\ud800", "½", "(", ")", ",", "In", "higher"),
]
GOOD = "Total sleep time was {tst_recent} in the recent window."


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", "empty"),
        (b" \n\t ", "empty"),
        (b" " * 40_000, "too_large"),
        (b"\xef\xbb\xbf{}", "not_json"),
        (b"\xff", "not_json"),
        (b"[[[[[[[", "too_deep"),
        (b'{"a": NaN}', "not_json"),
        (b'{"a": 1, "a": 1}', "duplicate_key"),
        (b'{"a": {"b": 1, "b": 2}}', "duplicate_key"),
        (b"{} {}", "not_json"),
        (b"[]", "schema"),
        (b"1" * 5_000, "not_json"),
        (b'"' + b"[" * 100 + b'"', "schema"),
    ],
)
def test_is_2_envelopes_that_end_the_check(raw: bytes, code: str) -> None:
    found = check_answer(_sleep(), raw)
    assert [one.code for one in found.reasons] == [code]
    assert found.text is None


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Total sleep time was {tst_recent}in the recent window.", "malformed_placeholder"),
        ("Total sleep time was ｛tst_recent｝.", "malformed_placeholder"),
        ("Total sleep time was {tst_recent} ❴.", "malformed_placeholder"),
        ("Total sleep time was {cmp:tst_recent:tst_recent}.", "comparison_not_allowed"),
        ("Total sleep time was {tst_never}.", "unknown_fact"),
        ("Sleep was recorded.", "no_fact"),
        ("total sleep time of {tst_recent}.", "form_ok"),
        ("the total sleep time was {tst_recent}.", "form"),
        ("Total sleep time was {tst_recent}..", "form"),
        ("Total sleep time was  {tst_recent}.", "form"),
        ("Total sleep time (was {tst_recent}.", "form"),
        ("Total sleep time was {tst_recent} Quill.", "unknown_word"),
        ("Total sleep time was about {tst_recent}.", "value_context"),
        ("Total sleep time was {tst_recent} – {tst_baseline}.", "value_context"),
        ("Total sleep time was {tst_recent} {tst_baseline}.", "value_context"),
        ("24-hour total sleep time was {tst_recent}.", "digit"),
        ("Time in bed was {tst_recent}.", "swapped_fact"),
        ("Total sleep time was {tst_baseline} in the recent window.", "swapped_fact"),
        ("Total sleep time was {tst_recent} e.g. here.", "url"),
        ("Total sleep time was {tst_recent}\u200b.", "hidden_unicode"),
        ("To\u0301tal sleep time was {tst_recent}.", "hidden_unicode"),
        ("Total sleep time wаs {tst_recent}.", "foreign_letter"),
        ("Total sleep time was {tst_recent} 三.", "digit"),
        ("Total sleep time was {tst_recent} €.", "character"),
    ],
)
def test_is_3_to_is_9_each_fault_has_its_code(text: str, code: str) -> None:
    table = _sleep()
    ids = list(dict.fromkeys(fact.id for fact in table.facts if "{" + fact.id + "}" in text))
    found = _codes(table, _document(table, ("observation", text, ids)))
    if code == "form_ok":
        assert found == set()
    else:
        assert code in found


def test_is_2_whole_answers_of_another_request_or_language() -> None:
    table = _sleep()
    good = ("observation", GOOD, ["tst_recent"])
    assert _codes(table, _document(table, good)) == set()
    assert _codes(table, _document(table, good, table="zzzzzzzzzz")) == {"wrong_table"}
    assert _codes(table, _document(table, good, language="de")) == {"wrong_language"}
    assert "empty" in _codes(table, _document(table))
    assert "repeated" in _codes(table, _document(table, good, good))


def test_is_10_thin_facts_need_a_caveat_about_their_window() -> None:
    table = _sleep()
    thin = replace(
        table, facts=tuple(replace(fact, coverage=0.79) if fact.id == "tst_recent" else fact for fact in table.facts)
    )
    said = ("observation", GOOD, ["tst_recent"])
    assert _codes(thin, _document(thin, said)) == {"caveat_missing"}
    caveat = ("caveat", "Total sleep time was {tst_recent}; please read the values with care.", ["tst_recent"])
    assert _codes(thin, _document(thin, said, caveat)) == set()
    other = ("caveat", "Total sleep time was {tst_baseline}; please read the values with care.", ["tst_baseline"])
    assert _codes(thin, _document(thin, said, other)) == {"caveat_missing"}


@pytest.mark.parametrize(
    "change",
    [
        {"coverage": 1.01},
        {"coverage": float("nan")},
        {"value": float("inf")},
        {"value": -0.1},
        {"value": 10**400},
        {"value": True},
        {"valid_days": 2},
        {"valid_days": 8},
        {"label": "sleep"},
        {"unit": "min"},
        {"decimals": 2},
        {"source": "counts"},
        {"flags": ["sleepy"]},
        {"window": {"key": "recent", "from_day": -6, "to_day": 0, "days": 6}},
        {"window": {"key": "recent", "from_day": -5, "to_day": 1, "days": 7}},
        {"more": 1},
        {"id": "Tst"},
    ],
)
def test_is_1_a_table_that_breaks_its_rules_is_refused(change: dict[str, Any]) -> None:
    document = table_document(_sleep())
    assert read_table(document) == _sleep()
    broken = next(fact for fact in document["facts"] if fact["id"] == "tst_recent")
    broken.update(change)
    with pytest.raises(BadTableError):
        read_table(document)


def test_is_12_rounding_is_half_away_from_zero_on_the_shortest_decimal_form() -> None:
    assert [str(rounded(value, 1)) for value in (6.85, 7.95, -6.85, -0.04, 0.05)] == [
        "6.9",
        "8.0",
        "-6.9",
        "0.0",
        "0.1",
    ]
    assert str(rounded(1e300, 1)).endswith(".0")


def test_is_13_locale_and_units() -> None:
    table = _sleep()
    sleep = table.fact("tst_recent")
    assert sleep is not None
    english, german = lexicon("en"), lexicon("de")
    steps = replace(sleep, metric="steps", value=1234.5, unit="steps_per_day", decimals=1)
    assert value_text(steps, english) == "1,234.5\u00a0steps/day"
    assert value_text(steps, german) == "1.234,5\u00a0Schritte/Tag"
    share = replace(sleep, metric="se", value=90.6, unit="percent", decimals=0)
    assert (value_text(share, english), value_text(share, german)) == ("91%", "91\u00a0%")
    debt = replace(sleep, metric="debt", value=-1.25)
    assert value_text(debt, english) == "\u22121.3\u00a0h"
    midnight = replace(sleep, metric="midsleep", value=23.9999, unit="clock_h", decimals=2)
    assert (value_text(midnight, english), value_text(midnight, german)) == ("00:00", "00:00\u00a0Uhr")
    days = replace(sleep, metric="valid_days", unit="days", decimals=0)
    assert value_text(replace(days, value=1), english) == "1\u00a0day"
    assert value_text(replace(days, value=5), german) == "5\u00a0Tage"


@pytest.mark.parametrize(
    ("ours", "theirs", "text"),
    [
        (7.0, 6.8, "about the same as in the baseline window (difference 0.2\u00a0h)"),
        (7.1, 6.8, "slightly longer than in the baseline window (difference 0.3\u00a0h)"),
        (6.0, 6.8, "shorter than in the baseline window (difference 0.8\u00a0h)"),
        (3.4, 6.8, "clearly shorter than in the baseline window (difference 3.4\u00a0h, about half)"),
        (6.8, 2.0, "clearly longer than in the baseline window (difference 4.8\u00a0h, more than double)"),
    ],
)
def test_is_14_comparisons_are_those_of_the_rounded_values(ours: float, theirs: float, text: str) -> None:
    table = _sleep()
    first, second = table.fact("tst_recent"), table.fact("tst_baseline")
    assert first is not None
    assert second is not None
    assert comparison_text(replace(first, value=ours), replace(second, value=theirs), lexicon("en")) == text


def test_is_14_the_clock_is_compared_the_short_way_round() -> None:
    table = _sleep()
    first, second = table.fact("midsleep_recent"), table.fact("midsleep_baseline")
    assert first is not None
    assert second is not None
    early, late = replace(first, value=0.5), replace(second, value=23.5)
    assert comparison_text(early, late, lexicon("en")).startswith("slightly later than") is False
    assert "later than in the baseline window (difference 1\u00a0h 0\u00a0min)" in comparison_text(
        early, late, lexicon("en")
    )


@pytest.mark.parametrize("name", sorted(name for name, wanted in EXPECTED.items() if wanted["accepted"]))
def test_a_liar_who_swaps_values_is_always_caught(name: str) -> None:
    """Each placeholder of a true answer is replaced by another fact; no such answer may pass."""
    item = json.loads((CORPUS / "items" / f"{name}.json").read_text(encoding="utf-8"))
    facts = item["facts"]
    table = read_table(facts if isinstance(facts, dict) else json.loads((CORPUS / facts).read_text(encoding="utf-8")))
    answer = item["answer"] if isinstance(item["answer"], dict) else json.loads(item["answer"])
    dice = random.Random(name)
    for statement in answer["statements"]:
        for fact in statement["facts"]:
            liars = [one for one in table.facts if one.metric != table.fact(fact).metric]  # type: ignore[union-attr]
            if not liars or "cmp:" in statement["text"]:
                continue
            lie = dice.choice(liars).id
            told = Statement(
                StatementKind(statement["kind"]),
                statement["text"].replace("{" + fact + "}", "{" + lie + "}"),
                tuple(dict.fromkeys(lie if one == fact else one for one in statement["facts"])),
            )
            if "{" + lie + "}" in told.text:
                assert not check_statements(table, [told]).accepted


@settings(max_examples=200, deadline=None)
@given(raw=st.binary(max_size=400))
def test_is_11_no_bytes_make_the_check_raise(raw: bytes) -> None:
    assert not check_answer(TABLES[0], raw).accepted


@settings(max_examples=300, deadline=None)
@given(
    text=st.text(max_size=120)
    | st.lists(
        st.sampled_from(PIECES),
        max_size=14,
    ).map(" ".join)
)
def test_is_11_no_text_is_shown_with_a_figure_or_a_free_comparison(text: str) -> None:
    table = _sleep()
    ids = tuple(fact.id for fact in table.facts if fact.id in text)
    found = check_statements(table, [Statement(StatementKind.OBSERVATION, text, ids)])
    if found.accepted:
        bare = text.replace("{tst_recent}", "").replace("{cmp:tst_recent:tst_baseline}", "")
        assert not any(letter.isnumeric() for letter in bare)
        assert "higher" not in bare
        assert "not" not in bare.split()


def test_batch_items_stay_in_their_folder_and_stop_nobody(tmp_path: Path) -> None:
    items = tmp_path / "box" / "items"
    items.mkdir(parents=True)
    table = _sleep()
    (tmp_path / "outside.json").write_text(json.dumps(table_document(table)), encoding="utf-8")
    (tmp_path / "box" / "inside.json").write_text(json.dumps(table_document(table)), encoding="utf-8")
    good = _document(table, ("observation", GOOD, ["tst_recent"]))
    (items / "a.json").write_text(json.dumps({"facts": "../outside.json", "answer": good.decode()}), encoding="utf-8")
    coded = base64.b64encode(good).decode()
    (items / "b.json").write_text(json.dumps({"facts": "inside.json", "answer_base64": coded}), encoding="utf-8")
    (items / "c.json").write_text("{", encoding="utf-8")
    (items / "d.json").write_text(json.dumps({"facts": "inside.json"}), encoding="utf-8")
    found = check_folder(tmp_path / "box")
    assert [[one.code for one in found[name].reasons] for name in "abcd"] == [
        ["bad_table"],
        [],
        ["not_json"],
        ["schema"],
    ]
