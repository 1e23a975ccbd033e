"""What interrupts a workstation that syncs: a lid that is closed for a night, and a disk without room (Y-54, Y-55)."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from clarity_desktop.cloud.api import CloudApi
from clarity_desktop.cloud.client import CloudError
from clarity_desktop.domain.sync import OperationState
from clarity_desktop.vault import Vault
from tests.cloud.sync.conftest import CHEAP, HEART, PASSPHRASE, START, STEPS, USER, Machine, fill
from tests.cloud.sync.test_kill import Site, made_site

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals and limits of POSIX")
S = OperationState
NIGHT_S = 8 * 3600
SPEED = 3000.0
FULL_CODES = {"no file grows": "vault.disk", "nothing is left": "vault.disk_full"}


def a_little(vault: Vault) -> None:
    patient = vault.patients.add("Ada Lovelace").id
    for month in range(3):
        fill(vault, HEART, START + month * 30 * 86_400, np.arange(40.0) + 50, patient)
        fill(vault, STEPS, START + month * 30 * 86_400, np.arange(40.0), patient, "count")


def test_y54_eight_hours_of_sleep_in_the_middle_of_an_upload_need_nobody(
    machine: Machine, patient: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Simulated: the request has arrived, the clock goes on by a night, the connection is dead."""
    machine.enable(patient)
    upload, slept = CloudApi.upload_metrics, []

    async def sleeps(self: CloudApi, body: bytes, *, correlation: str) -> Any:
        found = await upload(self, body, correlation=correlation)
        if not slept:
            slept.append(machine.clock.time)
            machine.clock.time += NIGHT_S
            raise CloudError("cloud.unreachable", "Gone.", remedy="Wait.", outcome_unknown=True)
        return found

    monkeypatch.setattr(CloudApi, "upload_metrics", sleeps)
    first = asyncio.run(machine.run())[0]
    assert first.stopped == "cloud.unreachable"
    asyncio.run(machine.run(2))
    assert machine.states() == {S.VERIFIED: 3}
    assert len(machine.replica.state.metrics(USER)) == 3


@pytest.mark.slow
def test_y54_a_process_that_is_stopped_in_an_upload_goes_on_by_itself(tmp_path: Path) -> None:
    """The process stands still while eight hours pass at 3,000 times the pace, and the server was started anew."""
    site = made_site(tmp_path, a_little, share=0.0, seed=1, speed=SPEED)

    def restart() -> None:
        site.server.kill()
        site.server.start()

    timer = threading.Timer(3.0, restart)
    timer.start()
    try:
        found = site.clients.run(asleep=NIGHT_S / SPEED)
        assert set(found["states"]) == {"verified"}, found
        assert site.check() == {"verified": 6}
    finally:
        timer.cancel()
        timer.join()
        site.clients.close()
        site.server.kill()


def stops_for_the_disk(site: Site, way: str) -> None:
    """A cycle whose first result cannot be written, then one with room again."""
    found = site.clients.run(full=way, rounds=1)
    assert found.get("stopped") == FULL_CODES[way], found
    assert "disk" in found["words"].casefold()
    assert len(site.stored()) == 2, "the server has what was sent"
    (site.directory / "ballast").unlink(missing_ok=True)
    with Vault.open(site.directory, PASSPHRASE, kdf_floor=CHEAP) as vault:
        assert vault.verify().ok
        states = {one.state: one.count for one in vault.outbox.counts(site.account) if one.count}
        assert states[S.SENDING] == 2, "what was on its way is known"
    site.clients.run()
    assert site.check() == {"verified": 6}


@pytest.mark.slow
def test_y55_a_file_that_may_not_grow_stops_sync_and_loses_nothing(tmp_path: Path) -> None:
    site = made_site(tmp_path, a_little, share=0.0, seed=1, speed=SPEED)
    try:
        stops_for_the_disk(site, "no file grows")
    finally:
        site.clients.close()
        site.server.kill()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of eight megabytes where the vault is; only an administrator can make one."""
    place = tmp_path / "vault"
    place.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "none", str(place)], capture_output=True)
    if made.returncode != 0:
        pytest.skip("no disk can be made here")
    yield tmp_path
    subprocess.run(["umount", "-l", str(place)], check=True)


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="a disk in memory")
def test_y55_a_disk_without_room_stops_sync_and_loses_nothing(small_disk: Path) -> None:
    site = made_site(small_disk, a_little, share=0.0, seed=1, speed=SPEED)
    try:
        stops_for_the_disk(site, "nothing is left")
    finally:
        site.clients.close()
        site.server.kill()
