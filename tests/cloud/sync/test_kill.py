"""Killing the workstation at every edge and at random, and the server meanwhile: every sample exactly once (Y-56)."""

from __future__ import annotations

import json
import random
import socket
import sqlite3
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from clarity_desktop.cloud.sync.carriers import CARRIERS
from clarity_desktop.cloud.sync.metrics import carriers_for, source_mark
from clarity_desktop.cloud.sync.packing import PackedPart, unpack
from clarity_desktop.domain.sync import OPEN_STATES
from clarity_desktop.vault import Vault
from tests.cloud.sync.client_process import Clients
from tests.cloud.sync.conftest import CHEAP, HEART, PASSPHRASE, SLEEP, START, STEPS, USER, fill
from tests.cloud.sync.server_process import ServerProcess

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is a POSIX matter")

STEP_S = 60
EDGES = tuple(
    f"{when}:{name}"
    for name in (
        "pack",
        "batch",
        "begin_sending",
        "upload_metrics",
        "move>accepted",
        "move>sent_unknown",
        "move>batched",
        "move>verified",
        "recover",
    )
    for when in ("before", "after")
)
"""Failpoints at each edge of the table of states that a cycle can take."""


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@dataclass
class Site:
    """A vault, a server that dies, and clients that die."""

    directory: Path
    server: ServerProcess
    clients: Clients
    memory_mb: float = 0.0
    """More memory at the most than before the last client began."""

    @property
    def account(self) -> str:
        return f"{self.server.url}/{USER}"

    def stored(self) -> list[dict[str, Any]]:
        """All metrics at the server, by its own file."""
        base = sqlite3.connect(self.server.path)
        rows = base.execute("SELECT document FROM uploads ORDER BY at, rowid").fetchall()
        base.close()
        return [metric for (text,) in rows for metric in json.loads(text)["metrics"]]

    def check(self) -> dict[str, int]:
        """Every sample exactly once, in order, and nothing waits; answers the states."""
        with Vault.open(self.directory, PASSPHRASE, kdf_floor=CHEAP) as vault:
            assert vault.verify().ok
            states = {one.state.value: one.count for one in vault.outbox.counts(self.account) if one.count}
            assert not set(states) & {one.value for one in OPEN_STATES}, states
            here: dict[tuple[str, str], list[np.ndarray[Any, Any]]] = {}
            for patient in vault.patients.list():
                for one in vault.series.list(patient.id):
                    if one.kind in CARRIERS:
                        samples = vault.series.read(one.id)
                        key = (source_mark(patient.id, one.source), one.kind)
                        here[key] = [samples.start, samples.value]
        metrics = self.stored()
        copies = Counter(metric["metric_id"] for metric in metrics)
        assert max(copies.values()) == 1, "an operation is at the server twice"
        parts: dict[str, list[PackedPart]] = {}
        for metric in metrics:
            part = PackedPart.from_document(metric["raw_data"])
            parts.setdefault(part.group, []).append(part)
        there: dict[tuple[str, str], list[list[np.ndarray[Any, Any]]]] = {}
        for group in parts.values():
            for channel in unpack(group):
                if channel.kind == "ClarityProbe":
                    # A sentinel whose removal a kill has cut.
                    continue
                assert (np.diff(channel.samples.start) >= 0).all(), "out of order"
                found = [channel.samples.start, channel.samples.value]
                there.setdefault((channel.source, channel.kind), []).append(found)
        assert set(there) == set(here)
        for key, pieces in there.items():
            pieces.sort(key=lambda piece: int(piece[0][0]))
            for column in (0, 1):
                assert np.array_equal(np.concatenate([piece[column] for piece in pieces]), here[key][column]), key
        return states


Making = Callable[[Vault], None]


def made_site(tmp_path: Path, make: Making, *, share: float, seed: int, speed: float = 3000.0) -> Site:
    directory = tmp_path / "vault"
    server = ServerProcess(tmp_path / "server.sqlite", free_port(), share, seed)
    server.start()
    account = f"{server.url}/{USER}"
    with Vault.create(directory, PASSPHRASE, kdf=CHEAP) as vault:
        make(vault)
        for patient in vault.patients.list():
            vault.outbox.enable(patient.id, account, carriers_for(list(CARRIERS)))
    server.wait()
    return Site(directory, server, Clients(directory, PASSPHRASE, server.url, time.time(), speed))


def some_months(vault: Vault) -> None:
    patient = vault.patients.add("Ada Lovelace").id
    spread = 6 * 3600
    for kind, unit in ((HEART, "count/min"), (STEPS, "count"), (SLEEP, "")):
        for month in range(6):
            fill(
                vault,
                kind,
                START + month * 30 * 86_400 + spread,
                (np.arange(40.0) + 50) * (kind != SLEEP),
                patient,
                unit,
            )


def killed_at(site: Site, ways: list[dict[str, Any]], draw: random.Random, server_kills: int) -> int:
    """Kill clients in the ways given, the server in between, then let one run to its end; answers client kills."""
    killed = 0
    at = set(draw.sample(range(len(ways)), server_kills))
    for number, way in enumerate(ways):
        if number in at:
            site.server.kill()
            site.server.start()
        killed += site.clients.run(**way)["killed"]
    site.server.share = 0.0
    site.server.kill()
    site.server.start()
    last = site.clients.run()
    assert "failed" not in last, last
    site.memory_mb = float(last["memory_mb"])
    return killed


@pytest.mark.slow
def test_y56_y8_killed_at_edges_every_sample_arrives_once(tmp_path: Path) -> None:
    site = made_site(tmp_path, some_months, share=0.2, seed=1)
    try:
        ways = [{"edge": edge, "rounds": 3} for edge in ("after:begin_sending", "after:upload_metrics", "after:pack")]
        assert killed_at(site, ways, random.Random(1), 1) >= 2
        site.check()
    finally:
        site.clients.close()
        site.server.kill()


@pytest.mark.slow
def test_y56_killed_at_every_edge_and_at_200_random_times(tmp_path: Path) -> None:
    site = made_site(tmp_path, some_months, share=0.2, seed=2)
    try:
        draw = random.Random(2)
        ways: list[dict[str, Any]] = [{"edge": edge, "count": n, "rounds": 4} for n in (1, 2) for edge in EDGES]
        ways += [{"seconds": draw.uniform(0.0, 0.35), "rounds": 6} for _ in range(200)]
        draw.shuffle(ways)
        assert killed_at(site, ways, draw, 20) >= 50
        site.check()
    finally:
        site.clients.close()
        site.server.kill()
