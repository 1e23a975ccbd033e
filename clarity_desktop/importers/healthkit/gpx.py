"""Track points of a workout route (GPX 1.1 as the phone writes it) as columns, without an XML parser."""

from __future__ import annotations

import re

import numpy as np

from clarity_desktop.domain.importing import Element
from clarity_desktop.importers.healthkit.records import canonical_json, number_of
from clarity_desktop.importers.time_text import NAIVE, parse_times

__all__ = ["ROUTE_BYTES", "route_element", "route_of"]

ROUTE_BYTES = 24 << 20
"""Largest route file that is read: some 100 000 track points, more than a day of one a second."""

_NAMES = ("ele", "time", "speed", "course", "hAcc", "vAcc")
# The layout of all recent phones: one expression takes a whole point.
_POINT = re.compile(
    rb'<trkpt lon="([-\d.]{1,24})" lat="([-\d.]{1,24})"><ele>([-\d.]{1,24})</ele><time>([^<]{1,40})</time>'
    rb"<extensions><speed>([-\d.]{1,24})</speed><course>([-\d.]{1,24})</course>"
    rb"<hAcc>([-\d.]{1,24})</hAcc><vAcc>([-\d.]{1,24})</vAcc></extensions></trkpt>"
)
_OPEN = re.compile(rb"<trkpt\b([^<>]{0,400})>")
_PLACE = re.compile(rb"\b(lat|lon)\s*=\s*[\"']([^\"']{0,40})[\"']")
_LEAF = re.compile(rb"<([A-Za-z][\w:.\-]{0,40})>\s*([^<]{0,60}?)\s*</\1>")
_CLOSE = b"</trkpt>"


def route_of(data: bytes, path: str, workout: str, digest: str) -> Element | None:
    """The route as an element, ``None`` when the bytes are no GPX track.

    Parameters
    ----------
    data:
        The whole file.
    path:
        Its path inside the export, ``workout-routes/…``; with ``digest`` it is the identity.
    workout:
        Key of the workout element that names the file, ``""`` when none does.
    digest:
        SHA-256 of the data.

    Notes
    -----
    The payload holds ``columns``: ``time`` (UTC seconds), ``lat`` and ``lon`` (degrees), ``ele`` (m), ``speed`` (m/s),
    ``course`` (degrees), ``hAcc`` and ``vAcc`` (m), and any further leaf under its own name. All have one entry a
    point, ``null`` where the file says nothing usable. Entities are never expanded: values are digits.
    """
    if b"<gpx" not in data[:4096]:
        return None
    expected = data.count(b"<trkpt")
    rows = _POINT.findall(data)
    if len(rows) == expected:
        texts = {name: [row[index].decode() for row in rows] for index, name in enumerate(("lon", "lat", *_NAMES))}
    else:
        texts = _tolerant(data)
    n = len(texts.get("lat", ()))
    if expected and not n:
        return None
    return route_element(texts, path, workout, digest, cut=not data.rstrip().endswith(b"</gpx>"))


def route_element(
    texts: dict[str, list[str]], path: str, workout: str, digest: str, *, cut: bool = False, source: str = ""
) -> Element:
    """A route element from columns of text, all of one length."""
    columns: dict[str, list[float | int | None]] = {}
    start = stop = None
    for name, cells in texts.items():
        if name != "time":
            columns[name] = [_number(cell) for cell in cells]
            continue
        times = parse_times(cells)
        usable = times.readable & (times.offset_s != NAIVE)
        columns[name] = [second if ok else None for second, ok in zip(times.seconds.tolist(), usable, strict=True)]
        if usable.any():
            known = times.seconds[usable]
            start, stop = int(np.min(known)), int(np.max(known))
    document: dict[str, object] = {"path": path, "columns": columns, "points": len(texts.get("lat", ()))}
    if workout:
        document["workout"] = workout
    if cut:
        document["cut"] = True
    return Element("WorkoutRoute", f"{path}|{digest}", start, stop, source, canonical_json(document))


def _number(text: str) -> float | int | None:
    number = number_of(text) if text else None
    if number is None:
        return None
    return int(number[0]) if number[0].is_integer() and abs(number[0]) < 1e15 else number[0]


def _tolerant(data: bytes) -> dict[str, list[str]]:
    """Columns of text of a file in another layout; a point without place or end is left out."""
    points: list[dict[str, str]] = []
    pos = 0
    while (opened := _OPEN.search(data, pos)) is not None:
        pos = opened.end()
        following = data.find(b"<trkpt", pos)
        limit = len(data) if following < 0 else following
        close = data.find(_CLOSE, pos, limit)
        if close < 0 and not opened[1].rstrip().endswith(b"/"):
            continue
        point = {name.decode(): text.decode("utf-8", "replace") for name, text in _PLACE.findall(opened[1])}
        if len(point) < 2:
            continue
        if close >= 0:
            for name, text in _LEAF.findall(data[pos:close]):
                point.setdefault(name.decode("ascii", "replace"), text.decode("utf-8", "replace"))
            pos = close
        points.append(point)
    names = dict.fromkeys(("lon", "lat", "time"))
    for point in points:
        names.update(dict.fromkeys(point))
    return {name: [point.get(name, "") for point in points] for name in names}
