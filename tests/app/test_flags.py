"""Features on trial: who switches them, what a rule of the vault can do, and what stays out of reach."""

from __future__ import annotations

from pathlib import Path

import pytest

from clarity_desktop.app import Services
from clarity_desktop.app.flags import DEVELOPER_ROUTES, SERVER_LOGIN
from clarity_desktop.app.settings_registry import SETTINGS
from clarity_desktop.domain.errors import NotFoundError, NotPermittedError
from clarity_desktop.domain.users import Right, Role
from clarity_desktop.vault import KdfParameters, Vault
from tests.app.conftest import PASSPHRASE

URL = "https://server.example"


@pytest.fixture
def admin(services: Services) -> Services:
    """The services with the keys of an admin, which only their own way in brings."""
    services.lock()
    services._adopt(Vault.open(services.vault_directory, PASSPHRASE, kdf_floor=KdfParameters.for_tests()))
    return services


def states(services: Services) -> dict[str, tuple[bool, str]]:
    return {one.flag.name: (one.is_on, one.because) for one in services.flags()}


def test_l53_a_flag_is_an_admins_setting_and_its_change_an_entry(admin: Services) -> None:
    assert states(admin)["developer.routes"] == (False, "default")
    admin.change_setting(DEVELOPER_ROUTES.setting, True)
    assert states(admin)["developer.routes"] == (True, "this workstation")
    assert admin.search_audit(action="settings")[0].detail == "flag.developer.routes: False to True"
    assert SETTINGS[DEVELOPER_ROUTES.setting].right is Right.SET_POLICY
    me = admin.user()
    second = admin.vault.people.add("Second admin", "other words of theirs", {Role.ADMIN})
    assert second.id != me.id
    admin.vault.people.set_roles(me.id, {Role.CLINICIAN})
    with pytest.raises(NotPermittedError):
        admin.change_setting(DEVELOPER_ROUTES.setting, False)
    with pytest.raises(NotPermittedError):
        admin.switch_flag_off_everywhere(DEVELOPER_ROUTES.name)


@pytest.mark.parametrize("value", [1, 2, 7, -1])
def test_l57_a_rule_switches_off_and_whatever_it_says_not_on(admin: Services, value: int) -> None:
    admin.change_setting("external.sending", False)
    admin.vault.rules.set(DEVELOPER_ROUTES.setting, value)
    admin.vault.rules.set(SERVER_LOGIN.setting, value)
    assert states(admin)["developer.routes"] == (False, "default")
    assert admin.setting("external.sending") is False
    admin.switch_flag_off_everywhere(SERVER_LOGIN.name)
    admin.change_setting(SERVER_LOGIN.setting, False)
    admin.change_setting(SERVER_LOGIN.setting, True)
    assert states(admin)["cloud.server_login"] == (False, "the vault's rule")
    admin.switch_flag_off_everywhere(SERVER_LOGIN.name, off=False)
    assert states(admin)["cloud.server_login"] == (True, "this workstation")


def test_a_feature_that_is_off_refuses_with_its_reason(admin: Services) -> None:
    admin.set_cloud_server(URL, login="server")
    admin.switch_flag_off_everywhere(SERVER_LOGIN.name)
    with pytest.raises(NotPermittedError) as off:
        admin.set_cloud_server(URL, login="server")
    assert (off.value.code, off.value.detail) == ("flags.off", "the vault's rule")
    admin.change_setting("external.sending", True)
    # A server that was set before: its sign-in is refused too, before anything is sent.
    with pytest.raises(NotPermittedError) as sign_in:
        admin.cloud_sign_in(URL, "ada@clinic.example", "Herons7-quiet")
    assert sign_in.value.code == "flags.off"
    with pytest.raises(NotPermittedError) as routes:
        admin.try_test_routes(URL)
    assert routes.value.code == "flags.off"
    with pytest.raises(NotFoundError):
        admin.flag("unknown")


def test_l75_a_packaged_program_has_no_way_to_the_developer_flag(
    admin: Services, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    del tmp_path
    admin.change_setting(DEVELOPER_ROUTES.setting, True)
    assert admin.flag(DEVELOPER_ROUTES.name)
    monkeypatch.setattr("sys.frozen", True, raising=False)
    assert states(admin)["developer.routes"] == (False, "packaged program")
    with pytest.raises(NotPermittedError):
        admin.try_test_routes(URL)
