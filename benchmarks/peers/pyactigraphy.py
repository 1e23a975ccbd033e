"""The peer pyActigraphy: its environment, and a process that answers how long it takes for a family of metrics."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

HERE = Path(__file__).resolve().parent
ENVIRONMENT = HERE.parent.parent / ".benchmarks" / "peer-pyactigraphy"
VERSION = "1.2.2"
REQUIREMENTS = HERE / "pyactigraphy-requirements.txt"
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")


def _python() -> Path:
    return ENVIRONMENT / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")


def prepared() -> Path:
    """The peer's interpreter; its environment is made anew when it is not there or not of these requirements."""
    python = _python()
    wanted = REQUIREMENTS.read_text(encoding="utf-8")
    made = ENVIRONMENT / "made"
    if made.exists() and made.read_text(encoding="utf-8") == wanted:
        return python
    if sys.version_info[:2] != (3, 11):
        raise SystemExit("The peer's libraries exist for Python 3.11 only; run the benchmark with that version.")
    print(f"making the peer's environment in {ENVIRONMENT.name} (about a minute)", flush=True)
    shutil.rmtree(ENVIRONMENT, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "venv", str(ENVIRONMENT)], check=True)
    install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*install, "--no-deps", "--requirement", str(REQUIREMENTS)], check=True)
    version = "import pyActigraphy; print(pyActigraphy.__version__)"
    found = subprocess.run([str(python), "-c", version], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
    if found != VERSION:
        raise SystemExit(f"The peer says that it is version {found}, not {VERSION}.")
    made.write_text(wanted, encoding="utf-8")
    return python


class Peer:
    """The peer in a process of its own, on one thread, with a recording loaded and its compilers warm."""

    def __init__(self, counts: NDArray[np.float32], folder: Path) -> None:
        recording = folder / "counts.npz"
        np.savez(recording, counts=counts.astype(np.float64))
        self._process = subprocess.Popen(
            [str(prepared()), str(HERE / "pyactigraphy_families.py"), str(recording)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **ONE_THREAD},
        )
        self._answer()

    def _answer(self) -> dict[str, object]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit(f"the peer ended with {self._process.wait()}")
        answer: dict[str, object] = json.loads(line)
        return answer

    def milliseconds(self, family: str) -> float | str:
        """Time of one run of a family, or the peer's reason why there is none."""
        assert self._process.stdin is not None
        self._process.stdin.write(family + "\n")
        self._process.stdin.flush()
        answer = self._answer()
        found = answer.get("milliseconds")
        return float(found) if isinstance(found, float) else str(answer["reason"])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.communicate()
