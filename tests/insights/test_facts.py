"""The facts table: its size, its names, and what is left out of it."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from clarity_desktop.demo.people import DEMO_SEED, PEOPLE
from clarity_desktop.demo.signals import simulate
from clarity_desktop.domain import kinds
from clarity_desktop.domain.insights import Topic
from clarity_desktop.insights.facts import WindowEvidence, build_table, topic_windows
from clarity_desktop.insights.facts import build as making
from clarity_desktop.insights.facts.values import FactValue, Unavailable, value_of
from clarity_desktop.insights.grounding.lexicon import catalogue
from clarity_desktop.insights.grounding.table import table_document
from tests.reports.conftest import panel_of


@pytest.fixture(scope="module")
def evidence() -> WindowEvidence:
    panel = panel_of(simulate(PEOPLE[0], DEMO_SEED, 28))
    window = next(one for one in topic_windows(Topic.SLEEP, whole_days=28) if one.key == "whole")
    return WindowEvidence(window, panel, nights=panel.nights, dates=tuple(day.date for day in panel.days))


def test_i8_a_table_that_is_too_large_loses_its_last_facts(
    evidence: WindowEvidence, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = build_table(Topic.SLEEP, (evidence,), "en", mark="abcdefgh")
    assert whole is not None
    monkeypatch.setattr(making, "MOST_REQUEST_BYTES", 2500)
    cut = build_table(Topic.SLEEP, (evidence,), "en", mark="abcdefgh")
    assert cut is not None
    assert len(json.dumps(table_document(cut), ensure_ascii=False).encode()) <= 2500
    names = [fact.id for fact in cut.facts]
    assert 0 < len(names) < len(whole.facts)
    assert names == [fact.id for fact in whole.facts][: len(names)]


@pytest.mark.parametrize("topic", [topic for topic in Topic if topic is not Topic.EVENT])
@pytest.mark.parametrize("language", ["en", "de"])
def test_i57_names_and_labels_come_from_the_catalogue(evidence: WindowEvidence, topic: Topic, language: str) -> None:
    table = build_table(topic, (evidence,), language)
    assert table is not None
    for one in table.facts:
        assert one.id == f"{one.metric}_{one.window.key}"
        assert one.label == catalogue()[one.metric].labels[language]


def test_i26_ten_hours_make_a_valid_day_and_a_minute_less_does_not(evidence: WindowEvidence) -> None:
    def with_worn(minutes: int) -> WindowEvidence:
        first, second, third = (replace(day, worn_min=600) for day in evidence.panel.days[:3])
        days = (first, second, replace(third, worn_min=minutes))
        panel = replace(evidence.panel, days=days)
        return replace(evidence, panel=panel, dates=tuple(day.date for day in days))

    assert with_worn(600).valid_days == 3
    assert isinstance(value_of("valid_days", with_worn(600)), FactValue)
    assert build_table(Topic.DATA_QUALITY, (with_worn(600),), "en") is not None
    assert build_table(Topic.DATA_QUALITY, (with_worn(599),), "en") is None


def test_i28_sleep_is_not_told_of_steps(evidence: WindowEvidence) -> None:
    nights = tuple(replace(night, method="scored cole-kripke") for night in evidence.nights)
    panel = replace(evidence.panel, signal=kinds.STEPS)
    steps = replace(evidence, panel=panel, nights=nights)
    assert isinstance(value_of("tst", evidence), FactValue)
    assert value_of("tst", steps) == Unavailable("steps_only")
