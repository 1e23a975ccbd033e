"""``events``, ``diary``, ``free-days``, ``compare`` and ``sleep agreement``: one document each."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from clarity_desktop.vault import KdfParameters, Vault

PASSPHRASE = "seven quiet herons"
Ask = Callable[..., Any]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    with Vault.create(tmp_path / "home" / "vault", PASSPHRASE, kdf=KdfParameters.for_tests()) as vault:
        vault.patients.add("Ada", home_zone="Europe/Berlin")
    return tmp_path / "home"


@pytest.fixture
def ask(home: Path, clarity: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> Ask:
    """A command on an open vault, answered as a document."""
    from clarity_desktop.app import Services, open_services
    from clarity_desktop.cli.session import Session

    def unlocked(self: Session) -> Services:
        services = self.services
        if not services.unlocked:
            vault = Vault.open(services.vault_directory, PASSPHRASE, kdf_floor=KdfParameters.for_tests())
            services._adopt(vault)
        return services

    monkeypatch.setattr(Session, "unlocked", unlocked)
    assert open_services(home).vault_exists()
    return lambda *arguments: clarity("--home", home, "--json", *arguments)


def test_an_event_is_added_changed_removed_and_brought_back(ask: Ask) -> None:
    added = ask("events", "add", "P-0001", "medication", "2025-03-20", "--title", "Tablet", "--reason", "plan")
    assert added.code == 0
    (event,) = added.document["events"]
    assert (event["kind"], event["title"], event["author"], event["stop"]) == ("medication", "Tablet", "Owner", None)
    assert event["start"] == "2025-03-20T00:00:00+01:00"
    short = event["id"][:8]
    changed = ask("events", "edit", "P-0001", short, "--stop", "2025-03-22", "--title", "Two tablets")
    assert changed.document["events"][0]["stop"] == "2025-03-23T00:00:00+01:00"
    assert changed.document["events"][0]["revision"] == 2
    assert len(ask("events", "list", "P-0001", "--from", "2025-03-21").document["events"]) == 1
    assert ask("events", "list", "P-0001", "--kind", "travel").document["events"] == []
    assert ask("events", "remove", "P-0001", short).document["removed"] == event["id"]
    assert ask("events", "list", "P-0001").document["events"] == []
    back = ask("events", "undo", "P-0001", event["id"])
    assert back.document["events"][0]["title"] == "Two tablets"
    history = ask("events", "history", "P-0001").document["versions"]
    assert [one["action"] for one in history] == ["add", "edit", "remove", "undo"]


def test_what_cannot_be_ends_with_its_code(ask: Ask, tmp_path: Path) -> None:
    wrong = ask("events", "add", "P-0001", "rest", "2025-03-20T22:00")
    assert (wrong.code, wrong.document["error"]["code"]) == (3, "annotation.needs_end")
    assert ask("events", "remove", "P-0001", "zz").code == 5
    table = tmp_path / "events.csv"
    table.write_text("start,kind\n2025-03-20,pill\n", encoding="utf-8")
    refused = ask("events", "import", "P-0001", table)
    assert (refused.code, refused.document["error"]["detail"]) == (3, "row 2, column kind")


def test_a_diary_is_written_listed_and_undone(ask: Ask, tmp_path: Path) -> None:
    times = ("--in-bed", "22:30", "--final-awakening", "6:40", "--out-of-bed", "7:00")
    first = ask("diary", "add", "P-0001", "2025-03-30", *times, "--latency", "15", "--quality", "4")
    (night,) = first.document["nights"]
    assert (night["in_bed"], night["tried"], night["latency_min"], night["quality"]) == ("22:30", "22:30", 15, 4)
    assert night["instants"]["out_of_bed"] == "2025-03-30T07:00:00+02:00"
    assert ask("diary", "add", "P-0001", "2025-03-30", *times[:-1], "25:00").code == 2
    table = tmp_path / "diary.csv"
    table.write_text("date,in_bed,final_awakening,out_of_bed\n2025-03-31,22:00,06:00,06:10\n", encoding="utf-8")
    assert ask("diary", "import", "P-0001", table).document["nights"] == 1
    assert [one["date"] for one in ask("diary", "list", "P-0001").document["nights"]] == ["2025-03-30", "2025-03-31"]
    assert ask("diary", "remove", "P-0001", "2025-03-31").code == 0
    assert len(ask("diary", "undo", "P-0001", "2025-03-31").document["nights"]) == 1
    actions = [one["action"] for one in ask("diary", "history", "P-0001").document["versions"]]
    assert actions == ["add", "import", "remove", "undo"]


def test_free_days_are_set_and_shown(ask: Ask, tmp_path: Path) -> None:
    assert ask("free-days", "show", "P-0001").document["words"] == "Saturday and Sunday (assumed)"
    own = ask("free-days", "set", "P-0001", "--week", "fri,sat", "--free", "2025-03-20", "--work", "2025-03-22")
    assert own.document["free_weekdays"] == ["Friday", "Saturday"]
    assert own.document["dates"] == {"2025-03-20": "free", "2025-03-22": "work"}
    assert ask("free-days", "set", "P-0001", "--forget", "2025-03-20").document["dates"] == {"2025-03-22": "work"}
    assert ask("free-days", "set", "P-0001", "--week", "assumed").document["entered"] is False
    assert ask("free-days", "set", "P-0001", "--week", "none").document["free_weekdays"] == []
    assert ask("free-days", "set", "P-0001", "--week", "s").code == 2
    table = tmp_path / "days.csv"
    table.write_text("date,free\n2025-03-23,work\n", encoding="utf-8")
    assert ask("free-days", "import", "P-0001", table).document["stored"] == 1


def _record(home: Path, folder: Path) -> None:
    """Sixteen days of the first simulated person."""
    from clarity_desktop.demo.build import add_simulated_person, import_recording
    from clarity_desktop.demo.people import DEMO_SEED, PEOPLE
    from clarity_desktop.demo.signals import simulate

    with Vault.open(home / "vault", PASSPHRASE, kdf_floor=KdfParameters.for_tests()) as vault:
        person = add_simulated_person(vault, PEOPLE[0])
        import_recording(vault, person, simulate(PEOPLE[0], DEMO_SEED, 16), folder)


def test_rh44_rh64_accounts_and_windows_are_compared_with_n_and_units(ask: Ask, home: Path, tmp_path: Path) -> None:
    _record(home, tmp_path / "files")
    agreement = ask("sleep", "agreement", "D-0001").document
    assert agreement["unit"] == "min"
    (pair,) = agreement["pairs"]
    assert (pair["reference"], pair["other"]) == ("stages", "scored")
    assert pair["n"] == len(pair["nights"]) >= 5
    assert set(pair["bias"]) >= {"onset_min", "offset_min", "tst_min"}
    asleep = pair["bias"]["tst_min"]
    assert asleep["limits"][0] < asleep["mean"] < asleep["limits"][1]
    assert 0 < pair["epochs"]["kappa"] < 1
    day = ask("events", "add", "D-0001", "therapy", "2025-03-18").document["events"][0]
    compared = ask("compare", "D-0001", "--event", day["id"][:8], "--days", "7").document
    assert compared["a"] == {"from": "2025-03-11", "to": "2025-03-17", "days": 7}
    assert compared["b"]["from"] == "2025-03-18"
    rows = {one["metric"]: one for one in compared["measures"]}
    assert rows["activity_mean"]["n_a"] <= 7
    by_date = ask("compare", "D-0001", "--event", "2025-03-18", "--days", "7").document
    assert by_date["measures"] == compared["measures"]
    windows = ask("compare", "D-0001", "--a", "2025-03-11..2025-03-17", "--b", "2025-03-18..2025-03-24").document
    assert windows["measures"] == compared["measures"]
    assert ask("compare", "D-0001").code == 2
    assert ask("compare", "D-0001", "--a", "2025-03-11", "--b", "2025-03-18..2025-03-24").code == 2
