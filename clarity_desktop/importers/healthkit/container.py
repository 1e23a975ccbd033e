"""Finds the HealthData documents in what a person hands over: a zip, a folder, a bare XML file, a zip in a zip."""

from __future__ import annotations

import codecs
import io
import re
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from clarity_desktop.domain.errors import ConflictError, InputError
from clarity_desktop.importers.format import is_gzipped, open_bytes
from clarity_desktop.importers.health_auto_export_names import is_json_export
from clarity_desktop.importers.healthkit.companions import Companion, is_companion
from clarity_desktop.importers.healthkit.document import not_health_export
from clarity_desktop.importers.healthkit.inflate import CHUNK_BYTES, archive_damaged, inflated, threaded
from clarity_desktop.importers.healthkit.salvage import CutMember, first_cut_member

__all__ = ["Export", "Member", "holds_export", "looks_like_xml", "of_one_person", "open_export", "stated_person"]

_START_BYTES = 65_536
_ROOT_WITHIN = 4096
_INNER_LIMIT = 64 << 20
_FEW_FILES = 50
_FOLDER_LIMIT = 50_000
_ROOTS = (b"<!DOCTYPE HealthData", b"<HealthData")
_ME = re.compile(rb"<Me\s([^>]*)>")
_NAMES_SHOWN = 8
_LOCAL_HEADER = struct.Struct("<4s22xHH")


@dataclass(frozen=True, slots=True)
class Member:
    """One HealthData document, not yet read."""

    name: str
    size: int | None
    start: bytes
    """Its first 64 kB, which hold the whole prolog of a real export and the element Me."""
    chunks: Callable[[], Iterator[bytes]]


@dataclass(slots=True)
class Export:
    """What was found."""

    members: list[Member]
    hashed: tuple[Path, ...]
    files: dict[str, Companion] | None = None
    """All files by path, relative to the export's folder and as given; ``None`` for a bare XML file."""
    notes: list[tuple[str, int, tuple[str, ...]]] = field(default_factory=list)
    """Problem code, count, names."""


def of_one_person(members: list[Member]) -> bool:
    """Whether all documents state the same person."""
    people = {stated_person(one) for one in members}
    return len(people) == 1 and "" not in people


def stated_person(member: Member) -> str:
    """What a document's beginning says of its person, as it is written there; ``""`` for nothing."""
    match = _ME.search(member.start)
    return "" if match is None else match[1].strip(b" /").decode("utf-8", "replace")


def holds_export(folder: Path) -> bool:
    """Whether a folder is an unpacked export: an export document lies in it or one folder below."""
    for file in sorted([*folder.glob("*.xml"), *folder.glob("*/*.xml")])[:_FEW_FILES]:
        with open_bytes(file) as handle:
            if _is_health(handle.read(_START_BYTES)):
                return True
    return False


def _is_health(start: bytes) -> bool:
    text = _as_utf8(start)
    return any(root in text[:_ROOT_WITHIN] for root in _ROOTS)


def _encoding_of(start: bytes) -> str | None:
    """The encoding when it is not UTF-8."""
    if start[:2] == b"\xff\xfe" or start[:4] == b"<\0?\0":
        return "utf-16-le"
    if start[:2] == b"\xfe\xff" or start[:4] == b"\0<\0?":
        return "utf-16-be"
    head = start[:200]
    begin = head.find(b"encoding=")
    if begin >= 0 and head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<?xml"):
        name = head[begin + 10 :].split(head[begin + 9 : begin + 10])[0].decode("ascii", "replace").lower()
        if name in ("iso-8859-1", "latin-1", "windows-1252"):
            return name
    return None


def _as_utf8(start: bytes) -> bytes:
    encoding = _encoding_of(start)
    return start if encoding is None else start.decode(encoding, "replace").encode()


def looks_like_xml(start: bytes) -> bool:
    """Whether a file begins like XML in any usual encoding."""
    return _as_utf8(start[:256]).decode("utf-8", "replace").lstrip("\ufeff \t\r\n").startswith("<")


def _as_utf8_chunks(chunks: Iterator[bytes], start: bytes) -> Iterator[bytes]:
    """The chunks in UTF-8 without a byte order mark."""
    encoding = _encoding_of(start)
    first = True
    decoder = codecs.getincrementaldecoder(encoding)("replace") if encoding is not None else None
    for chunk in chunks:
        if decoder is not None:
            chunk = decoder.decode(chunk).encode()
        if first:
            chunk = chunk.removeprefix(b"\xef\xbb\xbf")
            first = False
        yield chunk


@contextmanager
def open_export(path: Path, chunk_bytes: int = CHUNK_BYTES) -> Iterator[Export]:
    """Open what a person handed over.

    Raises
    ------
    InputError
        ``import.not_health_export``, ``import.archive_cut``, ``import.archive_damaged``,
        ``import.archive_password``, ``import.archive_method`` or ``import.no_export_inside``.
    """
    if path.is_dir():
        yield _from_folder(path, chunk_bytes)
        return
    with open_bytes(path) as handle:
        start = handle.read(_START_BYTES)
        if start[:4] in (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08"):
            with _from_zip(handle, path.name, (path,), chunk_bytes, nested=False) as export:
                yield export
            return
    if not _is_health(start):
        raise not_health_export(_as_utf8(start), path.name)
    yield Export([_file_member(path, start, chunk_bytes)], (path,))


def _file_chunks(path: Path, start: bytes, chunk_bytes: int) -> Iterator[bytes]:
    def read() -> Iterator[bytes]:
        with open_bytes(path) as handle:
            try:
                while chunk := handle.read(chunk_bytes):
                    yield chunk
            except (EOFError, zlib.error) as error:
                raise archive_damaged(path.name, type(error).__name__) from error

    return _as_utf8_chunks(threaded(read), start)


def _from_folder(path: Path, chunk_bytes: int) -> Export:
    members: list[Member] = []
    hashed: list[Path] = []
    files: dict[str, Companion] = {}
    further: list[str] = []
    for index, file in enumerate(sorted(path.rglob("*"))):
        if index >= _FOLDER_LIMIT:
            raise InputError(
                "import.folder_too_large",
                f"The folder “{path.name}” holds too many files to be one export.",
                remedy="Choose the folder apple_health_export itself, or its XML file.",
            )
        if not file.is_file() or "__MACOSX" in file.parts:
            continue
        if not file.is_symlink():
            files[file.relative_to(path).as_posix()] = _companion_file(file)
        if file.suffix.lower() in (".zip", ".json") and _may_be_export(file):
            further.append(file.relative_to(path).as_posix())
        if file.suffix.lower() != ".xml":
            continue
        with open_bytes(file) as handle:
            start = handle.read(_START_BYTES)
        if _is_health(start):
            members.append(_file_member(file, start, chunk_bytes))
            hashed.append(file)
    if (further and not members) or len(further) > 1:
        raise _ask_which(path.name, [*(one.relative_to(path).as_posix() for one in hashed), *further])
    if len(members) > 1 and not of_one_person(members):
        raise _ask_which(path.name, [one.relative_to(path).as_posix() for one in hashed])
    if not members:
        raise _nothing_inside(path.name, "folder")
    companions = [path / name for name in sorted(files) if is_companion(name)]
    return Export(members, (*hashed, *companions), files)


def _may_be_export(file: Path) -> bool:
    """Whether a file in a folder is an export of its own: a zip archive, or JSON of Health Auto Export."""
    with file.open("rb") as handle:
        start = handle.read(4096)
    return start[:4] == b"PK\x03\x04" or is_json_export(start)


def _ask_which(name: str, exports: list[str]) -> ConflictError:
    shown = ", ".join(exports[:_NAMES_SHOWN])
    if len(exports) > _NAMES_SHOWN:
        shown += f" and {len(exports) - _NAMES_SHOWN} more"
    return ConflictError(
        "import.ask_which",
        f"The folder “{name}” holds archives or exports, perhaps of different people: {shown}.",
        remedy="Choose one of them, and import each for its own person.",
    )


def _companion_file(file: Path) -> Companion:
    def read() -> Iterator[bytes]:
        with file.open("rb") as handle:
            while chunk := handle.read(_START_BYTES):
                yield chunk

    return Companion(file.stat().st_size, read)


def _companion_member(handle: BinaryIO, info: zipfile.ZipInfo, name: str) -> Companion:
    return Companion(info.file_size, lambda: _member_chunks(handle, info, name, _START_BYTES))


def _file_member(file: Path, start: bytes, chunk_bytes: int) -> Member:
    size = None if is_gzipped(file) else file.stat().st_size
    return Member(file.name, size, start, lambda: _file_chunks(file, start, chunk_bytes))


def _nothing_inside(name: str, what: str) -> InputError:
    return InputError(
        "import.no_export_inside",
        f"The {what} “{name}” holds no Apple Health export.",
        remedy="Choose the export.zip that the iPhone made, unchanged.",
    )


@contextmanager
def _from_zip(
    handle: BinaryIO, name: str, hashed: tuple[Path, ...], chunk_bytes: int, *, nested: bool
) -> Iterator[Export]:
    try:
        archive = zipfile.ZipFile(handle)
    except (zipfile.BadZipFile, ValueError, NotImplementedError, struct.error, EOFError) as error:
        archive = None
        cut = first_cut_member(handle, name, _is_health, _START_BYTES)
        if cut is None:
            raise InputError(
                "import.archive_cut",
                f"The archive “{name}” is cut off or damaged: its directory is missing.",
                remedy="Copy it again; the copy must have the same size as the original.",
                detail=str(type(error).__name__),
            ) from error
        salvaged = _cut_export(cut, hashed)
    if archive is None:
        yield salvaged
        return
    with archive:
        export = Export([], hashed, {})
        inner: list[zipfile.ZipInfo] = []
        outside = 0
        for info in archive.infolist():
            parts = PurePosixPath(info.filename.replace("\\", "/")).parts
            if ".." in parts or info.filename.startswith("/"):
                outside += 1
                continue
            if not info.filename or info.is_dir() or "__MACOSX" in parts:
                continue
            assert export.files is not None
            export.files[info.filename] = _companion_member(handle, info, name)
            suffix = PurePosixPath(info.filename).suffix.lower()
            if suffix == ".zip":
                inner.append(info)
            elif suffix in (".xml", ""):
                start = _member_start(handle, info, name)
                if _is_health(start):
                    export.members.append(_zip_member(handle, info, name, start, chunk_bytes))
        if outside:
            export.notes.append(("archive.outside_name", outside, ()))
        if not export.members and inner and not nested:
            with _inner_zip(handle, inner, name, chunk_bytes) as found:
                found.hashed = hashed
                found.notes.append(("archive.nested", 1, (inner[0].filename,)))
                yield found
            return
        if not export.members:
            raise _nothing_inside(name, "archive")
        yield export


def _cut_export(cut: CutMember, hashed: tuple[Path, ...]) -> Export:
    def chunks() -> Iterator[bytes]:
        return _as_utf8_chunks(threaded(cut.chunks), cut.start)

    return Export([Member(cut.name, None, cut.start, chunks)], hashed, None, [("archive.cut", 1, ())])


def _inner_zip(
    handle: BinaryIO, inner: list[zipfile.ZipInfo], name: str, chunk_bytes: int
) -> AbstractContextManager[Export]:
    info = inner[0]
    if len(inner) > 1 or info.file_size > _INNER_LIMIT:
        raise InputError(
            "import.archive_in_archive",
            f"The archive “{name}” holds further archives: {', '.join(item.filename for item in inner[:5])}.",
            remedy="Unpack it and choose the export.zip inside.",
        )
    data = b"".join(_member_chunks(handle, info, name, CHUNK_BYTES))
    return _from_zip(io.BytesIO(data), info.filename, (), chunk_bytes, nested=True)


def _member_start(handle: BinaryIO, info: zipfile.ZipInfo, name: str) -> bytes:
    chunks = _member_chunks(handle, info, name, _START_BYTES)
    return next(chunks, b"")


def _zip_member(handle: BinaryIO, info: zipfile.ZipInfo, name: str, start: bytes, chunk_bytes: int) -> Member:
    def chunks() -> Iterator[bytes]:
        return _as_utf8_chunks(threaded(lambda: _member_chunks(handle, info, name, chunk_bytes)), start)

    return Member(info.filename, info.file_size, start, chunks)


def _member_chunks(handle: BinaryIO, info: zipfile.ZipInfo, name: str, chunk_bytes: int) -> Iterator[bytes]:
    """Unpacked chunks of a member; sizes and CRC come from the central directory."""
    if info.flag_bits & 0x1:
        raise InputError(
            "import.archive_password",
            f"The archive “{name}” is protected by a password.",
            remedy="Unpack it with its password and import the folder or the XML file.",
        )
    if info.compress_type not in (zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED):
        raise InputError(
            "import.archive_method",
            f"The archive “{name}” is packed in a way that is not read here.",
            remedy="Unpack it and import the folder or the XML file.",
            detail=f"method {info.compress_type}",
        )
    # A copy that lacks a piece of its middle or beginning has a directory that points before the file.
    if info.header_offset < 0:
        raise archive_damaged(name, "directory points before the file")
    handle.seek(info.header_offset)
    header = handle.read(_LOCAL_HEADER.size)
    if len(header) < _LOCAL_HEADER.size:
        raise archive_damaged(name, "local header missing")
    magic, name_length, extra_length = _LOCAL_HEADER.unpack(header)
    if magic != b"PK\x03\x04":
        raise archive_damaged(name, "local header unreadable")
    handle.seek(name_length + extra_length, io.SEEK_CUR)
    if info.compress_type == zipfile.ZIP_DEFLATED:
        yield from inflated(handle, info.compress_size, info.file_size, info.CRC, name, chunk_bytes)
        return
    left, crc = info.file_size, 0
    while left:
        chunk = handle.read(min(chunk_bytes, left))
        if not chunk:
            raise archive_damaged(name, f"{left} bytes missing")
        left -= len(chunk)
        crc = zlib.crc32(chunk, crc)
        yield chunk
    if crc != info.CRC:
        raise archive_damaged(name, "CRC differs")
