"""Insights without a library, without an age, with a baseline that says what it rests on, over a whole recording."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pypdfium2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clarity_desktop.app import Services, open_services
from clarity_desktop.app.insights import fact_period, insight_lines
from clarity_desktop.demo.build import add_simulated_person, import_recording
from clarity_desktop.demo.people import DEMO_SEED, PEOPLE
from clarity_desktop.demo.signals import simulate
from clarity_desktop.domain.annotations import Annotation, AnnotationKind
from clarity_desktop.domain.errors import ConflictError
from clarity_desktop.domain.insights import Topic
from clarity_desktop.domain.people import age_band
from clarity_desktop.domain.time import DAY_S
from clarity_desktop.insights.facts import topic_windows
from clarity_desktop.insights.facts.topics import LONGEST_WHOLE_DAYS
from clarity_desktop.vault import KdfParameters, Vault
from tests.memory_keychain import MemoryKeychain

PASSPHRASE = "seven quiet herons"
CHEAP = KdfParameters.for_tests()
DAYS = 33


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("rows")
    with Vault.create(home / "vault", PASSPHRASE, kdf=CHEAP) as vault:
        patient = add_simulated_person(vault, PEOPLE[0])
        import_recording(vault, patient, simulate(PEOPLE[0], DEMO_SEED, DAYS), home / "files")
        with vault._store.writing("test.unmark", patient.id) as write:
            write.connection.exec_driver_sql("UPDATE patients SET simulated = 0 WHERE id = ?", (patient.id,))
    # What most tests read is computed once; each of them has a copy of it.
    first = open_services(home)
    first._adopt(Vault.open(home / "vault", PASSPHRASE, kdf_floor=CHEAP))
    first.insight_facts(patient.id, Topic.SLEEP)
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


# -- the whole recording --------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_what_is_called_the_whole_recording_is_the_whole_recording(services: Services, patient: str) -> None:
    zone = services.zone_timeline(patient)
    firsts = [one.first for one in services.series(patient) if one.first is not None]
    first, last = zone.format(min(firsts))[:10], zone.format(services.panel(patient).span.stop - 1)[:10]
    for topic in (Topic.SLEEP, Topic.DATA_QUALITY, Topic.REGULARITY):
        found = services.insight_facts(patient, topic)
        assert found.table is not None
        whole = [one for one in found.table.facts if one.window.key == "whole"]
        assert whole, topic
        assert {one.window.days for one in whole} == {DAYS}
        assert {fact_period(one, found) for one in whole} == {f"{first}/{last}"}
        span = found.spans["whole"]
        assert (zone.format(span.start)[:10], zone.format(span.stop - 1)[:10]) == (first, last)


@pytest.mark.slow
def test_the_citation_of_work_and_free_days_names_the_days_that_they_split(services: Services, patient: str) -> None:
    found = services.insight_facts(patient, Topic.REGULARITY)
    assert found.table is not None
    split = [one for one in found.table.facts if one.window.key in ("work", "free")]
    assert split
    for one in split:
        first, last = (date.fromisoformat(part) for part in fact_period(one, found).split("/"))
        assert (last - first).days + 1 == one.window.days == 28


@given(st.sampled_from([one for one in Topic if one is not Topic.EVENT]), st.integers(1, 5000))
def test_windows_end_with_the_last_day_and_the_whole_one_has_every_day(topic: Topic, days: int) -> None:
    found = topic_windows(topic, whole_days=days)
    assert len({one.key for one in found}) == len(found)
    for one in found:
        assert one.days == one.to_day - one.from_day + 1
        if one.key == "whole":
            assert (one.from_day, one.to_day, one.days) == (1 - days, 0, days)
            assert days <= LONGEST_WHOLE_DAYS


# -- baseline -------------------------------------------------------------------------------------------------------


def test_i29_a_comparison_with_the_baseline_says_how_many_days_both_rest_on(services: Services, patient: str) -> None:
    found = services.tell_insight(patient, Topic.SLEEP)
    table = found.facts.table
    assert table is not None
    compared = [one for one in found.statements if any(name.endswith("_baseline") for name in one.facts)]
    assert compared
    _, notes = insight_lines(found, found.statements)
    for one in compared:
        for name in one.facts:
            fact = table.fact(name)
            assert fact is not None
            assert fact.window.days == 7
            said = f"{fact.label}, {fact_period(fact, found.facts)}, {fact.valid_days} valid days"
            assert any(said in note for note in notes)


@pytest.mark.slow
def test_i29_a_baseline_of_too_few_days_is_compared_with_nothing(services: Services, patient: str) -> None:
    span = services.insight_facts(patient, Topic.SLEEP).spans["baseline"]
    for day in range(5):
        start = span.start + day * DAY_S
        gone = Annotation(AnnotationKind.LEAVE_OUT, start - 6 * 3600, start + 18 * 3600, reason="Not to be counted")
        services.save_annotation(patient, gone)
    found = services.tell_insight(patient, Topic.SLEEP)
    table = found.facts.table
    assert table is not None
    thin = [one for one in table.unavailable if one.window == "baseline"]
    assert any(one.metric == "tst" and one.reason == "too_few_days" for one in thin)
    named = {name for one in found.statements for name in one.facts}
    assert "tst_baseline" not in named


# -- age ------------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_i5_no_fact_needs_an_age_so_none_leaves(services: Services, patient: str) -> None:
    person = services.vault.patients.get(patient)
    assert person.birth_date is not None
    age = person.age_on(date.today())
    services.change_setting("insights.provider", "gemini")
    for topic in (Topic.OVERVIEW, Topic.SLEEP, Topic.HEART, Topic.DATA_QUALITY):
        body = services.insight_preview(patient, topic).body.decode()
        content = json.loads(json.loads(body)["contents"][0]["parts"][0]["text"])
        assert not _keys(content["facts"]) & {"age", "age_band", "birth_date", "sex"}
        assert f'"{age}"' not in body
        assert str(age_band(age)) not in body
        assert person.birth_date.isoformat() not in body


def _keys(document: object) -> set[str]:
    if isinstance(document, dict):
        return set(document) | {name for value in document.values() for name in _keys(value)}
    if isinstance(document, list):
        return {name for value in document for name in _keys(value)}
    return set()


# -- without the model's library ------------------------------------------------------------------------------------


def test_i41_without_the_library_rules_speak_and_the_cause_is_named(
    services: Services, patient: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "google.genai", None)
    services.change_setting("external.sending", True)
    services.change_setting("insights.provider", "gemini")
    services.vault.secrets.keep("insight-gemini", "a-key-1234567")
    services.give_consent(
        patient, purpose=services.insight_consent_purpose(), text_version="1", language="en", given_by="x"
    )
    found = services.tell_insight(patient, Topic.SLEEP, provider="gemini")
    assert found.provider == "rules"
    assert found.statements
    assert "not installed" in (found.refused or "")
    assert "google-genai" in found.remedy
    assert services.insights_sent(patient) == []
    with pytest.raises(ConflictError, match="not installed"):
        services.insight_preview(patient, Topic.SLEEP)
    with pytest.raises(ConflictError, match="not installed"):
        services.set_insight_key("gemini", "a-key-1234567")


_WITHOUT = """
import sys
for name in ("google", "google.genai", "httpx", "torch"):
    sys.modules[name] = None
from pathlib import Path
from clarity_desktop.app import open_services
from clarity_desktop.vault import KdfParameters, Vault
from clarity_desktop.domain.insights import Topic
services = open_services(Path(sys.argv[1]))
services._adopt(Vault.open(services.vault_directory, sys.argv[2], kdf_floor=KdfParameters.for_tests()))
one = services.patients()[0].id
for topic in (Topic.OVERVIEW, Topic.SLEEP, Topic.PAT):
    assert services.tell_insight(one, topic).statements, topic
services.close()
"""


@pytest.mark.slow
def test_i41_the_program_starts_and_speaks_without_any_library_of_a_model(base: Path, tmp_path: Path) -> None:
    shutil.copytree(base / "vault", tmp_path / "home" / "vault")
    done = subprocess.run(
        [sys.executable, "-c", _WITHOUT, str(tmp_path / "home"), PASSPHRASE],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr[-2000:]


# -- words for the person -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["en", "de"])
def test_i70_the_person_gets_the_same_values_in_plain_words_on_paper(
    services: Services, patient: str, tmp_path: Path, language: str
) -> None:
    clinician = services.insight(patient, Topic.SLEEP, language=language)
    person = services.patient_insight(patient, Topic.SLEEP, language=language)
    assert person.statements
    assert person.facts.hash == clinician.facts.hash
    assert person.origin.endswith("for the person")
    services.write_patient_insight(patient, person, tmp_path / "words.pdf")
    document = pypdfium2.PdfDocument(tmp_path / "words.pdf")
    try:
        text = " ".join(" ".join(page.get_textpage().get_text_bounded() for page in document).split())
    finally:
        document.close()
    for one in person.statements:
        assert " ".join(one.text.split()) in text
    assert fact_period(person.facts.table.fact("tst_recent"), person.facts).split("/")[0] in text  # type: ignore[union-attr,arg-type]
    assert "Not a diagnosis" in text
    assert any(one.action == "export.insight_person" for one in services.vault.audit.entries(limit=5))
    none = services.patient_insight(patient, Topic.PAT, language=language)
    if not none.statements:
        with pytest.raises(ConflictError):
            services.write_patient_insight(patient, none, tmp_path / "none.pdf")
