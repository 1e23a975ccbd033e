"""Saving waits for no network, and what is off sends nothing, however long it stays off (Y-2, Y-4)."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

from clarity_desktop.cloud.client import CloudClient
from clarity_desktop.domain.sync import OperationState
from clarity_desktop.vault.store.transactions import Store
from tests.cloud.sync.conftest import HEART, MONTH, START, Machine, fill
from tests.socket_ear import listening

S = OperationState


@contextmanager
def open_transactions(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """How many write transactions are open."""
    entering, count, lock = Store._entering, [0], threading.Lock()

    @contextmanager
    def counted(self: Store, *args: Any) -> Iterator[Any]:
        with entering(self, *args) as transaction:
            with lock:
                count[0] += 1
            try:
                yield transaction
            finally:
                with lock:
                    count[0] -= 1

    monkeypatch.setattr(Store, "_entering", counted)
    yield count
    monkeypatch.undo()


def test_y2_saving_opens_no_connection_and_its_operation_is_there_at_once(machine: Machine, patient: str) -> None:
    machine.enable(patient)
    machine.replica.stop(at_once=True)
    with listening() as heard:
        for number in range(10):
            fill(machine.vault, HEART, START + (9 + number) * MONTH, np.full(60, 64.0), patient)
    assert heard == []
    assert machine.states() == {S.NEW: 13}


def test_y2_the_ear_hears_a_connection(machine: Machine, patient: str) -> None:
    """The control of the test above."""
    with listening() as heard:
        asyncio.run(machine.run())
    assert any(one.startswith("socket.connect") for one in heard)


def test_y2_no_request_runs_inside_a_transaction(
    machine: Machine, patient: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.enable(patient)
    real, sent = CloudClient.send, []
    with open_transactions(monkeypatch) as count:

        async def watched(self: CloudClient, call: Any) -> Any:
            assert count[0] == 0, "a transaction is open while the network is waited for"
            answer = await real(self, call)
            assert count[0] == 0
            sent.append(call.capability)
            return answer

        monkeypatch.setattr(CloudClient, "send", watched)
        asyncio.run(machine.run(2))
    assert "upload_metrics" in sent
    assert "list_metrics" in sent
    assert machine.states() == {S.VERIFIED: 3}


def test_y2_saving_does_not_wait_for_a_request_under_way(
    machine: Machine, patient: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server answers only after the save was done."""
    from clarity_desktop.cloud.api import CloudApi

    machine.enable(patient)
    under_way, saved = threading.Event(), threading.Event()
    upload = CloudApi.upload_metrics

    async def slow(self: CloudApi, body: bytes, *, correlation: str) -> Any:
        under_way.set()
        assert await asyncio.to_thread(saved.wait, 20), "the save waited for the network"
        return await upload(self, body, correlation=correlation)

    monkeypatch.setattr(CloudApi, "upload_metrics", slow)
    thread = threading.Thread(target=lambda: asyncio.run(machine.run()))
    thread.start()
    assert under_way.wait(20)
    fill(machine.vault, HEART, START + 9 * MONTH, np.full(60, 64.0), patient)
    saved.set()
    thread.join(30)
    monkeypatch.undo()
    asyncio.run(machine.run())
    assert machine.states() == {S.VERIFIED: 4}
