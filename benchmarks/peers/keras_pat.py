"""The peer Keras 3 on TensorFlow: its environment, and processes that answer how long an encoder takes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

HERE = Path(__file__).resolve().parent
ENVIRONMENT = HERE.parent.parent / ".benchmarks" / "peer-keras"
VERSION = "tensorflow-cpu==2.21.0 keras==3.15.1"
ENCODER = HERE / "keras_pat_encoder.py"
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


def prepared() -> Path:
    """The peer's interpreter; its environment is made when it is not there yet."""
    python = ENVIRONMENT / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    made = ENVIRONMENT / "made"
    if made.exists() and made.read_text(encoding="utf-8") == VERSION:
        return python
    print(f"making the peer's environment in {ENVIRONMENT.name} (some minutes)", file=sys.stderr, flush=True)
    subprocess.run([sys.executable, "-m", "venv", str(ENVIRONMENT)], check=True)
    install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*install, "--only-binary=:all:", *VERSION.split()], check=True)
    made.write_text(VERSION, encoding="utf-8")
    return python


class EncoderProcess:
    """An encoder in a process of its own, on one thread of one core, asked by lines of JSON."""

    def __init__(self, command: list[str], folder: Path, core: int | None) -> None:
        self._process = subprocess.Popen(
            [*command, str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={**os.environ, **ONE_THREAD, "TF_CPP_MIN_LOG_LEVEL": "3"},
        )
        if core is not None:
            os.sched_setaffinity(self._process.pid, {core})
        self.about = self._answer()

    def _answer(self) -> dict[str, float]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit(f"an encoder's process ended with {self._process.wait()}")
        answer: dict[str, float] = json.loads(line)
        return answer

    def ask(self, size: str, windows: int, *, way: str = "together") -> dict[str, float]:
        """Processor milliseconds of one run over ``windows`` windows, resident memory and error against the goldens."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"size": size, "windows": windows, "way": way}) + "\n")
        self._process.stdin.flush()
        return self._answer()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.communicate()
