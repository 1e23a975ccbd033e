"""The light colours of the design tokens, as numbers that a PDF takes; reports never follow the window's theme."""

from __future__ import annotations

import json
from functools import lru_cache

from clarity_desktop.assets import asset

__all__ = ["Colour", "colour", "lighter"]

Colour = tuple[float, float, float]
"""Red, green, blue, 0…1."""


@lru_cache(maxsize=1)
def _light() -> dict[str, str]:
    tokens = json.loads(asset("resources/tokens.json").read_text(encoding="utf-8"))
    light = tokens["theme"]["light"]
    return {**light["ui"], **light["data"]}


@lru_cache(maxsize=64)
def colour(token: str) -> Colour:
    """The colour of a token of the light theme, such as ``text_muted`` or ``core``."""
    digits = _light()[token].removeprefix("#")
    red, green, blue = (int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4))
    return red, green, blue


def lighter(token: str, share: float) -> Colour:
    """A token's colour at ``share`` opacity on white paper, mixed beforehand so that print shows no transparency."""
    red, green, blue = (1 - share + share * part for part in colour(token))
    return red, green, blue
