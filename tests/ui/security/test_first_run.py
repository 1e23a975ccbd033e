"""The first run: eight steps, back and forth, a code typed back before the vault exists, and going on after a stop."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from clarity_desktop.app import Services, open_services
from clarity_desktop.domain.users import Role
from clarity_desktop.ui.pages.first_run.wizard import FirstRunWizard
from clarity_desktop.ui.shell.window import Window
from clarity_desktop.vault import KdfParameters

PASSPHRASE = "quiet otters by the weir"


@pytest.fixture(autouse=True)
def _cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    """The least cost that a real vault may have, without measuring this machine."""
    monkeypatch.setattr(KdfParameters, "calibrated", classmethod(lambda cls: cls.floor()))


def _wizard(window: Window) -> FirstRunWizard:
    wizard = window.unlock_page.wizard
    assert wizard is not None
    return wizard


def _to_code(wizard: FirstRunWizard) -> None:
    for _ in range(2):
        wizard.go_on()
    wizard.passphrase.passphrase.passphrase.setText(PASSPHRASE)
    wizard.passphrase.passphrase.repeat.setText(PASSPHRASE)
    wizard.go_on()


def _confirm(wizard: FirstRunWizard) -> None:
    pending = wizard.code.view.pending
    assert pending is not None
    groups = pending.text.split("-")
    for line, number in zip((wizard.code.view.first, wizard.code.view.second), pending.asked, strict=True):
        line.setText(groups[number - 1])


def test_u51_u52_from_nothing_to_an_open_vault(
    empty_services: Services, open_window: Callable[[Services], Window], rest: Callable[[], None]
) -> None:
    began = time.monotonic()
    window = open_window(empty_services)
    wizard = _wizard(window)
    assert [step.title for step in wizard.steps] == [
        "Language", "Create the vault", "Passphrase", "Recovery code", "Your role", "Zone", "Cloud",
        "Demo people",
    ]  # fmt: skip
    _to_code(wizard)
    assert wizard.at == 3
    _confirm(wizard)
    wizard.go_on()
    rest()
    assert empty_services.unlocked
    assert window.is_locked, "the wizard still stands before the window"
    assert wizard.passphrase.passphrase.text() == ""
    assert wizard.reason.text() == "Type your name first"
    wizard.person.name.setText("Dr Ada Byron")
    wizard.go_on()
    rest()
    wizard.time.zone.set_value("Europe/Berlin")
    wizard.go_on()
    rest()
    assert wizard.next.text() == "Skip"
    wizard.go_on()
    assert wizard.demo.demo.isChecked()
    wizard.demo.demo.setChecked(False)
    wizard.go_on()
    rest()
    assert not window.is_locked
    assert window.unlock_page.wizard is None
    me = empty_services.user()
    assert (me.name, me.roles) == ("Dr Ada Byron", {Role.ADMIN, Role.CLINICIAN})
    assert empty_services.setting("zone.home") == "Europe/Berlin"
    assert empty_services.setting("external.sending") is False
    assert [slot.kind for slot in empty_services.slots()] == ["passphrase", "recovery"]
    assert time.monotonic() - began < 60


def test_v12_no_vault_is_made_before_two_groups_were_typed_back(
    empty_services: Services, open_window: Callable[[Services], Window], rest: Callable[[], None]
) -> None:
    wizard = _wizard(open_window(empty_services))
    _to_code(wizard)
    _confirm(wizard)
    wizard.code.view.second.setText("XXXXXX")
    assert not wizard.next.isEnabled()
    assert wizard.next.toolTip() == "Confirm both groups to go on"
    wizard.go_on()
    rest()
    assert wizard.at == 3
    assert not empty_services.vault_exists()


def test_v9_strength_in_words_and_both_lines_alike(
    empty_services: Services, open_window: Callable[[Services], Window]
) -> None:
    wizard = _wizard(open_window(empty_services))
    wizard.show_step(2)
    words = wizard.passphrase.passphrase
    words.passphrase.setText("short")
    assert words.first.line_text() == "5 of at least 12 characters"
    words.passphrase.setText("aaaaaaaaaaaaaa")
    assert words.first.line_text().startswith("Easy to guess")
    words.passphrase.setText(PASSPHRASE)
    assert words.first.line_text() in ("Strong", "Fair: one more word makes it strong")
    words.repeat.setText(PASSPHRASE + "x")
    assert words.second.line_text() == "Both lines need the same passphrase."
    assert not wizard.next.isEnabled()


def test_u51_each_step_goes_back_and_keeps_what_was_typed(
    empty_services: Services, open_window: Callable[[Services], Window]
) -> None:
    wizard = _wizard(open_window(empty_services))
    _to_code(wizard)
    pending = wizard.code.view.pending
    assert pending is not None
    for at in (2, 1, 0):
        wizard.go_back()
        assert wizard.at == at
    assert not wizard.back.isEnabled()
    for _ in range(3):
        wizard.go_on()
    assert wizard.at == 3
    assert wizard.code.view.pending is pending, "the code on the paper is still the one"


def test_u51_a_stop_before_the_vault_asks_for_the_passphrase_again(
    empty_services: Services, open_window: Callable[[Services], Window]
) -> None:
    _to_code(_wizard(open_window(empty_services)))
    again = open_services(empty_services.home)
    wizard = _wizard(open_window(again))
    assert wizard.at == 2
    assert wizard.passphrase.passphrase.text() == ""
    assert PASSPHRASE not in (again.home / "settings.json").read_text("utf-8")
    again.close()


def test_v17_idle_time_locks_the_vault_behind_the_first_run(
    empty_services: Services, open_window: Callable[[Services], Window], rest: Callable[[], None]
) -> None:
    window = open_window(empty_services)
    wizard = _wizard(window)
    _to_code(wizard)
    assert not window.idle.is_running, "there is nothing to lock yet"
    _confirm(wizard)
    wizard.go_on()
    rest()
    assert empty_services.unlocked
    assert window.idle.is_running
    at = time.monotonic()
    window.idle.clock._now = lambda: at + 10**6
    window.idle.check()
    rest()
    assert not empty_services.unlocked
    assert window.unlock_page.wizard is None
    assert window.unlock_page.words.text().startswith("Nobody used the window for a while.")
    assert not window.idle.is_running
    window.unlock_page.passphrase.setText(PASSPHRASE)
    window.unlock_page.submit()
    rest()
    assert _wizard(window).at == 4
    assert window.idle.is_running


def test_u51_a_stop_after_the_vault_goes_on_behind_the_passphrase(
    empty_services: Services, open_window: Callable[[Services], Window], rest: Callable[[], None]
) -> None:
    wizard = _wizard(open_window(empty_services))
    _to_code(wizard)
    _confirm(wizard)
    wizard.go_on()
    rest()
    empty_services.lock()
    again = open_services(empty_services.home)
    window = open_window(again)
    assert window.unlock_page.wizard is None
    window.unlock_page.passphrase.setText(PASSPHRASE)
    window.unlock_page.submit()
    rest()
    resumed = _wizard(window)
    assert resumed.at == 4
    resumed.go_back()
    assert not resumed.code.made.isHidden()
    assert resumed.next.isEnabled()
    again.close()


def test_v48_an_admin_alone_is_told_why_there_are_no_demo_people(
    empty_services: Services, open_window: Callable[[Services], Window], rest: Callable[[], None]
) -> None:
    window = open_window(empty_services)
    wizard = _wizard(window)
    _to_code(wizard)
    _confirm(wizard)
    wizard.go_on()
    rest()
    wizard.person.name.setText("Ben")
    wizard.person.clinician.setChecked(False)
    for _ in range(3):
        wizard.go_on()
        rest()
    assert not wizard.demo.demo.isEnabled()
    assert wizard.demo.demo.toolTip().startswith("Simulated people are patients")
    wizard.go_on()
    rest()
    current = window.workspace.current()
    assert current is not None
    assert current.id == "security"
    assert {user.name for user in empty_services.users()} == {"Ben"}
