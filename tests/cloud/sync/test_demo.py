"""The demonstration of the cloud runs through and compares what came back."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.servers.cloud_demo import run_demo


@pytest.mark.slow
def test_the_demonstration_ends_equal(tmp_path: Path) -> None:
    said: list[str] = []
    assert run_demo(tmp_path, said.append), said
    assert any("equal sample by sample" in line for line in said)
