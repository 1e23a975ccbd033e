"""Benchmarks run by name, and what they printed is kept with the machine they ran on."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.fixture
def runner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    spec = importlib.util.spec_from_file_location("benchmark_runner", REPOSITORY / "benchmarks" / "run.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    lines = ['"""A small one. More."""', "import sys", "print('{\"ms\": 3}')", "sys.exit(len(sys.argv) - 1)"]
    (tmp_path / "small.py").write_text("\n".join(lines), encoding="utf-8")
    monkeypatch.setattr(module, "HERE", tmp_path)
    monkeypatch.setattr(module, "KEPT", tmp_path / "kept")
    return module


def test_a_benchmark_is_kept_with_the_machine(runner: ModuleType, tmp_path: Path) -> None:
    assert runner.main(["small"]) == 0
    (path,) = (tmp_path / "kept").iterdir()
    record = json.loads(path.read_text(encoding="utf-8"))
    assert record["result"] == {"ms": 3}
    assert {"system", "processor", "python", "cores", "memory_gib"} <= set(record["machine"])
    assert record["seconds"] > 0


def test_arguments_and_exit_codes_are_passed_on(runner: ModuleType) -> None:
    assert runner.main(["small", "--", "one", "two"]) == 2


def test_names_are_listed_and_unknown_ones_refused(runner: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    assert runner.main([]) == 0
    assert "A small one. More." in capsys.readouterr().out
    assert runner.main(["smal"]) == 2
    assert "small" in capsys.readouterr().err


def test_every_benchmark_says_what_it_measures() -> None:
    for path in (REPOSITORY / "benchmarks").glob("*.py"):
        assert path.read_text(encoding="utf-8").startswith('"""'), path.name
