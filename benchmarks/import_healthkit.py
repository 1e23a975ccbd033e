"""Import of a large Apple Health export into the encrypted vault, against healthkit-to-sqlite on the same disk.

    python benchmarks/import_healthkit.py EXPORT.zip [--runs 2] [--no-peer]

EXPORT is any export; `python -m clarity_desktop.demo.large` or another generator makes a large one. The peer is
installed into a virtual environment of its own under `.benchmarks/` and runs as a process of its own; so does each of
our imports. Runs alternate, and the ratio is between the medians of one invocation.
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
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WORK = ROOT / ".benchmarks"
PEER = "healthkit-to-sqlite==1.0.1"
TARGET_RATIO = 8.0
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


def peak_rss_of(command: list[str], stdin: str = "") -> tuple[float, float, str]:
    """Wall seconds, peak RSS in MB and standard output of a process of its own."""
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
        return seconds, usage.ru_maxrss / 1024, output.read().decode()


def create_vault(folder: str) -> None:
    """Another child's work, so that the memory of deriving the key from the passphrase counts for nobody."""
    sys.path.insert(0, str(ROOT))
    from clarity_desktop.vault import Vault

    with Vault.create(Path(folder), "benchmark passphrase") as vault:
        vault.patients.add("Benchmark")
        print(vault.data_key().hex())


def ours(export: Path, folder: Path) -> tuple[float, float]:
    """One import into a fresh vault; wall seconds of the whole process and its peak RSS."""
    shutil.rmtree(folder, ignore_errors=True)
    child = [sys.executable, __file__, str(export)]
    _, _, key = peak_rss_of([*child, "--create", str(folder)])
    seconds, rss, output = peak_rss_of([*child, "--child", str(folder)], key)
    told = json.loads(output)
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 1e6
    speed = told["bytes"] / 1e6 / told["seconds"]
    print(
        f"  clarity             {seconds:6.2f} s  peak {rss:5.0f} MB  {size:.1f} MB stored"
        f"  ({told['records']} records, {told['seconds']:.2f} s and {speed:.0f} MB/s without start)"
    )
    return seconds, rss


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


def theirs(command: str, export: Path, database: Path) -> float:
    """One run of the peer; wall seconds."""
    database.unlink(missing_ok=True)
    arguments = [command, str(export), str(database), "-s"]
    if export.suffix == ".xml":
        arguments.append("--xml")
    seconds, rss, _ = peak_rss_of(arguments)
    print(f"  healthkit-to-sqlite {seconds:6.2f} s  peak {rss:5.0f} MB  {database.stat().st_size / 1e6:.0f} MB stored")
    database.unlink()
    return seconds


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("export", type=Path)
    parser.add_argument("--runs", type=int, default=2)
    parser.add_argument("--no-peer", action="store_true", help="only our own speed and memory")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    parser.add_argument("--create", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.create:
        create_vault(options.create)
        return 0
    if options.child:
        import_once(str(options.export), options.child)
        return 0
    WORK.mkdir(exist_ok=True)
    command = "" if options.no_peer else peer_command()
    mine: list[float] = []
    other: list[float] = []
    peak = 0.0
    for run in range(options.runs):
        print(f"run {run + 1}")
        seconds, rss = ours(options.export, WORK / "vault")
        mine.append(seconds)
        peak = max(peak, rss)
        if command:
            other.append(theirs(command, options.export, WORK / "peer.db"))
    shutil.rmtree(WORK / "vault", ignore_errors=True)
    met = peak < TARGET_RSS_MB
    print(f"peak RSS {peak:.0f} MB (target below {TARGET_RSS_MB:.0f} MB)")
    if other:
        ratio = statistics.median(other) / statistics.median(mine)
        met = met and ratio >= TARGET_RATIO
        print(f"ratio {ratio:.1f} (target {TARGET_RATIO:.0f})")
    return 0 if met else 1


if __name__ == "__main__":
    raise SystemExit(main())
