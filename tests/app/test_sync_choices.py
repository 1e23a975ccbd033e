"""What stays here and why: values that the server refuses, kinds that a person leaves out, kinds without a place."""

from __future__ import annotations

import numpy as np
import pytest

from clarity_desktop.cloud.sync.packing import PackedPart, unpack
from clarity_desktop.domain.errors import ConflictError, UsageError
from clarity_desktop.domain.sync import OperationState
from tests.app.test_sync import SignedIn, consented, replica
from tests.app.test_sync import services as _services
from tests.cloud.sync.conftest import HEART, MONTH, START, STEPS, USER, fill
from tests.servers.replica import Replica

S = OperationState
RESTING = "HKQuantityTypeIdentifierRestingHeartRate"
__all__ = ["_services", "replica"]


@pytest.fixture
def services(_services: SignedIn, replica: Replica) -> SignedIn:
    _services.set_cloud_server(replica.url)
    return _services


def kinds_at(replica: Replica) -> dict[str, list[float]]:
    """Values at the server by kind."""
    found: dict[str, list[float]] = {}
    parts: dict[str, list[PackedPart]] = {}
    for metric in replica.state.metrics(USER):
        part = PackedPart.from_document(metric["raw_data"])
        parts.setdefault(part.group, []).append(part)
    for group in parts.values():
        for channel in unpack(group):
            found.setdefault(channel.kind, []).extend(channel.samples.value.tolist())
    return found


def test_y25_values_outside_the_range_stay_here_and_are_told(services: SignedIn, replica: Replica) -> None:
    patient = consented(services)
    fill(services.vault, HEART, START + 4 * MONTH, np.array([70.0, 304.0, 29.0, np.nan, 71.0]), patient)
    services.enable_sync(patient)
    report = services.sync_now()
    assert (report.stopped, report.rejected) == ("", 0)
    sent = kinds_at(replica)[HEART]
    assert 304.0 not in sent
    assert 29.0 not in sent
    assert {70.0, 71.0} <= set(sent)
    told = [one for one in services.stays_here(patient) if one.reason == "out_of_range"]
    assert [(one.title, one.count, one.range) for one in told] == [("Heart rate", 2, "30\u2009–\u2009300 1/min")]
    here = services.vault.series.read(services.vault.series.list(patient)[0].id)
    assert 304.0 in here.value, "nothing is changed here"


def test_y70_a_kind_without_a_place_is_listed(services: SignedIn) -> None:
    patient = consented(services)
    fill(services.vault, "HKQuantityTypeIdentifierBodyMass", START, np.full(3, 71.0), patient, "kg")
    services.enable_sync(patient)
    told = {one.kind: one for one in services.stays_here(patient)}
    assert told["HKQuantityTypeIdentifierBodyMass"].reason == "no_place"
    assert HEART not in told
    assert STEPS not in told


def test_y30_a_kind_is_left_out_of_what_was_refused_and_goes_again_later(services: SignedIn, replica: Replica) -> None:
    patient = consented(services)
    fill(services.vault, RESTING, START, np.full(5, 58.0), patient)
    services.enable_sync(patient)
    bad = next(
        one
        for one in services.sync_operations()
        if one.metric_type == "heart_rate" and one.span.start <= START < one.span.stop
    )
    with pytest.raises(ConflictError):
        services.leave_out_of_sync(bad.op_id, [RESTING])
    replica.state.refuse_metric_ids.add(bad.op_id)
    services.sync_now()
    assert services.vault.outbox.operation(bad.op_id).state is S.REJECTED
    content = {one.kind: one.count for one in services.sync_content(bad.op_id)}
    assert content[RESTING] == 5
    assert content[HEART] > 0
    with pytest.raises(UsageError):
        services.leave_out_of_sync(bad.op_id, [STEPS])
    assert services.leave_out_of_sync(bad.op_id, [RESTING]) >= 1
    replica.state.refuse_metric_ids.clear()
    services.sync_now()
    assert services.vault.outbox.operation(bad.op_id).state is S.VERIFIED
    assert RESTING not in kinds_at(replica)
    assert [(one.kind, one.reason) for one in services.stays_here(patient)] == [(RESTING, "left_out")]
    assert services.sync_status().notices == ()
    before = replica.state.calls["upload_metrics"]
    assert services.take_into_sync(patient, [RESTING]) > 0
    services.sync_now()
    assert kinds_at(replica)[RESTING] == [58.0] * 5
    assert services.stays_here(patient) == ()
    assert replica.state.calls["upload_metrics"] == before + 1, "what is there already is not sent twice"
    told = [one.action for one in services.audit_entries(500) if one.action in ("sync.leave_out", "sync.take_in")]
    assert sorted(told) == ["sync.leave_out", "sync.take_in"]


def test_y30_the_choice_is_sealed(services: SignedIn, replica: Replica) -> None:
    patient = consented(services)
    services.enable_sync(patient)
    bad = next(one for one in services.sync_operations() if one.metric_type == "heart_rate")
    replica.state.refuse_metric_ids.add(bad.op_id)
    services.sync_now()
    services.leave_out_of_sync(bad.op_id, [HEART])
    services.sync_now()
    one = services.vault.outbox.operation(bad.op_id)
    assert (one.state, one.reason) == (S.DEAD, "not_sendable")
    raw = services.vault._store.reading()
    with raw as connection:
        rows = connection.exec_driver_sql("SELECT sealed FROM sync_notes WHERE kind = 'left_out'").scalars().all()
    assert rows
    assert all(HEART.encode() not in bytes(row) for row in rows)
