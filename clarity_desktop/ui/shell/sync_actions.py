"""The commands of sync: a round now, pause, the direction of an account, and bringing everything back."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from clarity_desktop.ui.commands import command
from clarity_desktop.ui.jobs import run_mutation
from clarity_desktop.ui.shell.security_actions import begin

if TYPE_CHECKING:
    from clarity_desktop.ui.pages.cloud.sync import SyncPage
    from clarity_desktop.ui.pages.page import Page
    from clarity_desktop.ui.shell.window import Window

__all__: list[str] = []
_SYNC = "Sync"
_NEEDS = ("unlocked", "may:sync")


def _on_page(window: Window, start: Callable[[SyncPage], None]) -> None:
    from clarity_desktop.ui.pages.cloud.sync import SyncPage

    def on(page: Page) -> None:
        if isinstance(page, SyncPage):
            start(page)

    begin(window, "sync", on)


@command(
    "sync.now",
    "Sync now",
    _SYNC,
    icon="refresh-cw",
    needs=[*_NEEDS, "right:send_insight"],
    words=["send", "upload", "server", "cloud"],
)
def sync_now(window: Window) -> None:
    """Sends what waits and reads back what was sent, once."""
    _on_page(window, lambda page: page.sync_now())


@command(
    "sync.pause",
    "Pause sync, or go on",
    _SYNC,
    icon="clock",
    needs=_NEEDS,
    words=["stop", "resume", "metered", "later"],
)
def pause(window: Window) -> None:
    """Pauses sync until somebody lets it go on; the choice survives a restart."""
    services = window.services

    def switch() -> bool:
        paused = not services.sync_status().paused
        services.pause_sync(paused)
        return paused

    def said(paused: bool) -> None:
        window.workspace.toast.say("Sync is paused until you resume it." if paused else "Sync goes on.")

    run_mutation(window, switch, said)


@command(
    "sync.ask",
    "Ask the server how it is",
    _SYNC,
    icon="refresh-cw",
    needs=[*_NEEDS, "right:send_insight"],
    words=["probe", "health", "breaker", "learned", "look again"],
)
def ask_server(window: Window) -> None:
    """Asks each service of the server whether it answers and what it can do; sends nothing of anyone."""
    _on_page(window, lambda page: page.ask_services())


@command(
    "sync.direction",
    "Direction and people of the account …",
    _SYNC,
    icon="move-horizontal",
    needs=[*_NEEDS, "right:send_insight"],
    words=["devices", "both", "upload", "download", "link", "who is who"],
)
def choose_direction(window: Window) -> None:
    """Shows what both sides hold, which way data go, and who at the server is who here."""
    _on_page(window, lambda page: page.remote.ask_direction())


@command(
    "sync.restore",
    "Bring all back from the server …",
    _SYNC,
    icon="history",
    needs=[*_NEEDS, "right:send_insight"],
    words=["restore", "download", "empty vault", "new computer"],
)
def restore(window: Window) -> None:
    """Lists what the server gives back into an empty vault and what it cannot, then brings it."""
    _on_page(window, lambda page: page.remote.ask_restore())
