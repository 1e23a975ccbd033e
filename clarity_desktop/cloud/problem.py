"""One shape for everything a server can answer in place of what was asked (RFC 9457, clarity-api §4)."""

from __future__ import annotations

import email.utils
import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

__all__ = ["MOST_WAIT_S", "FieldProblem", "Problem", "read_problem"]

MOST_WAIT_S: Final = 900.0
"""Longest wait that a server's ``Retry-After`` is obeyed for."""
_CODE = re.compile(r"^\[([A-Z0-9_]+)\]\s*(.*)$", re.DOTALL)
_LOCATIONS: Final = frozenset({"body", "query", "path", "header"})
_WORDS: Final = {
    400: "The server did not accept the request.",
    401: "The sign-in is not valid any more.",
    403: "The account has no right to this.",
    404: "The server has no such thing.",
    405: "The server does not know this request.",
    408: "The server took too long.",
    409: "This is there already.",
    410: "The server no longer offers this.",
    413: "This is more than the server takes at once.",
    415: "The server does not take this kind of content.",
    422: "The server found a field that does not fit.",
    429: "The server asks to wait.",
    500: "The server has a fault of its own.",
    502: "The server could not be reached behind its door.",
    503: "This service of the server is down.",
    504: "The server took too long.",
}


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """One field that the server found fault with."""

    field: str
    message: str
    code: str = ""


@dataclass(frozen=True, slots=True)
class Problem:
    """A failure as everything beyond the client sees it. Holds no request content and no raw text of a fault page."""

    type: str
    title: str
    status: int
    detail: str
    instance: str = ""
    errors: tuple[FieldProblem, ...] = ()
    request_id: str = ""
    retry_after_s: float | None = None
    """Seconds to wait, at most :data:`MOST_WAIT_S`; ``None`` when the server gave none that can be believed."""
    raw_kind: str = "E8"
    """Which envelope it came in, E1 to E8, or ``problem+json``."""
    instead: str = ""
    """What the server names in place of something that it no longer offers."""

    @property
    def code(self) -> str:
        """The type as one folded word: the last part of an address, ``-`` as ``_``, lower case."""
        return self.type.rstrip("/").rsplit("/", 1)[-1].replace("-", "_").lower()

    @property
    def is_complete(self) -> bool:
        """Whether the server itself answered; a fault page or an empty body tells nothing of what it had done."""
        return self.raw_kind != "E8"

    @property
    def is_not_found(self) -> bool:
        """Whether it says "not found", which some routes say with 400."""
        return self.status == 404 or (self.status == 400 and self.detail.rstrip(". ").lower().endswith("not found"))


def read_problem(status: int, headers: Mapping[str, str], body: bytes, *, now: float | None = None) -> Problem:
    """Read an answer that is no success.

    Parameters
    ----------
    status:
        HTTP status.
    headers:
        Of the answer, with names in lower case or of a type that folds them.
    body:
        As received. Echoed input of validation errors is dropped unread.
    now:
        Seconds since 1970, for a ``Retry-After`` that is a date.
    """
    wait = _retry_after(headers.get("retry-after"), time.time() if now is None else now)
    kind = headers.get("content-type", "")
    document = _document(body)
    if document is None:
        return _of(status, raw_kind="E8", wait=wait)
    if "problem+json" in kind:
        return _unwrapped(status, document, "problem+json", wait)
    detail = document.get("detail")
    if isinstance(detail, str) and not _is_problem(document):
        match = _CODE.match(detail)
        code, text = (match[1], match[2]) if match else ("", detail)
        return _of(status, type_=code.lower(), detail=text, raw_kind="E1", wait=wait)
    if isinstance(detail, list):
        return _of(
            status, type_="validation_error", errors=tuple(_field(one) for one in detail), raw_kind="E4", wait=wait
        )
    if isinstance(detail, Mapping):
        return _wrapped(status, detail, wait)
    if _is_problem(document):
        return _unwrapped(status, document, "E3", wait)
    if "error" in document:
        return _of(
            status,
            type_="",
            title=_text(document, "error"),
            detail=_text(document, "message"),
            raw_kind="E7",
            wait=wait,
        )
    return _of(status, raw_kind="E8", wait=wait)


def _wrapped(status: int, detail: Mapping[str, Any], wait: float | None) -> Problem:
    if _is_problem(detail):
        return _unwrapped(status, detail, "E2", wait)
    if "code" in detail:
        return _of(
            status,
            type_=_text(detail, "code"),
            detail=_text(detail, "message"),
            request_id=_text(detail, "request_id"),
            raw_kind="E5",
            wait=wait,
        )
    if "analysis_id" in detail:
        return _of(
            status,
            title=_text(detail, "error"),
            detail=_text(detail, "message"),
            instance=_text(detail, "analysis_id"),
            raw_kind="E6",
            wait=wait,
        )
    migration = detail.get("migration")
    return _of(
        status,
        title=_text(detail, "error"),
        detail=_text(detail, "message"),
        instead=_text(migration, "new_endpoint") if isinstance(migration, Mapping) else "",
        raw_kind="E7",
        wait=wait,
    )


def _unwrapped(status: int, document: Mapping[str, Any], kind: str, wait: float | None) -> Problem:
    errors = document.get("errors")
    found = tuple(_field(one) for one in errors if isinstance(one, Mapping)) if isinstance(errors, list) else ()
    return _of(
        status,
        type_=_text(document, "type"),
        title=_text(document, "title"),
        detail=_text(document, "detail"),
        instance=_text(document, "instance"),
        errors=found,
        request_id=_text(document, "request_id") or _text(document, "trace_id"),
        raw_kind=kind,
        wait=wait,
    )


def _is_problem(document: Mapping[str, Any]) -> bool:
    return isinstance(document.get("type"), str) and isinstance(document.get("title"), str)


def _of(
    status: int,
    *,
    type_: str = "",
    title: str = "",
    detail: str = "",
    instance: str = "",
    errors: tuple[FieldProblem, ...] = (),
    request_id: str = "",
    instead: str = "",
    raw_kind: str,
    wait: float | None,
) -> Problem:
    words = _WORDS.get(
        status, "The server has a fault of its own." if status >= 500 else "The server did not accept it."
    )
    return Problem(
        type_ or f"status_{status}",
        title or words,
        status,
        detail or words,
        instance,
        errors,
        request_id,
        wait,
        raw_kind,
        instead,
    )


def _field(entry: Any) -> FieldProblem:
    """One field's problem; ``input`` and ``ctx`` are never looked at, they echo what was sent."""
    if not isinstance(entry, Mapping):
        return FieldProblem("", "does not fit")
    location = entry.get("loc")
    if isinstance(location, list):
        parts = [str(part) for index, part in enumerate(location) if index or part not in _LOCATIONS]
        name = ".".join(parts)
    else:
        name = _text(entry, "field")
    message = _text(entry, "msg") or _text(entry, "message") or _text(entry, "error") or "does not fit"
    return FieldProblem(name, message, _text(entry, "type") or _text(entry, "code"))


def _text(document: Mapping[str, Any], key: str) -> str:
    found = document.get(key)
    return found if isinstance(found, str) else ""


def _document(body: bytes) -> Mapping[str, Any] | None:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _retry_after(text: str | None, now: float) -> float | None:
    """Seconds of a ``Retry-After``; zero and what cannot be read count as absent."""
    if not text:
        return None
    try:
        seconds = float(int(text.strip()))
    except ValueError:
        try:
            seconds = email.utils.parsedate_to_datetime(text).timestamp() - now
        except (TypeError, ValueError):
            return None
    return min(seconds, MOST_WAIT_S) if seconds > 0 else None
