"""Texts that leave the vault keep their sources: footnotes with window and method, and a table with fact ids (I-45)."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pypdfium2
import pytest

from clarity_desktop.app import Services, open_services
from clarity_desktop.app.insights import NOT_A_DIAGNOSIS, fact_period, fact_text
from clarity_desktop.demo.build import add_simulated_person, import_recording
from clarity_desktop.demo.people import DEMO_SEED, PEOPLE
from clarity_desktop.demo.signals import simulate
from clarity_desktop.domain.errors import ConflictError
from clarity_desktop.domain.insights import Topic
from clarity_desktop.reports.cited_text import CITED_COLUMNS
from clarity_desktop.vault import KdfParameters, Vault
from tests.memory_keychain import MemoryKeychain

PASSPHRASE = "seven quiet herons"
CHEAP = KdfParameters.for_tests()


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("exports")
    with Vault.create(folder / "vault", PASSPHRASE, kdf=CHEAP) as vault:
        person = add_simulated_person(vault, PEOPLE[0])
        import_recording(vault, person, simulate(PEOPLE[0], DEMO_SEED, 28), folder / "files")
    return folder


@pytest.fixture
def services(home: Path, keychain: MemoryKeychain) -> Iterator[Services]:
    opened = open_services(home)
    opened._adopt(Vault.open(home / "vault", PASSPHRASE, kdf_floor=CHEAP))
    yield opened
    opened.close()


@pytest.fixture
def patient(services: Services) -> str:
    return services.patients()[0].id


def _plain(text: str) -> str:
    return re.sub(r"[\s\u00a0\u2009\u202f]+", " ", text)


def _printed(path: Path) -> str:
    document = pypdfium2.PdfDocument(path)
    try:
        return _plain(" ".join(page.get_textpage().get_text_bounded() for page in document))
    finally:
        document.close()


def test_i22_i45_i15_the_printed_text_has_footnotes_and_says_who_made_it(
    services: Services, patient: str, tmp_path: Path
) -> None:
    found = services.tell_insight(patient, Topic.SLEEP)
    services.report_pdf(patient, tmp_path / "with.pdf", insight=found)
    text = _printed(tmp_path / "with.pdf")
    cited = list(dict.fromkeys(name for one in found.statements for name in one.facts))
    assert cited
    for said in found.statements:
        assert _plain(said.text) in text
    table = found.facts.table
    assert table is not None
    for number, name in enumerate(cited, 1):
        fact = table.fact(name)
        assert fact is not None
        note = f"[{number}] {fact.label}, {fact_period(fact, found.facts)}, {fact.valid_days} valid days"
        assert note in text
        assert f"method {fact.method_id} {fact.method_version}" in text
    assert f"Made by {found.origin}, " in text
    assert text.count("Not a diagnosis") >= 2, "with the text and at the end of the report"
    first = table.fact(found.statements[0].facts[0])
    assert first is not None
    assert _plain(fact_text(first, "en")) in text
    services.report_pdf(patient, tmp_path / "without.pdf")
    assert "In words" in text
    assert "In words" not in _printed(tmp_path / "without.pdf")


def test_i45_the_table_names_the_facts_of_each_sentence(services: Services, patient: str, tmp_path: Path) -> None:
    found = services.tell_insight(patient, Topic.OVERVIEW)
    written = services.write_insight_csv(patient, found, tmp_path / "text.csv")
    rows = list(csv.DictReader(io.StringIO(written.path.read_text(encoding="utf-8"))))
    assert tuple(rows[0]) == CITED_COLUMNS
    pairs = [(int(row["sentence"]), row["fact_id"]) for row in rows]
    assert pairs == [(number, name) for number, one in enumerate(found.statements, 1) for name in one.facts]
    assert {row["text"] for row in rows} == {one.text for one in found.statements}
    assert {row["notice"] for row in rows} == {NOT_A_DIAGNOSIS}
    table = found.facts.table
    assert table is not None
    for row in rows:
        fact = table.fact(row["fact_id"])
        assert fact is not None
        assert float(row["value"]) == fact.value
        assert row["period"] == fact_period(fact, found.facts)
    entry = next(one for one in services.vault.audit.entries(limit=5) if one.action == "export.insight")
    assert entry.patient_id == patient


def test_without_a_sentence_nothing_is_written(services: Services, patient: str, tmp_path: Path) -> None:
    none = replace(services.tell_insight(patient), statements=())
    with pytest.raises(ConflictError):
        services.write_insight_csv(patient, none, tmp_path / "none.csv")
    with pytest.raises(ConflictError):
        services.report_pdf(patient, tmp_path / "none.pdf", insight=none)
    assert list(tmp_path.glob("none.*")) == []
