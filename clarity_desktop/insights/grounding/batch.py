"""The check over a folder of items, each a facts table with an answer; a broken item never stops the others."""

from __future__ import annotations

import base64
import binascii
from pathlib import Path
from typing import Any

from clarity_desktop.domain.errors import InputError
from clarity_desktop.domain.insights import CheckResult, FactsTable, Reason
from clarity_desktop.insights.grounding.check import check_answer
from clarity_desktop.insights.grounding.envelope import EnvelopeError, parse_strictly
from clarity_desktop.insights.grounding.table import BadTableError, read_table

__all__ = ["check_files", "check_folder", "check_item", "result_document"]


def check_files(facts: Path, answer: Path) -> CheckResult:
    """Check one answer against one facts table, each in a file of its own.

    Raises
    ------
    InputError
        ``insights.facts_unreadable`` when the facts cannot be read or are not one JSON document,
        ``insights.answer_unreadable`` when the answer cannot be read.
    """
    try:
        document = parse_strictly(facts.read_bytes())
    except OSError as error:
        raise _unreadable(facts, error.strerror or "unreadable") from error
    except EnvelopeError as error:
        raise _unreadable(facts, error.code) from error
    try:
        raw = answer.read_bytes()
    except OSError as error:
        raise InputError(
            "insights.answer_unreadable",
            f"{answer.name} could not be read.",
            remedy="Check that the file is there and may be read.",
            detail=error.strerror or "unreadable",
        ) from error
    table = _read(document)
    return _refused("bad_table") if table is None else check_answer(table, raw)


def _unreadable(path: Path, why: str) -> InputError:
    return InputError(
        "insights.facts_unreadable",
        f"{path.name} is no facts table that can be used.",
        remedy="Give a facts table as `insights preview` writes it.",
        detail=why,
    )


def check_folder(folder: Path) -> dict[str, CheckResult]:
    """Check ``items/*.json`` of a folder, by name.

    Raises
    ------
    InputError
        ``insights.no_items`` when there is no such folder.
    """
    items = folder / "items"
    if not items.is_dir():
        raise InputError(
            "insights.no_items",
            f"{folder.name} holds no folder of items.",
            remedy="Give a folder that holds items/NAME.json, each with facts and answer.",
        )
    root = folder.resolve()
    tables: dict[str, FactsTable | None] = {}
    return {path.stem: check_item(path, root, tables) for path in sorted(items.glob("*.json"))}


def check_item(path: Path, root: Path, tables: dict[str, FactsTable | None]) -> CheckResult:
    """Check one item.

    Parameters
    ----------
    root:
        Resolved folder that a named facts table may not leave.
    tables:
        Tables read before, by the path as it was written; filled here.
    """
    try:
        item = parse_strictly(path.read_bytes())
    except OSError:
        return _refused("not_json")
    except EnvelopeError as error:
        return _refused(error.code)
    if not isinstance(item, dict) or "facts" not in item:
        return _refused("bad_table")
    table = _table_of(item["facts"], root, tables)
    if table is None:
        return _refused("bad_table")
    answer = _answer_of(item)
    return _refused("schema") if answer is None else check_answer(table, answer)


def _table_of(facts: Any, root: Path, tables: dict[str, FactsTable | None]) -> FactsTable | None:
    if not isinstance(facts, str):
        return _read(facts)
    if facts not in tables:
        tables[facts] = _table_at(facts, root)
    return tables[facts]


def _table_at(name: str, root: Path) -> FactsTable | None:
    try:
        path = (root / name).resolve()
        if not path.is_relative_to(root):
            return None
        return _read(parse_strictly(path.read_bytes()))
    except (OSError, ValueError, EnvelopeError):
        return None


def _read(document: Any) -> FactsTable | None:
    try:
        return read_table(document)
    except BadTableError:
        return None


def _answer_of(item: dict[str, Any]) -> bytes | dict[str, Any] | None:
    answer = item.get("answer")
    if isinstance(answer, str):
        # A lone half of a surrogate pair has no UTF-8; what comes out is not valid and refused as such.
        return answer.encode("utf-8", "surrogatepass")
    if isinstance(answer, dict):
        return answer
    coded = item.get("answer_base64")
    if not isinstance(coded, str):
        return None
    try:
        return base64.b64decode(coded, validate=True)
    except (binascii.Error, ValueError):
        return None


def _refused(code: str) -> CheckResult:
    return CheckResult((Reason(code),))


def result_document(result: CheckResult) -> dict[str, Any]:
    """A result as the command line prints it."""
    return {
        "accepted": result.accepted,
        "reasons": [{"code": one.code, "statement": one.statement} for one in result.reasons],
        "text": result.text,
    }
