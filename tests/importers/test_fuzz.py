"""Mutated files of all samples: each ends in a stated outcome or a stated error, in bounded time and memory."""

from __future__ import annotations

import io
import random
import resource
import struct
import sys
import time
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from clarity_desktop.domain.errors import ClarityError
from clarity_desktop.domain.importing import ImportOutcome
from clarity_desktop.importers import pipeline

DATA = Path(__file__).resolve().parent.parent / "data"
_OUTCOMES = {ImportOutcome.OK, ImportOutcome.RECOVERED, ImportOutcome.INCOMPLETE, ImportOutcome.EMPTY}
_SECONDS = 5.0
_GROWTH_MB = 200
_LARGE = 40_000
_TOKENS = (
    b'"', b"'", b"<", b">", b"/>", b"&", b"\x00", b"\x0b", b"\xff\xfe", b"\n", b"=", b"]]>", b"<!--", b"<![CDATA[",
    b"</HealthData>", b"<HealthData>", b"<Record ", b"</Record>", b"<Workout>", b"-", b"1e999", b"9" * 30, b"NaN",
    b",", b";", b"2024-02-30 25:61:61 +9999", b"&#0;", b"&#x110000;", b"PK\x03\x04", b"PK\x01\x02", b"\xe2\x80\xaf",
)  # fmt: skip
_ATTRIBUTES = (b"value=", b"startDate=", b"endDate=", b"unit=", b"type=", b"sourceName=", b"device=", b"creationDate=")


def _sampled(name: str, data: bytes) -> bytes:
    """A sample of a size that thousands of readings can bear: the ends of a large document."""
    if len(data) <= _LARGE or not name.endswith(".xml"):
        return data
    return data[: _LARGE // 2] + data[-_LARGE // 2 :]


def _small_export() -> bytes:
    """An export with every kind of file inside, cut down from a sample."""
    packed = io.BytesIO()
    with (
        zipfile.ZipFile(DATA / "healthkit" / "sample_small.zip") as source,
        zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as target,
    ):
        for name in source.namelist():
            data = source.read(name)
            if name.endswith("export.xml"):
                begin, workout = data.index(b"\n <Record"), data.index(b"\n <Workout ")
                data = data[: begin + 8000] + data[workout : workout + 6000]
                data = data[: data.rindex(b"\n <")] + b"\n</HealthData>\n"
            target.writestr(name, data[:4000] if name.endswith((".gpx", ".csv")) else data)
    return packed.getvalue()


@cache
def _samples() -> list[tuple[str, bytes]]:
    found = [
        (path.name, _sampled(path.name, path.read_bytes()))
        for path in sorted((DATA / "healthkit").iterdir())
        if path.suffix in (".xml", ".zip") and not path.name.startswith("sample_") and path.stat().st_size
    ]
    found += [(path.name, path.read_bytes()[:20_000]) for path in sorted((DATA / "circadian").glob("*.csv.gz"))]
    found.append(("small.zip", _small_export()))
    table = b"timestamp,counts,lux\n" + b"".join(
        b"2024-01-08T%02d:%02d:00+01:00,%d,%d.5\n" % (n // 60, n % 60, n * 7 % 90, n % 11) for n in range(300)
    )
    awd = b"X\n01-Jan-2024\n12:00\n4\n30\nV123\nM\n" + b"".join(b"%d\n" % (n * 13 % 400) for n in range(400))
    found += [("table.csv", table), ("wrist.awd", awd)]
    extra = DATA / "health_auto_export"
    if extra.is_dir():
        found += [(path.name, path.read_bytes()) for path in sorted(extra.iterdir()) if path.suffix != ".md"]
    return found


def _flip(data: bytearray, chance: random.Random) -> None:
    for _ in range(chance.randint(1, 12)):
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)


def _cut(data: bytearray, chance: random.Random) -> None:
    del data[chance.randrange(len(data)) :]


def _remove(data: bytearray, chance: random.Random) -> None:
    begin = chance.randrange(len(data))
    del data[begin : begin + chance.randint(1, max(1, len(data) // 4))]


def _double(data: bytearray, chance: random.Random) -> None:
    begin = chance.randrange(len(data))
    data[begin:begin] = data[begin : begin + chance.randint(1, 2000)]


def _insert(data: bytearray, chance: random.Random) -> None:
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(data))
        data[at:at] = chance.choice(_TOKENS)


def _edit_attribute(data: bytearray, chance: random.Random) -> None:
    name = chance.choice(_ATTRIBUTES)
    at = data.find(name, chance.randrange(len(data)))
    if at < 0:
        _insert(data, chance)
        return
    begin = at + len(name) + 1
    end = data.find(b'"', begin)
    data[begin : max(begin, end)] = chance.choice((b"", b"x" * 300, *_TOKENS))


def _swap(data: bytearray, chance: random.Random) -> None:
    size = chance.randint(1, 400)
    one, two = chance.randrange(len(data)), chance.randrange(len(data))
    first, second = bytes(data[one : one + size]), bytes(data[two : two + size])
    data[one : one + len(first)] = second
    data[two : two + len(second)] = first


def _zip_header(data: bytearray, chance: random.Random) -> None:
    """Damage the fields of a zip's headers: sizes, offsets, methods, flags, names."""
    marks = [at for mark in (b"PK\x01\x02", b"PK\x03\x04", b"PK\x05\x06") for at in _all_of(data, mark)]
    if not marks:
        _flip(data, chance)
        return
    for _ in range(chance.randint(1, 3)):
        at = chance.choice(marks) + chance.randint(4, 45)
        value = struct.pack("<I", chance.choice((0, 1, 8, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF, chance.getrandbits(32))))
        data[at : at + 4] = value[: max(0, min(4, len(data) - at))]


def _all_of(data: bytearray, mark: bytes) -> list[int]:
    places, at = [], data.find(mark)
    while at >= 0:
        places.append(at)
        at = data.find(mark, at + 1)
    return places


_MUTATIONS: tuple[Callable[[bytearray, random.Random], None], ...] = (
    _flip,
    _cut,
    _remove,
    _double,
    _insert,
    _edit_attribute,
    _swap,
    _zip_header,
)


def _inside(name: str, data: bytes, chance: random.Random) -> bytes:
    """Mutate the unpacked content of a packed sample, so that its check sums hold."""
    if name.endswith(".gz"):
        content = bytearray(zlib.decompressobj(31).decompress(data))
        chance.choice(_MUTATIONS)(content, chance)
        return bytes(content)
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as target:
        names = source.namelist()
        spoiled = chance.choice(names)
        for member in names:
            content = bytearray(source.read(member))
            if member == spoiled and content:
                chance.choice(_MUTATIONS)(content, chance)
            target.writestr(member, bytes(content))
    return packed.getvalue()


def _mutated(name: str, data: bytes, chance: random.Random) -> bytes:
    if (name in ("small.zip", "bad_localized.zip") or name.endswith(".gz")) and chance.random() < 0.6:
        return _inside(name, data, chance)
    changed = bytearray(data)
    for _ in range(chance.choice((1, 1, 1, 2, 3))):
        if changed:
            chance.choice(_MUTATIONS)(changed, chance)
    return bytes(changed)


def _peak_mb() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1 << 20 if sys.platform == "darwin" else 1 << 10)


def _check(count: int, seed: int, folder: Path) -> Counter[str]:
    """Read ``count`` mutated files.

    Raises
    ------
    AssertionError
        With the seed, the number and the sample of the file that did not end as it should.
    """
    samples = _samples()
    ended: Counter[str] = Counter()
    before = 0.0
    for number in range(count):
        chance = random.Random(f"{seed}/{number}")
        name, data = samples[number % len(samples)]
        path = folder / name
        path.write_bytes(_mutated(name, data, chance))
        which = f"seed {seed}, file {number}, from {name}"
        began = time.perf_counter()
        try:
            report = pipeline.inspect_file(path)
        except ClarityError as error:
            ended[error.code if error.message else "silent"] += 1
        except Exception as error:
            raise AssertionError(f"{which}: {type(error).__name__}") from error
        else:
            assert report.outcome in _OUTCOMES, which
            assert report.complete is (report.outcome is not ImportOutcome.INCOMPLETE), which
            for kind, one in report.types.items():
                assert one.records == one.unique + one.duplicates + one.rejected, (which, kind)
                assert min(one.unique, one.duplicates, one.rejected) >= 0, (which, kind)
            if report.outcome in (ImportOutcome.RECOVERED, ImportOutcome.INCOMPLETE):
                assert report.problems, which
            ended[report.outcome] += 1
        assert time.perf_counter() - began < _SECONDS, which
        path.unlink()
        if number == len(samples):
            before = _peak_mb()
    assert not ended["silent"]
    if before:
        assert _peak_mb() - before < _GROWTH_MB
    return ended


@pytest.mark.slow
def test_hundreds_of_mutated_files(tmp_path: Path) -> None:
    ended = _check(320, 1, tmp_path)
    assert ended[ImportOutcome.RECOVERED]
    assert ended[ImportOutcome.INCOMPLETE]


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2, 12))
def test_a_thousand_mutated_files_each(seed: int, tmp_path: Path) -> None:
    ended = _check(1000, seed, tmp_path)
    assert ended.total() == 1000
    assert len(ended) >= 6
