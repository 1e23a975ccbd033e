"""People on the command line."""

from __future__ import annotations

import pytest

from tests.cli.conftest import CommandLine


def test_a_person_is_added_listed_and_shown(in_vault: CommandLine) -> None:
    added = in_vault(
        "patient", "add", "Zoë Quest", "--birth-date", "1987-04-23", "--sex", "female", "--zone", "Europe/Berlin",
        "--tag", "study", "--tag", "night shift",
    )  # fmt: skip
    assert added.code == 0
    person = added.document["patients"][0]
    assert person["name"] == "Zoë Quest"
    assert person["birth_date"] == "1987-04-23"
    assert person["sex"] == "female"
    assert person["home_zone"] == "Europe/Berlin"
    assert person["tags"] == ["study", "night shift"]
    assert person["simulated"] is False
    in_vault("patient", "add", "Ann Other")
    assert [one["name"] for one in in_vault("patient", "list").document["patients"]] == ["Ann Other", "Zoë Quest"]
    for text in (person["id"], person["code"], person["name"]):
        assert in_vault("patient", "show", text).document["patients"][0]["id"] == person["id"]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["add", "A", "--birth-date", "1987-02-30"], 2),
        (["add", "A", "--birth-date", "2999-01-01"], 2),
        (["add", "  "], 2),
        (["add", "A", "--sex", "unknown"], 2),
        (["add", "A", "--zone", "Middle/Earth"], 3),
        (["show", "Nobody"], 5),
    ],
)
def test_what_cannot_be_is_refused(in_vault: CommandLine, arguments: list[str], code: int) -> None:
    answer = in_vault("patient", *arguments)
    assert answer.code == code
    assert answer.document["ok"] is False
    assert in_vault("patient", "list").document["patients"] == []


def test_text_for_a_person(clarity: CommandLine, in_vault: CommandLine, vault_folder: object) -> None:
    assert "Nobody is in the vault yet." in clarity("--vault", vault_folder, "patient", "list").out
    in_vault("patient", "add", "Zoë Quest")
    listed = clarity("--vault", vault_folder, "patient", "list").out
    assert "Zoë Quest" in listed
    assert "No data is stored yet." in clarity("--vault", vault_folder, "patient", "show", "Zoë Quest").out


def test_v45_access_is_restricted_shown_and_lifted(in_vault: CommandLine) -> None:
    person = in_vault("patient", "add", "A. Person").document["patients"][0]
    shown = in_vault("patient", "access", person["code"]).document
    assert (shown["restricted"], shown["owner"], shown["shares"]) == (False, None, [])
    restricted = in_vault("patient", "access", person["code"], "--restrict").document
    assert (restricted["restricted"], restricted["owner"]) == (True, "Owner")
    alone = in_vault("patient", "access", person["code"], "--share-with", "Nobody", "--until", "2099-01-01")
    assert (alone.code, alone.document["error"]["code"]) == (5, "people.unknown")
    assert in_vault("patient", "access", person["code"], "--share-with", "Owner").code == 2
    assert in_vault("patient", "access", person["code"], "--restrict", "--lift").code == 2
    assert in_vault("patient", "access", person["code"], "--lift").document["restricted"] is False
    actions = [entry["action"] for entry in in_vault("audit", "list", "--patient", person["id"]).document["entries"]]
    assert {"patient.restrict", "patient.unrestrict"} <= set(actions)
