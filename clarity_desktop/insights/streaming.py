"""Statements out of a text that is still arriving: each is handed on when it is whole, never a fragment (I-49)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

__all__ = ["StatementStream"]


class StatementStream:
    """Finds the whole objects of the list ``statements`` in a JSON text that grows.

    It judges nothing: the answer as a whole is checked at its end, and each statement by the grounding check.
    """

    def __init__(self) -> None:
        self.text = ""
        self._place = 0
        self._in_list = False

    def feed(self, piece: str) -> Iterator[Any]:
        """Add text; yields each object of the list that has become whole."""
        self.text += piece
        if not self._in_list:
            start = self.text.find('"statements"')
            opening = self.text.find("[", start) if start >= 0 else -1
            if opening < 0:
                return
            self._place, self._in_list = opening + 1, True
        decoder = json.JSONDecoder()
        while True:
            begin = self.text.find("{", self._place)
            if begin < 0 or self.text[self._place : begin].strip(", \t\r\n"):
                return
            try:
                found, end = decoder.raw_decode(self.text, begin)
            except ValueError:
                return
            self._place = end
            yield found
