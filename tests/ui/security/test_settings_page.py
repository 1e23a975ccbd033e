"""The settings page: found by words, changed at once, undone, refused with the reason, asked about when dangerous."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from pytestqt.qtbot import QtBot

from clarity_desktop.app.settings_registry import SETTINGS
from clarity_desktop.ui import theme
from clarity_desktop.ui.pages.security.settings import SettingsPage
from clarity_desktop.ui.shell.window import Window
from tests.ui.security.team import press, sheet_of


def _settings(window: Window, rest: Callable[[], None]) -> SettingsPage:
    window.open_page("settings")
    rest()
    page = window.workspace.page("settings")
    assert isinstance(page, SettingsPage)
    return page


def test_u69_settings_are_found_by_words_and_a_search_to_nothing_is_named(
    window_of: Callable[[str], Window], rest: Callable[[], None]
) -> None:
    page = _settings(window_of("Ada"), rest)
    page.search.setText("idle")
    shown = {name for name, row in page.rows.items() if not row.isHidden()}
    assert {"lock.after_min", "lock.after_min_most"} <= shown
    assert "theme" not in shown
    page.search.setText("no such thing")
    assert page.nothing.text() == "No setting fits “no such thing”. Empty the search line to see all."
    assert not page.nothing.isHidden()
    page.search.setText("")
    page.sections.setCurrentRow(1)
    assert {name for name, row in page.rows.items() if not row.isHidden()} == {"theme"}
    assert "Default: As the system" in page.rows["theme"].facts.text()


def test_u43_sections_are_made_one_after_the_other(
    window_of: Callable[[str], Window], rest: Callable[[], None], qtbot: QtBot
) -> None:
    window = window_of("Ada")
    window.open_page("settings")
    page = window.workspace.page("settings")
    assert isinstance(page, SettingsPage)
    assert page._rows == {}, "nothing is made while the window opens the page"
    rest()
    qtbot.waitUntil(lambda: not page._unmade)
    assert list(page._cards) == [page.sections.item(at).text() for at in range(1, page.sections.count())]
    made = [page._right.itemAt(at).widget() for at in range(len(page._cards))]
    assert made == list(page._cards.values())
    assert set(page._rows) == {spec.id for spec in SETTINGS}
    assert all(not row.facts.text().startswith("Default: None") for row in page._rows.values())


def test_u10_a_setting_changes_at_once_and_is_undone(
    window_of: Callable[[str], Window], rest: Callable[[], None]
) -> None:
    window = window_of("Ada")
    page = _settings(window, rest)
    row = page.rows["lock.after_min"]
    row._line.setText("0")
    row._typed()
    rest()
    assert row.trouble.text().startswith("Lock after: Between 1 and 60 min.")
    row._line.setText("many")
    row._typed()
    assert row.trouble.text() == "A whole number from 1 to 60."
    row._line.setText("5")
    row._typed()
    rest()
    assert window.services.setting("lock.after_min") == 5
    assert not row.reset.isHidden()
    entry = window.services.search_audit(action="settings")[0]
    assert entry.detail == "lock.after_min: 10 to 5"
    assert window.steps.undo_name == "Change of lock after"
    window.run_id("edit.undo")
    rest()
    assert window.services.setting("lock.after_min") == 10
    assert row._line.text() == "10"
    assert row.reset.isHidden()


def test_v17_nobody_waits_longer_than_the_admins_let_them(
    window_of: Callable[[str], Window], rest: Callable[[], None]
) -> None:
    window = window_of("Ada")
    window.services.change_setting("lock.after_min_most", 8)
    assert window.services.setting("lock.after_min") == 8
    page = _settings(window, rest)
    page.want(page.rows["lock.after_min"].spec, 30)
    rest()
    assert window.services.setting("lock.after_min") == 8
    assert window.services.search_audit(action="rules.set")[0].detail == "lock.after_min=8"


def test_u55_the_theme_follows_the_setting(window_of: Callable[[str], Window], rest: Callable[[], None]) -> None:
    window = window_of("Ada")
    page = _settings(window, rest)
    page.want(page.rows["theme"].spec, "dark")
    rest()
    assert theme.current().is_dark
    window.run_id("edit.undo")
    rest()
    assert not theme.current().is_dark


def test_a_dangerous_setting_is_asked_about_and_a_role_without_it_sees_why(
    window_of: Callable[[str], Window], rest: Callable[[], None]
) -> None:
    window = window_of("Ada")
    page = _settings(window, rest)
    page.rows["external.sending"]._box.click()
    assert "change to on?" in sheet_of(window).title.text()
    sheet_of(window).dismiss()
    rest()
    assert window.services.setting("external.sending") is False
    assert not page.rows["external.sending"]._box.isChecked()
    page.rows["external.sending"]._box.click()
    press(window, "Change")
    rest()
    assert window.services.setting("external.sending") is True


def test_v41_a_setting_of_the_admins_is_shown_with_the_reason(
    window_of: Callable[[str], Window], rest: Callable[[], None]
) -> None:
    page = _settings(window_of("Cleo"), rest)
    row = page.rows["external.sending"]
    assert not row.control.isEnabled()
    assert row.control.toolTip() == "Your role, Clinician, does not include this setting"
    assert page.rows["theme"].control.isEnabled()


def test_u69_settings_are_saved_without_secrets(
    window_of: Callable[[str], Window], rest: Callable[[], None], tmp_path: Path
) -> None:
    window = window_of("Rita")
    page = _settings(window, rest)
    page.save_to(tmp_path / "settings.json")
    rest()
    document = json.loads((tmp_path / "settings.json").read_text("utf-8"))
    assert document["lock.after_min"] == 10
    assert "last_person" not in document


def test_u69_all_settings_of_the_page_are_reset_and_brought_back(
    window_of: Callable[[str], Window], rest: Callable[[], None]
) -> None:
    window = window_of("Ada")
    services = window.services
    for name, value in (("theme", "light"), ("lock.after_min", 3), ("zone.home", "Europe/Berlin")):
        services.change_setting(name, value)
    page = _settings(window, rest)
    page.reset.click()
    assert sheet_of(window).title.text() == "Reset 3 settings?"
    press(window, "Reset")
    rest()
    names = ("theme", "lock.after_min", "zone.home")
    assert [services.setting(name) for name in names] == ["system", 10, ""]
    assert page.reset.toolTip().startswith("All settings that you may change")
    window.run_id("edit.undo")
    rest()
    assert [services.setting(name) for name in ("theme", "lock.after_min", "zone.home")] == [
        "light",
        3,
        "Europe/Berlin",
    ]
