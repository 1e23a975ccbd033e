"""What a server does with an upload, and what is left of it: one metric a type, refusals found by halves, erasure."""

from __future__ import annotations

import asyncio
import json
import random
from collections import Counter
from typing import Any

import numpy as np
import pytest

from clarity_desktop.cloud.api import CloudApi
from clarity_desktop.cloud.client import CloudClient, Service
from clarity_desktop.cloud.contract import detect
from clarity_desktop.cloud.contract.asking import ask_document
from clarity_desktop.cloud.sync.carriers import CARRIERS, METRIC_TYPES
from clarity_desktop.cloud.sync.metrics import packed_metrics, request_body
from clarity_desktop.cloud.sync.origin import Origin
from clarity_desktop.cloud.sync.packing import PackedPart, unpack
from clarity_desktop.cloud.sync.reading import channel_reader
from clarity_desktop.cloud.sync.removal import erase_uploads
from clarity_desktop.domain.sync import OperationState
from tests.cloud.sync.conftest import HEART, MONTH, SLEEP, START, STEPS, USER, Machine, Stub, fill

S = OperationState
DAY_MIN = 1440
FORTNIGHT = {HEART: 14 * DAY_MIN, STEPS: 14 * DAY_MIN, SLEEP: 14 * DAY_MIN}


def uploads(machine: Machine) -> list[dict[str, Any]]:
    """Bodies of the upload requests, in order."""
    return [json.loads(body) for method, _, body in machine.replica.state.bodies if method == "POST"]


async def api_of(machine: Machine, client: CloudClient) -> CloudApi:
    document = await ask_document(client)
    assert document is not None
    return CloudApi(client, detect(document), USER)


# -- one metric a type ----------------------------------------------------------------------------------------------


@pytest.fixture
def fortnight(machine: Machine) -> str:
    """Fourteen days of heart rate, steps and sleep, a value a minute, at a server that keeps one metric a type."""
    machine.replica.state.defects.update({"D8", "D10"})
    patient = machine.vault.patients.add("Ada Lovelace").id
    draw = np.random.default_rng(19)
    fill(machine.vault, HEART, START, draw.integers(45, 150, FORTNIGHT[HEART]), patient)
    fill(machine.vault, STEPS, START, draw.integers(0, 120, FORTNIGHT[STEPS]), patient, "count")
    fill(machine.vault, SLEEP, START, np.zeros(FORTNIGHT[SLEEP]), patient, "")
    return patient


def test_y19_a_fortnight_comes_back_whole_from_a_server_that_keeps_one_metric_a_type(
    machine: Machine, fortnight: str
) -> None:
    machine.enable(fortnight)
    asyncio.run(machine.run())
    assert set(machine.states()) == {S.VERIFIED}
    there = machine.at_server()
    assert {kind: len(values) for kind, values in there.items()} == FORTNIGHT
    assert there == machine.here(fortnight)


def test_y19_without_packing_the_same_fortnight_is_lost(machine: Machine, fortnight: str) -> None:
    """The control: one metric for each hour in a request, as a client does that trusts the documented 100."""
    series = {one.kind: machine.vault.series.read(one.id) for one in machine.vault.series.list(fortnight)}
    metrics = [
        {
            "metric_id": f"00000000-0000-4000-8000-{hour:012d}",
            "metric_type": "heart_rate",
            "biometric_data": {"heart_rate": float(series[HEART].value[hour * 60])},
            "raw_data": {"data": series[HEART].value[hour * 60 : hour * 60 + 60].tolist()},
            "created_at": "2025-01-01T00:00:00Z",
        }
        for hour in range(14 * 24)
    ]

    async def send() -> None:
        async with CloudClient(Service(machine.replica.url), Stub(), account=USER, clock=machine.clock) as client:
            api = await api_of(machine, client)
            for first in range(0, len(metrics), 100):
                body = request_body(USER, metrics[first : first + 100], "t", machine.clock.now())
                receipt = await api.upload_metrics(body, correlation="c")
                assert receipt.accepted == len(metrics[first : first + 100]), "the server says that it took them all"

    asyncio.run(send())
    kept = [value for metric in machine.replica.state.metrics(USER) for value in metric["raw_data"]["data"]]
    assert len(kept) == 4 * 60, "one hour of each request survives"
    assert len(kept) < FORTNIGHT[HEART]


# -- what is refused is found ---------------------------------------------------------------------------------------


def thirteen(machine: Machine, months: int = 1) -> list[str]:
    """One operation of each of the 13 types for one person; answers their ids."""
    kinds = [kind for kind in CARRIERS if kind.startswith("HKQuantity")][: len(METRIC_TYPES)]
    machine.carried = dict(zip(kinds, METRIC_TYPES, strict=True))
    machine.replica.state.accepted_types = set(METRIC_TYPES)
    patient = machine.vault.patients.add("Ada Lovelace").id
    for kind in machine.carried:
        for month in range(months):
            fill(machine.vault, kind, START + month * MONTH, np.full(5, 50.0), patient, "count/min")
    assert machine.enable(patient) == 13 * months
    return [one.op_id for one in machine.vault.outbox.operations(machine.account)]


@pytest.mark.parametrize("place", [one if one == 0 else pytest.param(one, marks=pytest.mark.slow) for one in range(13)])
def test_y26_one_bad_metric_of_thirteen_costs_at_most_eight_requests(machine: Machine, place: int) -> None:
    ops = thirteen(machine)
    machine.replica.state.refuse_metric_ids.add(ops[place])
    (report,) = asyncio.run(machine.run())
    assert machine.states() == {S.VERIFIED: 12, S.REJECTED: 1}
    assert machine.vault.outbox.operation(ops[place]).state is S.REJECTED
    sent = uploads(machine)
    assert len(sent[0]["metrics"]) == 13
    assert len(sent) - 1 <= 8
    assert report.sent == len(sent)


def test_y26_each_of_those_requests_is_paid_from_the_bucket(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    from clarity_desktop.cloud.client import buckets

    monkeypatch.setattr(buckets, "LIMITS", {**buckets.LIMITS, "upload": (4, 3600.0)})
    ops = thirteen(machine)
    machine.replica.state.refuse_metric_ids.add(ops[0])
    (report,) = asyncio.run(machine.run())
    assert report.stopped == "cloud.limit"
    assert len(uploads(machine)) == 4


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_y27_three_bad_metrics_cost_at_most_twenty_four_requests(machine: Machine, seed: int) -> None:
    ops = thirteen(machine)
    bad = random.Random(seed).sample(ops, 3)
    machine.replica.state.refuse_metric_ids.update(bad)
    asyncio.run(machine.run())
    assert machine.states() == {S.VERIFIED: 10, S.REJECTED: 3}
    assert {one.op_id for one in machine.vault.outbox.operations(machine.account, [S.REJECTED])} == set(bad)
    assert len(uploads(machine)) - 1 <= 24


@pytest.mark.slow
@pytest.mark.parametrize("place", [0, 37, 99])
def test_y27_one_of_a_hundred_is_isolated_within_fourteen(machine: Machine, place: int) -> None:
    """A request of a hundred, as it was made for a server that keeps them all."""
    ops = thirteen(machine, months=8)[:100]
    outbox, carried = machine.vault.outbox, machine.carried
    reader = channel_reader(machine.vault.series, machine.vault.zones.get, carried)
    for op_id in ops:
        one = outbox.operation(op_id)
        outbox.pack(op_id, packed_metrics(one.metric_type, reader(one.patient_id, one.metric_type, one.span), one.span))
    body = request_body(USER, [outbox.payload(one) or {} for one in ops], "t", machine.clock.now())
    outbox.batch(outbox.operation(ops[0]).patient_id, machine.account, ops, body)
    machine.replica.state.most_metrics = 100
    machine.replica.state.refuse_metric_ids.add(ops[place])
    asyncio.run(machine.run())
    sent = uploads(machine)
    assert len(sent[0]["metrics"]) == 100
    of_the_hundred = [one for one in sent if {metric["metric_id"] for metric in one["metrics"]} & set(ops)]
    assert len(of_the_hundred) - 1 <= 14
    assert [one.op_id for one in outbox.operations(machine.account, [S.REJECTED])] == [ops[place]]
    assert machine.states() == {S.VERIFIED: 103, S.REJECTED: 1}


def test_y25_values_outside_the_servers_range_stay_here_and_fail_nothing(machine: Machine) -> None:
    patient = machine.vault.patients.add("Ada Lovelace").id
    values = np.full(50, 70.0)
    values[[3, 9]] = (12.0, 400.0)
    fill(machine.vault, HEART, START, values, patient)
    machine.enable(patient)
    asyncio.run(machine.run())
    assert machine.states() == {S.VERIFIED: 1}
    assert machine.at_server()[HEART] == [70.0] * 48
    assert machine.here(patient)[HEART] == values.tolist()


@pytest.mark.slow
def test_an_upload_stays_within_one_item_of_the_store(machine: Machine) -> None:
    """Three kinds that together are more than 400 KB: every request is taken at once, none is halved."""
    patient = machine.vault.patients.add("Ada Lovelace").id
    draw = np.random.default_rng(3)
    kinds = ((HEART, "count/min"), (STEPS, "count"), ("HKQuantityTypeIdentifierBloodPressureSystolic", "mmHg"))
    for kind, unit in kinds:
        fill(machine.vault, kind, START, draw.normal(100, 9, 24_000), patient, unit)
    machine.enable(patient)
    asyncio.run(machine.run(2))
    assert set(machine.states()) == {S.VERIFIED}
    assert sum(len(json.dumps(one["metrics"])) for one in uploads(machine)) > 409_600
    assert max(len(json.dumps(one["metrics"])) for one in uploads(machine)) <= 409_600
    assert len(machine.replica.state.uploads()) == len(uploads(machine))


# -- a bare fault ---------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_y73_a_bare_fault_is_looked_for_taken_apart_and_blamed_at_last(machine: Machine) -> None:
    ops = thirteen(machine)
    bad = ops[4]
    machine.replica.state.crash_metric_ids.add(bad)
    other = machine.vault.patients.add("Grace Hopper").id
    machine.enable(other)
    seen: set[str] = set()
    for day in range(60):
        # Others pass meanwhile, or nothing would be blamed on the data.
        fill(machine.vault, HEART, START + (9 + day) * MONTH, np.full(5, 66.0), other)
        asyncio.run(machine.run())
        seen |= {one.value for one in machine.states()}
        machine.clock.time += 1000
        if S.REJECTED in machine.states():
            break
    assert "sent_unknown" in seen
    found = machine.vault.outbox.operation(bad)
    assert (found.state, found.reason) == (S.REJECTED, "server_fails_on_it")
    assert machine.states()[S.REJECTED] == 1
    asyncio.run(machine.run(3))
    assert {machine.vault.outbox.operation(one).state for one in ops if one != bad} == {S.VERIFIED}
    copies = Counter(one["metric_id"] for one in machine.replica.state.metrics(USER))
    assert max(copies.values()) == 1


@pytest.mark.slow
def test_y73_nothing_is_blamed_on_the_data_while_the_servers_own_probe_is_not_fine(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, other = (machine.vault.patients.add(name).id for name in ("Ada Lovelace", "Grace Hopper"))
    fill(machine.vault, HEART, START, np.full(5, 66.0), first)
    machine.enable(first)
    machine.enable(other)
    (bad,) = machine.vault.outbox.operations(machine.account)
    machine.replica.state.crash_metric_ids.add(bad.op_id)

    async def sick(_: CloudApi) -> dict[str, bool]:
        return {"data_health": False}

    def rounds(count: int) -> None:
        for _ in range(count):
            month = len(machine.vault.outbox.operations(machine.account))
            fill(machine.vault, HEART, START + (9 + month) * MONTH, np.full(5, 66.0), other)
            asyncio.run(machine.run())
            machine.clock.time += 1000

    with monkeypatch.context() as patched:
        patched.setattr(CloudApi, "health", sick)
        rounds(14)
        found = machine.vault.outbox.operation(bad.op_id)
        assert found.faults >= 3
        assert found.state is S.SENT_UNKNOWN
    rounds(6)
    assert machine.vault.outbox.operation(bad.op_id).state is S.REJECTED


# -- the same server, one machine, erasure --------------------------------------------------------------------------


def test_y41_another_identity_pool_stops_sync_before_any_write(machine: Machine, patient: str) -> None:
    machine.identity_pool = "eu-west-1/pool-a/client"
    machine.enable(patient)
    asyncio.run(machine.run())
    assert machine.states() == {S.VERIFIED: 3}
    fill(machine.vault, HEART, START + 9 * MONTH, np.full(5, 66.0), patient)
    sent = len(uploads(machine))
    machine.identity_pool = "eu-west-1/pool-b/client"
    (report,) = asyncio.run(machine.run())
    assert report.stopped == "sync.epoch"
    assert len(uploads(machine)) == sent
    assert [one.kind for one in machine.vault.outbox.notes(machine.account)] == ["server.epoch"]


def test_y44_a_twin_of_this_device_is_seen_by_its_session(machine: Machine, patient: str) -> None:
    began = int(machine.clock.now())
    machine.origin = Origin("one id", "session-a", began, frozenset({"before", "session-a"}), began - 100)
    machine.enable(patient)
    assert asyncio.run(machine.run())[0].stopped == ""
    told = machine.replica.state.metrics(USER)[0]["raw_data"]["origin"]
    assert told["session"] == "session-a"
    assert "one id" not in json.dumps(uploads(machine)), "only a hash of the device's id travels"
    # The twin has the sessions up to the day of the image, and one of its own.
    machine.origin = Origin("one id", "session-b", began, frozenset({"before", "session-b"}), began - 100)
    fill(machine.vault, HEART, START + 9 * MONTH, np.full(5, 66.0), patient)
    assert asyncio.run(machine.run())[0].stopped == "sync.clone"


def test_y44_other_devices_and_what_was_before_are_no_twins() -> None:
    here = Origin("one id", "now", 1000, frozenset({"a", "now"}), 500)
    twin = Origin("one id", "theirs", 900, frozenset(), 0).document()
    assert here.is_doubled(twin)
    assert here.is_doubled({**twin, "began": 900.0}), "numbers come back with a point"
    assert not here.is_doubled({**twin, "began": 499}), "older than what this device remembers"
    assert not here.is_doubled({**twin, "session": "a"})
    assert not here.is_doubled(Origin("another", "theirs", 900, frozenset(), 0).document())
    for document in (None, "x", {}, {"device": twin["device"], "session": 3, "began": "y"}):
        assert not here.is_doubled(document)


@pytest.mark.parametrize("at_once", [pytest.param(1, marks=pytest.mark.slow), 5])
def test_y45_a_deletion_that_stops_after_its_first_page_is_repeated_until_nothing_is_left(
    machine: Machine, at_once: int
) -> None:
    ops = thirteen(machine)
    asyncio.run(machine.run())
    machine.replica.state.deletes_at_once = at_once
    ids = [one["processing_id"] for one in machine.replica.state.uploads()]

    async def erase() -> Any:
        async with CloudClient(Service(machine.replica.url), Stub(), account=USER, clock=machine.clock) as client:
            return await erase_uploads(await api_of(machine, client), ids, ops)

    proof = asyncio.run(erase())
    assert proof.is_complete
    assert proof.confirmed == tuple(ids)
    assert machine.replica.state.metrics(USER) == []


def test_y45_a_server_that_deletes_nothing_is_told_so_and_not_asked_for_ever(
    machine: Machine, patient: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.enable(patient)
    asyncio.run(machine.run())
    monkeypatch.setattr(machine.replica.state, "delete", lambda *_: True)
    ids = [one["processing_id"] for one in machine.replica.state.uploads()]

    async def erase() -> Any:
        async with CloudClient(Service(machine.replica.url), Stub(), account=USER, clock=machine.clock) as client:
            return await erase_uploads(await api_of(machine, client), ids)

    proof = asyncio.run(erase())
    assert not proof.is_complete
    assert set(proof.left) == set(ids)


def test_y20_whole_numbers_that_come_back_with_a_point_are_the_same(machine: Machine, patient: str) -> None:
    machine.replica.state.as_decimals = True
    machine.enable(patient)
    asyncio.run(machine.run())
    assert machine.states() == {S.VERIFIED: 3}
    parts = [PackedPart.from_document(one["raw_data"]) for one in machine.replica.state.metrics(USER)]
    assert isinstance(machine.replica.state.metrics(USER)[0]["raw_data"]["part"], float)
    assert sum(len(channel.samples) for part in parts for channel in unpack([part])) == 8500
