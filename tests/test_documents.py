"""Documents are true: commands, metrics, formats and acceptance rows are walked, and links lead somewhere."""

from __future__ import annotations

import ast
import re
from importlib import import_module
from pathlib import Path

import pytest

from clarity_desktop import __version__
from clarity_desktop.cli.reference import commands, rewritten

REPOSITORY = Path(__file__).resolve().parent.parent
DOCS = REPOSITORY / "docs"
PAGES = sorted([*REPOSITORY.glob("*.md"), *DOCS.rglob("*.md"), *REPOSITORY.glob("[bmp]*/README.md")])
LINK = re.compile(r"\[[^\]]*\]\(([^)#\s]+)[^)]*\)")
UNKIND = re.compile(
    r"\b(abnormal|poor|bad|invalid|illegal|unfortunately|please|oops|simply|just|failed to)\b|!(?!\[)", re.IGNORECASE
)


def _name(path: Path) -> str:
    return path.relative_to(REPOSITORY).as_posix()


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_links_lead_somewhere(page: Path) -> None:
    targets = [target for target in LINK.findall(page.read_text(encoding="utf-8")) if "://" not in target]
    assert [target for target in targets if not (page.parent / target).exists()] == []


def test_the_list_of_commands_is_fresh() -> None:
    page = (DOCS / "cli.md").read_text(encoding="utf-8")
    assert rewritten(page) == page, "run: python -m clarity_desktop.cli.reference docs/cli.md"


@pytest.mark.parametrize(
    ("name", "command"), list(commands()), ids=lambda value: value if isinstance(value, str) else ""
)
def test_every_command_and_option_has_words(name: str, command: object) -> None:
    summary = (getattr(command, "help", "") or "").strip()
    assert summary.endswith("."), name
    for parameter in getattr(command, "params", []):
        if "--help" in parameter.opts:
            continue
        assert parameter.help, f"{name} {parameter.name} has no help"
        assert not UNKIND.search(parameter.help)
    assert not UNKIND.search(summary)


def test_every_room_is_on_the_map() -> None:
    page = (DOCS / "architecture.md").read_text(encoding="utf-8")
    rooms = [path.name for path in (REPOSITORY / "clarity_desktop").iterdir() if (path / "__init__.py").is_file()]
    assert [room for room in rooms if f"`{room}/`" not in page] == []


def test_every_decision_is_listed() -> None:
    listed = (DOCS / "decisions" / "README.md").read_text(encoding="utf-8")
    pages = [path.name for path in (DOCS / "decisions").glob("0*.md")]
    assert pages
    assert [page for page in pages if page not in listed] == []


def test_every_command_of_the_window_is_documented() -> None:
    import_module("clarity_desktop.ui.shell.actions")
    from clarity_desktop.ui.commands import COMMANDS

    page = (DOCS / "users" / "commands.md").read_text(encoding="utf-8")
    rows = {f"| {one.title} | {one.shortcut or '–'} | {one.help} |" for one in COMMANDS}
    assert sorted(row for row in rows if row not in page) == []


def test_every_format_is_documented() -> None:
    from clarity_desktop.importers.registry import FORMATS

    page = (DOCS / "users" / "import.md").read_text(encoding="utf-8")
    assert [one.id for one in FORMATS if f"`{one.id}`" not in page] == []


def test_every_metric_is_documented() -> None:
    import_module("clarity_desktop.analysis.study")
    from clarity_desktop.domain.findings import METRICS

    text = "\n".join(path.read_text(encoding="utf-8") for path in (DOCS / "metrics").rglob("*.md"))
    assert [metric.id for metric in METRICS if f"`{metric.id}`" not in text] == []


def test_every_acceptance_row_names_a_test_that_exists() -> None:
    page = (DOCS / "acceptance.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([A-Z]{1,2}-\d+) \| .* \| (.*) \|$", page, flags=re.MULTILINE)
    assert len(rows) >= 20
    missing = []
    for row, cell in rows:
        named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", cell)
        if not named:
            missing.append(f"{row} names no test")
        missing += [f"{row}: {file}::{test}" for file, test in named if test not in _tests_of(REPOSITORY / file)]
    assert missing == []


def _tests_of(path: Path) -> set[str]:
    if not path.is_file():
        return set()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.ClassDef)}


def test_the_changelog_speaks_of_this_version() -> None:
    page = (REPOSITORY / "CHANGELOG.md").read_text(encoding="utf-8")
    assert "## [Unreleased]" in page or f"## [{__version__}]" in page
