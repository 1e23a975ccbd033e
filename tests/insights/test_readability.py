"""Texts by rules are as hard to read as stated, and no harder (I-70)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from clarity_desktop.domain.insights import StatementKind
from clarity_desktop.insights.grounding import check_statements, read_table
from clarity_desktop.insights.grounding.check import render_pieces
from clarity_desktop.insights.grounding.lexicon import lexicon
from clarity_desktop.insights.rules import patient_statements, rule_statements
from tests.insights.readability import grade

TABLES = Path(__file__).parents[1] / "data" / "insights" / "tables"
RULES = Path(__file__).parents[2] / "resources" / "insights" / "rules.json"
CLINICIAN = 12.0
"""School year that the default text may ask for: it is written for clinicians."""
PERSON = {"en": 8.0, "de": 10.0}
"""School year that words for the person may ask for; German labels are long compounds of the fixed catalogue."""


def test_the_formulas_tell_easy_from_hard() -> None:
    assert grade(["The cat sat on the mat."], "en") < 2
    assert grade(["Intradaily variability deteriorates proportionally to fragmentation."], "en") > 15
    assert grade(["Das ist gut."], "de") < 2
    assert grade(["Die zusammengesetzte Phasenabweichung verdeutlicht Regelmäßigkeitsunterschiede."], "de") > 12


@pytest.mark.parametrize("name", sorted(path.stem for path in TABLES.glob("*.json")))
def test_i70_the_default_text_stays_below_the_stated_grade(name: str) -> None:
    table = read_table(json.loads((TABLES / f"{name}.json").read_text(encoding="utf-8")))
    words = lexicon(table.language)
    said = ["".join(text for text, _ in render_pieces(table, one, words)) for one in rule_statements(table)]
    assert said
    assert grade(said, table.language) <= CLINICIAN


@pytest.mark.parametrize("name", sorted(path.stem for path in TABLES.glob("*.json")))
def test_i70_words_for_the_person_are_plainer_and_hold(name: str) -> None:
    table = read_table(json.loads((TABLES / f"{name}.json").read_text(encoding="utf-8")))
    words = lexicon(table.language)
    statements = patient_statements(table)
    if not statements:
        everyday = json.loads(RULES.read_text(encoding="utf-8"))["patient_metrics"]
        spoken = [fact for fact in table.facts if fact.window.key not in ("work", "free")]
        assert not any(fact.metric in everyday for fact in spoken)
        return
    assert check_statements(table, statements).accepted
    said = ["".join(text for text, _ in render_pieces(table, one, words)) for one in statements]
    assert grade(said, table.language) <= PERSON[table.language]
    assert all(one.kind is not StatementKind.QUESTION for one in statements), "questions are for the clinician"
    known = {fact.id for fact in table.facts}
    assert all(set(one.facts) <= known for one in statements)
