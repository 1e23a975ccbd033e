"""Settings: declared once, valid or default, capped, audited, and changed only by those who may."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clarity_desktop.app import Services, open_services
from clarity_desktop.app.settings_registry import SETTINGS, Kind, SettingSpec, SettingsRegistry
from clarity_desktop.domain.changes import Change
from clarity_desktop.domain.errors import ClarityError, InputError, NotFoundError, NotPermittedError
from clarity_desktop.domain.users import Role
from clarity_desktop.vault import KdfParameters, Vault
from tests.app.conftest import PASSPHRASE

CHEAP = KdfParameters.for_tests()
VALUES = st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=20), st.floats(), st.lists(st.integers()))


@pytest.mark.parametrize("spec", list(SETTINGS), ids=lambda spec: spec.id)
def test_every_default_is_valid_and_has_words(spec: SettingSpec) -> None:
    assert spec.checked(spec.default) == spec.default
    assert spec.title
    assert spec.help.endswith(".")
    assert spec.in_words(spec.default)
    assert not spec.rule or spec.kind in (Kind.SWITCH, Kind.NUMBER), "rules of the vault are whole numbers"


@pytest.mark.slow
@pytest.mark.parametrize("spec", list(SETTINGS), ids=lambda spec: spec.id)
@given(value=VALUES)
def test_no_value_of_another_kind_is_taken(spec: SettingSpec, value: object) -> None:
    try:
        taken = spec.checked(value)
    except ClarityError as error:
        assert error.code in ("settings.value", "time.unknown_zone")  # noqa: PT017
    else:
        assert taken == value
        assert isinstance(taken, type(spec.default))


def test_a_setting_is_declared_once() -> None:
    registry = SettingsRegistry()
    spec = SettingSpec("one", "Section", "One", "One thing.", Kind.SWITCH, True)
    registry.declare(spec)
    with pytest.raises(ValueError, match="twice"):
        registry.declare(spec)
    with pytest.raises(NotFoundError):
        registry["two"]


def test_what_a_broken_file_says_is_not_taken(tmp_path: Path) -> None:
    (tmp_path / "settings.json").write_text(json.dumps({"lock.after_min": 9000, "theme": 3}), "utf-8")
    services = open_services(tmp_path)
    assert services.setting("lock.after_min") == 10
    assert services.setting("theme") == "system"
    services.close()


def test_v28_a_change_of_a_security_setting_is_an_entry_before_it_holds(services: Services) -> None:
    heard: list[Change] = []
    services.subscribe(lambda changes: heard.append(changes.what))
    assert services.change_setting("lock.after_min", 3) == 10
    assert services.change_setting("theme", "dark") == "system"
    assert services.change_setting("theme", "dark") == "dark"
    entries = services.search_audit(action="settings")
    assert [entry.detail for entry in entries] == ["lock.after_min: 10 to 3"]
    assert heard == [Change.SETTINGS, Change.SETTINGS]
    with pytest.raises(InputError):
        services.change_setting("lock.after_min", 0)


def test_v28_the_folder_of_backups_stays_out_of_the_audit(services: Services, tmp_path: Path) -> None:
    services.change_setting("backup.folder", str(tmp_path))
    assert services.search_audit(action="settings")[0].detail == "backup.folder: default to chosen"


def test_v41_a_role_changes_only_what_is_its_own(tmp_path: Path) -> None:
    with Vault.create(tmp_path / "vault", PASSPHRASE, kdf=CHEAP) as vault:
        vault.people.add("Cleo", "own words of cleo here", {Role.CLINICIAN})
    services = open_services(tmp_path)
    services._adopt(Vault.open(tmp_path / "vault", "own words of cleo here", person="Cleo", kdf_floor=CHEAP))
    assert services.may_change("theme")
    assert not services.may_change("external.sending")
    with pytest.raises(NotPermittedError):
        services.change_setting("external.sending", True)
    assert services.setting("external.sending") is False
    services.close()


def test_a_rule_of_the_admins_lies_in_the_vault_not_in_the_file(services: Services) -> None:
    services.change_setting("external.sending", True)
    assert services.setting("external.sending") is True
    assert services.settings.get("external.sending") is None
    services.settings.set("external.sending", False)
    assert services.setting("external.sending") is True
    services.lock()
    assert services.setting("external.sending") is False
