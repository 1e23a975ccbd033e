"""Import of large Apple Health exports into the encrypted vault, against healthkit-to-sqlite and an idle expat.

    python benchmarks/import_healthkit.py EXPORT.zip... [--later LATER.zip] [--runs 2] [--no-peer]

EXPORT is any export; `python -m clarity_desktop.demo.large` or another generator makes a large one. Several give a
curve over their sizes. LATER is a superset of the last EXPORT, imported after it. The peer is installed into a virtual
environment of its own under `.benchmarks/`. Every run is a process of its own; runs alternate, and ratios are between
the medians of one invocation, of wall time and of processor time: other work on the machine lengthens the first more.
The idle expat unpacks the export and parses it with handlers that do nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WORK = ROOT / ".benchmarks"
PEER = "healthkit-to-sqlite==1.0.1"
TARGET_RATIO = 10.0
TARGET_EXPAT = 2.0
TARGET_AGAIN = 1.3
TARGET_BYTES = 8.0
TARGET_RSS_MB = 300.0


def import_once(export: str, vault: str) -> None:
    """The child's work: open the vault with the key from standard input, import, say what it took."""
    sys.path.insert(0, str(ROOT))
    from clarity_desktop.importers.pipeline import import_file
    from clarity_desktop.vault import Vault

    key = bytes.fromhex(sys.stdin.readline().strip())
    began = time.perf_counter()
    with Vault.open_with_key(Path(vault), key) as opened:
        (patient,) = opened.patients.list()
        report = import_file(
            Path(export),
            lambda form, sha256, name: opened.begin_import(patient.id, file=name, format=form, sha256=sha256),
        )
    seconds = time.perf_counter() - began
    for kind, count in report.types.items():
        assert count.stored_new is not None
        assert count.records == count.stored_new + count.duplicates + count.rejected, kind
    records = sum(count.records for count in report.types.values())
    print(json.dumps({"seconds": seconds, "bytes": report.bytes, "records": records, "outcome": report.outcome}))


@dataclass(frozen=True)
class Spent:
    """What a process took."""

    wall: float
    processor: float
    """Seconds of all its threads."""


def told(word: str, spent: Spent, rss_mb: float, more: str = "") -> None:
    """Say what one run took."""
    times = f"{spent.wall:6.2f} s ({spent.processor:6.2f} s of processor)"
    print(f"  {word:<19} {times}  peak {rss_mb:5.0f} MB  {more}".rstrip(), flush=True)


def peak_rss_of(command: list[str], stdin: str = "") -> tuple[Spent, float, str]:
    """Time, peak RSS in MB and standard output of a process of its own."""
    with tempfile.TemporaryFile() as output:
        began = time.perf_counter()
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=output, cwd=ROOT)
        assert process.stdin is not None
        process.stdin.write(stdin.encode())
        process.stdin.close()
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise SystemExit(f"{command[0]} ended with {process.returncode}")
        output.seek(0)
        spent = Spent(seconds, usage.ru_utime + usage.ru_stime)
        return spent, usage.ru_maxrss / 1024, output.read().decode()


def create_vault(folder: str) -> None:
    """Another child's work, so that the memory of deriving the key from the passphrase counts for nobody."""
    sys.path.insert(0, str(ROOT))
    from clarity_desktop.vault import Vault

    with Vault.create(Path(folder), "benchmark passphrase") as vault:
        vault.patients.add("Benchmark")
        print(vault.data_key().hex())


@dataclass(frozen=True)
class Run:
    """One import of ours."""

    spent: Spent
    """By the whole process, its start included."""
    rss_mb: float
    stored_bytes: int
    """Of the vault after the import, less those of the empty vault."""
    records: int
    export_bytes: int


def size_of(folder: Path) -> int:
    """Bytes of all files of a vault."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def created(export: Path, folder: Path) -> tuple[str, int]:
    """The key of a fresh vault, and its size."""
    shutil.rmtree(folder, ignore_errors=True)
    _, _, key = peak_rss_of([sys.executable, __file__, str(export), "--create", str(folder)])
    return key, size_of(folder)


def ours(export: Path, folder: Path, key: str, empty: int, word: str = "clarity") -> Run:
    """One import into a vault."""
    spent, rss, output = peak_rss_of([sys.executable, __file__, str(export), "--child", str(folder)], key)
    read = json.loads(output)
    stored = size_of(folder) - empty
    told(
        word,
        spent,
        rss,
        f"{stored / 1e6:.1f} MB stored, {read['records']} records, {read['seconds']:.2f} s without start",
    )
    return Run(spent, rss, stored, read["records"], read["bytes"])


def idle_expat(export: str) -> None:
    """Another child's work: unpack and parse with handlers that do nothing."""
    import xml.parsers.expat
    import zipfile

    parser = xml.parsers.expat.ParserCreate()

    def begin(name: str, attributes: dict[str, str]) -> None:
        pass

    def end(name: str) -> None:
        pass

    parser.StartElementHandler, parser.EndElementHandler = begin, end
    with zipfile.ZipFile(export) as archive:
        name = max(archive.infolist(), key=lambda one: one.file_size).filename
        with archive.open(name) as member:
            parser.ParseFile(member)


def expat(export: Path) -> Spent:
    """One run of the idle expat."""
    spent, rss, _ = peak_rss_of([sys.executable, __file__, str(export), "--expat"])
    told("expat, idle", spent, rss)
    return spent


def peer_command() -> str:
    """The peer's executable, installed on first use."""
    folder = WORK / "peer-healthkit-to-sqlite"
    command = folder / ("Scripts" if os.name == "nt" else "bin") / "healthkit-to-sqlite"
    if not command.exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        python = command.with_name("python")
        # The peer imports pkg_resources through one of its requirements.
        subprocess.run([str(python), "-m", "pip", "install", "-q", PEER, "setuptools<81"], check=True)
    return str(command)


def theirs(command: str, export: Path, database: Path) -> Spent:
    """One run of the peer."""
    database.unlink(missing_ok=True)
    arguments = [command, str(export), str(database), "-s"]
    if export.suffix == ".xml":
        arguments.append("--xml")
    spent, rss, _ = peak_rss_of(arguments)
    told("healthkit-to-sqlite", spent, rss, f"{database.stat().st_size / 1e6:.0f} MB stored")
    database.unlink()
    return spent


def measured(export: Path, command: str, runs: int, place: Path) -> tuple[list[Run], list[Spent], list[Spent]]:
    """Runs of ours, of the idle expat and of the peer, in turn."""
    print(f"{export.name}", flush=True)
    mine, idle, other = [], [], []
    for _ in range(runs):
        key, empty = created(export, WORK / "vault")
        mine.append(ours(export, WORK / "vault", key, empty))
        idle.append(expat(export))
        if command:
            other.append(theirs(command, export, place / "peer.db"))
    return mine, idle, other


def again(export: Path, later: Path) -> tuple[float, float]:
    """A first import and that of a superset into the same vault: ratios of their wall and processor times."""
    print(f"{export.name}, then {later.name}", flush=True)
    key, empty = created(export, WORK / "vault")
    first = ours(export, WORK / "vault", key, empty, "first")
    second = ours(later, WORK / "vault", key, empty, "superset")
    return second.spent.wall / first.spent.wall, second.spent.processor / first.spent.processor


def ratios(mine: list[Run], others: list[Spent]) -> tuple[float, float]:
    """How many times as long others take, in wall and in processor time."""

    def ratio(of: Callable[[Spent], float]) -> float:
        return statistics.median(map(of, others)) / statistics.median(of(run.spent) for run in mine)

    return ratio(lambda spent: spent.wall), ratio(lambda spent: spent.processor)


def row_of(mine: list[Run], idle: list[Spent], other: list[Spent]) -> tuple[str, bool]:
    """The line of one size in the table, and whether all targets are met in one of the two kinds of time."""
    seconds = statistics.median(run.spent.wall for run in mine)
    busy = statistics.median(run.spent.processor for run in mine)
    peak = max(run.rss_mb for run in mine)
    each = mine[-1].stored_bytes / mine[-1].records
    to_expat = ratios(mine, idle)
    to_peer = ratios(mine, other) if other else None
    shown = "–" if to_peer is None else f"{to_peer[0]:.1f} / {to_peer[1]:.1f}"
    line = (
        f"| {mine[-1].export_bytes / 1e6:.0f} MB | {mine[-1].records:,} | {seconds:.1f} / {busy:.1f} s | {peak:.0f} MB "
        f"| {each:.1f} | {to_expat[0]:.1f} / {to_expat[1]:.1f} | {shown} |"
    )
    met = peak < TARGET_RSS_MB and each <= TARGET_BYTES and max(to_expat) >= TARGET_EXPAT
    return line, met and (to_peer is None or max(to_peer) >= TARGET_RATIO)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("export", type=Path, nargs="+")
    parser.add_argument("--later", type=Path, help="a superset of the last export, to import after it")
    parser.add_argument("--runs", type=int, default=2)
    parser.add_argument("--peer-folder", type=Path, default=WORK, help="where the peer's database lies")
    parser.add_argument("--no-peer", action="store_true", help="without healthkit-to-sqlite")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    parser.add_argument("--create", help=argparse.SUPPRESS)
    parser.add_argument("--expat", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.create:
        create_vault(options.create)
        return 0
    if options.child:
        import_once(str(options.export[0]), options.child)
        return 0
    if options.expat:
        idle_expat(str(options.export[0]))
        return 0
    WORK.mkdir(exist_ok=True)
    command = "" if options.no_peer else peer_command()
    rows = [row_of(*measured(export, command, options.runs, options.peer_folder)) for export in options.export]
    ratio = again(options.export[-1], options.later) if options.later else None
    shutil.rmtree(WORK / "vault", ignore_errors=True)
    print("\nTimes and ratios: wall / processor.\n")
    print("| export | records | ours | peak memory | bytes a record | × idle expat | × healthkit-to-sqlite |")
    print("|---:|---:|---:|---:|---:|---:|---:|")
    for line, _ in rows:
        print(line)
    print(
        f"targets: < {TARGET_RSS_MB:.0f} MB, ≤ {TARGET_BYTES:.0f} bytes a record, ≥ {TARGET_EXPAT:.0f} × expat, "
        f"≥ {TARGET_RATIO:.0f} × healthkit-to-sqlite"
    )
    if ratio is not None:
        print(f"superset / first import: {ratio[0]:.2f} wall, {ratio[1]:.2f} processor (target ≤ {TARGET_AGAIN})")
    return 0 if rows[-1][1] and (ratio is None or min(ratio) <= TARGET_AGAIN) else 1


if __name__ == "__main__":
    raise SystemExit(main())
