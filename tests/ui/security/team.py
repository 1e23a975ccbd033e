"""Who opens the vault of these tests, and how a test presses the buttons of a dialog."""

from __future__ import annotations

from clarity_desktop.domain.users import Role
from clarity_desktop.ui.components.buttons import Button
from clarity_desktop.ui.dialogs.sheet import Sheet
from clarity_desktop.ui.shell.window import Window
from clarity_desktop.vault import KdfParameters

CHEAP = KdfParameters.for_tests()
OWNER = "seven quiet herons"
PEOPLE = {
    "Ada": (OWNER, {Role.ADMIN, Role.CLINICIAN}),
    "Ben": ("own words of ben here", {Role.ADMIN}),
    "Cleo": ("own words of cleo here", {Role.CLINICIAN}),
    "Chen": ("own words of chen here", {Role.RESEARCHER}),
    "Rita": ("own words of rita here", {Role.READ_ONLY}),
}


def sheet_of(window: Window) -> Sheet:
    """The dialog that is open."""
    sheet = window.open_sheet()
    assert sheet is not None
    return sheet


def press(window: Window, verb: str) -> None:
    """Press the button of this text in the open dialog."""
    (button,) = [one for one in sheet_of(window).findChildren(Button) if one.text() == verb]
    assert button.isEnabled(), button.toolTip()
    button.click()
