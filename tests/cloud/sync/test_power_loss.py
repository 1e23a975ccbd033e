"""The power goes at every commit of a sync: what was written is there, and every sample arrives once (Y-58).

A commit waits until the disk has the log (``synchronous = FULL``), so a cut leaves the files as they were after some
commit, and of the next one any number of frames, the last of them torn. The server is always one step ahead: it has
what left before the power went. The control drops one commit more, as a log that is not waited for may.
"""

from __future__ import annotations

import asyncio
import random
import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from clarity_desktop.domain.sync import OPEN_STATES, OperationState
from clarity_desktop.vault import Vault
from tests.cloud.sync.conftest import CHEAP, HEART, MONTH, PASSPHRASE, START, STEPS, USER, FastClock, Machine, fill
from tests.servers.replica import Replica, ReplicaState
from tests.servers.replica.accounts import StubTokens

S = OperationState
_SHARED = "vault.db-shm"
"""Index of the log in memory; a power cut takes it."""


@dataclass(frozen=True)
class Moment:
    """Files of the vault and of the server right after a commit, and where operations stood."""

    vault: Path
    server: Path
    sending: int

    @property
    def log(self) -> bytes:
        path = self.vault / "vault.db-wal"
        return path.read_bytes() if path.exists() else b""


@dataclass
class Course:
    """A whole sync, commit by commit."""

    moments: list[Moment]
    port: int
    patient: str
    values: dict[str, list[float]]

    def cut(self, place: int, folder: Path, draw: random.Random | None, *, server: int) -> Path:
        """The vault as the cut left it after commit ``place``, with a torn part of the next one where drawn."""
        target = folder / "vault"
        shutil.copytree(self.moments[place].vault, target)
        shutil.copytree(self.moments[server].server, folder / "server")
        before, after = self.moments[place].log, self.moments[min(place + 1, len(self.moments) - 1)].log
        if draw is not None and len(after) > len(before) and after.startswith(before):
            # Any part of what was not waited for may be there, and its last sector may be anything.
            torn = draw.randrange(len(before), len(after))
            kept = bytearray(after[:torn])
            kept[max(len(before), torn - 512) :] = draw.randbytes(min(512, torn - len(before)))
            (target / "vault.db-wal").write_bytes(bytes(kept))
        return target


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Course]:
    """A sync of three stretches, with a copy of all files after every commit."""
    folder = tmp_path_factory.mktemp("course")
    (folder / "server").mkdir()
    replica = Replica(ReplicaState(folder / "server" / "replica.sqlite"), "openapi", StubTokens())
    replica.start()
    moments: list[Moment] = []
    with Vault.create(folder / "vault", PASSPHRASE, kdf=CHEAP) as vault:
        clock = FastClock()
        vault.outbox._clock = clock.now
        patient = vault.patients.add("Ada Lovelace").id
        for month in range(2):
            fill(vault, HEART, START + month * MONTH, np.arange(200.0) % 60 + 50, patient)
        fill(vault, STEPS, START, np.arange(200.0) % 90, patient, "count")
        machine = Machine(vault, replica, clock)
        machine.enable(patient)
        anchor = vault._store.chain.anchor

        def committed(head: object) -> None:
            anchor(head)  # type: ignore[arg-type]
            here = folder / f"{len(moments):03d}"
            shutil.copytree(vault.directory, here / "vault", ignore=lambda *_: {_SHARED})
            shutil.copytree(folder / "server", here / "server", ignore=shutil.ignore_patterns("*-shm"))
            moments.append(Moment(here / "vault", here / "server", machine.states().get(S.SENDING, 0)))

        vault._store.chain.anchor = committed  # type: ignore[method-assign]
        asyncio.run(machine.run(2))
        vault._store.chain.anchor = anchor  # type: ignore[method-assign]
        assert machine.states() == {S.VERIFIED: 3}
        values = machine.here(patient)
    replica.stop()
    yield Course(moments, replica.port, patient, values)
    shutil.rmtree(folder)


def copies_after(course: Course, folder: Path, vault_folder: Path) -> Counter[str]:
    """Open what the cut left, go on until nothing waits, and count the copies of each operation at the server."""
    replica = Replica(ReplicaState(folder / "server" / "replica.sqlite"), "openapi", StubTokens())
    replica.port, replica.url = course.port, f"http://127.0.0.1:{course.port}"
    replica.start()
    try:
        with Vault.open(vault_folder, PASSPHRASE, kdf_floor=CHEAP) as vault:
            clock = FastClock(1_800_000_500.0)
            vault.outbox._clock = clock.now
            machine = Machine(vault, replica, clock)
            for _ in range(12):
                asyncio.run(machine.run())
                if not set(machine.states()) & OPEN_STATES:
                    break
                clock.time += 1000
            assert machine.states() == {S.VERIFIED: 3}
            assert vault.verify().ok
            assert machine.here(course.patient) == course.values
            copies = Counter(one["metric_id"] for one in replica.state.metrics(USER))
            if max(copies.values()) == 1:
                assert machine.at_server() == course.values
            return copies
    finally:
        replica.stop()


def test_y58_the_log_is_waited_for_at_every_commit(vault: Vault) -> None:
    with vault._store._writer.begin() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar_one() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar_one() == 2, "FULL"


def test_y58_y7_sending_is_on_the_disk_before_the_first_byte_leaves(course: Course, tmp_path: Path) -> None:
    """The power goes right after the request has left: the vault knows that something may have arrived."""
    place = next(at for at, one in enumerate(course.moments) if one.sending)
    ahead = ReplicaState(course.moments[place + 1].server / "replica.sqlite").metrics(USER)
    behind = ReplicaState(course.moments[place].server / "replica.sqlite").metrics(USER)
    assert len(ahead) > len(behind), "the server has it before the next commit"
    left = course.cut(place, tmp_path, random.Random(1), server=place + 1)
    assert set(copies_after(course, tmp_path, left).values()) == {1}


def test_y58_without_waiting_a_measurement_would_be_there_twice(course: Course, tmp_path: Path) -> None:
    """The control: the commit of ``sending`` is lost as well, and nothing could tell that a request had left."""
    place = next(at for at, one in enumerate(course.moments) if one.sending)
    left = course.cut(place - 1, tmp_path, None, server=place + 1)
    assert max(copies_after(course, tmp_path, left).values()) == 2


@pytest.mark.slow
def test_y58_the_power_goes_at_every_commit(course: Course, tmp_path: Path) -> None:
    draw = random.Random(58)
    assert len(course.moments) > 10
    for place in [*range(len(course.moments))] * 3:
        folder = tmp_path / f"{place}"
        left = course.cut(place, folder, draw, server=min(place + 1, len(course.moments) - 1))
        copies = copies_after(course, folder, left)
        assert set(copies.values()) == {1}, f"after commit {place} of {len(course.moments)}"
        assert len(copies) == 3
        shutil.rmtree(folder)
