"""Copies of a vault and other servers under the same name: a disk image started twice, another identity pool."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from clarity_desktop.app import sync_device
from clarity_desktop.app.sync_device import SyncDeviceServices, machine_mark
from clarity_desktop.domain.errors import ConflictError
from tests.app.test_sync import SignedIn, opened, replica, sent, services
from tests.cloud.sync.conftest import HEART, MONTH, START, USER, fill
from tests.servers.replica import Replica

__all__ = ["replica", "services"]


@pytest.fixture(autouse=True)
def another_process() -> Iterator[None]:
    """Each test begins a session of its own, as a start of the program does."""
    SyncDeviceServices._session_mark = ("", 0)
    yield
    SyncDeviceServices._session_mark = ("", 0)


def restarted(home: Path, server: Replica) -> SignedIn:
    """A start of the program over a home."""
    SyncDeviceServices._session_mark = ("", 0)
    return opened(home, server)


def image_of(home: Path, target: Path) -> Path:
    """A copy of everything, settings included."""
    shutil.copytree(home, target)
    return target


@pytest.mark.slow
def test_y44_a_disk_image_started_twice_is_noticed_by_its_sessions(
    services: SignedIn, replica: Replica, tmp_path: Path
) -> None:
    patient = sent(services)
    services.close()
    twin_home = image_of(tmp_path / "home", tmp_path / "twin")
    # The first goes on as ever.
    first = restarted(tmp_path / "home", replica)
    try:
        fill(first.vault, HEART, START + 20 * MONTH, np.full(9, 70.0), patient)
        assert first.sync_now().stopped == ""
        assert not first.sync_is_foreign()
    finally:
        first.close()
    # The second has the same id, the same machine, the same settings, and sees what it never did.
    twin = restarted(twin_home, replica)
    try:
        fill(twin.vault, HEART, START + 30 * MONTH, np.full(9, 71.0), patient)
        stored = len(replica.state.metrics(USER))
        assert twin.sync_now().stopped == "sync.clone"
        assert twin.sync_is_foreign()
        assert len(replica.state.metrics(USER)) == stored, "seen before anything was sent"
        with pytest.raises(ConflictError) as caught:
            twin.sync_now()
        assert caught.value.code == "sync.clone"
        assert len(replica.state.metrics(USER)) == stored, "it only looks from now on"
        twin.sync_from_here()
        assert twin.sync_now().stopped == ""
        assert twin.sync_badge(patient) == "verified"
    finally:
        twin.close()
    back = restarted(tmp_path / "home", replica)
    try:
        assert back.sync_now().stopped == "", "the twin has a name of its own now, so this one goes on"
    finally:
        back.close()


@pytest.mark.slow
def test_y44_many_starts_of_one_machine_are_no_twins(services: SignedIn, replica: Replica, tmp_path: Path) -> None:
    patient = sent(services)
    services.close()
    for number in range(4):
        again = restarted(tmp_path / "home", replica)
        try:
            fill(again.vault, HEART, START + (40 + number) * MONTH, np.full(9, 70.0), patient)
            assert again.sync_now().stopped == ""
        finally:
            again.close()


@pytest.mark.slow
def test_y44_a_home_that_was_carried_to_another_installation_only_looks(
    services: SignedIn, replica: Replica, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sync_device, "machine_mark", lambda: "machine-1")
    patient = sent(services)
    services.close()
    image_of(tmp_path / "home", tmp_path / "carried")
    monkeypatch.setattr(sync_device, "machine_mark", lambda: "machine-2")
    other = restarted(tmp_path / "carried", replica)
    try:
        assert other.sync_status().is_foreign
        fill(other.vault, HEART, START + 10 * MONTH, np.full(9, 70.0), patient)
        before = replica.state.calls["upload_metrics"]
        with pytest.raises(ConflictError):
            other.sync_now()
        assert replica.state.calls["upload_metrics"] == before
        other.sync_from_here()
        assert other.sync_now().stopped == ""
        assert other.sync_badge(patient) == "verified"
    finally:
        other.close()


def test_the_machines_number_is_told_as_a_hash_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    number = tmp_path / "machine-id"
    monkeypatch.setattr(sync_device, "_MACHINE_ID", number)
    monkeypatch.setattr(sync_device.sys, "platform", "linux")
    assert machine_mark() == ""
    number.write_text("0123456789abcdef0123456789abcdef\n", encoding="ascii")
    assert len(machine_mark()) == 16
    assert machine_mark() not in number.read_text(encoding="ascii")


@pytest.mark.slow
def test_y41_another_identity_pool_asks_a_person_before_any_write(services: SignedIn, replica: Replica) -> None:
    patient = sent(services)
    fill(services.vault, HEART, START + 10 * MONTH, np.full(9, 70.0), patient)
    services.set_cloud_server(replica.url, region="eu-west-1", pool_id="eu-west-1_other", client_id="abc")
    uploads = replica.state.calls["upload_metrics"]
    assert services.sync_now().stopped == "sync.epoch"
    assert "server.epoch" in services.sync_status().notices
    assert replica.state.calls["upload_metrics"] == uploads
    assert services.settle_epoch("upload_again", dry_run=True) == {"people": 1, "verified": 6}
    services.settle_epoch("upload_again")
    assert services.sync_now().stopped == ""
    assert services.sync_badge(patient) == "verified"
