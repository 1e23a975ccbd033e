"""Every role against every page: shown, or refused with its reason, and never offered where it is refused."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from clarity_desktop.domain.users import RIGHTS, Role
from clarity_desktop.ui.commands import COMMANDS
from clarity_desktop.ui.components.states import EmptyState
from clarity_desktop.ui.dialogs.error import ErrorDialog
from clarity_desktop.ui.pages.patients import PatientsPage
from clarity_desktop.ui.pages.refused import ROLE_NAMES, RefusedPage
from clarity_desktop.ui.qt import QAbstractButton
from clarity_desktop.ui.shell.page_list import PAGES
from clarity_desktop.ui.shell.window import Window

EXPECTED = {
    # page: clinician, researcher, admin, read-only
    "patients": (True, True, False, True),
    "overview": (True, True, False, True),
    "consent": (True, False, False, True),
    "import": (True, True, False, True),
    "jobs": (True, True, True, True),
    "security": (True, True, True, True),
    "people": (False, False, True, False),
    "keys": (True, True, True, True),
    "audit": (True, True, True, False),
    "backups": (True, True, True, True),
    "retention": (False, False, True, False),
    "settings": (True, True, True, True),
}
NAMES = {Role.CLINICIAN: "Cleo", Role.RESEARCHER: "Chen", Role.ADMIN: "Ben", Role.READ_ONLY: "Rita"}
ORDER = (Role.CLINICIAN, Role.RESEARCHER, Role.ADMIN, Role.READ_ONLY)


@pytest.mark.slow
@pytest.mark.parametrize("role", ORDER)
def test_v41_each_role_against_each_page(
    window_of: Callable[[str], Window], rest: Callable[[], None], role: Role
) -> None:
    window = window_of(NAMES[role])
    if role is not Role.ADMIN:
        window.open_patient(window.services.patients()[0].id)
        rest()
    shown: dict[str, bool] = {}
    for page in PAGES:
        allowed = not page.rights or bool(RIGHTS[role] & set(page.rights))
        assert window.may_open(page.id) == allowed
        item = window.workspace.navigation._items[page.id]
        offered = not item.isHidden()
        assert offered == (allowed and (window.patient is not None or not page.needs_patient)), page.id
        if page.needs_patient and window.patient is None:
            shown[page.id] = False
            continue
        window.open_page(page.id)
        rest()
        current = window.workspace.current()
        assert current is not None
        shown[page.id] = current.id == page.id
        assert shown[page.id] == allowed
        failed = [one.error.code for one in window.findChildren(ErrorDialog) if one.isVisible()]
        assert failed == [], page.id
        if not allowed:
            assert isinstance(current, RefusedPage)
            words = current.findChild(EmptyState)
            assert words is not None
            assert page.title in words.accessibleName()
            assert "An admin of the vault gives roles" in words.accessibleName()
            assert current.heading() == page.title
    assert {name: EXPECTED[name][ORDER.index(role)] for name in EXPECTED} == {name: shown[name] for name in EXPECTED}


@pytest.mark.parametrize("role", ORDER)
def test_v41_commands_that_a_role_lacks_say_why(window_of: Callable[[str], Window], role: Role) -> None:
    window = window_of(NAMES[role])
    state = window.state()
    people, report = COMMANDS["vault.add_person"], COMMANDS["person.new"]
    assert people.obstacle(state) == (None if role is Role.ADMIN else "Not part of your role")
    assert report.obstacle(state) == (None if role is Role.CLINICIAN else "Not part of your role")
    assert f"Roles: {ROLE_NAMES[role]}" in window.workspace.header.role.toolTip()
    if role is not Role.CLINICIAN:
        assert not window.run_id("person.new")
        assert window.workspace.toast.accessibleName().startswith("New patient: not part of your role.")


def test_those_who_see_no_patients_begin_with_the_state_of_the_vault(window_of: Callable[[str], Window]) -> None:
    window = window_of("Ben")
    current = window.workspace.current()
    assert current is not None
    assert current.id == "security"
    refused = [one for one in window.services.audit_entries() if one.action == "access.refused"]
    assert refused == []


def test_v46_a_change_of_roles_reaches_the_open_window(
    window_of: Callable[[str], Window], rest: Callable[[], None]
) -> None:
    window = window_of("Ada")
    page = window.workspace.page("patients")
    assert isinstance(page, PatientsPage)
    assert page._new.isEnabled()
    me = window.services.user()
    window.services.set_user_roles(window.services.find_user("Ben").id, {Role.ADMIN, Role.CLINICIAN})
    window.services.set_user_roles(me.id, {Role.READ_ONLY})
    window.follow_user()
    rest()
    assert not window.may_open("people")
    assert window.workspace.navigation._items["people"].isHidden()
    assert not page._new.isEnabled()
    assert page._new.toolTip().startswith("Not part of your role")
    window.open_page("people")
    current = window.workspace.current()
    assert current is not None
    assert current.id == "refused"


@pytest.mark.slow
def test_a_person_who_was_removed_finds_the_window_locked(
    window_of: Callable[[str], Window], session: Callable[[str], object], rest: Callable[[], None]
) -> None:
    window = window_of("Ben")
    window.services.vault.people.remove(window.services.find_user("Ben").id)
    window.follow_user()
    rest()
    assert window.is_locked
    assert not window.services.unlocked


def test_u43_controls_are_named_and_say_why_they_wait(
    window_of: Callable[[str], Window], rest: Callable[[], None]
) -> None:
    window = window_of("Ada")
    for name in ("security", "people", "keys", "audit", "backups", "retention", "settings"):
        window.open_page(name)
        rest()
        page = window.workspace.page(name)
        assert page is not None
        own = [one for one in page.findChildren(QAbstractButton) if not one.objectName().startswith("qt_")]
        nameless = [one for one in own if not (one.accessibleName() or one.text())]
        assert nameless == [], name
        silent = [
            one.text()
            for one in own
            if not one.isHidden() and not one.isEnabled() and not one.toolTip() and one.isVisibleTo(page)
        ]
        assert silent == [], name
