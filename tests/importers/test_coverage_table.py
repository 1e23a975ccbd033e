"""The coverage table in the manual is that of the program: every kind, every element, every companion file."""

from __future__ import annotations

from pathlib import Path

from clarity_desktop.domain.kinds import SLEEP, known_kinds
from clarity_desktop.domain.series import Accumulation, SeriesKind
from clarity_desktop.importers.healthkit.companions import is_companion
from clarity_desktop.importers.healthkit.elements import KEPT

PAGE = Path(__file__).resolve().parents[2] / "docs" / "formats" / "healthkit-coverage.md"
_READ = {Accumulation.SUM: "amount", Accumulation.MEAN: "level", Accumulation.CATEGORY: "state"}
_HEAD = "| Type | Name | Read as | Unit | Kept | Shown |\n|---|---|---|---|---|---|\n"


def shown(kind: SeriesKind) -> str:
    """Where a kind is shown, by the rules of the pages: lanes take what is no plain state, days what has numbers."""
    if kind.id == SLEEP:
        return "timeline, sleep pages, rhythm"
    if kind.accumulation is Accumulation.CATEGORY:
        return "import report, series list"
    return "timeline, day totals, merged view" if kind.accumulation is Accumulation.SUM else "timeline, day statistics"


def rows() -> list[str]:
    found = []
    for kind in known_kinds():
        if kind.id.startswith(("HKQuantityTypeIdentifier", "HKCategoryTypeIdentifier", "HKDataType")):
            unit = kind.unit or "–"
            name = kind.id.removeprefix("HK").replace("TypeIdentifier", ":")
            found.append(
                f"| {name} | {kind.title} | {_READ[kind.accumulation]} | {unit} | every record | {shown(kind)} |"
            )
    return found


def test_every_kind_stands_in_the_table_as_it_is_read() -> None:
    page = PAGE.read_text("utf-8")
    assert _HEAD + "\n".join(rows()) + "\n" in page, "\n" + _HEAD + "\n".join(rows())


def test_every_element_and_file_stands_in_the_table() -> None:
    page = PAGE.read_text("utf-8")
    elements = page.split("## Elements")[1].split("\n## ")[0]
    assert [name for name in sorted(KEPT) if f"`{name}`" not in elements] == []
    files = page.split("## Files of the archive")[1].split("\n## ")[0]
    for name in ("workout-routes/a.gpx", "electrocardiograms/a.csv", "clinical-records/a.json"):
        assert is_companion(name)
        assert name.split("/")[0] in files
