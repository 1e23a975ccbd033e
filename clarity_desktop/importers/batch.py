"""A folder of many people's files as one job: whose each file is, by manifest, by sub-folder, or by what it says."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from clarity_desktop.domain.errors import ClarityError, InputError
from clarity_desktop.domain.time import zone_of_name

__all__ = ["MANIFEST", "BatchItem", "plan_batch"]

MANIFEST: Final = "manifest.csv"
_SUFFIXES: Final = frozenset({".zip", ".xml", ".json", ".csv", ".awd", ".txt", ".gz"})
_MOST_FILES: Final = 20_000


@dataclass(frozen=True, slots=True)
class BatchItem:
    """One file of a batch and the name of the person it belongs to."""

    path: Path
    person: str
    zone: str | None = None
    why: str = ""
    """How it is known whose it is: ``manifest``, ``folder``, ``me`` or ``file``."""


def plan_batch(folder: Path) -> list[BatchItem]:
    """Whose the files of a folder are, in the order in which they are read.

    A ``manifest.csv`` with the columns ``path`` and ``person`` (and ``zone``, where a file states none) decides alone.
    Without one, each sub-folder is a person of its name: an unpacked export is one file, else every file in it.
    Loose Apple Health exports that state the same person belong together, under the name of the first; every other
    loose file is a person of its own.

    Raises
    ------
    InputError
        ``batch.no_folder``, ``batch.empty``, ``batch.too_many``, ``batch.manifest``; ``time.unknown_zone``.
    """
    if not folder.is_dir():
        raise InputError(
            "batch.no_folder", "This is not a folder.", remedy="Choose the folder that holds the people's files."
        )
    manifest = folder / MANIFEST
    items = _by_manifest(folder, manifest) if manifest.is_file() else _by_place(folder)
    if not items:
        raise InputError(
            "batch.empty",
            "The folder holds no files that can be imported.",
            remedy="It should hold one sub-folder or one file for each person, or a manifest.csv.",
        )
    return items


def _by_manifest(folder: Path, manifest: Path) -> list[BatchItem]:
    try:
        with manifest.open(encoding="utf-8-sig", newline="") as handle:
            rows = list(csv.DictReader(handle))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise _bad_manifest("it cannot be read as a table in UTF-8", 0) from error
    inside = folder.resolve()
    items: list[BatchItem] = []
    for number, row in enumerate(rows, 2):
        path, person = (row.get("path") or "").strip(), (row.get("person") or "").strip()
        if not path or not person:
            raise _bad_manifest("path or person is missing", number)
        target = (folder / path).resolve()
        if not target.is_relative_to(inside) or not target.exists():
            raise _bad_manifest("the path is not in the folder", number)
        zone = (row.get("zone") or "").strip() or None
        if zone is not None:
            zone_of_name(zone)
        items.append(BatchItem(folder / path, person, zone, "manifest"))
    return items


def _by_place(folder: Path) -> list[BatchItem]:
    items: list[BatchItem] = []
    for one in sorted(folder.iterdir()):
        if one.is_dir() and not one.name.startswith((".", "__")):
            items += [BatchItem(path, one.name, None, "folder") for path in _files_of(one)]
    names: dict[str, str] = {}
    for one in sorted(folder.iterdir()):
        if not one.is_file() or one.suffix.lower() not in _SUFFIXES:
            continue
        stated = _person_of(one)
        if stated:
            items.append(BatchItem(one, names.setdefault(stated, one.stem), None, "me"))
        else:
            items.append(BatchItem(one, one.stem, None, "file"))
    if len(items) > _MOST_FILES:
        raise InputError(
            "batch.too_many", "The folder holds too many files for one job.", remedy="Import a part of it at a time."
        )
    return items


def _files_of(folder: Path) -> Iterator[Path]:
    from clarity_desktop.importers.healthkit.container import holds_export

    files = [one for one in sorted(folder.rglob("*")) if one.is_file() and "__MACOSX" not in one.parts]
    found = [one for one in files if one.suffix.lower() in _SUFFIXES]
    if len(files) > 1 and not any(one.suffix.lower() == ".zip" for one in found) and holds_export(folder):
        yield folder
    else:
        yield from found


def _person_of(path: Path) -> str:
    """What an Apple Health export says of its person, ``""`` when it says nothing or is none."""
    from clarity_desktop.importers.healthkit.container import open_export, stated_person

    try:
        with open_export(path) as export:
            return stated_person(export.members[0])
    except ClarityError:
        # Whatever is wrong with the file is said when it is imported.
        return ""


def _bad_manifest(why: str, line: int) -> InputError:
    where = f"line {line}: " if line else ""
    return InputError(
        "batch.manifest",
        f"{MANIFEST} cannot be used: {where}{why}.",
        remedy="It needs the columns path and person, one row for each file, with paths inside the folder.",
        detail=f"line {line}",
    )
