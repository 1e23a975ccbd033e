"""Answers that are lost, cut, foreign or wrong, each with its end; and sequences of edits, faults and restarts."""

from __future__ import annotations

import asyncio
import tempfile
import uuid
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from clarity_desktop.cloud.api.capabilities import CloudApi
from clarity_desktop.cloud.client import CloudError
from clarity_desktop.cloud.problem import read_problem
from clarity_desktop.domain.sync import OPEN_STATES, OperationState
from clarity_desktop.vault import Vault
from tests.cloud.sync.conftest import CHEAP, HEART, MONTH, PASSPHRASE, START, STEPS, USER, FastClock, Machine, fill
from tests.cloud.sync.faults import FAULTS, Faults
from tests.servers.replica import Replica, ReplicaState, running
from tests.servers.replica.accounts import StubTokens

pytestmark = pytest.mark.slow

S = OperationState


class FaultyReplica(Replica):
    """A replica with faults in front."""

    def __init__(self, path: Path) -> None:
        super().__init__(ReplicaState(path), "openapi", StubTokens())
        self.faults = Faults(None)

    def start(self) -> None:
        made = running.make_app

        def wrapped(*args: Any) -> Any:
            self.faults.app = made(*args)
            return self.faults

        running.make_app = wrapped  # type: ignore[assignment]
        try:
            super().start()
        finally:
            running.make_app = made


@pytest.fixture
def faulty(tmp_path: Path, vault: Vault, clock: FastClock) -> Any:
    replica = FaultyReplica(tmp_path / "faulty.sqlite")
    replica.start()
    yield Machine(vault, replica, clock)
    replica.stop(at_once=True)


def drained(machine: Machine, cycles: int = 40) -> None:
    """Cycles with time between them until nothing waits."""
    for _ in range(cycles):
        asyncio.run(machine.run())
        if not set(machine.states()) & OPEN_STATES:
            return
        machine.clock.time += 1000
    raise AssertionError(machine.states())


@pytest.mark.parametrize("fault", FAULTS)
def test_y51_y10_each_fault_ends_with_one_copy(faulty: Machine, patient: str, fault: str) -> None:
    faulty.enable(patient)
    faulty.replica.faults.script = [fault, fault]  # type: ignore[attr-defined]
    drained(faulty)
    assert faulty.states() == {S.VERIFIED: 3}
    copies = Counter(one["metric_id"] for one in faulty.replica.state.metrics(USER))
    # A network that delivers twice makes the second copy; nothing that is sent here does.
    assert max(copies.values()) == (2 if fault == "twice" else 1)
    assert faulty.at_server() == faulty.here(patient)


@pytest.mark.parametrize(
    "fault",
    ["cut_after", "html_after", "lost_after", "504_after", "half-json_after", "plain-text_after", "fault-page_after"],
)
def test_y10_an_answer_that_cannot_be_read_is_an_unknown_outcome(faulty: Machine, patient: str, fault: str) -> None:
    faulty.enable(patient)
    faulty.replica.faults.script = [fault] * 4  # type: ignore[attr-defined]
    asyncio.run(faulty.run())
    assert S.ACCEPTED not in faulty.states()
    assert faulty.states().get(S.SENT_UNKNOWN, 0) >= 1


def refused(status: int, document: dict[str, Any]) -> CloudError:
    import json

    problem = read_problem(status, {"content-type": "application/json"}, json.dumps(document).encode())
    return CloudError("cloud.refused", "No.", remedy="Look.", problem=problem)


def test_y28_what_the_error_names_is_isolated_without_halving(
    machine: Machine, patient: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.enable(patient)
    bad = next(one for one in machine.vault.outbox.operations(machine.account) if one.metric_type == "activity_level")
    upload, calls = CloudApi.upload_metrics, [0]

    async def naming(self: CloudApi, body: bytes, *, correlation: str) -> Any:
        calls[0] += 1
        if bad.op_id.encode() in body:
            raise refused(400, {"detail": [{"loc": ["body", "metrics"], "msg": f"bad {bad.op_id}", "type": "v"}]})
        return await upload(self, body, correlation=correlation)

    monkeypatch.setattr(CloudApi, "upload_metrics", naming)
    asyncio.run(machine.run())
    assert machine.states() == {S.VERIFIED: 2, S.REJECTED: 1}
    assert calls[0] <= 3


@pytest.mark.parametrize("status", [401, 403, 413, 503])
def test_y29_what_is_no_matter_of_data_rejects_nothing(
    machine: Machine, patient: str, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    machine.enable(patient)

    async def never(self: CloudApi, body: bytes, *, correlation: str) -> Any:
        raise refused(status, {"detail": "no"})

    monkeypatch.setattr(CloudApi, "upload_metrics", never)
    for _ in range(4):
        asyncio.run(machine.run())
        machine.clock.time += 4000
    assert set(machine.states()) <= {S.NEW, S.BATCHED}


def test_y12_y77_taken_and_not_shown_is_unverified_with_one_notice(machine: Machine, patient: str) -> None:
    machine.replica.state.read_back = "status"
    machine.enable(patient)
    asyncio.run(machine.run(3))
    assert machine.states() == {S.UNVERIFIED: 3}
    assert [one.kind for one in machine.vault.outbox.notes(machine.account)] == ["server.empty_list"]


def test_y11_what_comes_back_different_is_told(machine: Machine, patient: str) -> None:
    machine.enable(patient)
    upload = machine.replica.state.store

    def rounded(user_id: str, metrics: list[dict[str, Any]], document: dict[str, Any]) -> str:
        metrics[0]["raw_data"]["data"] = metrics[0]["raw_data"]["data"][:-4]
        return upload(user_id, metrics, document)

    machine.replica.state.store = rounded  # type: ignore[method-assign]
    asyncio.run(machine.run(2))
    states = machine.states()
    assert states[S.UNVERIFIED] == 2
    assert len(machine.vault.outbox.for_person(machine.account)) == 2


def test_y13_what_was_refused_keeps_reason_and_times(machine: Machine, patient: str) -> None:
    machine.enable(patient)
    bad = machine.vault.outbox.operations(machine.account)[0]
    machine.replica.state.refuse_metric_ids.add(bad.op_id)
    asyncio.run(machine.run())
    found = machine.vault.outbox.operation(bad.op_id)
    assert found.state is S.REJECTED
    assert found.reason
    assert found.correlation
    assert found.first_sent is not None
    assert found.last_sent is not None
    assert machine.vault.outbox.payload(bad.op_id) is not None


def test_a_change_while_it_is_packed_is_not_lost(machine: Machine, patient: str, monkeypatch: Any) -> None:
    machine.enable(patient)
    from clarity_desktop.cloud.sync import engine

    packed, done = engine.packed_metrics, [False]

    def meanwhile(*args: Any) -> Any:
        found = packed(*args)
        if not done[0]:
            done[0] = True
            fill(machine.vault, HEART, START + 3 * 86_400, np.full(7, 99.0), patient)
        return found

    monkeypatch.setattr(engine, "packed_metrics", meanwhile)
    drained(machine)
    assert machine.at_server()["HKQuantityTypeIdentifierHeartRate"].count(99.0) >= 7


class Life(RuleBasedStateMachine):
    """Edits, faults, restarts and time against one vault and one server; the model is what the vault holds."""

    def __init__(self) -> None:
        super().__init__()
        self._folder = tempfile.TemporaryDirectory()
        folder = Path(self._folder.name)
        self.clock = FastClock()
        self.vault = Vault.create(folder / "vault", PASSPHRASE, kdf=CHEAP)
        self.vault.outbox._clock = self.clock.now
        self.replica = FaultyReplica(folder / "server.sqlite")
        self.replica.start()
        self.machine = Machine(self.vault, self.replica, self.clock)
        self.months = 0

    @initialize()
    def begin(self) -> None:
        self.patient = self.vault.patients.add(f"P {uuid.uuid4().hex[:4]}").id
        self.machine.enable(self.patient)

    @rule(kind=st.sampled_from([HEART, STEPS]), size=st.integers(1, 20))
    def record(self, kind: str, size: int) -> None:
        """Samples that are new in time, so that the union at the server is the vault itself."""
        self.months += 1
        start = START + self.months * MONTH // 3
        fill(self.vault, kind, start, np.arange(float(size)) + self.months, self.patient, "count")

    @rule(faults=st.lists(st.sampled_from(["", *(one for one in FAULTS if one != "twice")]), max_size=3))
    def sync(self, faults: list[str]) -> None:
        self.replica.faults.script = list(faults)
        asyncio.run(self.machine.run())

    @rule(seconds=st.sampled_from([30, 1000, 90_000]))
    def wait(self, seconds: int) -> None:
        self.clock.time += seconds

    @rule()
    def switch_off_and_on(self) -> None:
        self.vault.outbox.disable(self.patient, self.machine.account)
        self.machine.enable(self.patient)

    @rule()
    def restart_the_server(self) -> None:
        self.replica.stop(at_once=True)
        self.replica.start()

    @invariant()
    def no_operation_is_there_twice(self) -> None:
        copies = Counter(one["metric_id"] for one in self.replica.state.metrics(USER))
        assert not copies or max(copies.values()) == 1

    def teardown(self) -> None:
        try:
            self.replica.faults.script = []
            if hasattr(self, "patient"):
                drained(self.machine)
                here, there = self.machine.here(self.patient), self.machine.at_server()
                for kind, values in here.items():
                    assert set(values) <= set(there[kind]), "a sample is not at the server"
                assert set(there) == set(here)
                assert set(self.machine.states()) <= {S.VERIFIED, S.DEAD}
        finally:
            self.replica.stop(at_once=True)
            self.vault.close()
            self._folder.cleanup()


TestLife = pytest.mark.slow(Life.TestCase)
Life.TestCase.settings = settings(
    max_examples=12, stateful_step_count=10, deadline=None, suppress_health_check=list(HealthCheck)
)
