"""The engine against a replica over real sockets and a real vault: once each, never lost, never doubled."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import numpy as np
import pytest
from sqlalchemy.exc import IntegrityError as DatabaseRefusal

from clarity_desktop.domain.errors import ClarityError
from clarity_desktop.domain.sync import LEGAL, OperationState, SyncReason
from tests.cloud.sync.conftest import HEART, MONTH, SLEEP, START, STEPS, USER, Machine, batch_of, fill

S = OperationState


def run(machine: Machine, cycles: int = 1) -> list[Any]:
    return asyncio.run(machine.run(cycles))


def test_everything_arrives_once_and_is_verified(machine: Machine, patient: str) -> None:
    assert machine.enable(patient) == 3
    (report,) = run(machine)
    assert report.stopped == ""
    assert machine.states() == {S.VERIFIED: 3}
    assert machine.at_server() == machine.here(patient)
    again = run(machine)[0]
    assert again.sent == 0
    assert len(machine.replica.state.uploads()) == 2


def test_y4_without_a_switch_nothing_waits_and_nothing_goes(machine: Machine, patient: str) -> None:
    run(machine)
    assert machine.states() == {}
    assert not [body for method, _, body in machine.replica.state.bodies if method == "POST"]


def test_y1_a_change_and_its_operation_are_one_transaction(machine: Machine, patient: str) -> None:
    machine.enable(patient)
    run(machine)
    sink = machine.vault.begin_import(patient, file="x.csv", format="csv", sha256="x")
    sink.samples(batch_of(HEART, START + 5 * MONTH, np.full(1, 64.0)))
    sink.abandon()
    assert machine.states() == {S.VERIFIED: 3}, "an abandoned import left an operation"
    fill(machine.vault, HEART, START + 5 * MONTH, np.full(10, 64.0), patient)
    assert machine.states() == {S.VERIFIED: 3, S.NEW: 1}
    run(machine)
    assert machine.states() == {S.VERIFIED: 4}


def test_y6_the_database_refuses_every_illegal_way(machine: Machine, patient: str) -> None:
    machine.enable(patient)
    op = machine.vault.outbox.operations(machine.account)[0]
    engine = machine.vault._store._writer

    def force(state: S) -> None:
        with engine.begin() as connection:
            connection.exec_driver_sql("DROP TRIGGER outbox_goes_legal_ways")
            connection.exec_driver_sql("UPDATE outbox SET state = ? WHERE op_id = ?", (state.value, op.op_id))
            connection.exec_driver_sql(trigger)

    with engine.begin() as connection:
        trigger = connection.exec_driver_sql(
            "SELECT sql FROM sqlite_master WHERE name = 'outbox_goes_legal_ways'"
        ).scalar_one()
    for before in S:
        for after in S:
            force(before)
            if (before, after) in LEGAL:
                machine.vault.outbox.move([op.op_id], after)
            else:
                with pytest.raises((ClarityError, DatabaseRefusal)):
                    machine.vault.outbox.move([op.op_id], after)
    with pytest.raises(DatabaseRefusal), engine.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO outbox SELECT 'x', patient_id, account, metric_type, period, 9, 'sending', created, updated, "
            "batch_id, attempts, faults, next_try, first_sent, last_sent, processing_id, payload_hash, may_exist, "
            "correlation, reason, version, sealed FROM outbox LIMIT 1"
        )


def test_y3_the_outbox_shows_in_no_file(machine: Machine, patient: str) -> None:
    machine.enable(patient)
    run(machine)
    written = b"".join(path.read_bytes() for path in machine.vault.directory.rglob("*") if path.is_file())
    op = machine.vault.outbox.operations(machine.account)[0]
    assert op.op_id.encode() not in written
    assert b"heart_rate" not in written


def test_y16_y23_ids_stay_and_names_stay_here(machine: Machine, patient: str) -> None:
    machine.enable(patient)
    ids = {one.op_id for one in machine.vault.outbox.operations(machine.account)}
    run(machine)
    assert {metric["metric_id"] for metric in machine.replica.state.metrics(USER)} == ids
    sent = b"".join(body for _, _, body in machine.replica.state.bodies)
    for name in ("Lovelace", "Ada’s Watch", "Ada\\u2019s", patient):
        assert name.encode() not in sent


def test_y17_d8_one_metric_of_a_type_in_an_upload(machine: Machine, patient: str) -> None:
    machine.replica.state.defects.add("D8")
    machine.enable(patient)
    run(machine)
    for method, _, body in machine.replica.state.bodies:
        if method == "POST":
            types = [one["metric_type"] for one in json.loads(body)["metrics"]]
            assert len(set(types)) == len(types)
    assert machine.at_server() == machine.here(patient)
    assert machine.states() == {S.VERIFIED: 3}


def test_y24_d10_a_night_rides_on_a_carrier(machine: Machine, patient: str) -> None:
    machine.replica.state.defects.add("D10")
    fill(machine.vault, SLEEP, START, np.zeros(30), patient, "")
    machine.enable(patient)
    run(machine)
    assert set(machine.states()) == {S.VERIFIED}
    assert SLEEP in machine.at_server()


def test_y26_one_refused_metric_is_found_and_the_rest_arrives(machine: Machine, patient: str) -> None:
    machine.enable(patient)
    bad = machine.vault.outbox.operations(machine.account)[-1]
    machine.replica.state.refuse_metric_ids.add(bad.op_id)
    run(machine)
    assert machine.states() == {S.VERIFIED: 2, S.REJECTED: 1}
    found = machine.vault.outbox.operation(bad.op_id)
    assert found.state is S.REJECTED
    assert machine.vault.outbox.payload(bad.op_id) is not None, "what was refused is kept"
    machine.replica.state.refuse_metric_ids.clear()
    machine.vault.outbox.move([bad.op_id], S.NEW)
    run(machine)
    assert machine.states() == {S.VERIFIED: 3}


def test_y14_one_persons_trouble_holds_up_nobody(machine: Machine, patient: str) -> None:
    other = machine.vault.patients.add("Grace Hopper").id
    fill(machine.vault, HEART, START, np.full(100, 80.0), other)
    machine.enable(patient)
    machine.enable(other)
    for one in machine.vault.outbox.operations(machine.account, patient_id=patient):
        machine.replica.state.refuse_metric_ids.add(one.op_id)
    run(machine)
    assert machine.states() == {S.REJECTED: 3, S.VERIFIED: 1}


def test_d1_a_server_that_fails_on_everything_rejects_nothing(machine: Machine, patient: str) -> None:
    machine.replica.state.defects.add("D1")
    machine.enable(patient)
    for _ in range(6):
        run(machine)
        machine.clock.time += 4000
    assert S.REJECTED not in machine.states()
    assert S.DEAD not in machine.states()
    machine.replica.state.defects.clear()
    machine.clock.time += 40_000
    # Three readings show that nothing of it had arrived.
    run(machine, 5)
    assert machine.states() == {S.VERIFIED: 3}
    assert machine.at_server() == machine.here(patient)


def test_d1_a_broken_server_is_asked_with_a_sentinel_once_an_hour(machine: Machine, patient: str) -> None:
    machine.replica.state.defects.add("D1")
    machine.enable(patient)
    run(machine)
    own = len([one for one in machine.replica.state.bodies if one[0] == "POST"])
    machine.clock.time += 1000
    for _ in range(10):
        run(machine)
        machine.clock.time += 300
    asked = len([one for one in machine.replica.state.bodies if one[0] == "POST"]) - own
    assert asked == 1


def test_y73_a_metric_that_a_server_fails_on_is_rejected_when_others_pass(machine: Machine, patient: str) -> None:
    machine.enable(patient)
    poison = next(
        one for one in machine.vault.outbox.operations(machine.account) if one.metric_type == "activity_level"
    )
    machine.replica.state.crash_metric_ids.add(poison.op_id)

    for day in range(8):
        run(machine)
        machine.clock.time += 4000
        fill(machine.vault, HEART, START + (9 + day) * MONTH, np.full(5, 66.0), patient)
    states = machine.states()
    assert S.VERIFIED in states
    assert states.get(S.DEAD) is None


def test_y8_stored_and_cut_ends_with_one_copy(machine: Machine, patient: str, monkeypatch: pytest.MonkeyPatch) -> None:
    machine.enable(patient)
    from clarity_desktop.cloud.api.capabilities import CloudApi
    from clarity_desktop.cloud.client import CloudError

    upload = CloudApi.upload_metrics

    async def lost(self: CloudApi, body: bytes, *, correlation: str) -> Any:
        await upload(self, body, correlation=correlation)
        raise CloudError("cloud.timeout", "Lost.", remedy="Wait.", outcome_unknown=True)

    monkeypatch.setattr(CloudApi, "upload_metrics", lost)
    run(machine)
    assert set(machine.states()) == {S.SENT_UNKNOWN}
    monkeypatch.undo()
    run(machine, 2)
    assert machine.states() == {S.VERIFIED: 3}
    assert len(machine.replica.state.metrics(USER)) == 3
    assert machine.at_server() == machine.here(patient)


def test_y9_what_is_absent_is_sent_again_only_after_three_reads_and_the_window(
    machine: Machine, patient: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.enable(patient)
    run(machine)
    fill(machine.vault, HEART, START + 7 * MONTH, np.full(5, 66.0), patient)
    from clarity_desktop.cloud.api.capabilities import CloudApi
    from clarity_desktop.cloud.client import CloudError

    async def never(self: CloudApi, body: bytes, *, correlation: str) -> Any:
        raise CloudError("cloud.timeout", "Lost.", remedy="Wait.", outcome_unknown=True)

    monkeypatch.setattr(CloudApi, "upload_metrics", never)
    run(machine)
    monkeypatch.undo()
    run(machine)
    assert machine.states()[S.SENT_UNKNOWN] == 1
    machine.clock.time += 1000
    run(machine)
    assert machine.states()[S.SENT_UNKNOWN] == 1
    run(machine)
    assert machine.states() == {S.VERIFIED: 4}


def test_y7_a_start_makes_what_was_being_sent_unknown(machine: Machine, patient: str) -> None:
    machine.enable(patient)
    outbox = machine.vault.outbox
    one = outbox.operations(machine.account)[0]
    outbox.pack(one.op_id, [({"metric_type": "heart_rate", "raw_data": {"data": ""}}, "0")])
    batch = outbox.batch(patient, machine.account, [one.op_id], b"{}")
    outbox.begin_sending(batch, "c")
    assert outbox.recover(machine.account) == 1
    assert outbox.operation(one.op_id).state is S.SENT_UNKNOWN
    assert outbox.operation(one.op_id).may_exist


def test_y75_d9_received_and_cannot_be_checked(machine: Machine, patient: str) -> None:
    machine.replica.state.defects.update({"D9", "D13", "D14"})
    machine.enable(patient)
    run(machine, 2)
    assert machine.states() == {S.UNVERIFIED: 3}
    assert {one.reason for one in machine.vault.outbox.operations(machine.account)} == {"cannot_be_checked"}
    run(machine)
    assert len(machine.replica.state.metrics(USER)) == 3, "nothing is sent again by itself"


def test_y5_y47_off_means_off(machine: Machine, patient: str) -> None:
    machine.enable(patient)
    assert machine.vault.outbox.disable(patient, machine.account) == 3
    run(machine)
    assert machine.states() == {S.DEAD: 3}
    assert machine.replica.state.metrics(USER) == []
    machine.enable(patient)
    machine.refusal = lambda _: SyncReason.CONSENT_WITHDRAWN
    run(machine)
    assert machine.states() == {S.DEAD: 3}
    assert machine.replica.state.metrics(USER) == []


def test_y31_y32_the_hourly_limit_stops_and_goes_on(machine: Machine, patient: str) -> None:
    for month in range(10, 30):
        fill(machine.vault, HEART, START + month * MONTH, np.full(3, 66.0), patient)
    machine.replica.state.uploads_per_hour = 4
    machine.enable(patient)
    report = run(machine)[0]
    assert report.stopped != ""
    assert len(machine.replica.state.uploads()) == 4
    assert S.REJECTED not in machine.states()


def test_y53_a_retry_sends_the_same_bytes(machine: Machine, patient: str) -> None:
    machine.enable(patient)
    run(machine)
    fill(machine.vault, HEART, START + 7 * MONTH, np.full(5, 66.0), patient)
    fill(machine.vault, STEPS, START + 7 * MONTH, np.full(5, 66.0), patient, "count")
    machine.replica.state.defects.add("D1")
    run(machine)
    assert machine.states()[S.SENT_UNKNOWN] == 2, "a bare fault tells nothing of what was stored"
    machine.replica.state.defects.clear()
    machine.clock.time += 4000
    run(machine, 4)
    assert machine.states() == {S.VERIFIED: 5}
    bodies = [body for method, _, body in machine.replica.state.bodies if method == "POST"]
    assert bodies[-1] == bodies[-2]
    assert len(bodies) == len(set(bodies)) + 1
    told = [one.detail.split(", request")[0] for one in machine.vault.audit.entries() if one.action == "sync.send"]
    assert len(told) == len(bodies)
    assert len(set(told)) == len(set(bodies)), "the audit tells a retry by its hash"


def test_y35_y77_an_empty_server_deletes_nothing_here(machine: Machine, patient: str) -> None:
    machine.enable(patient)
    run(machine)
    before = machine.here(patient)
    for upload in machine.replica.state.uploads():
        machine.replica.state.delete(USER, upload["processing_id"])
    run(machine)
    assert machine.here(patient) == before
    assert machine.states() == {S.VERIFIED: 3}


def test_y75_what_may_have_arrived_is_not_called_received(
    machine: Machine, patient: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.replica.state.defects.update({"D9", "D13", "D14"})
    machine.enable(patient)
    run(machine, 2)
    fill(machine.vault, HEART, START + 7 * MONTH, np.full(5, 66.0), patient)
    from clarity_desktop.cloud.api.capabilities import CloudApi
    from clarity_desktop.cloud.client import CloudError

    async def lost(self: CloudApi, body: bytes, *, correlation: str) -> Any:
        raise CloudError("cloud.timeout", "Lost.", remedy="Wait.", outcome_unknown=True)

    monkeypatch.setattr(CloudApi, "upload_metrics", lost)
    run(machine, 2)
    assert machine.states() == {S.UNVERIFIED: 4}
    told = [one.reason for one in machine.vault.outbox.operations(machine.account)]
    assert sorted(told) == ["cannot_be_checked"] * 3 + ["perhaps_received"]
