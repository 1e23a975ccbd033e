"""Killing a workstation while it reads: every page is there whole or not at all (Y-57)."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from clarity_desktop.vault import Vault
from tests.app.test_sync import SignedIn
from tests.app.test_sync_pull import Desk, desk, person, replica, samples
from tests.cloud.sync.conftest import CHEAP, HEART, MONTH, PASSPHRASE, START, STEPS, fill
from tests.servers.replica import Replica

__all__ = ["desk", "replica"]
MONTHS, SIZE, KILLS = 24, 400, 10


@pytest.mark.slow
def test_y57_a_kill_leaves_the_old_or_the_new_page(desk: Desk, replica: Replica, tmp_path: Path) -> None:
    here, there = desk("here"), desk("there")
    mine = person(here)
    for month in range(MONTHS):
        fill(here.vault, HEART, START + month * MONTH, np.full(SIZE, 60.0 + month), mine)
        fill(here.vault, STEPS, START + month * MONTH, np.full(SIZE, 5.0 + month), mine, "count")
    here.enable_sync(mine)
    here.sync_now()
    there.choose_direction("both")
    (remote,) = there.remote_summary().people
    theirs = there.link_remote(remote.remote_id, None)
    there.close()
    home, dice = tmp_path / "there", random.Random(57)
    command = [sys.executable, "-m", "tests.app.pull_process", str(home), replica.url]
    killed_within = 0
    for _ in range(KILLS):
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]) as process:
            assert process.stdout is not None
            for _ in range(dice.randint(1, 3)):
                process.stdout.readline()
            # Somewhere in the next page, its transaction included.
            time.sleep(dice.uniform(0.0, 0.08))
            process.kill()
        held = look(home, theirs)
        killed_within += 0 < held < 2 * MONTHS
        if held == 2 * MONTHS:
            break
    assert killed_within >= 5, "the kills fell into the reading"
    services = SignedIn(home, home / "vault")
    services.replica_url = replica.url
    services._adopt(Vault.open(home / "vault", PASSPHRASE, kdf_floor=CHEAP))
    services.pull_now()
    assert sorted(samples(services, theirs).values()) == sorted(samples(here, mine).values())
    services.close()


def look(home: Path, patient: str) -> int:
    """Pieces that are there; each is whole, and noted as read if and only if its samples are there."""
    with Vault.open(home / "vault", PASSPHRASE, kdf_floor=CHEAP) as vault:
        assert vault.verify().problems == ()
        stretches = 0
        for one in vault.series.list(patient):
            months = (vault.series.read(one.id).start - START) // MONTH
            _, counts = np.unique(months, return_counts=True)
            assert set(counts.tolist()) <= {SIZE}, "half a stretch"
            stretches += counts.size
        accounts = set(vault.exchange.numbers_of(patient))
        noted = sum(len(vault.exchange.read_before(account)) for account in accounts)
        assert noted == stretches
    return stretches
