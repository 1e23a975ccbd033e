"""Ten thousand operations that wait: the open person's newest first, the others' oldest, within the limits (Y-33)."""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from typing import Any

import numpy as np
import pytest

from clarity_desktop.app.sync_status import _finish
from clarity_desktop.cloud.client.buckets import LIMITS
from clarity_desktop.cloud.sync.carriers import CARRIERS, METRIC_TYPES
from clarity_desktop.domain.importing import NO_INSTANT, ImportOutcome, ImportReport, SampleBatch, TypeCount
from clarity_desktop.domain.sync import OperationState
from clarity_desktop.vault import Vault
from tests.cloud.sync.conftest import MONTH, START, USER, Machine

S = OperationState
PEOPLE, MONTHS = 8, 97
OPERATIONS = PEOPLE * MONTHS * len(METRIC_TYPES)
"""One of each type, person and month: 10,088."""


def sparse(vault: Vault, kind: str, patient_id: str) -> None:
    """One value a month."""
    sink = vault.begin_import(patient_id, file="x.csv", format=f"f{uuid.uuid4().hex[:6]}", sha256=uuid.uuid4().hex)
    sink.samples(
        SampleBatch(
            kind,
            "count/min",
            "Watch",
            START + np.arange(MONTHS, dtype=np.int64) * MONTH + 86_400,
            np.full(MONTHS, 60, np.int32),
            np.arange(MONTHS, dtype=np.float64) % 5 + 50,
            np.zeros(MONTHS, np.uint8),
            np.full(MONTHS, NO_INSTANT, np.int64),
            np.zeros(MONTHS, np.int32),
            np.full(MONTHS, -1, np.int32),
            labels=(),
        )
    )
    types = {kind: TypeCount(MONTHS, 0, 0, 0)}
    sink.finish(ImportReport("x.csv", "csv", "1", ImportOutcome.OK, True, 100, 0.5, types))


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_y33_ten_thousand_operations_drain_in_order_and_when_it_was_said(machine: Machine) -> None:
    machine.replica.state.uploads_per_hour = 10**9
    machine.replica.state.accepted_types = set(METRIC_TYPES)
    kinds = [kind for kind in CARRIERS if kind.startswith("HKQuantity")][: len(METRIC_TYPES)]
    machine.carried = dict(zip(kinds, METRIC_TYPES, strict=True))
    people = []
    for number in range(PEOPLE):
        patient = machine.vault.patients.add(f"Person {number}").id
        for kind in machine.carried:
            sparse(machine.vault, kind, patient)
        people.append(patient)
        machine.enable(patient)
    machine.open_patient = people[7]
    outbox, limit = machine.vault.outbox, LIMITS["upload"][0]
    assert machine.states() == {S.NEW: OPERATIONS}
    waiting = outbox.uploads_waiting(machine.account)
    assert waiting == PEOPLE * MONTHS
    began = machine.clock.time
    said = _finish(waiting, 0, limit, int(began))
    assert said is not None
    wall = time.monotonic()
    for _ in range(200):
        (report,) = asyncio.run(machine.run())
        assert report.stopped in ("", "cloud.limit"), report
        if machine.states() == {S.VERIFIED: OPERATIONS}:
            break
        left = outbox.uploads_waiting(machine.account)
        again = _finish(left, limit, limit, int(machine.clock.time))
        assert again is None or abs(again - said) <= 3600 * 2, "the estimate holds all the way"
        machine.clock.time += max(report.waits_s or 0.0, 1.0)
    assert machine.states() == {S.VERIFIED: OPERATIONS}, time.monotonic() - wall
    assert abs(machine.clock.time - said) <= 2 * 3600
    hours = (machine.clock.time - began) / 3600
    assert waiting / hours >= 0.8 * 100, "four fifths of what the server's own limit allows"
    order: dict[str, list[str]] = {}
    first: list[str] = []
    owner = {one.op_id: one.patient_id for one in outbox.operations(machine.account, limit=OPERATIONS)}
    for method, _, body in machine.replica.state.bodies:
        if method != "POST":
            continue
        for metric in json.loads(body)["metrics"]:
            patient = owner[metric["metric_id"]]
            order.setdefault(patient, []).append(metric["metadata"]["from"])
            if patient not in first:
                first.append(patient)
    assert first[0] == people[7], "whose record is open goes first"
    for patient, months in order.items():
        assert months == sorted(months, reverse=patient == people[7])
    copies: list[Any] = [one["metric_id"] for one in machine.replica.state.metrics(USER)]
    assert len(copies) == len(set(copies)) == OPERATIONS
