"""The summary through the services: roles, the words beside it, and how long they serve (B-80 to B-85)."""

from __future__ import annotations

import io
import shutil
import socket
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pypdfium2
import pytest

from clarity_desktop.app import Services, open_services
from clarity_desktop.app.insights import Insight
from clarity_desktop.demo.build import add_simulated_person, import_recording
from clarity_desktop.demo.people import DEMO_SEED, PEOPLE
from clarity_desktop.demo.signals import simulate
from clarity_desktop.domain.annotations import Annotation, AnnotationKind
from clarity_desktop.domain.errors import NotPermittedError
from clarity_desktop.domain.users import Role
from clarity_desktop.vault import KdfParameters, Vault
from clarity_desktop.vault.tables.insights import CACHE_LIFE_S
from tests.memory_keychain import MemoryKeychain

PASSPHRASE = "seven quiet herons"
CHEAP = KdfParameters.for_tests()


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("clinic")
    with Vault.create(home / "vault", PASSPHRASE, kdf=CHEAP) as vault:
        vault.people.add("ru", "words of the researcher", {Role.RESEARCHER})
        patient = add_simulated_person(vault, PEOPLE[0])
        import_recording(vault, patient, simulate(PEOPLE[0], DEMO_SEED, 14), home / "files")
        vault.patients.add("Nobody Yet", birth_date=date(1931, 2, 3), tags=("study A",))
    first = _opened(home)
    first.clinic_summary(first.patients()[0].id)
    first.close()
    return home


def _opened(home: Path, passphrase: str = PASSPHRASE, person: str = "Owner") -> Services:
    services = open_services(home)
    services._adopt(Vault.open(home / "vault", passphrase, person=person, kdf_floor=CHEAP))
    return services


@pytest.fixture
def home(base: Path, tmp_path: Path, keychain: MemoryKeychain) -> Path:
    shutil.copytree(base / "vault", tmp_path / "home" / "vault")
    return tmp_path / "home"


@pytest.fixture
def services(home: Path) -> Iterator[Services]:
    opened = _opened(home)
    yield opened
    opened.close()


@pytest.fixture
def patient(services: Services) -> str:
    return next(one.id for one in services.patients() if one.simulated)


@pytest.fixture
def nobody(services: Services) -> str:
    return next(one.id for one in services.patients() if not one.simulated)


def test_the_summary_holds_what_the_vault_holds(services: Services, patient: str) -> None:
    services.give_consent(patient, purpose="treatment", text_version="1", language="en", given_by="x")
    filed = services.add_document(patient, io.BytesIO(b"%PDF-1.4"), name="Letter.pdf", media_type="application/pdf")
    panel = services.panel(patient)
    services.save_annotation(patient, Annotation(AnnotationKind.NOTE, panel.span.start, title="Began a diary"))
    services.place_hold(patient, "A court asked for it")
    found = services.clinic_summary(patient)
    assert {one.kind for one in found.held} == {one.kind for one in services.series(patient)}
    panel = services.panel(patient)
    for one in found.findings:
        held = panel.finding(one.metric)
        assert one.value == (None if held is None else held.value)
    assert found.window is not None
    assert (found.window.valid_days, found.window.days) == (panel.coverage.valid_days, panel.coverage.days)
    assert [one.words for one in found.diary.latest] == ["Began a diary"]
    paper = found.paperwork
    assert paper is not None
    assert [(one.purpose, one.state) for one in paper.consents] == [("treatment", "in force")]
    assert [(one.id, one.sha256) for one in paper.documents] == [(filed.id, filed.sha256)]
    assert paper.holds == ("A court asked for it",)
    assert len(paper.kept) == len(services.retention_policies())
    services.release_hold(patient)
    services.request_erasure(patient)
    paper = services.clinic_summary(patient).paperwork
    assert paper is not None
    assert "Owner" in paper.erasure_asked


def test_b84_b11_without_data_there_is_nothing_to_say_and_nothing_is_sent(services: Services, nobody: str) -> None:
    found = services.clinic_summary(nobody)
    assert not found.has_measurements
    assert (found.findings, found.held, found.window) == ((), (), None)
    assert found.who.age_band == "90+"
    assert services.insights_sent(nobody) == []


def test_a_researcher_sees_the_numbers_without_name_age_or_paperwork(home: Path, services: Services) -> None:
    named = {one.id: one for one in services.patients()}
    services.close()
    research = _opened(home, "words of the researcher", "ru")
    try:
        for patient_id, person in named.items():
            found = research.clinic_summary(patient_id)
            assert found.who.name == person.code
            assert found.who.age_band is None
            assert found.who.tags == ()
            assert found.paperwork is None
            assert all("Demo" not in source for line in found.held for source in line.sources)
        with pytest.raises(NotPermittedError):
            research.consents(next(iter(named)))
    finally:
        research.close()


class Clock:
    """A clock that a test sets."""

    def __init__(self, now: float) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def test_b80_the_words_serve_for_less_than_an_hour_and_say_so(services: Services, patient: str) -> None:
    clock = services.vault.insights._clock = Clock(1_800_000_000)
    first = services.tell_insight(patient)
    assert not first.cached
    clock.now += CACHE_LIFE_S - 1
    again = services.tell_insight(patient)
    assert (again.id, again.cached, again.made) == (first.id, True, 1_800_000_000)
    clock.now += 1
    rebuilt = services.tell_insight(patient)
    assert rebuilt.id != first.id
    assert not rebuilt.cached


def test_b80_a_changed_fact_makes_the_words_anew_before_the_hour_is_over(services: Services, patient: str) -> None:
    first = services.tell_insight(patient)
    assert services.tell_insight(patient).id == first.id
    span = services.panel(patient).span
    last_day = span.stop - 86_400
    left_out = Annotation(AnnotationKind.LEAVE_OUT, last_day - 3600, last_day + 20 * 3600, reason="A sensor fault")
    services.save_annotation(patient, left_out)
    after = services.tell_insight(patient)
    assert after.facts.hash != first.facts.hash
    assert after.id != first.id
    assert not after.cached


def test_b81_a_clock_set_back_does_not_extend_the_life_of_the_words(services: Services, patient: str) -> None:
    clock = services.vault.insights._clock = Clock(1_800_000_000)
    first = services.tell_insight(patient)
    clock.now += CACHE_LIFE_S - 10
    other = services.tell_insight(patient, language="de")
    assert other.id != first.id
    clock.now -= 3000
    served = services.tell_insight(patient)
    assert served.id == first.id, "still within the hour by the latest time that was ever written"
    clock.now += 3000 + 20
    assert services.tell_insight(patient).id != first.id


def test_b82_b85_offline_the_rules_speak_and_every_sentence_has_its_sources(
    services: Services, patient: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_network(*_: object, **__: object) -> None:
        raise AssertionError("a summary by rules opens no connection")

    monkeypatch.setattr(socket.socket, "connect", no_network)
    found: Insight = services.tell_insight(patient)
    summary = services.clinic_summary(patient)
    assert found.origin.startswith("rules ")
    assert found.statements
    table = found.facts.table
    assert table is not None
    for said in found.statements:
        assert said.facts
        for name in said.facts:
            fact = table.fact(name)
            assert fact is not None
            assert fact.window.key in found.facts.spans
    assert summary.has_measurements
    assert services.insights_sent(patient) == []


def test_the_printed_summary_holds_the_same_and_is_an_audit_entry(
    services: Services, patient: str, nobody: str, tmp_path: Path
) -> None:
    found, said = services.clinic_summary(patient), services.tell_insight(patient)
    written = services.write_clinic_summary(patient, tmp_path / "summary.pdf", found, said)
    text = _text_of(written.path)
    assert said.statements[0].text.replace("\u00a0", " ") in text
    assert "Not a diagnosis" in text
    assert "Simulated data" in text
    assert found.who.code in text
    entry = next(one for one in services.vault.audit.entries(limit=5) if one.action == "export.summary")
    assert entry.patient_id == patient
    services.write_clinic_summary(nobody, tmp_path / "empty.pdf", services.clinic_summary(nobody))
    assert "There is nothing to put into words" in _text_of(tmp_path / "empty.pdf")


def test_i38_what_left_is_printed_with_each_hash_or_says_that_nothing_did(
    services: Services, patient: str, nobody: str, tmp_path: Path
) -> None:
    sent = services.vault.insights.about_to_send(
        patient, provider="gemini", host="h.example", model="m", consent_id=7, body=b'{"a":1}', correlation="c-1"
    )
    services.vault.insights.has_ended(sent.id, "answered", tokens_in=3, tokens_out=4, cost_micros=120)
    services.write_insights_sent(patient, tmp_path / "sent.pdf")
    text = _text_of(tmp_path / "sent.pdf")
    for part in ("gemini", "h.example", "7 bytes", "answered", "consent 7", "c-1", sent.sha256):
        assert part in text, part
    assert any(one.action == "export.insight_sends" for one in services.vault.audit.entries(limit=5))
    services.write_insights_sent(nobody, tmp_path / "none.pdf")
    assert "Nothing was sent about this person." in _text_of(tmp_path / "none.pdf")


def _text_of(path: Path) -> str:
    document = pypdfium2.PdfDocument(path)
    try:
        text = " ".join(page.get_textpage().get_text_bounded() for page in document)
    finally:
        document.close()
    return " ".join(text.replace("\u00a0", " ").split())
