"""Sync by itself waits on a low battery and on a metered connection, and says so; Sync now goes."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clarity_desktop.app import Services
from clarity_desktop.app.power import Power, power_now, power_of_folder, power_of_words
from clarity_desktop.app.sync_politeness import SyncPolitenessServices


def supply(folder: Path, name: str, **values: str) -> None:
    (folder / name).mkdir(parents=True)
    for key, value in values.items():
        (folder / name / key).write_text(value + "\n", encoding="ascii")


def test_a_laptop_on_its_battery_is_told_from_one_that_is_plugged_in(tmp_path: Path) -> None:
    assert power_of_folder(tmp_path / "nowhere") == Power(on_battery=False)
    supply(tmp_path, "BAT0", type="Battery", status="Discharging", capacity="71")
    supply(tmp_path, "BAT1", type="Battery", status="Full", capacity="100")
    supply(tmp_path, "hidpp_battery_0", type="Battery", scope="Device", status="Discharging", capacity="3")
    supply(tmp_path, "AC", type="Mains", online="0")
    assert power_of_folder(tmp_path) == Power(on_battery=True, percent=71)
    (tmp_path / "AC" / "online").write_text("1\n", encoding="ascii")
    assert power_of_folder(tmp_path) == Power(on_battery=False, percent=71)


def test_a_mac_says_it_in_words() -> None:
    drains = "Now drawing from 'Battery Power'\n -InternalBattery-0 (id=1234)\t23%; discharging; 1:02 remaining present"
    assert power_of_words(drains) == Power(on_battery=True, percent=23)
    assert power_of_words("Now drawing from 'AC Power'\n") == Power(on_battery=False)


@given(st.text(max_size=200))
def test_no_words_of_a_system_stop_the_program(text: str) -> None:
    found = power_of_words(text)
    assert found.on_battery == ("'Battery Power'" in text.partition("\n")[0])


def test_this_machine_answers() -> None:
    found = power_now()
    assert found.percent is None or 0 <= found.percent <= 100


@pytest.mark.parametrize(
    ("power", "metered", "held"),
    [
        (Power(on_battery=True, percent=29), False, "battery"),
        (Power(on_battery=True, percent=30), False, None),
        (Power(on_battery=True, percent=None), False, None),
        (Power(on_battery=False, percent=5), False, None),
        (Power(on_battery=False), True, "metered"),
    ],
)
def test_sync_waits_where_it_would_cost(
    services: Services, monkeypatch: pytest.MonkeyPatch, power: Power, metered: bool, held: str | None
) -> None:
    monkeypatch.setattr(SyncPolitenessServices, "_power", lambda _: power)
    services.note_metered(metered)
    assert services.sync_holds_back() == held
    assert services.sync_status().holds_back == held
    services.change_setting("sync.considerate", "go")
    assert services.sync_holds_back() is None
