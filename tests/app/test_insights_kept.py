"""What is kept of insights: an hour's cache, retention, export, access and erasure; questions; remote prose."""

from __future__ import annotations

import json
import shutil
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from clarity_desktop.app import Services, open_services
from clarity_desktop.demo.build import add_simulated_person, import_recording
from clarity_desktop.demo.people import DEMO_SEED, PEOPLE
from clarity_desktop.demo.signals import simulate
from clarity_desktop.domain import kinds
from clarity_desktop.domain.errors import NotFoundError
from clarity_desktop.domain.insights import FactWindow, Topic
from clarity_desktop.domain.time import Span
from clarity_desktop.insights.facts import WindowEvidence, topic_windows
from clarity_desktop.insights.facts.values import FactValue, Unavailable, value_of
from clarity_desktop.insights.providers.cloud import CLOUD_KEYS, cloud_body, fails_the_check, read_remote
from clarity_desktop.insights.providers.provider import ProviderError
from clarity_desktop.vault import KdfParameters, Vault
from clarity_desktop.vault.tables.insights import CACHE_LIFE_S
from tests.memory_keychain import MemoryKeychain

PASSPHRASE = "seven quiet herons"
CHEAP = KdfParameters.for_tests()


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("kept")
    with Vault.create(home / "vault", PASSPHRASE, kdf=CHEAP) as vault:
        patient = add_simulated_person(vault, PEOPLE[0])
        import_recording(vault, patient, simulate(PEOPLE[0], DEMO_SEED, 28), home / "files")
    # What the tests read is computed once; each of them has a copy of it.
    first = open_services(home)
    first._adopt(Vault.open(home / "vault", PASSPHRASE, kdf_floor=CHEAP))
    for topic in (Topic.REGULARITY, Topic.SLEEP):
        first.insight_facts(patient.id, topic)
    first.close()
    return home


@pytest.fixture
def services(base: Path, tmp_path: Path, keychain: MemoryKeychain) -> Iterator[Services]:
    shutil.copytree(base / "vault", tmp_path / "home" / "vault")
    opened = open_services(tmp_path / "home")
    opened._adopt(Vault.open(opened.vault_directory, PASSPHRASE, kdf_floor=CHEAP))
    yield opened
    opened.close()


@pytest.fixture
def patient(services: Services) -> str:
    return services.patients()[0].id


class Clock:
    """A clock that a test sets."""

    def __init__(self, now: float) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def test_i52_a_text_serves_for_less_than_an_hour_and_a_setback_does_not_revive_it(
    services: Services, patient: str
) -> None:
    clock = services.vault.insights._clock = Clock(1_800_000_000)
    first = services.tell_insight(patient, Topic.SLEEP)
    clock.now += CACHE_LIFE_S - 1
    assert services.tell_insight(patient, Topic.SLEEP).id == first.id
    clock.now += 1
    second = services.tell_insight(patient, Topic.SLEEP)
    assert second.id != first.id, "at sixty minutes it is stale"
    clock.now -= 2 * CACHE_LIFE_S
    third = services.tell_insight(patient, Topic.SLEEP)
    assert third.id not in (first.id, second.id), "a clock set back revives nothing"


def test_i52_another_language_or_topic_is_another_text(services: Services, patient: str) -> None:
    english = services.tell_insight(patient, Topic.SLEEP)
    assert services.tell_insight(patient, Topic.SLEEP, language="de").id != english.id
    assert services.tell_insight(patient, Topic.HEART).id != english.id


def test_i53_texts_requests_and_views_are_exported_told_and_due_as_derived_data(
    services: Services, patient: str, tmp_path: Path
) -> None:
    found = services.tell_insight(patient, Topic.SLEEP)
    services.rate_insight(found.id, 0, helpful=True, comment="fits the diary")
    services.vault.insights.about_to_send(
        patient, provider="gemini", host="h", model="m", consent_id=1, body=b'{"a":1}', correlation="c"
    )
    path = tmp_path / "person.zip"
    services.export_person(patient, path)
    with zipfile.ZipFile(path) as archive:
        texts = json.loads(archive.read("insights.json"))
        sends = json.loads(archive.read("insight_sends.json"))
    assert texts[0]["statements"][0]["text"] == found.statements[0].text
    assert texts[0]["feedback"][0]["comment"] == "fits the diary"
    assert sends[0]["request"] == '{"a":1}'
    report = services.access_report(patient)
    held = dict(report.held)
    assert held["Insight texts"] == 1
    assert held["Insight requests sent"] == 1
    assert any(one.action == "insight.send" for one in report.disclosures)
    assert not any(one.action in ("insight.keep", "insight.feedback") for one in report.disclosures)
    later = found.made + 12 * 366 * 86_400
    due = [one for one in services.vault.retention.preview(now=later) if one.data_class.value == "derived"]
    assert due
    assert due[0].things >= 2


def test_i53_erasure_leaves_nothing_of_insights(services: Services, patient: str) -> None:
    found = services.tell_insight(patient, Topic.SLEEP)
    services.rate_insight(found.id, 0, hidden=True)
    services.choose_insight_provider(patient, "rules")
    services.vault.insights.about_to_send(
        patient, provider="gemini", host="h", model="m", consent_id=1, body=b"{}", correlation="c"
    )
    from clarity_desktop.vault.erasure.rows import delete_patient

    with services.vault._store.writing("test.erase", None) as write:
        deleted = delete_patient(write.connection, patient)
    assert {"insights", "insight_sends", "insight_feedback", "insight_choices"} <= set(deleted)
    with pytest.raises(NotFoundError):
        services.vault.insights.get(found.id)


def test_i16_i55_a_stored_text_keeps_its_values(services: Services, patient: str) -> None:
    found = services.tell_insight(patient, Topic.SLEEP)
    again = services.stored_insight(found.id)
    assert again.text == found.text
    assert again.facts.hash == found.facts.hash
    assert again.facts.spans == {key: span for key, span in found.facts.spans.items() if key in again.facts.spans}
    assert again.statements[0].pieces == found.statements[0].pieces


# -- facts -------------------------------------------------------------------------------------------------------


def _evidence(services: Services, patient: str, **changes: Any) -> WindowEvidence:
    from dataclasses import replace

    panel = services.panel(patient, details=True)
    window = next(one for one in topic_windows(Topic.SLEEP, whole_days=28) if one.key == "whole")
    dates = tuple(day.date for day in panel.days)
    return WindowEvidence(window, replace(panel, **changes), nights=panel.nights, dates=dates)


@pytest.mark.parametrize("metric", ["l5", "m10", "mesor", "amplitude"])
def test_levels_in_counts_have_no_fact_from_steps(services: Services, patient: str, metric: str) -> None:
    assert isinstance(value_of(metric, _evidence(services, patient)), FactValue)
    assert value_of(metric, _evidence(services, patient, signal=kinds.STEPS)) == Unavailable("source_missing")


@pytest.mark.parametrize("metric", ["period", "dfa", "sjl", "cpd"])
def test_measures_of_the_whole_window_are_facts(services: Services, patient: str, metric: str) -> None:
    topics = (Topic.REGULARITY, Topic.ACTIVITY, Topic.SLEEP)
    found = [
        fact
        for topic in topics
        if (table := services.insight_facts(patient, topic).table) is not None
        for fact in table.facts
        if fact.metric == metric
    ]
    assert [fact.window.key for fact in found] == ["whole"]


def test_sleep_debt_is_never_said_of_a_window_that_it_is_not_of(services: Services, patient: str) -> None:
    """The debt is of fourteen days, whatever the window: no sentence says it of the whole recording."""
    evidence = _evidence(services, patient)
    assert evidence.window.days != 14
    assert value_of("debt", evidence) is None
    fortnight = replace(evidence, window=FactWindow("whole", -13, 0, 14))
    assert isinstance(value_of("debt", fortnight), FactValue)
    table = services.insight_facts(patient, Topic.SLEEP).table
    assert table is not None
    assert "debt" not in {fact.metric for fact in table.facts}
    answer = services.ask_insight(patient, "How large is the sleep debt?")
    assert answer.refused == "no_facts"
    assert "Sleep debt: not told of these windows" in answer.words


def test_i19_i25_without_a_usable_head_there_is_no_score_and_it_says_why(services: Services, patient: str) -> None:
    found = services.tell_insight(patient, Topic.PAT)
    assert found.statements
    assert all("score" not in one.text for one in found.statements)
    assert any("head" in line for line in found.facts.missing)
    table = found.facts.table
    assert table is not None
    assert "pat" in {one.metric for one in table.unavailable}


def test_i27_clock_changes_in_the_window_add_a_caveat(services: Services, patient: str) -> None:
    found = services.tell_insight(patient, Topic.DATA_QUALITY)
    flags = {flag for fact in found.facts.table.facts for flag in fact.flags}  # type: ignore[union-attr]
    assert "clock_change" in flags
    assert any(one.kind.value == "caveat" for one in found.statements)


# -- questions ---------------------------------------------------------------------------------------------------


def test_a_question_is_answered_from_the_facts_it_names(services: Services, patient: str) -> None:
    found = services.ask_insight(patient, "How long was the total sleep time?")
    assert found.refused is None
    assert found.insight is not None
    assert found.insight.text.startswith("Total sleep time")
    assert {fact.metric for fact in found.insight.facts.table.facts} <= {"tst", "coverage"}  # type: ignore[union-attr]


def test_an_emergency_shows_the_workplaces_own_words_and_is_audited(services: Services, patient: str) -> None:
    services.change_setting("insights.emergency_text", "Call extension red.")
    found = services.ask_insight(patient, "He wants to die")
    assert found.refused == "emergency"
    assert found.words.endswith("Call extension red.")
    assert found.insight is None
    entry = services.vault.audit.entries(limit=1)[0]
    assert (entry.action, entry.detail) == ("insight.question", "emergency")


# -- the cloud's prose -------------------------------------------------------------------------------------------

ANSWER = {
    "success": True,
    "data": {
        "user_id": "00000000-0000-4000-8000-000000000001",
        "narrative": "Based on your data, your sleep efficiency is 88.2%.\u202e",
        "key_insights": ["Sleep quality needs attention"],
        "recommendations": ["Limit screen time"],
        "confidence_score": 0.75,
        "generated_at": "2026-11-21T09:50:16.171308+00:00",
    },
    "metadata": {"request_id": "req_insights_08e29d33", "service": "gemini-insights"},
}


def test_i66_remote_prose_fails_the_check_and_loses_its_confidence(services: Services, patient: str) -> None:
    raw = json.dumps(ANSWER).encode()
    table = services.insight_facts(patient).table
    assert table is not None
    assert fails_the_check(table, raw)
    found = read_remote(raw)
    assert found.narrative.endswith("88.2%.")
    assert found.points == ("Sleep quality needs attention",)
    assert "confidence" not in str(found)
    for broken in (b"", b"<html>", b"[]", b'{"data": {}}', b'{"narrative": 7}', b"[" * 100_000):
        with pytest.raises(ProviderError):
            read_remote(broken)


def test_a_cloud_request_holds_all_values_or_is_not_made(services: Services, patient: str) -> None:
    table = services.insight_facts(patient, Topic.SLEEP).table
    assert table is not None
    with pytest.raises(ProviderError) as caught:
        cloud_body(table)
    missing = caught.value.remedy
    assert all(key in missing for key, metric in CLOUD_KEYS.items() if metric is None)


def test_without_an_account_the_cloud_is_told_of_honestly(services: Services, patient: str) -> None:
    with services.vault._store.writing("test.unmark", patient) as write:
        write.connection.exec_driver_sql("UPDATE patients SET simulated = 0 WHERE id = ?", (patient,))
    services.change_setting("external.sending", True)
    services.change_setting("insights.provider", "cloud")
    found = services.tell_insight(patient, Topic.SLEEP, provider="cloud")
    assert found.refused == "No cloud account is signed in."
    assert found.statements, "rules speak"
    assert found.remote is None


def test_spans_of_windows_are_those_of_the_facts(services: Services, patient: str) -> None:
    facts = services.insight_facts(patient, Topic.SLEEP)
    assert isinstance(facts.spans["recent"], Span)
    assert 6 * 86_400 < facts.spans["recent"].length_s <= 7 * 86_400 + 3600
