"""The one door from the command line to the window; Qt is imported when it is asked for."""

from __future__ import annotations

from clarity_desktop.app import Services

__all__ = ["open_window"]


def open_window(services: Services) -> int:
    """Open the window over these services and answer its exit code when it is closed."""
    from clarity_desktop.ui.application import run

    return run(services)
