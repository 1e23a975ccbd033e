"""An import report in words and sums, as the report page shows it."""

from __future__ import annotations

from dataclasses import dataclass

from clarity_desktop.domain.importing import ImportOutcome, ImportReport
from clarity_desktop.domain.kinds import kind_of

__all__ = [
    "Sums",
    "TypeRow",
    "byte_words",
    "grouped",
    "headline",
    "reading_words",
    "sums_of",
    "table_text",
    "type_rows",
]

_FORMATS = {
    "apple_health": "phone health export",
    "healthkit": "phone health export",
    "awd": "Actiwatch recording",
    "cloud": "samples of the account's other devices",
    "csv": "table of times and values",
}


def grouped(number: float) -> str:
    """A whole number with narrow no-break spaces between thousands."""
    return f"{round(number):,}".replace(",", "\u202f")


def byte_words(size: float) -> str:
    """A size in the largest unit that keeps it above 1."""
    for unit, scale in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if size >= scale:
            return f"{size / scale:.1f} {unit}" if size < 100 * scale else f"{size / scale:.0f} {unit}"
    return f"{size:.0f} bytes"


@dataclass(frozen=True, slots=True)
class Sums:
    """Records read = stored new + already here + left out."""

    read: int
    stored: int
    repeated: int
    left_out: int

    @property
    def add_up(self) -> bool:
        """Whether nothing is unaccounted for."""
        return self.read == self.stored + self.repeated + self.left_out


@dataclass(frozen=True, slots=True)
class TypeRow:
    """One kind in the table of a report."""

    title: str
    kind: str
    records: int
    stored: int
    repeated: int
    left_out: int


def sums_of(report: ImportReport) -> Sums:
    """The four sums over all kinds of samples."""
    counts = report.types.values()
    return Sums(
        sum(count.records for count in counts),
        sum(count.stored_new or 0 for count in counts),
        sum(count.duplicates for count in counts),
        sum(count.rejected for count in counts),
    )


def type_rows(report: ImportReport) -> list[TypeRow]:
    """The kinds of a report, most records first."""
    rows = [
        TypeRow(kind_of(name).title, name, count.records, count.stored_new or 0, count.duplicates, count.rejected)
        for name, count in report.types.items()
    ]
    return sorted(rows, key=lambda row: (-row.records, row.title))


def headline(report: ImportReport) -> tuple[str, str, str]:
    """Sentence, icon and tone of how the reading ended."""
    match report.outcome:
        case ImportOutcome.OK:
            return ("Import complete. The whole file was read.", "circle-check", "ok")
        case ImportOutcome.RECOVERED:
            return ("Import complete. Damaged places were read by a stated repair.", "circle-check", "ok")
        case ImportOutcome.INCOMPLETE:
            return ("The file ends early. Everything before its end is stored.", "triangle-alert", "warn")
        case ImportOutcome.EMPTY:
            return ("The file is sound and holds nothing to import.", "info", "info")
        case ImportOutcome.UNDONE:
            return ("This import was undone. Nothing of it is stored.", "undo-2", "info")
        case ImportOutcome.ALREADY:
            return ("This file was imported before. Nothing was stored twice.", "circle-check", "ok")


def reading_words(report: ImportReport) -> str:
    """File, size, format, time and rate in one line."""
    format_words = _FORMATS.get(report.format, report.format)
    if report.format_version:
        format_words += f", version {report.format_version}"
    parts = [f"{report.file}, {byte_words(report.bytes)}, {format_words}"]
    if report.seconds > 0:
        parts.append(f"{report.seconds:.1f} s, {byte_words(report.bytes / report.seconds)}/s")
    parts.append("read through to its last byte" if report.complete else "read up to where it ends")
    return " · ".join(parts)


def table_text(report: ImportReport) -> str:
    """The table of kinds as tab-separated text with a head."""
    lines = ["Type\tRecords\tStored new\tAlready here\tLeft out"]
    for row in type_rows(report):
        title = " ".join(row.title.split())
        lines.append(f"{title}\t{row.records}\t{row.stored}\t{row.repeated}\t{row.left_out}")
    return "\n".join(lines)
