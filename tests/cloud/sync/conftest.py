"""A real vault with samples, and one account at a replica of the server."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from clarity_desktop.cloud.api import CloudApi
from clarity_desktop.cloud.client import CloudClient, CloudError, Service
from clarity_desktop.cloud.contract import detect
from clarity_desktop.cloud.contract.asking import ask_document
from clarity_desktop.cloud.sync.carriers import CARRIERS
from clarity_desktop.cloud.sync.cycle import CycleReport
from clarity_desktop.cloud.sync.engine import SyncEngine
from clarity_desktop.cloud.sync.metrics import carriers_for
from clarity_desktop.cloud.sync.origin import Origin
from clarity_desktop.cloud.sync.packing import PackedPart, unpack
from clarity_desktop.cloud.sync.reading import channel_reader
from clarity_desktop.domain.importing import NO_INSTANT, ImportOutcome, ImportReport, SampleBatch, TypeCount
from clarity_desktop.domain.sync import OperationState, SyncReason
from clarity_desktop.vault import KdfParameters, Vault
from tests.servers.replica import Replica, running_replica
from tests.servers.replica.accounts import stub_token

USER = "11111111-2222-4333-8444-555555555555"
PASSPHRASE = "seven quiet herons"
CHEAP = KdfParameters.for_tests()
HEART, STEPS = "HKQuantityTypeIdentifierHeartRate", "HKQuantityTypeIdentifierStepCount"
SLEEP = "HKCategoryTypeIdentifierSleepAnalysis"
START = 1_735_689_600
MONTH = 30 * 86_400


class Stub:
    """Tokens of the replica."""

    def __init__(self) -> None:
        self.token = stub_token(USER)
        self.renewed = 0

    async def access_token(self) -> str:
        return self.token

    async def renew(self, refused: str) -> str:
        self.renewed += 1
        raise CloudError("cloud.signed_out", "No.", remedy="Sign in.")

    def server_time(self, skew_s: float) -> None:
        return


@dataclass
class FastClock:
    """Wall time that tests move; sleeping moves it too."""

    time: float = 1_800_000_000.0

    def now(self) -> float:
        return self.time

    def steady(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.time += seconds

    def jitter(self, seconds: float, share: float) -> float:
        return seconds


@pytest.fixture
def clock() -> FastClock:
    return FastClock()


@pytest.fixture
def replica(tmp_path: Path) -> Iterator[Replica]:
    with running_replica(tmp_path / "replica.sqlite") as running:
        yield running


@pytest.fixture
def vault(tmp_path: Path, clock: FastClock) -> Iterator[Vault]:
    with Vault.create(tmp_path / "vault", PASSPHRASE, kdf=CHEAP) as opened:
        opened.outbox._clock = clock.now
        yield opened


def batch_of(kind: str, start: int, values: np.ndarray[Any, Any], unit: str = "count/min") -> SampleBatch:
    """Samples of one minute each."""
    size = len(values)
    return SampleBatch(
        kind,
        unit,
        "Ada’s Watch",
        np.arange(size, dtype=np.int64) * 60 + start,
        np.full(size, 60, np.int32),
        values.astype(np.float64),
        np.zeros(size, np.uint8),
        np.full(size, NO_INSTANT, np.int64),
        np.zeros(size, np.int32),
        np.full(size, -1, np.int32),
        labels=("asleep",) if kind == SLEEP else (),
    )


def fill(
    vault: Vault, kind: str, start: int, values: np.ndarray[Any, Any], patient_id: str, unit: str = "count/min"
) -> None:
    """Import samples of one minute each."""
    sink = vault.begin_import(patient_id, file="x.csv", format=f"f{uuid.uuid4().hex[:6]}", sha256=uuid.uuid4().hex)
    sink.samples(batch_of(kind, start, values, unit))
    types = {kind: TypeCount(len(values), 0, 0, 0)}
    sink.finish(ImportReport("x.csv", "csv", "1", ImportOutcome.OK, True, 100, 0.5, types))


@pytest.fixture
def patient(vault: Vault) -> str:
    found = vault.patients.add("Ada Lovelace").id
    fill(vault, HEART, START, 60 + 20 * np.sin(np.arange(4000) / 200), found)
    fill(vault, STEPS, START, np.arange(4000) % 90, found, "count")
    fill(vault, HEART, START + 2 * MONTH, np.full(500, 71.0), found)
    return found


@dataclass
class Machine:
    """One workstation: its vault, its engine, and the server as it sees it."""

    vault: Vault
    replica: Replica
    clock: FastClock
    refusal: Callable[[str], SyncReason | None] = lambda _: None
    carried: dict[str, str] | None = None
    """Type by kind, where it is not the ordinary one."""
    identity_pool: str = ""
    origin: Origin | None = None
    open_patient: str | None = None

    @property
    def account(self) -> str:
        return f"{self.replica.url}/{USER}"

    async def run(self, cycles: int = 1) -> list[CycleReport]:
        """Cycles of a fresh engine, as after a start of the program."""
        async with CloudClient(Service(self.replica.url), Stub(), account=USER, clock=self.clock) as client:
            document = await ask_document(client)
            assert document is not None
            api = CloudApi(client, detect(document), USER)
            reader = channel_reader(self.vault.series, self.vault.zones.get, self.carried)
            engine = SyncEngine(
                api,
                self.vault.outbox,
                self.account,
                reader,
                lambda one: self.refusal(one),
                self.clock,
                open_patient=self.open_patient,
                identity_pool=self.identity_pool,
                origin=self.origin,
            )
            return [await engine.cycle() for _ in range(cycles)]

    def enable(self, patient_id: str) -> int:
        return self.vault.outbox.enable(patient_id, self.account, self.carried or carriers_for(list(CARRIERS)))

    def states(self) -> dict[OperationState, int]:
        return {one.state: one.count for one in self.vault.outbox.counts(self.account) if one.count}

    def at_server(self) -> dict[str, list[float]]:
        """Values at the server by kind, in the order of their time."""
        parts: dict[str, list[PackedPart]] = {}
        for metric in self.replica.state.metrics(USER):
            part = PackedPart.from_document(metric["raw_data"])
            parts.setdefault(part.group, []).append(part)
        found: dict[str, list[tuple[int, float]]] = {}
        for group in parts.values():
            for channel in unpack(group):
                rows = zip(channel.samples.start.tolist(), channel.samples.value.tolist(), strict=True)
                found.setdefault(channel.kind, []).extend(rows)
        return {kind: [value for _, value in sorted(rows)] for kind, rows in found.items()}

    def here(self, patient_id: str) -> dict[str, list[float]]:
        """Values in the vault by kind."""
        found: dict[str, list[float]] = {}
        for one in self.vault.series.list(patient_id):
            if one.kind in CARRIERS:
                found.setdefault(one.kind, []).extend(self.vault.series.read(one.id).value.tolist())
        return found


@pytest.fixture
def machine(vault: Vault, replica: Replica, clock: FastClock) -> Machine:
    return Machine(vault, replica, clock)
