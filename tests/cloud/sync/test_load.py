"""A million samples through a server that fails one request in five and dies, by a program that dies (Y-52, Y-68)."""

from __future__ import annotations

import random
import sqlite3
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from clarity_desktop.cloud.client.buckets import LIMITS
from clarity_desktop.vault import Vault
from tests.cloud.sync.conftest import HEART, START, STEPS, fill
from tests.cloud.sync.test_kill import Site, killed_at, made_site

MONTH = 30 * 86_400
PEOPLE, MONTHS, PER_MONTH = 10, 25, 2000
"""Ten people, 25 months, two kinds, 2,000 samples of each a month: one million."""


def million(vault: Vault) -> None:
    for person in range(PEOPLE):
        patient = vault.patients.add(f"Person {person}").id
        draw = np.random.default_rng(person)
        for month in range(MONTHS):
            for kind, unit in ((HEART, "count/min"), (STEPS, "count")):
                values = draw.integers(40, 180, PER_MONTH).astype(np.float64)
                fill(vault, kind, START + month * MONTH + 86_400, values, patient, unit)


def uploads_at(site: Site) -> int:
    base = sqlite3.connect(site.server.path)
    found = base.execute("SELECT count(*) FROM uploads").fetchone()[0]
    base.close()
    return int(found)


def run_load(directory: Path, *, client_kills: int = 50, server_kills: int = 20, seed: int = 3) -> dict[str, Any]:
    """Import, kill, finish, count; answers what was measured."""
    site = made_site(directory, million, share=0.2, seed=seed, speed=600.0)
    began = time.monotonic()
    try:
        draw = random.Random(seed)
        # Short enough lives that fifty of them end before the work does, also on a machine that is fast.
        ways: list[dict[str, Any]] = [{"seconds": draw.uniform(0.1, 0.6)} for _ in range(client_kills)]
        killed = killed_at(site, ways, draw, server_kills)
        states = site.check()
        return {
            "client_kills": killed,
            "server_kills": site.server.kills,
            "uploads": uploads_at(site),
            "states": states,
            "memory_mb": site.memory_mb,
            "seconds": time.monotonic() - began,
        }
    finally:
        site.clients.close()
        site.server.kill()


def run_rate(directory: Path, seed: int = 4, speed: float = 150.0) -> dict[str, float]:
    """All in one process without faults: uploads a simulated hour against the limits, and memory."""
    site = made_site(directory, million, share=0.0, seed=seed, speed=speed)
    try:
        found = site.clients.run(rounds=60)
        base = sqlite3.connect(site.server.path)
        at = [row[0] for row in base.execute("SELECT at FROM uploads ORDER BY at")]
        base.close()
        own, window = LIMITS["upload"]
        hour = window / speed
        most = max(sum(1 for other in at if 0 <= other - one < hour * 0.98) for one in at)
        whole = sum(1 for one in at if one < at[0] + 2 * hour)
        return {
            "uploads": len(at),
            "uploads_an_hour": whole / 2,
            "most_in_an_hour": most,
            "own_limit": own,
            "memory_mb": found["memory_mb"],
        }
    finally:
        site.clients.close()
        site.server.kill()


@pytest.mark.slow
def test_y52_y68_a_million_samples_arrive_once_through_kills_and_faults(tmp_path: Path) -> None:
    found = run_load(tmp_path)
    assert found["client_kills"] >= 45, found
    assert found["server_kills"] >= 20, found
    assert found["memory_mb"] < 300, found
