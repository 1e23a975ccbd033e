"""Commands that open the pages beyond the first ones: summary, comparison, diary, PAT, insights, and the cloud's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clarity_desktop.ui.commands import command

if TYPE_CHECKING:
    from clarity_desktop.ui.shell.window import Window

_GO = "Go to"


@command(
    "go.compare",
    "Show comparison",
    _GO,
    icon="columns-3",
    needs=["unlocked", "patient"],
    words=["events", "before", "after", "difference"],
)
def go_compare(window: Window) -> None:
    """Shows events of the open person, and two windows of time against each other."""
    window.open_page("compare")


@command(
    "go.summary",
    "Show patient summary",
    _GO,
    icon="file-text",
    needs=["unlocked", "patient"],
    words=["clinic", "who", "consent", "documents", "held", "print"],
)
def go_summary(window: Window) -> None:
    """Shows what the vault holds about the open person on one page, with the same words and sources as Insights."""
    window.open_page("summary")


@command(
    "go.insights",
    "Show insights",
    _GO,
    icon="message-square-quote",
    needs=["unlocked", "patient"],
    words=["sentences", "text", "words", "model", "question"],
)
def go_insights(window: Window) -> None:
    """Shows what was measured in checked sentences, each with the charts that it rests on."""
    window.open_page("insights")


@command(
    "go.diary",
    "Show sleep diary",
    _GO,
    icon="calendar-days",
    needs=["unlocked", "patient"],
    words=["write", "free days", "agreement"],
)
def go_diary(window: Window) -> None:
    """Shows the sleep diary of the open person, how accounts of sleep agree, and which days are free."""
    window.open_page("diary")


@command(
    "go.sync",
    "Show sync",
    _GO,
    shortcut="Ctrl+Shift+U",
    icon="refresh-cw",
    needs=["unlocked"],
    words=["cloud", "server", "upload", "send", "waiting"],
)
def go_sync(window: Window) -> None:
    """What waits for the server, and what needs you."""
    window.open_page("sync")


@command(
    "go.conflicts",
    "Show conflicts",
    _GO,
    icon="layers",
    needs=["unlocked", "may:conflicts"],
    words=["sync", "both", "devices", "versions", "choose"],
)
def go_conflicts(window: Window) -> None:
    """Shows entries that two devices changed, both versions side by side."""
    window.open_page("conflicts")


@command(
    "go.pat",
    "Show PAT",
    _GO,
    icon="scan-eye",
    needs=["unlocked", "patient"],
    words=["transformer", "actigraphy", "embedding", "attention", "weeks"],
)
def go_pat(window: Window) -> None:
    """Shows what the actigraphy transformer makes of the weeks of the open person, for research."""
    window.open_page("pat")


@command(
    "go.account", "Show account", _GO, icon="user", needs=["unlocked"], words=["cloud", "sign in", "sign out", "server"]
)
def go_account(window: Window) -> None:
    """Shows the accounts at servers, and signing in and out."""
    window.open_page("account")


@command(
    "go.server",
    "Show server",
    _GO,
    icon="hard-drive",
    needs=["unlocked"],
    words=["cloud", "uploads", "analyses", "texts", "account", "results"],
)
def go_server(window: Window) -> None:
    """Shows the account at the server, what lies there, and its analyses and texts."""
    window.open_page("server")


@command(
    "go.live",
    "Show live channel",
    _GO,
    icon="activity",
    needs=["unlocked"],
    words=["cloud", "chat", "assistant", "socket", "messages"],
)
def go_live(window: Window) -> None:
    """Shows the live channel to the server's assistant, and the analyses that it tells of."""
    window.open_page("live")


@command(
    "go.server-check",
    "Show server check",
    _GO,
    icon="scan-line",
    needs=["unlocked"],
    words=["cloud", "endpoint", "contract", "difference"],
)
def go_server_check(window: Window) -> None:
    """Shows what a server offers, and how that differs from what the program was made for."""
    window.open_page("server-check")


@command(
    "go.diagnostics",
    "Show diagnostics",
    _GO,
    icon="gauge",
    needs=["unlocked", "may:diagnostics"],
    words=["health", "version", "support", "latency", "breaker", "flags", "telemetry"],
)
def go_diagnostics(window: Window) -> None:
    """Shows what this program is, whether it is ready, and how its servers stand."""
    window.open_page("diagnostics")


@command(
    "developer.test_routes",
    "Try the server's test routes",
    "Vault",
    icon="flask-conical",
    needs=["unlocked", "may:diagnostics"],
    words=["developer", "connection"],
    flag="developer.routes",
)
def try_test_routes(window: Window) -> None:
    """Tries the connection to the first server by its test routes, without a token and without data of anyone."""
    window.try_test_routes()
