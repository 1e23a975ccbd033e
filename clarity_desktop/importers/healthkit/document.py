"""Walks through a HealthData document that arrives in chunks: prolog, top-level elements, end."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any, Protocol

from clarity_desktop.domain.errors import InputError
from clarity_desktop.importers.healthkit.markup import Node, Stop, next_element

__all__ = ["Document", "DocumentHandler", "FastRows", "not_health_export"]

_ROOT = re.compile(rb"<HealthData(?=[\s>/])")
_VERSION = re.compile(rb"HealthKit Export Version:\s*([\w.]+)")
_DECLARATION = re.compile(rb"<!(?:--.*?-->|[A-Z]+(?:[^<>\"']|\"[^\"]*\"|'[^']*')*>)|<\?.*?\?>", re.DOTALL)
_ENTITY = re.compile(rb"<!ENTITY\s")
_PROLOG_LIMIT = 8 << 20
_ELEMENT_LIMIT = 4 << 20
_BLANK = b" \t\r\n"
_NOT_BLANK = re.compile(rb"[^ \t\r\n]")
_NEXT_ELEMENT = b"\n <"


class DocumentHandler(Protocol):
    """Who is told what the document holds. Positions are bytes from the start of the document."""

    def node(self, node: Node, data: bytes, base: int) -> None:
        """One whole top-level element; ``data[node.start:node.stop]`` is its text, ``base`` the position of data."""

    def damaged(self, code: str, raw: bytes, position: int) -> None:
        """A stretch that is not an element."""

    def problem(self, code: str, position: int, count: int = 1) -> None:
        """Trouble at a position."""

    def version(self, text: str) -> None:
        """Version that the prolog states."""


FastRows = Callable[[bytes, int, int, int], int]
"""Takes Records from ``data[pos:end]`` at once: ``(data, pos, end, base)`` → position it went on to (``pos``: none)."""


class _State(Enum):
    PROLOG = 0
    BODY = 1
    BEHIND = 2


def not_health_export(start: bytes, name: str) -> InputError:
    """The error for a file that is no HealthData document, in words that fit what it is."""
    if b"<ClinicalDocument" in start:
        return InputError(
            "import.not_health_export",
            f"“{name}” is the clinical-document copy of an export, not the export itself.",
            remedy="Choose export.zip, or the larger XML file that stands beside export_cda.xml.",
        )
    return InputError(
        "import.not_health_export",
        f"“{name}” is not an Apple Health export.",
        remedy="On the iPhone open Health, tap the picture, choose Export All Health Data, and import that export.zip.",
    )


class Document:
    """Feed it chunks of bytes in order; it tells the handler."""

    def __init__(self, handler: DocumentHandler, name: str, fast_rows: FastRows | None = None) -> None:
        self._handler = handler
        self._name = name
        self._fast_rows = fast_rows
        self._state = _State.PROLOG
        self._carry = b""
        self._base = 0
        """Position in the document of the first byte of the carry."""
        self._skip_until = b""
        self._trailing = False
        self._in_stray = False

    def place(self) -> dict[str, object]:
        """Where it stands: fed with the document's bytes from ``base`` on, another one goes on as this would."""
        return {
            "base": self._base,
            "state": self._state.value,
            "skip_until": self._skip_until.decode("ascii"),
            "trailing": self._trailing,
            "in_stray": self._in_stray,
        }

    @property
    def fed(self) -> int:
        """Bytes of the document that were fed so far."""
        return self._base + len(self._carry)

    def go_on_from(self, place: Mapping[str, Any]) -> int:
        """Take the place of another; answers the position of the byte to feed first."""
        self._base = int(place["base"])
        self._state = _State(place["state"])
        self._skip_until = str(place["skip_until"]).encode("ascii")
        self._trailing, self._in_stray = bool(place["trailing"]), bool(place["in_stray"])
        return self._base

    def feed(self, chunk: bytes, *, final: bool = False) -> None:
        """Take the next chunk; ``final`` with the last one (which may be empty)."""
        data = self._carry + chunk if self._carry else chunk
        consumed = 0
        if self._state is _State.PROLOG:
            consumed = self._prolog(data, final)
        if self._state is _State.BODY:
            consumed = self._body(data, consumed, final)
        if self._state is _State.BEHIND:
            consumed = self._behind(data, consumed)
        self._carry = data[consumed:]
        self._base += consumed
        if final:
            self._finish()

    def _finish(self) -> None:
        if self._state is _State.PROLOG:
            raise not_health_export(self._carry[:4096], self._name)
        if self._state is _State.BODY:
            end = self._base + len(self._carry)
            if self._carry.strip(_BLANK):
                self._handler.problem("element.lost", self._base)
            self._handler.problem("file.cut", end)

    def _prolog(self, data: bytes, final: bool) -> int:
        root = _ROOT.search(data)
        close = data.find(b">", root.end()) if root is not None else -1
        if root is None or close < 0:
            if len(data) > _PROLOG_LIMIT and not final:
                raise not_health_export(data[:4096], self._name)
            return 0
        prolog = data[: root.start()]
        version = _VERSION.search(prolog)
        if version is not None:
            self._handler.version(version[1].decode("ascii", "replace"))
        self._judge_dtd(prolog)
        self._state = _State.BODY
        if data[close - 1 : close] == b"/":
            self._state = _State.BEHIND
        return close + 1

    def _judge_dtd(self, prolog: bytes) -> None:
        begin, end = prolog.find(b"["), prolog.rfind(b"]")
        if begin < 0 or end < begin:
            return
        inside = prolog[begin + 1 : end]
        entities = _ENTITY.findall(inside)
        if entities:
            self._handler.problem("dtd.entities", begin, len(entities))
        if _DECLARATION.sub(b"", inside).strip(_BLANK):
            self._handler.problem("dtd.broken", begin)

    def _body(self, data: bytes, pos: int, final: bool) -> int:
        end = len(data)
        while True:
            if self._skip_until:
                found = data.find(self._skip_until, pos)
                if found < 0:
                    return max(pos, end - len(self._skip_until) + 1)
                # An element's beginning is looked for, not skipped.
                pos = found + (0 if self._skip_until == _NEXT_ELEMENT else len(self._skip_until))
                self._skip_until = b""
            if self._fast_rows is not None:
                pos = self._fast_rows(data, pos, end, self._base)
            text = _NOT_BLANK.search(data, pos)
            if text is None:
                return end
            pos = text.start()
            if data[pos] != 0x3C:
                following = data.find(b"<", pos)
                if not self._in_stray:
                    self._handler.problem("markup.stray", self._base + pos)
                self._in_stray = following < 0
                pos = end if following < 0 else following
                continue
            self._in_stray = False
            if self._begins_special(data, pos):
                continue
            found_element = next_element(data, pos, end, final=final)
            if isinstance(found_element, Node):
                self._handler.node(found_element, data, self._base)
                pos = found_element.stop
                continue
            stop, resume = found_element
            if stop is Stop.END:
                self._state = _State.BEHIND
                return resume
            waits = stop is Stop.MORE or (resume >= end and not final)
            if waits and end - pos <= _ELEMENT_LIMIT:
                return pos
            if waits:
                self._handler.damaged("markup.too_large", data[pos : pos + 4096], self._base + pos)
                pos += 1
                self._skip_until = _NEXT_ELEMENT
                continue
            self._handler.damaged("markup.damaged", data[pos:resume], self._base + pos)
            pos = resume

    def _begins_special(self, data: bytes, pos: int) -> bool:
        for begin, finish in ((b"<!--", b"-->"), (b"<?", b"?>"), (b"<![CDATA[", b"]]>")):
            if data.startswith(begin, pos):
                self._skip_until = finish
                return True
        return False

    def _behind(self, data: bytes, pos: int) -> int:
        rest = re.sub(rb"<!--.*?-->", b"", data[pos:], flags=re.DOTALL)
        if not self._trailing and rest.strip(_BLANK):
            self._trailing = True
            text = _NOT_BLANK.search(data, pos)
            assert text is not None
            self._handler.problem("markup.trailing", self._base + text.start())
        return len(data)
