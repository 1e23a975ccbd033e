"""The commands of the pages that look after the vault; each opens its page and begins there."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from clarity_desktop.ui.commands import command

if TYPE_CHECKING:
    from clarity_desktop.ui.pages.page import Page
    from clarity_desktop.ui.shell.window import Window

__all__ = ["begin"]

_GO, _VAULT = "Go to", "Vault"


def begin(window: Window, page_id: str, start: Callable[[Page], None]) -> None:
    """Open a page and start something on it, unless the page is refused."""
    window.open_page(page_id)
    page = window.workspace.current()
    if page is not None and page.id == page_id:
        start(page)


@command(
    "go.consent",
    "Show consent",
    _GO,
    icon="stethoscope",
    needs=["unlocked", "patient", "may:consent"],
    words=["erasure", "export", "access report", "legal hold"],
)
def go_consent(window: Window) -> None:
    """Shows what the open person agreed to, and what they may ask for."""
    window.open_page("consent")


@command("go.security", "Show security", _GO, icon="shield-check", needs=["unlocked"], words=["encryption", "state"])
def go_security(window: Window) -> None:
    """Shows how the vault stands: encryption, ways in, backups, audit chain, open exceptions."""
    window.open_page("security")


@command(
    "go.people",
    "Show people",
    _GO,
    icon="user-round",
    needs=["unlocked", "may:people"],
    words=["users", "roles", "team"],
)
def go_people(window: Window) -> None:
    """Shows who opens the vault, with roles and last visit."""
    window.open_page("people")


@command("go.keys", "Show key slots", _GO, icon="key-round", needs=["unlocked"], words=["passphrase", "recovery"])
def go_keys(window: Window) -> None:
    """Shows the ways into the vault: passphrase, keychain, recovery code."""
    window.open_page("keys")


@command("go.audit", "Show audit", _GO, icon="list", needs=["unlocked", "may:audit"], words=["log", "who did what"])
def go_audit(window: Window) -> None:
    """Shows who did what and when, with filters."""
    window.open_page("audit", {"view": "all"})


@command(
    "go.left_machine",
    "Show what left this machine",
    _GO,
    icon="upload",
    needs=["unlocked", "may:audit"],
    words=["sent", "exports", "disclosure"],
)
def go_left_machine(window: Window) -> None:
    """Shows every export, report, print and sending that the audit knows of."""
    window.open_page("audit", {"view": "left"})


@command("go.backups", "Show backups", _GO, icon="hard-drive", needs=["unlocked"], words=["restore", "copy"])
def go_backups(window: Window) -> None:
    """Shows the backups of the vault, and restores them."""
    window.open_page("backups")


@command(
    "go.retention",
    "Show retention",
    _GO,
    icon="trash-2",
    needs=["unlocked", "may:retention"],
    words=["erasure", "certificate", "legal hold", "delete"],
)
def go_retention(window: Window) -> None:
    """Shows how long data is kept, what is due, and erasures that wait."""
    window.open_page("retention")


@command(
    "go.settings", "Show settings", _GO, shortcut="Ctrl+,", icon="settings-2", needs=["unlocked"], words=["preferences"]
)
def go_settings(window: Window) -> None:
    """Shows the settings of this workstation, with a search."""
    window.open_page("settings")


@command("vault.backup", "Back up now", _VAULT, icon="download", needs=["unlocked"], words=["save", "copy"])
def back_up(window: Window) -> None:
    """Makes a verified backup while you go on working."""
    from clarity_desktop.ui.pages.security.backups import BackupsPage

    begin(window, "backups", lambda page: page.back_up() if isinstance(page, BackupsPage) else None)


@command(
    "vault.drill",
    "Practise a restore",
    _VAULT,
    icon="rotate-ccw",
    needs=["unlocked", "right:restore"],
    words=["drill", "test backup"],
)
def practise(window: Window) -> None:
    """Restores the latest backup to a place that is removed again, and compares."""
    from clarity_desktop.ui.pages.security.backups import BackupsPage

    begin(window, "backups", lambda page: page.practise() if isinstance(page, BackupsPage) else None)


@command("vault.passphrase", "Change passphrase …", _VAULT, icon="pencil", needs=["unlocked"], words=["password"])
def change_passphrase(window: Window) -> None:
    """Asks for the present passphrase and puts a new one in its place."""
    from clarity_desktop.ui.pages.security.keys import KeysPage

    begin(window, "keys", lambda page: page.change_passphrase() if isinstance(page, KeysPage) else None)


@command("vault.recovery", "New recovery code …", _VAULT, icon="file-text", needs=["unlocked"], words=["print"])
def new_recovery_code(window: Window) -> None:
    """Shows a recovery code to print, and keeps it once two groups were typed back."""
    from clarity_desktop.ui.pages.security.keys import KeysPage

    begin(window, "keys", lambda page: page.new_recovery_code() if isinstance(page, KeysPage) else None)


@command(
    "vault.rekey",
    "New keys for the whole vault …",
    _VAULT,
    icon="rotate-ccw",
    needs=["unlocked", "right:manage_people"],
    words=["rekey", "rotate"],
)
def make_new_keys(window: Window) -> None:
    """Encrypts the whole vault anew, as after somebody has left."""
    from clarity_desktop.ui.pages.security.keys import KeysPage

    begin(window, "keys", lambda page: page.make_new_keys() if isinstance(page, KeysPage) else None)


@command(
    "vault.add_person",
    "Add a person who opens the vault …",
    _VAULT,
    icon="user-plus",
    needs=["unlocked", "right:manage_people"],
    words=["user", "colleague"],
)
def add_person(window: Window) -> None:
    """Asks for name, roles and a first passphrase."""
    from clarity_desktop.ui.pages.security.people import PeoplePage

    begin(window, "people", lambda page: page.add_person() if isinstance(page, PeoplePage) else None)


@command("vault.check_audit", "Check the audit", _VAULT, icon="shield-check", needs=["unlocked", "may:audit"])
def check_audit(window: Window) -> None:
    """Reads every entry of the audit and says whether the chain is as written."""
    from clarity_desktop.ui.pages.security.audit import AuditPage

    begin(window, "audit", lambda page: page.check_chain() if isinstance(page, AuditPage) else None)
