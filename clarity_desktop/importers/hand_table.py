"""A small table that a person typed: its head, its rows, and errors that name row and column."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NoReturn

from clarity_desktop.domain.errors import InputError

__all__ = ["HandTable", "Row", "read_table"]

_LARGEST: Final = 5_000_000
_MOST_ROWS: Final = 20_000
_DELIMITERS: Final = ",;\t"


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its line in the file, and its cells by the name of the column."""

    number: int
    """As a spreadsheet counts: the head is row 1."""
    cells: Mapping[str, str]

    def __getitem__(self, column: str) -> str:
        """The trimmed text of a cell; empty where the table has no such column."""
        return self.cells.get(column, "")

    def refuse(self, column: str, sentence: str) -> NoReturn:
        """Raise :class:`InputError` (``table.cell``) for a cell, without repeating what stands in it."""
        raise InputError(
            "table.cell",
            f"Row {self.number}, column “{column}”: {sentence}",
            remedy="Correct the cell and import the file again. Nothing was stored.",
            detail=f"row {self.number}, column {column}",
        )

    def number_of(self, column: str, *, whole: bool = False) -> float | None:
        """A number, with point or comma; ``None`` for an empty cell."""
        text = self[column].replace(",", ".")
        if not text:
            return None
        try:
            value = float(text)
        except ValueError:
            self.refuse(column, "Write a number.")
        if not 0 <= value <= 1e6 or (whole and value != int(value)):
            self.refuse(column, "Write a whole number from 0 up." if whole else "Write a number from 0 up.")
        return value


@dataclass(frozen=True, slots=True)
class HandTable:
    """The rows of a table whose head is known."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)


def read_table(path: Path, names: Mapping[str, Sequence[str]], needed: Sequence[str]) -> HandTable:
    """Read a CSV table with a head.

    Parameters
    ----------
    path:
        UTF-8 or UTF-16, separated by commas, semicolons or tabs, at most 5 MB.
    names:
        Columns that are understood, with other names that they go by. Case, spaces and hyphens do not matter.
    needed:
        Columns that must be there.

    Raises
    ------
    InputError
        ``table.unreadable``, ``table.too_large``, ``table.empty``, ``table.column``, ``table.row``.
    """
    lines = list(csv.reader(_text(path).splitlines(), delimiter=_delimiter(path)))
    filled = [(number, cells) for number, cells in enumerate(lines, 1) if any(cell.strip() for cell in cells)]
    if len(filled) < 2:
        raise InputError("table.empty", "The table holds no rows.", remedy="Put a head on the first row, data below.")
    if len(filled) > _MOST_ROWS:
        raise InputError("table.too_large", "The table has more than 20 000 rows.", remedy="Split it.")
    known = {_plain(alias): name for name, aliases in names.items() for alias in (name, *aliases)}
    head: list[str] = []
    for position, cell in enumerate(filled[0][1], 1):
        name = known.get(_plain(cell), "")
        if not name and cell.strip():
            _refuse_head(f"Column {position} has a name that is not known here.", names)
        if name and name in head:
            _refuse_head(f"The column “{name}” stands there twice.", names)
        head.append(name)
    for name in needed:
        if name not in head:
            _refuse_head(f"The column “{name}” is missing.", names)
    rows: list[Row] = []
    for number, cells in filled[1:]:
        if len(cells) > len(head) and any(cell.strip() for cell in cells[len(head) :]):
            raise InputError(
                "table.row",
                f"Row {number} has more cells than the head.",
                remedy="Put texts with commas between quotation marks.",
                detail=f"row {number}",
            )
        rows.append(Row(number, {name: cell.strip() for name, cell in zip(head, cells, strict=False) if name}))
    return HandTable(tuple(name for name in head if name), tuple(rows))


def _plain(name: str) -> str:
    return name.strip().casefold().replace(" ", "_").replace("-", "_").replace("?", "")


def _refuse_head(sentence: str, names: Mapping[str, Sequence[str]]) -> NoReturn:
    raise InputError(
        "table.column", f"Row 1: {sentence}", remedy="Columns that are understood: " + ", ".join(names) + "."
    )


def _text(path: Path) -> str:
    try:
        size = path.stat().st_size
        if size > _LARGEST:
            raise InputError("table.too_large", "The file is larger than 5 MB.", remedy="Split it.")
        raw = path.read_bytes()
        encoding = "utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
        return raw.decode(encoding)
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            "table.unreadable",
            f"“{path.name}” cannot be read as a table.",
            remedy="Save it as CSV in UTF-8.",
            detail=type(error).__name__,
        ) from None


def _delimiter(path: Path) -> str:
    first = next((line for line in _text(path).splitlines() if line.strip()), "")
    return max(_DELIMITERS, key=first.count)
