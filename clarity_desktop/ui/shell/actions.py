"""The commands of the window: plain functions that take the window; the registry runs them when their needs hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clarity_desktop.ui.commands import command

if TYPE_CHECKING:
    from clarity_desktop.ui.shell.window import Window

_GO, _PEOPLE, _DATA, _EDIT, _VAULT, _VIEW, _HELP = "Go to", "People", "Data", "Edit", "Vault", "View", "Help"


@command(
    "go.patients",
    "Show patients",
    _GO,
    shortcut="Ctrl+0",
    icon="users",
    needs=["unlocked", "may:patients"],
    words=["list", "home"],
)
def go_patients(window: Window) -> None:
    """Shows the list of all people in the vault."""
    window.open_page("patients")


@command("go.overview", "Show overview", _GO, shortcut="Ctrl+1", icon="layout-dashboard", needs=["unlocked", "patient"])
def go_overview(window: Window) -> None:
    """Shows the main numbers and one week of linked signals of the open person."""
    window.open_page("overview")


@command("go.sleep", "Show sleep", _GO, shortcut="Ctrl+2", icon="moon", needs=["unlocked", "patient"], words=["night"])
def go_sleep(window: Window) -> None:
    """Shows the nights of the open person."""
    window.open_page("sleep")


@command(
    "go.circadian",
    "Show circadian",
    _GO,
    shortcut="Ctrl+3",
    icon="orbit",
    needs=["unlocked", "patient"],
    words=["actogram", "rhythm", "average day"],
)
def go_circadian(window: Window) -> None:
    """Shows actogram, average day and rhythm measures of the open person."""
    window.open_page("circadian")


@command(
    "go.trends",
    "Show trends",
    _GO,
    shortcut="Ctrl+4",
    icon="chart-line",
    needs=["unlocked", "patient"],
    words=["change", "slope", "course"],
)
def go_trends(window: Window) -> None:
    """Shows how nightly and daily values went, with slope and changes of level."""
    window.open_page("trends")


@command(
    "go.timeline",
    "Show timeline",
    _GO,
    shortcut="Ctrl+5",
    icon="activity",
    needs=["unlocked", "patient"],
    words=["signals", "samples"],
)
def go_timeline(window: Window) -> None:
    """Shows every stored series of the open person on one time axis."""
    window.open_page("timeline")


@command(
    "go.import",
    "Show imports",
    _GO,
    shortcut="Ctrl+6",
    icon="import",
    needs=["unlocked", "may:import"],
    words=["reports", "jobs"],
)
def go_import(window: Window) -> None:
    """Shows running imports and the reports of those that ended."""
    window.open_page("import")


@command(
    "go.jobs", "Show jobs", _GO, shortcut="Ctrl+7", icon="hourglass", needs=["unlocked"], words=["progress", "running"]
)
def go_jobs(window: Window) -> None:
    """Shows what runs, waits and has ended, with a way to stop it."""
    window.open_page("jobs")


@command("go.back", "Back", _GO, shortcut="Alt+Left", icon="arrow-left", needs=["unlocked", "back"])
def go_back(window: Window) -> None:
    """Returns to the place before."""
    window.go_back()


@command("go.forward", "Forward", _GO, shortcut="Alt+Right", icon="arrow-right", needs=["unlocked", "forward"])
def go_forward(window: Window) -> None:
    """Returns to the place that Back came from."""
    window.go_forward()


@command(
    "person.new",
    "New patient …",
    _PEOPLE,
    shortcut="Ctrl+N",
    icon="user-plus",
    needs=["unlocked", "right:change_identity"],
    words=["add"],
)
def new_patient(window: Window) -> None:
    """Adds a person to the vault."""
    window.new_patient()


@command("person.close", "Close patient", _PEOPLE, icon="log-out", needs=["unlocked", "patient"])
def close_patient(window: Window) -> None:
    """Closes the open person and shows the list."""
    window.close_patient()


@command(
    "demo.build",
    "Add demo people",
    _PEOPLE,
    icon="flask-conical",
    needs=["unlocked", "right:change_identity"],
    words=["simulated", "try"],
)
def build_demo(window: Window) -> None:
    """Adds simulated people to the vault, marked as such wherever they appear."""
    window.build_demo()


@command(
    "data.import",
    "Import files …",
    _DATA,
    shortcut="Ctrl+O",
    icon="import",
    needs=["unlocked", "right:change_data"],
    words=["export.zip", "csv", "awd", "open"],
)
def import_files(window: Window) -> None:
    """Chooses files of recordings and imports them for one person."""
    window.choose_files()


@command(
    "data.zones",
    "Time zones of this person …",
    _DATA,
    icon="plane",
    needs=["unlocked", "patient", "right:change_data"],
    words=["travel", "clock", "correct", "local time"],
)
def zones(window: Window) -> None:
    """Shows the zones of the open person with their evidence, and sets one by hand."""
    from clarity_desktop.ui.dialogs.zone_corrections import ZoneSheet

    if window.patient is not None:
        sheet = ZoneSheet(window, window.services, window.patient.id)
        sheet.said.connect(window.say)
        sheet.open()


@command(
    "data.sources",
    "Where sources overlap …",
    _DATA,
    icon="layers",
    needs=["unlocked", "patient", "right:change_data"],
    words=["merge", "priority", "order", "watch", "phone", "steps"],
)
def sources(window: Window) -> None:
    """Sets which source wins where several count the same thing, and explains a day of the open person."""
    from clarity_desktop.ui.dialogs.source_order import SourceSheet

    if window.patient is not None:
        sheet = SourceSheet(window, window.services, window.patient.id)
        sheet.said.connect(window.say)
        sheet.open()


@command(
    "data.report",
    "Make report as PDF …",
    _DATA,
    shortcut="Ctrl+P",
    icon="file-text",
    needs=["unlocked", "patient", "right:export_deidentified"],
    words=["print", "save"],
)
def make_report(window: Window) -> None:
    """Writes the report of the open person as a PDF where you choose."""
    window.make_report()


@command("vault.lock", "Lock now", _VAULT, shortcut="Ctrl+L", icon="lock", needs=["unlocked"], words=["close", "leave"])
def lock(window: Window) -> None:
    """Closes the vault; nothing about anyone stays on the screen."""
    window.lock()


@command(
    "vault.switch",
    "Switch user",
    _VAULT,
    shortcut="Ctrl+Shift+L",
    icon="users",
    needs=["unlocked"],
    words=["person", "hand over", "next", "log out"],
)
def switch_user(window: Window) -> None:
    """Locks the vault for the next person; they see their own things only."""
    window.switch_user()


@command(
    "vault.hold",
    "Presentation hold on or off",
    _VAULT,
    icon="monitor",
    needs=["unlocked"],
    words=["idle", "meeting", "keep open"],
)
def toggle_hold(window: Window) -> None:
    """Keeps idle time from locking the vault for an hour, or ends that."""
    window.toggle_hold()


@command(
    "vault.capture",
    "Let the window be captured …",
    _VAULT,
    icon="scan-line",
    needs=["unlocked", "capture"],
    words=["screenshot", "screen sharing", "recording"],
)
def lift_capture(window: Window) -> None:
    """Lets screenshots and screen sharing show the window for 15 minutes, with a reason for the audit."""
    window.ask_capture()


@command(
    "vault.check", "Check the vault", _VAULT, icon="shield-check", needs=["unlocked"], words=["verify", "integrity"]
)
def check_vault(window: Window) -> None:
    """Reads the whole vault and says whether every page and the audit chain are as written."""
    window.check_vault()


@command("vault.keychain", "Let the keychain open the vault", _VAULT, icon="key-round", needs=["unlocked", "keychain"])
def add_keychain(window: Window) -> None:
    """Lets the keychain of this machine open the vault for the account that is signed in."""
    window.add_keychain()


@command("view.light", "Theme: light", _VIEW, icon="sun", words=["colours", "bright"])
def theme_light(window: Window) -> None:
    """Shows the window dark on light."""
    window.choose_theme("light")


@command("view.dark", "Theme: dark", _VIEW, icon="moon", words=["colours", "night"])
def theme_dark(window: Window) -> None:
    """Shows the window light on dark."""
    window.choose_theme("dark")


@command("view.high_contrast", "Theme: high contrast", _VIEW, icon="contrast", words=["colours", "access"])
def theme_high_contrast(window: Window) -> None:
    """Shows the window white on black with strong borders."""
    window.choose_theme("high_contrast")


@command("view.system", "Theme: as the system", _VIEW, icon="monitor", words=["colours", "follow"])
def theme_system(window: Window) -> None:
    """Follows the desktop between light and dark."""
    window.choose_theme("system")


@command("view.full_screen", "Full screen", _VIEW, shortcut="F11", icon="maximize-2")
def full_screen(window: Window) -> None:
    """Fills the screen with the window, or returns from it."""
    window.toggle_full_screen()


@command("view.next_region", "Next region", _VIEW, shortcut="F6", icon="chevron-right")
def next_region(window: Window) -> None:
    """Moves the keyboard to the next region: header, navigation, toolbar, content."""
    window.next_region(forward=True)


@command("view.previous_region", "Previous region", _VIEW, shortcut="Shift+F6", icon="chevron-left")
def previous_region(window: Window) -> None:
    """Moves the keyboard to the region before."""
    window.next_region(forward=False)


@command("help.palette", "Command palette", _HELP, shortcut="Ctrl+Shift+P", icon="command", words=["find", "run"])
def show_palette(window: Window) -> None:
    """Finds a command by a few letters and runs it."""
    window.show_palette()


@command("help.search", "Search people and commands", _HELP, shortcut="Ctrl+K", icon="search", needs=["unlocked"])
def search(window: Window) -> None:
    """Finds a person by name or id, or a command."""
    window.show_palette()


@command("help.keys", "Keys and help", _HELP, shortcut="F1", icon="keyboard", words=["shortcuts", "manual"])
def show_keys(window: Window) -> None:
    """Lists every command with its keys."""
    window.show_keys()


@command("help.about", "About Clarity Desktop", _HELP, icon="info", words=["version", "licences"])
def about(window: Window) -> None:
    """Says which version this is, where its data lies, and under which licences its parts come."""
    window.show_about()


@command("edit.undo", "Undo", _EDIT, shortcut="Ctrl+Z", icon="undo-2", needs=["unlocked", "undo"])
def undo(window: Window) -> None:
    """Takes back the change that was made last, where it can be taken back."""
    window.undo_step()


@command("edit.redo", "Redo", _EDIT, shortcut="Ctrl+Shift+Z", icon="history", needs=["unlocked", "redo"])
def redo(window: Window) -> None:
    """Makes the change again that was taken back last."""
    window.redo_step()


# Their commands stand after those above, in the menu and in the list of keys.
from clarity_desktop.ui.shell import figure_actions, page_actions, security_actions, sync_actions  # noqa: E402, F401
