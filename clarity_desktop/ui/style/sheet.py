"""The style sheet of a theme: the template with every ``@token`` replaced by its colour."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path

from clarity_desktop.ui.style.tokens import Theme, load_theme

__all__ = ["style_sheet"]

_TOKEN = re.compile(r"@([a-z_]+)")


@lru_cache(maxsize=4)
def _sheet(name: str) -> str:
    theme = load_theme(name)
    template = (Path(__file__).parent / "window.qss").read_text("utf-8")
    return _TOKEN.sub(lambda found: theme.ui[found[1]].name(), template)


def style_sheet(theme: Theme) -> str:
    """The style sheet of a theme.

    Raises
    ------
    KeyError
        When the template names a token the theme does not have.
    """
    return _sheet(theme.name)
