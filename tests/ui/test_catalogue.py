"""What the window says keeps to the words of the style guide; every text is found in the source itself."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from clarity_desktop import ui

UI = Path(ui.__file__).parent
FORBIDDEN = (
    "normal", "abnormal", "poor", "good", "bad", "failed to", "invalid", "illegal", "unfortunately", "please", "oops",
    "simply", "just",
)  # fmt: skip
NOT_WORDS = {"normal"}
"""Ids that are never shown, such as the kind of a button."""


def _shown(path: Path) -> Iterator[str]:
    """String literals that read as words for a person; docstrings and ids are left out."""
    tree = ast.parse(path.read_text("utf-8"))
    documents = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documents:
            yield node.value


@pytest.mark.parametrize("path", sorted(UI.rglob("*.py")), ids=lambda path: path.stem)
def test_no_word_of_judgement_or_alarm_is_shown(path: Path) -> None:
    for text in _shown(path):
        if text in NOT_WORDS:
            continue
        found = [word for word in FORBIDDEN if re.search(rf"\b{word}\b", text, re.IGNORECASE)]
        assert not found, text
        assert not re.search(r"[A-Za-z]!(\s|$)", text), text
