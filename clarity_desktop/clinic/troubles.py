"""What is open about the imports of a person: files that broke off, parts that could not be read, what vanished."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from clarity_desktop.domain.importing import ImportOutcome, ImportReport, UnfinishedImport

__all__ = ["ImportTrouble", "import_troubles"]

_WHOLE: Final = (ImportOutcome.OK, ImportOutcome.EMPTY, ImportOutcome.ALREADY)


@dataclass(frozen=True, slots=True)
class ImportTrouble:
    """One file and what is to be known of it."""

    import_id: int | None
    """``None`` for an import that was interrupted and is not finished."""
    file: str
    outcome: str
    sentences: tuple[str, ...]


def import_troubles(
    imports: Sequence[ImportReport], unfinished: Sequence[UnfinishedImport]
) -> tuple[ImportTrouble, ...]:
    """Files with something open, interrupted ones first, then newest first; an undone import is no longer there."""
    found = [ImportTrouble(None, one.file, "interrupted", (_place(one),)) for one in unfinished]
    for report in sorted(imports, key=lambda one: one.import_id or 0, reverse=True):
        sentences = _sentences(report)
        if sentences and report.outcome is not ImportOutcome.UNDONE:
            found.append(ImportTrouble(report.import_id, report.file, report.outcome.value, sentences))
    return tuple(found)


def _place(one: UnfinishedImport) -> str:
    done = "" if not one.total else f" at {100 * one.done / one.total:.0f} %"
    return f"The import was interrupted{done}, after {one.records} records. It can be taken up again."


def _sentences(report: ImportReport) -> tuple[str, ...]:
    lines = []
    if report.outcome is ImportOutcome.INCOMPLETE or (not report.complete and report.outcome not in _WHOLE):
        lines.append("The file was not read to its end: it is cut or damaged.")
    lines += [f"{one.message} ({one.count}×, first at {one.first_at})" for one in report.problems]
    rejected = sum(one.rejected for one in report.types.values())
    if rejected:
        lines.append(f"{rejected} records could not be read and were set aside.")
    gone = sum(report.vanished.values())
    if gone:
        lines.append(f"{gone} samples of earlier files are no longer in this one; they stay stored.")
    return tuple(lines)
