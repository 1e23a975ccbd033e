"""The audit's words: whatever the program writes into the audit has a name for people."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from clarity_desktop.ui.pages.security.audit_words import ACTIONS, action_words

_PACKAGE = Path(__file__).parents[3] / "clarity_desktop"
_WRITTEN = re.compile(
    r'(?:writing|noting|_changing|audit\.append|note_export)\(\s*(?:patient_id, )?"([a-z]+\.[a-z_.]+)"'
)


def written() -> set[str]:
    """Every action that stands in the program as a word."""
    return {
        action
        for path in sorted(_PACKAGE.rglob("*.py"))
        for action in _WRITTEN.findall(path.read_text(encoding="utf-8"))
    }


def test_the_search_finds_the_actions() -> None:
    assert {"patient.open", "vault.backup", "pat.embed", "levels.store", "unlock.count_altered"} <= written()
    assert len(written()) > 80


@pytest.mark.parametrize("action", sorted(written()))
def test_v28_every_action_has_words_for_people(action: str) -> None:
    words = action_words(action)
    area, _, rest = action.partition(".")
    assert words != f"{area.capitalize()}: {rest.replace('_', ' ').replace('.', ', ')}"
    assert ":" not in words
    assert words[0].isupper()


def test_every_area_can_be_filtered_by() -> None:
    assert len({name for name, _ in ACTIONS}) == len(ACTIONS)
    assert {"pat", "sync", "cloud", "insight"} <= {name for name, _ in ACTIONS}
