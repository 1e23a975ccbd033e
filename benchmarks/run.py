"""Runs benchmarks by name and keeps what each printed, with a description of the machine."""

from __future__ import annotations

import ast
import json
import os
import platform
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

HERE = Path(__file__).resolve().parent
KEPT = HERE.parent / ".benchmarks"


def benchmarks() -> dict[str, str]:
    """Name and first sentence of every benchmark."""
    found = {}
    for path in sorted(HERE.glob("*.py")):
        if path.name != Path(__file__).name:
            text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
            found[path.stem] = text.split("\n\n")[0].replace("\n", " ")
    return found


def machine() -> dict[str, object]:
    """What decides how fast things run here, without anything that names the machine."""
    import psutil

    return {
        "system": platform.system(),
        "release": platform.release(),
        "processor": platform.machine(),
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
        "load": [round(value, 2) for value in psutil.getloadavg()],
    }


def run(name: str, arguments: list[str]) -> int:
    """Run one benchmark, show what it prints, and keep it."""
    print(f"\n=== {name} " + "=" * (70 - len(name)), flush=True)
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, str(HERE / f"{name}.py"), *arguments], cwd=HERE.parent, stdout=subprocess.PIPE, text=True
    )
    lines = []
    assert process.stdout is not None
    with process.stdout as output:
        for line in output:
            lines.append(line)
            print(line, end="", flush=True)
    code = process.wait()
    seconds = time.perf_counter() - began
    when = datetime.now(UTC)
    record = {
        "benchmark": name,
        "arguments": arguments,
        "at": when.isoformat(timespec="seconds"),
        "machine": machine(),
        "exit_code": code,
        "seconds": round(seconds, 3),
        "result": _result("".join(lines)),
    }
    KEPT.mkdir(exist_ok=True)
    path = KEPT / f"{name}-{when:%Y%m%dT%H%M%SZ}.json"
    path.write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"{name}: {seconds:.1f} s, exit code {code}, kept in .benchmarks/{path.name}")
    return code


def _result(text: str) -> object:
    """What was printed: the JSON document when it is one, else the lines."""
    try:
        return json.loads(text)
    except ValueError:
        return text.splitlines()


def main(arguments: list[str]) -> int:
    known = benchmarks()
    split = arguments.index("--") if "--" in arguments else len(arguments)
    names, passed_on = arguments[:split], arguments[split + 1 :]
    if not names:
        for name, sentence in known.items():
            print(f"{name:20} {sentence}")
        return 0
    unknown = [name for name in names if name not in known]
    if unknown:
        print(f"There is no benchmark called {unknown[0]}. Known: " + ", ".join(known), file=sys.stderr)
        return 2
    return max(run(name, passed_on) for name in names)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
