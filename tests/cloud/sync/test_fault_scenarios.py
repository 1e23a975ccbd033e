"""The table of scenarios in the documents: each that sync must have is there, and each names a test that exists."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "developers" / "fault-matrix.md"
MUST = (
    "500,",
    "502",
    "503",
    "504",
    "429 with Retry-After",
    "429 without",
    "drop before",
    "drop in the middle",
    "drop after storing",
    "slow drip",
    "duplicate acceptance",
    "200 with a page",
    "truncated JSON",
    "wrong content type",
    "413",
    "expired certificate",
    "host name",
    "redirect loop",
    "index lag",
    "item expiry",
    "epoch change",
    "page lies",
    "reordering",
    "clock skew",
)
"""Y-51, in its own order."""
_NAMED = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)(?:\[([^\]]+)\])?`")


def rows() -> list[list[str]]:
    """Cells of the second table."""
    text = PAGE.read_text(encoding="utf-8").split("# Where an operation ends")[1]
    lines = [line for line in text.splitlines() if line.startswith("| ")][2:]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


@cache
def source(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


@cache
def functions(path: str) -> frozenset[str]:
    tree = ast.parse(source(path))
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def test_y51_every_scenario_stands_in_the_table() -> None:
    names = [row[0] for row in rows()]
    assert [one for one in MUST if not any(one in name for name in names)] == []


def test_y51_every_scenario_names_a_test_that_exists() -> None:
    assert len(rows()) > 35
    for row in rows():
        assert len(row) == 4, row
        named = _NAMED.findall(row[3])
        assert named, row[0]
        for path, function, case in named:
            assert function in functions(path), f"{row[0]}: {path}::{function}"
            if case:
                home = "tests/cloud/sync/faults.py" if "each_fault" in function else path
                assert f'"{case}"' in source(home), f"{row[0]}: no case {case}"


def test_y51_every_fault_of_the_server_is_in_the_table() -> None:
    from tests.cloud.sync.faults import FAULTS

    cases = {case for row in rows() for _, _, case in _NAMED.findall(row[3])}
    assert set(FAULTS) <= cases
