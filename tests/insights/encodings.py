"""All the ways in which an identifier could hide in bytes (IS-15), for tests that look for canaries."""

from __future__ import annotations

import base64
import html
import json
import re
import unicodedata
import zlib
from collections.abc import Iterable, Iterator
from functools import cache
from urllib.parse import quote

__all__ = ["found_in", "pieces_of"]

_BASE64 = re.compile(rb"[A-Za-z0-9+/_-]{24,}={0,2}")
_LEAST = 4


def _plain_forms(value: str) -> Iterator[str]:
    folded = unicodedata.normalize("NFKC", value)
    bare = "".join(letter for letter in value if letter.isalnum())
    for form in (value, folded, unicodedata.normalize("NFD", value), bare):
        yield from (form, form.lower(), form.upper(), form.casefold(), form[::-1])


@cache
def _needles(value: str) -> frozenset[bytes]:
    return frozenset(_encoded(value))


def _encoded(value: str) -> Iterator[bytes]:
    for form in set(_plain_forms(value)):
        if len(form) < _LEAST:
            continue
        raw = form.encode()
        yield raw
        yield raw.hex().encode()
        yield raw.hex().upper().encode()
        yield quote(form, safe="").encode()
        yield quote(form, safe="").lower().encode()
        yield html.escape(form).encode()
        yield "".join(f"&#{ord(letter)};" for letter in form).encode()
        yield "".join(f"&#x{ord(letter):x};" for letter in form).encode()
        yield "".join(f"\\u{ord(letter):04x}" for letter in form).encode()
        yield "".join(f"\\u{ord(letter):04X}" for letter in form).encode()
        yield json.dumps(form)[1:-1].encode()
        yield form.encode("utf-16-le")
        for lead in range(3):
            # The three alignments in which the value can stand inside longer text that was encoded.
            encoded = base64.b64encode(b"\0" * lead + raw)
            core = encoded[4 if lead else 0 : -4 if len(raw) > 6 else None].rstrip(b"=")
            if len(core) >= 6:
                yield core
                yield core.translate(bytes.maketrans(b"+/", b"-_"))


def _unpacked(data: bytes) -> Iterator[bytes]:
    """The bytes, what base64 in them holds, and what that holds when it was packed."""
    yield data
    for match in _BASE64.finditer(data):
        run = match.group().translate(bytes.maketrans(b"-_", b"+/")).rstrip(b"=")
        try:
            raw = base64.b64decode(run + b"=" * (-len(run) % 4))
        except ValueError:
            continue
        yield raw
        for bits in (31, 15, -15):
            try:
                yield zlib.decompress(raw, bits)
            except zlib.error:
                continue


def pieces_of(value: str) -> Iterator[str]:
    """Every run of five letters of a value, in lower case."""
    for run in re.findall(r"[^\W\d_]{5,}", value.casefold()):
        yield from (run[at : at + 5] for at in range(len(run) - 4))


def found_in(data: bytes, canaries: Iterable[str], harmless: str = "") -> list[str]:
    """Canaries that stand in the bytes in any form; also pieces of five letters unless harmless text holds them."""
    known = harmless.casefold()
    layers = [*_unpacked(data), unicodedata.normalize("NFKC", data.decode("utf-8", "replace")).encode()]
    lowered = [layer.decode("utf-8", "replace").casefold() for layer in layers]
    hits: list[str] = []
    for value in canaries:
        needles = _needles(value)
        if any(needle in layer for layer in layers for needle in needles):
            hits.append(value)
            continue
        pieces = {piece for piece in pieces_of(value) if piece not in known}
        hits += [f"{value}: {piece}" for piece in sorted(pieces) if any(piece in layer for layer in lowered)]
    return hits
