"""Tolerant reading of one XML element after the other from a buffer of bytes, with positions and stated repairs."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import Enum

from clarity_desktop.importers.healthkit.beats import BeatList

__all__ = ["Node", "Stop", "attributes_of", "next_element"]

_OPEN = re.compile(rb"<(/?)([A-Za-z_][\w.:\-]*+)")
# The rest of a tag: everything up to ">" outside quotes. Possessive, so that no input makes it slow.
_REST = re.compile(rb"((?:[^<>\"']++|\"[^\"]*+\"|'[^']*+')*+)(>?)")
_ATTRIBUTE = re.compile(rb"([^\s=\"'/][^=\"']*?)\s*=\s*(?:\"([^\"]*)\"|'([^']*)')")
_TEXT_ATTRIBUTE = re.compile(_ATTRIBUTE.pattern.decode(), re.ASCII)
_CONTROL = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_REFERENCE = re.compile(r"&(?:#([0-9]{1,7})|#[xX]([0-9a-fA-F]{1,6})|([A-Za-z_][\w.\-]*));")
_NAMED = {"lt": "<", "gt": ">", "amp": "&", "quot": '"', "apos": "'"}
_NEW_ELEMENT_INSIDE = re.compile(rb"\n {1,3}</?[A-Z]")
_TAG_LIMIT = 1 << 20
_DEPTH_LIMIT = 32
_BLANK = b" \t\r\n"
_SPECIAL = (
    (b"<!--", b"-->"),
    (b"<![CDATA[", b"]]>"),
    (b"<?", b"?>"),
)


class Stop(Enum):
    """Why there is no element here."""

    MORE = "more"
    """The buffer ends inside an element."""
    END = "end"
    """The root's closing tag stands here."""
    DAMAGED = "damaged"
    """What stands here is not an element."""


@dataclass(slots=True)
class Node:
    """One element with its attributes, children and place."""

    name: str
    attributes: dict[str, str]
    start: int
    """Position of ``<`` in the buffer."""
    stop: int = -1
    """Position behind the element."""
    children: list[Node] = field(default_factory=list)
    repairs: dict[str, int] = field(default_factory=dict)
    """Problem codes and counts met in this element and its children."""
    beats: BeatList | None = None
    """The record's list of beats, where it was read ahead of the children."""

    def repair(self, code: str, count: int = 1) -> None:
        """Note a repair."""
        self.repairs[code] = self.repairs.get(code, 0) + count


def attributes_of(raw: bytes, repairs: dict[str, int]) -> dict[str, str]:
    """Attributes of the inside of a tag; of a repeated one the first counts, except that a second ``startDate``
    without an ``endDate`` is the end (as iOS 16 writes it).
    """
    if _CONTROL.search(raw):
        raw, removed = _CONTROL.subn(b"", raw)
        repairs["text.control"] = repairs.get("text.control", 0) + removed
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        pairs = [
            (name.decode("utf-8", "replace"), _decoded(double or single, repairs))
            for name, double, single in _ATTRIBUTE.findall(raw)
        ]
    else:
        pairs = [(name, double or single) for name, double, single in _TEXT_ATTRIBUTE.findall(text)]
    result: dict[str, str] = {}
    second_start: str | None = None
    for name, value in pairs:
        if "&" in value or "<" in value:
            value = _plain(value, repairs)
        if name in result:
            repairs["markup.repeated_attribute"] = repairs.get("markup.repeated_attribute", 0) + 1
            if name == "startDate" and second_start is None:
                second_start = value
            continue
        result[name] = value
    if second_start is not None and "endDate" not in result:
        result["endDate"] = second_start
    return result


def _decoded(raw: bytes, repairs: dict[str, int]) -> str:
    value = raw.decode("utf-8", "replace")
    if "\ufffd" in value:
        repairs["text.utf8"] = repairs.get("text.utf8", 0) + 1
    return value


def _plain(value: str, repairs: dict[str, int]) -> str:
    if "<" in value:
        repairs["markup.raw_less_than"] = repairs.get("markup.raw_less_than", 0) + 1
    return _resolved(value, repairs) if "&" in value else value


def _resolved(value: str, repairs: dict[str, int]) -> str:
    unknown = 0

    def replacement(match: re.Match[str]) -> str:
        nonlocal unknown
        decimal, hexadecimal, name = match.groups()
        if name is not None:
            if name in _NAMED:
                return _NAMED[name]
            unknown += 1
            return match[0]
        code = int(decimal) if decimal is not None else int(hexadecimal, 16)
        if code in (9, 10, 13) or 32 <= code < 0xD800 or 0xE000 <= code < 0x110000:
            return chr(code)
        unknown += 1
        return match[0]

    resolved = _REFERENCE.sub(replacement, value)
    if unknown:
        repairs["text.entity"] = repairs.get("text.entity", 0) + unknown
    if value.count("&") > len(_REFERENCE.findall(value)):
        repairs["markup.raw_ampersand"] = repairs.get("markup.raw_ampersand", 0) + 1
    return resolved


def _resync(data: bytes, pos: int, end: int) -> int:
    """Position of the next line that begins an element, or ``end``."""
    found = _NEW_ELEMENT_INSIDE.search(data, pos, end)
    return found.start() if found is not None else end


def next_element(data: bytes, pos: int, end: int, *, final: bool) -> Node | tuple[Stop, int]:
    """Read the element that starts at ``pos``.

    Comments, processing instructions and CDATA inside the element are skipped.

    Returns
    -------
    Node or (Stop, int)
        The element; or why there is none and where to go on: at ``MORE`` and ``END`` the position is ``pos``, at
        ``DAMAGED`` it is behind what must be set aside.
    """
    stack: list[Node] = []
    root: Node | None = None
    at = pos
    while True:
        opening = _OPEN.match(data, at, end)
        if opening is None:
            behind = _behind_special(data, at, end)
            if behind is None:
                return (Stop.DAMAGED, _resync(data, at + 1, end)) if not stack else _broken(data, pos, at, end, final)
            if behind < 0:
                return (Stop.MORE, pos)
            at = behind
        else:
            rest = _REST.match(data, opening.end(), end)
            assert rest is not None
            if not rest[2]:
                if rest.end() - at > _TAG_LIMIT or (rest.end() < end and data[rest.end()] == 0x3C):
                    return (Stop.DAMAGED, _resync(data, at + 1, end))
                if final:
                    resume = _resync(data, at + 1, end)
                    return (Stop.DAMAGED, resume) if resume < end else (Stop.MORE, pos)
                # An unclosed quote may run on to the end of what is here: it is damage if elements begin within it.
                if _NEW_ELEMENT_INSIDE.search(data, opening.end(), end) and end - at > _TAG_LIMIT:
                    return (Stop.DAMAGED, _resync(data, at + 1, end))
                return (Stop.MORE, pos)
            inside = rest[1]
            if b"\n" in inside and _NEW_ELEMENT_INSIDE.search(inside):
                return (Stop.DAMAGED, _resync(data, at + 1, end))
            name = opening[2].decode("utf-8", "replace")
            if opening[1]:
                if root is None:
                    if name == "HealthData":
                        return (Stop.END, rest.end())
                    return (Stop.DAMAGED, rest.end())
                if name == "HealthData":
                    root.repair("markup.unclosed", len(stack))
                    root.stop = at
                    return root
                if any(node.name == name for node in stack):
                    while stack[-1].name != name:
                        root.repair("markup.unclosed")
                        stack.pop()
                    stack.pop()
                at = rest.end()
            else:
                if root is not None and _begins_anew(name, stack):
                    root.repair("markup.unclosed", len(stack))
                    root.stop = at
                    return root
                closed = inside.endswith(b"/")
                node = Node(name, {}, at, rest.end())
                if root is None:
                    root = node
                else:
                    stack[-1].children.append(node)
                node.attributes = attributes_of(inside, root.repairs)
                if not closed:
                    if len(stack) >= _DEPTH_LIMIT:
                        return (Stop.DAMAGED, _resync(data, at + 1, end))
                    stack.append(node)
                at = rest.end()
            if not stack:
                assert root is not None
                root.stop = at
                return root
        following = data.find(b"<", at, end)
        if following < 0:
            return (Stop.MORE, pos)
        at = following


def _broken(data: bytes, pos: int, at: int, end: int, final: bool) -> tuple[Stop, int]:
    """A ``<`` within an element that begins nothing known."""
    if end - at < 16 and not final:
        return (Stop.MORE, pos)
    return (Stop.DAMAGED, _resync(data, at + 1, end))


def _begins_anew(name: str, stack: list[Node]) -> bool:
    """Whether an element of this name cannot stand inside the open ones, so that they must have ended before."""
    if name in ("Workout", "Correlation", "ActivitySummary", "ClinicalRecord", "Audiogram"):
        return True
    return name == "Record" and stack[0].name != "Correlation" and stack[-1].name in ("Record", "Workout")


def _behind_special(data: bytes, at: int, end: int) -> int | None:
    """Position behind a comment, CDATA or instruction at ``at``; -1 when it does not end here; ``None`` if none is."""
    for begin, finish in _SPECIAL:
        if data.startswith(begin, at):
            found = data.find(finish, at + len(begin), end)
            return found + len(finish) if found >= 0 else -1
    if data.startswith(b"<!", at) and end - at < 9:
        return -1
    return None
