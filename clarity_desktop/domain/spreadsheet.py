"""What a spreadsheet does with a text that it opens, and how a cell is written so that it stays a text."""

from __future__ import annotations

from typing import Final

__all__ = ["neutralise"]

_FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r", "\n")


def neutralise(text: str) -> str:
    """A text that a spreadsheet reads as text: an apostrophe goes before what would start a formula (V-82)."""
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text
