"""``insights``, ``report pdf --insights`` and ``patient summary`` on the real command line and real output."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pypdfium2
import pytest

from clarity_desktop.demo.build import add_simulated_person, import_recording
from clarity_desktop.demo.people import DEMO_SEED, PEOPLE
from clarity_desktop.demo.signals import simulate
from clarity_desktop.reports.cited_text import CITED_COLUMNS
from clarity_desktop.vault import KdfParameters, Vault

CommandLine = Callable[..., Any]


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A vault with a fortnight of one person, and somebody without data."""
    home = tmp_path_factory.mktemp("said")
    with Vault.create(home / "vault", "seven quiet herons", kdf=KdfParameters.for_tests()) as vault:
        patient = add_simulated_person(vault, PEOPLE[0])
        import_recording(vault, patient, simulate(PEOPLE[0], DEMO_SEED, 14), home / "files")
        vault.patients.add("Nobody Yet")
    return home


@pytest.fixture
def home(recorded: Path, tmp_path: Path, keychain: object) -> Path:
    shutil.copytree(recorded / "vault", tmp_path / "home" / "vault")
    with Vault.open(tmp_path / "home" / "vault", "seven quiet herons", kdf_floor=KdfParameters.for_tests()) as vault:
        vault.add_keychain_slot("This computer")
    return tmp_path / "home"


@pytest.fixture
def clarity_here(clarity: CommandLine, home: Path) -> CommandLine:
    return lambda *arguments: clarity("--json", "--home", home, *arguments)


def _text_of(path: Path) -> str:
    document = pypdfium2.PdfDocument(path)
    try:
        text = " ".join(page.get_textpage().get_text_bounded() for page in document)
    finally:
        document.close()
    return " ".join(text.replace("\u00a0", " ").replace("\u202f", " ").split())


def _plain(text: str) -> str:
    return " ".join(text.replace("\u00a0", " ").replace("\u202f", " ").split())


def test_i45_generate_writes_a_table_whose_rows_are_the_facts_of_the_sentences(
    clarity_here: CommandLine, tmp_path: Path
) -> None:
    path = tmp_path / "said.csv"
    answer = clarity_here("insights", "generate", "--patient", "D-0001", "--topic", "sleep", "--csv", path)
    assert answer.code == 0, answer.err
    document = answer.document
    assert document["files"] == [{"path": str(path), "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}]
    rows = list(csv.DictReader(io.StringIO(path.read_bytes().decode("utf-8"), newline="")))
    assert tuple(rows[0]) == CITED_COLUMNS
    said = document["statements"]
    assert [(int(row["sentence"]), row["fact_id"]) for row in rows] == [
        (number, name) for number, one in enumerate(said, 1) for name in one["facts"]
    ]
    for row in rows:
        fact = document["facts"][row["fact_id"]]
        assert float(row["value"]) == fact["value"]
        assert (row["unit"], row["period"]) == (fact["unit"], fact["period"])
        assert (int(row["valid_days"]), float(row["coverage"])) == (fact["valid_days"], fact["coverage"])
        assert row["text"] == said[int(row["sentence"]) - 1]["text"]
        assert "Not a diagnosis" in row["notice"]
    assert document["cached"] is False
    assert document["made"].endswith("+00:00")


def test_i45_generate_without_a_sentence_writes_no_table(clarity_here: CommandLine, tmp_path: Path) -> None:
    path = tmp_path / "none.csv"
    answer = clarity_here("insights", "generate", "--patient", "Nobody Yet", "--csv", path)
    assert answer.code != 0
    assert answer.document["error"]["code"] == "analysis.no_data"
    assert not path.exists()
    odd = clarity_here("insights", "generate", "--patient", "D-0001", "--language", "fr", "--csv", path)
    assert odd.code == 2
    assert not path.exists()


@pytest.mark.slow
def test_i22_i45_the_report_prints_the_text_and_its_manifest_names_the_facts(
    clarity_here: CommandLine, tmp_path: Path
) -> None:
    path = tmp_path / "report.pdf"
    answer = clarity_here("report", "pdf", "--patient", "D-0001", "--out", path, "--insights", "regularity")
    assert answer.code == 0, answer.err
    said = clarity_here("insights", "generate", "--patient", "D-0001", "--topic", "regularity").document
    text = _text_of(path)
    for one in said["statements"]:
        assert _plain(one["text"]) in text
    for fact in {name for one in said["statements"] for name in one["facts"]}:
        assert said["facts"][fact]["period"] in text
    assert said["hash"] in json.dumps(answer.document["manifest"])
    assert "Not a diagnosis" in text
    plain = tmp_path / "plain.pdf"
    assert clarity_here("report", "pdf", "--patient", "D-0001", "--out", plain).code == 0
    assert _plain(said["statements"][0]["text"]) not in _text_of(plain)


@pytest.mark.slow
def test_the_report_refuses_an_unknown_topic_and_writes_nothing(clarity_here: CommandLine, tmp_path: Path) -> None:
    path = tmp_path / "report.pdf"
    assert clarity_here("report", "pdf", "--patient", "D-0001", "--out", path, "--insights", "mood").code == 2
    assert not path.exists()


@pytest.mark.slow
def test_i7_facts_are_the_ones_that_the_sentences_rest_on(clarity_here: CommandLine) -> None:
    facts = clarity_here("insights", "facts", "--patient", "D-0001", "--topic", "sleep").document
    said = clarity_here("insights", "generate", "--patient", "D-0001", "--topic", "sleep").document
    assert facts["hash"] == said["hash"]
    by_id = {one["id"]: one for one in facts["facts"]["facts"]}
    assert {name: one["value"] for name, one in by_id.items()} == {
        name: one["value"] for name, one in said["facts"].items()
    }


def test_i9_the_cloud_preview_says_what_is_missing_before_anything_is_sent(clarity_here: CommandLine) -> None:
    shown = clarity_here("insights", "preview", "--patient", "D-0001", "--provider", "cloud").document
    assert (shown["request"], shown["bytes"]) == ("", 0)
    assert "No cloud account is signed in." in shown["refused"]
    assert "Missing: a research score" in shown["refused"]
    assert clarity_here("insights", "sent", "--patient", "D-0001").document["sent"] == []


def test_the_summary_of_a_person_is_one_document_with_the_same_words(clarity_here: CommandLine, tmp_path: Path) -> None:
    path = tmp_path / "summary.pdf"
    answer = clarity_here("patient", "summary", "D-0001", "--pdf", path)
    assert answer.code == 0, answer.err
    document = answer.document
    assert document["who"]["code"] == "D-0001"
    assert document["window"]["zone"] == "Europe/Berlin"
    values = {one["metric"]: one["value"] for one in document["findings"]}
    assert values["tst_min"] is not None
    assert all(one["citation"]["page"] for one in document["findings"])
    assert all(one["value"] is not None or one["insufficient"] for one in document["findings"])
    said = clarity_here("insights", "generate", "--patient", "D-0001").document
    assert document["insights"]["hash"] == said["hash"]
    assert [one["text"] for one in document["insights"]["statements"]] == [one["text"] for one in said["statements"]]
    assert said["cached"] is True, "the summary's words serve the next who asks"
    assert _plain(said["statements"][0]["text"]) in _text_of(path)
    assert document["files"][0]["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()


def test_b84_the_summary_of_somebody_without_data_says_so(clarity: CommandLine, home: Path) -> None:
    document = clarity("--json", "--home", home, "patient", "summary", "Nobody Yet").document
    assert (document["insights"], document["window"], document["findings"], document["data"]) == (None, None, [], [])
    assert document["who"]["age_band"] is None
    plain = clarity("--home", home, "patient", "summary", "Nobody Yet")
    assert plain.code == 0
    assert "There is nothing to put into words" in plain.out
    assert "age unknown" in plain.out
