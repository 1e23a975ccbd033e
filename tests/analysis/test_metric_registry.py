"""Every metric of the registry: its page, its place in the list, its least data, and what is said below that."""

from __future__ import annotations

import re
from datetime import date
from importlib import import_module
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from vault_data import put, watch_days

from clarity_desktop.analysis.findings.maker import FindingMaker
from clarity_desktop.analysis.metric_list import metric_list
from clarity_desktop.analysis.study import Study
from clarity_desktop.domain.findings import METRICS, Coverage, Finding, Metric
from clarity_desktop.domain.time import Span, ZoneTimeline, day_of_date
from clarity_desktop.vault import Vault

import_module("clarity_desktop.analysis.study")
DECLARED = sorted(METRICS, key=lambda one: one.id)
PAGES = Path(__file__).resolve().parent.parent.parent / "docs" / "metrics"
PARTS = (("What it means", "What it says"), ("Formula", "How it is computed"), ("Source",), ("Limits",),
         ("Minimum data", "Least data"))  # fmt: skip
SENTENCE = re.compile(r"[A-Z“][^\n]*\.")
VERDICTS = re.compile(r"\b(normal|abnormal|poor|good|bad|failed|invalid|illegal|please|simply|just)\b|!", re.IGNORECASE)
NAMES = [metric.id for metric in DECLARED]


def says_why(finding: Finding) -> bool:
    """Whether a finding without a value gives the reason as a sentence, and holds nothing else that looks like one."""
    reason = finding.insufficient
    if reason is None or finding.value is not None or finding.interval is not None or finding.details:
        return False
    return SENTENCE.fullmatch(reason) is not None and VERDICTS.search(reason) is None


def test_the_list_of_metrics_is_current() -> None:
    assert (PAGES / "README.md").read_text("utf-8") == metric_list()


@pytest.mark.parametrize("metric", DECLARED, ids=NAMES)
def test_a_metric_has_meaning_formula_source_limits_and_least_data_on_its_page(metric: Metric) -> None:
    text = (PAGES / f"{metric.id}.md").read_text("utf-8")
    assert f"`{metric.id}`" in text
    assert metric.row in text
    parts = dict(re.findall(r"^## (.+)\n\n((?:(?!^## ).*\n?)+)", text, flags=re.MULTILINE))
    for names in PARTS:
        found = [parts[name] for name in names if name in parts]
        assert len(found) == 1, names
        assert len(found[0].strip()) > 4, names


@pytest.mark.parametrize("metric", DECLARED, ids=NAMES)
def test_rh5_a_metric_declares_the_least_it_needs(metric: Metric) -> None:
    assert metric.rests_on in {"days", "nights", "pairs", "lists of beats", "windows of 5 minutes"}
    # Time not worn counts what there is.
    assert metric.minimum >= 1 or metric.id == "nonwear_min"


@given(metric=st.sampled_from(DECLARED), n=st.integers(0, 40), value=st.floats(allow_nan=True, allow_infinity=True))
def test_rh5_below_its_least_a_metric_is_insufficient_with_the_reason(metric: Metric, n: int, value: float) -> None:
    span = Span(0, 86_400 * max(1, n))
    maker = FindingMaker(span, Coverage(1440 * n, 1440 * n, 0, 0, n, n), "made-up", "UTC", "none")
    finding = maker.make(metric.id, value, n, interval=(0.0, 1.0), details=(("part", 1.0),))
    if n >= metric.minimum and value - value == 0:
        assert finding.value == value
        assert finding.insufficient is None
        return
    assert says_why(finding)
    if n < metric.minimum:
        assert finding.insufficient is not None
        assert f"Needs {metric.minimum} " in finding.insufficient
        assert f"has {n}." in finding.insufficient


@pytest.mark.parametrize("days", [1, 2, pytest.param(4, marks=pytest.mark.slow)])
def test_rh5_a_short_recording_gets_reasons_and_no_number_that_it_cannot_carry(vault: Vault, days: int) -> None:
    zone = ZoneTimeline.single("Europe/Berlin")
    patient = vault.patients.add("A", home_zone="Europe/Berlin").id
    put(vault, patient, *watch_days(zone, day_of_date(date(2024, 5, 1)), days))
    panel = Study(vault).panel(patient, details=True)
    found = {finding.metric: finding for finding in panel.findings}
    refused = 0
    for metric in METRICS:
        finding = found.get(metric.id)
        if finding is None:
            continue
        if finding.value is None:
            refused += 1
            assert says_why(finding), (metric.id, finding.insufficient)
        else:
            assert finding.n is not None
            assert finding.n >= metric.minimum, metric.id
    assert refused > 20
    # Metrics of what was not recorded at all (light, beats) and of calls of their own have no line in this panel.
    absent = {metric.family for metric in METRICS if metric.id not in found}
    assert absent <= {"light", "variability", "model", "complexity", "heart"}


def test_the_walk_can_notice_a_value_without_a_reason() -> None:
    maker = FindingMaker(Span(0, 1), Coverage(0, 0, 0, 0, 0, 0), "made-up", "UTC", "none")
    assert not says_why(maker.make("tst_min", 400.0, 5))
    assert not says_why(maker.make("tst_min", None, 5, reason="too few"))
    assert says_why(maker.make("tst_min", None, 1))
