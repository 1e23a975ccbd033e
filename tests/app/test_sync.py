"""Sync in the services against a replica: switches, copies of a vault, changed servers, removal, erasure, checks."""

from __future__ import annotations

import asyncio
import json
import shutil
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

from clarity_desktop.app import Services
from clarity_desktop.app.cloud_servers import CloudServer
from clarity_desktop.app.cloud_sessions import ACCOUNTS, CloudAccount
from clarity_desktop.app.permissions import open_to_all
from clarity_desktop.app.sync_status import _finish
from clarity_desktop.cloud.api import CloudApi
from clarity_desktop.cloud.client import CloudClient, Service
from clarity_desktop.cloud.contract import detect
from clarity_desktop.cloud.contract.asking import ask_document
from clarity_desktop.cloud.sync.removal import DeletionBreaker
from clarity_desktop.domain.errors import ClarityError, ConflictError, UsageError
from clarity_desktop.domain.sync import OperationState
from clarity_desktop.vault import Vault
from tests.cloud.sync.conftest import CHEAP, HEART, MONTH, PASSPHRASE, SLEEP, START, STEPS, USER, Stub, fill
from tests.servers.replica import Replica, running_replica

S = OperationState


class SignedIn(Services):
    """Services with a token that the replica takes."""

    replica_url = ""
    _kept_api: CloudApi | None = None

    @open_to_all
    def lock(self) -> None:
        super().lock()
        if self._kept_api is not None:
            self._net.run(self._kept_api.client.close())
            self._kept_api = None

    def _cloud_api(self, account: object) -> CloudApi:
        if self._kept_api is None:
            client = CloudClient(Service(self.replica_url), Stub(), account=USER)

            async def ask() -> object:
                return await ask_document(client)

            document = self._net.run(ask())
            assert isinstance(document, dict)
            self._kept_api = CloudApi(client, detect(document), USER)
        return self._kept_api


@pytest.fixture
def replica(tmp_path: Path) -> Iterator[Replica]:
    with running_replica(tmp_path / "replica.sqlite") as running:
        yield running


def opened(home: Path, replica: Replica) -> SignedIn:
    found = SignedIn(home, home / "vault")
    found.replica_url = replica.url
    found._adopt(Vault.open(home / "vault", PASSPHRASE, kdf_floor=CHEAP))
    return found


@pytest.fixture
def services(tmp_path: Path, replica: Replica) -> Iterator[SignedIn]:
    home = tmp_path / "home"
    with Vault.create(home / "vault", PASSPHRASE, kdf=CHEAP) as vault:
        patient = vault.patients.add("Ada Lovelace").id
        for month in range(3):
            fill(vault, HEART, START + month * MONTH, np.full(200, 61.0 + month), patient)
            fill(vault, STEPS, START + month * MONTH, np.full(200, 5.0 + month), patient, "count")
        account = CloudAccount(replica.url, USER, "a@clinic.example", "openapi")
        vault.outbox.remember(ACCOUNTS, [asdict(account)])
        vault.outbox.remember("cloud.servers", [asdict(CloudServer(replica.url))])
    found = opened(home, replica)
    found.change_setting("external.sending", True)
    yield found
    found.close()


def patient_of(services: Services) -> str:
    return services.vault.patients.list()[0].id


def consented(services: Services) -> str:
    patient = patient_of(services)
    services.give_consent(
        patient, purpose=services.sync_purpose(), text_version="1", language="en", given_by="Ada", method="paper"
    )
    return patient


def sent(services: Services) -> str:
    patient = consented(services)
    services.enable_sync(patient)
    services.sync_now()
    assert services.sync_badge(patient) == "verified"
    return patient


def test_y4_y61_nothing_goes_without_switch_and_consent(services: SignedIn, replica: Replica) -> None:
    patient = patient_of(services)
    services.sync_now()
    assert services.sync_badge(patient) == "here"
    with pytest.raises(ClarityError) as caught:
        services.enable_sync(patient)
    assert caught.value.code.startswith("consent")
    assert replica.state.calls["upload_metrics"] == 0
    consented(services)
    services.enable_sync(patient)
    assert services.sync_badge(patient) == "waiting"
    services.sync_now()
    assert services.sync_badge(patient) == "verified"
    services.change_setting("external.sending", False)
    before = replica.state.calls.total()
    with pytest.raises(ClarityError):
        services.sync_now()
    assert replica.state.calls.total() == before, "off means zero bytes"


def test_y5_off_and_on_again_sends_what_changed_meanwhile_and_nothing_twice(
    services: SignedIn, replica: Replica
) -> None:
    patient = sent(services)
    stored = len(replica.state.metrics(USER))
    services.disable_sync(patient)
    fill(services.vault, HEART, START + 10 * MONTH, np.full(9, 70.0), patient)
    fill(services.vault, HEART, START + 20_000_00, np.full(9, 75.0), patient)
    services.sync_now()
    assert len(replica.state.metrics(USER)) == stored
    services.enable_sync(patient)
    services.sync_now()
    assert len(replica.state.metrics(USER)) == stored + 2, "one new stretch and one changed stretch"
    assert services.sync_badge(patient) == "verified"


def test_y63_a_dry_run_lists_sizes_and_fields_and_sends_nothing(services: SignedIn, replica: Replica) -> None:
    services.enable_sync(consented(services))
    rows = services.preview_sync()
    assert len(rows) == 6
    assert all(row.size > 100 and "raw_data" in row.fields for row in rows)
    assert replica.state.calls.total() == 0


def test_y34_pause_and_hours_survive_a_restart(services: SignedIn, replica: Replica, tmp_path: Path) -> None:
    services.enable_sync(consented(services))
    assert services.sync_goes_by_itself()
    services.note_metered(True)
    assert not services.sync_goes_by_itself()
    services.note_metered(False)
    services.set_sync_time("on_demand")
    assert not services.sync_goes_by_itself()
    services.pause_sync(True)
    services.close()
    again = opened(tmp_path / "home", replica)
    try:
        assert again.sync_status().paused
        assert again.sync_status().mode == "on_demand"
        with pytest.raises(ConflictError):
            again.sync_now()
        again.pause_sync(False)
        again.set_sync_time("hours", 0, 24)
        assert again.sync_goes_by_itself()
        with pytest.raises(UsageError):
            again.set_sync_time("hours", 5, 5)
    finally:
        again.close()


def test_y41_y42_y36_a_server_that_forgot_stops_sync_before_any_write(services: SignedIn, replica: Replica) -> None:
    patient = sent(services)
    for upload in replica.state.uploads():
        replica.state.delete(USER, upload["processing_id"])
    fill(services.vault, HEART, START + 10 * MONTH, np.full(9, 70.0), patient)
    uploads = replica.state.calls["upload_metrics"]
    assert services.sync_now().stopped == "sync.epoch"
    assert replica.state.calls["upload_metrics"] == uploads
    assert "server.epoch" in services.sync_status().notices
    assert services.settle_epoch("upload_again", dry_run=True) == {"people": 1, "verified": 6}
    assert services.settle_epoch("compare")["missing"] == 6
    assert replica.state.calls["upload_metrics"] == uploads
    services.settle_epoch("upload_again")
    assert services.sync_now().stopped == ""
    assert len(replica.state.metrics(USER)) == 7
    assert services.sync_status().notices == ()


def test_y42_keep_apart_sends_nothing_more(services: SignedIn, replica: Replica) -> None:
    sent(services)
    for upload in replica.state.uploads():
        replica.state.delete(USER, upload["processing_id"])
    services.sync_now()
    services.settle_epoch("keep_apart")
    assert services.sync_now().stopped == ""
    assert services.synced_patients() == frozenset()
    assert replica.state.metrics(USER) == []
    with pytest.raises(UsageError):
        services.settle_epoch("guess")


def test_y43_an_older_copy_of_the_vault_sends_nothing_twice(
    services: SignedIn, replica: Replica, tmp_path: Path
) -> None:
    patient = consented(services)
    services.enable_sync(patient)
    services.close()
    shutil.copytree(tmp_path / "home" / "vault", tmp_path / "older")
    now = opened(tmp_path / "home", replica)
    now.sync_now()
    now.close()
    stored = len(replica.state.metrics(USER))
    assert stored == 6
    shutil.rmtree(tmp_path / "home" / "vault")
    shutil.copytree(tmp_path / "older", tmp_path / "home" / "vault")
    back = opened(tmp_path / "home", replica)
    try:
        report = back.sync_now()
        assert report.reconciled == 6
        assert len(replica.state.metrics(USER)) == stored
        assert back.sync_badge(patient) == "verified"
    finally:
        back.close()


def test_y44_a_copy_on_another_machine_only_looks_until_it_gets_its_own_id(
    services: SignedIn, replica: Replica, tmp_path: Path
) -> None:
    patient = sent(services)
    services.close()
    shutil.copytree(tmp_path / "home" / "vault", tmp_path / "other" / "vault")
    other = opened(tmp_path / "other", replica)
    try:
        other.change_setting("external.sending", True)
        assert other.sync_status().is_foreign
        with pytest.raises(ConflictError) as caught:
            other.sync_now()
        assert caught.value.code == "sync.clone"
        other.sync_from_here()
        other.sync_now()
        assert len(replica.state.metrics(USER)) == 6
        assert other.sync_badge(patient) == "verified"
    finally:
        other.close()


@pytest.mark.parametrize(
    ("scope", "passes", "trips"), [(400, 20, 21), (10_000, 500, 501), (15, 14, 15), (100, 20, 21), (4, 4, 21)]
)
def test_y38_y69_the_breaker_at_its_boundaries(scope: int, passes: int, trips: int) -> None:
    assert not DeletionBreaker().asks(passes, scope, 0)
    assert DeletionBreaker().asks(trips, scope, 0)


def test_y39_the_breaker_counts_over_a_day() -> None:
    breaker, left, tripped = DeletionBreaker(), 400, 0
    for cycle in range(10):
        if breaker.asks(20, left, cycle * 3600):
            tripped += 1
            continue
        breaker.note(20, cycle * 3600)
        left -= 20
    assert tripped == 9
    assert not breaker.asks(20, left, 26 * 3600)


def test_y40_y69_a_removal_of_everything_asks_for_the_count_and_makes_a_backup(
    services: SignedIn, replica: Replica
) -> None:
    patient = sent(services)
    with pytest.raises(ConflictError) as caught:
        services.remove_from_server(patient)
    assert (caught.value.code, caught.value.detail) == ("sync.breaker", "6")
    assert len(services.backups()) == 1
    assert len(replica.state.metrics(USER)) == 6
    with pytest.raises(ConflictError):
        services.sync_now()
    proof = services.remove_from_server(patient, typed_count=6)
    assert proof.is_complete
    assert replica.state.metrics(USER) == []
    assert services.sync_badge(patient) == "here"
    assert services.sync_now().stopped == ""
    services.enable_sync(patient)
    services.sync_now()
    assert len(replica.state.metrics(USER)) == 6, "what was removed may go again when a person wants it"


def test_y45_an_erasure_is_proved_at_the_server(services: SignedIn, replica: Replica) -> None:
    patient = sent(services)
    other = services.vault.patients.add("Grace Hopper").id
    fill(services.vault, HEART, START, np.full(50, 80.0), other)
    services.give_consent(
        other, purpose=services.sync_purpose(), text_version="1", language="en", given_by="G", method="paper"
    )
    services.enable_sync(other)
    services.sync_now()
    services._erase_elsewhere(patient)
    assert len(replica.state.metrics(USER)) == 2, "only the other person's data stay, and a number to the other devices"
    (proof,) = services.server_erasures()[patient].values()
    assert proof["open"] == []
    assert proof["confirmed"] == 3
    told = [one for one in services.vault.audit.entries() if one.action == "cloud.erase"]
    assert told[-1].detail == "3 deleted, 0 requested, not confirmed" or told[0].detail.startswith("3 deleted")


def test_y76_what_a_server_cannot_show_is_requested_not_confirmed_and_asked_again(
    services: SignedIn, replica: Replica
) -> None:
    patient = sent(services)
    replica.state.read_back = "none"
    replica.state.defects.add("D15")
    services._erase_elsewhere(patient)
    (proof,) = services.server_erasures()[patient].values()
    assert len(proof["open"]) == 3
    assert proof["confirmed"] == 0


@pytest.mark.slow
def test_y45_an_erasure_offline_waits_for_the_next_cycle(services: SignedIn, replica: Replica) -> None:
    patient = sent(services)
    replica.stop(at_once=True)
    services._erase_elsewhere(patient)
    (proof,) = services.server_erasures()[patient].values()
    assert len(proof["open"]) == 3
    replica.start()
    services.sync_now()
    (proof,) = services.server_erasures()[patient].values()
    assert proof["open"] == []
    (notice,) = replica.state.metrics(USER)
    assert patient not in repr(notice), "the other devices are told by an opaque number"


def test_y64_the_weekly_check_reports_numbers(services: SignedIn, replica: Replica) -> None:
    sent(services)
    check = services.sync_status().self_check
    assert check is not None
    assert (check["equal"], check["missing"], check["different"]) == (6, 0, 0)
    replica.state.delete(USER, replica.state.uploads()[0]["processing_id"])
    found = services.compare_with_server()
    assert (found.equal, found.missing) == (4, 2)
    assert {one.state for one in services.sync_operations()} == {S.VERIFIED}, "missing is no deletion"


def test_y72_y74_the_probe_finds_types_and_leaves_nothing(services: SignedIn, replica: Replica) -> None:
    replica.state.defects.add("D10")
    found = services.probe_server()
    outcomes = {name: one["outcome"] for name, one in found["types"].items()}
    assert outcomes["heart_rate"] == "accepted"
    assert outcomes["sleep_analysis"] == "crashes"
    assert outcomes["blood_glucose"] == "refused"
    assert found["types"]["heart_rate"]["is_readable"]
    assert replica.state.metrics(USER) == []
    body = b"".join(body for _, _, body in replica.state.bodies)
    assert b"Ada" not in body
    assert patient_of(services).encode() not in body
    calls = replica.state.calls["upload_metrics"]
    services.probe_server()
    assert replica.state.calls["upload_metrics"] == calls, "at most weekly"


def test_y33_a_finish_is_estimated_from_the_limits() -> None:
    assert _finish(0, 0, 90, 1000) is None
    assert _finish(90, 0, 90, 1000) == 1000
    assert _finish(91, 0, 90, 1000) == 1000 + 3600
    assert _finish(10_000, 90, 90, 0) == 3600 * 112


def test_y55_a_full_disk_stops_sync_and_loses_nothing(
    services: SignedIn, replica: Replica, monkeypatch: pytest.MonkeyPatch
) -> None:
    services.enable_sync(consented(services))
    from clarity_desktop.vault.tables.outbox import Outbox

    move = Outbox.move

    def full(self: Outbox, ops: object, to: OperationState, **more: object) -> None:
        if to is S.ACCEPTED:
            raise ClarityError("vault.no_room", "The disk is full.", remedy="Free some room.")
        move(self, ops, to, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(Outbox, "move", full)
    with pytest.raises(ClarityError) as caught:
        services.sync_now()
    assert caught.value.code == "vault.no_room"
    monkeypatch.undo()
    services.sync_now()
    services.sync_now()
    assert len(replica.state.metrics(USER)) == 6
    assert len({one["metric_id"] for one in replica.state.metrics(USER)}) == 6


def test_y62_the_log_holds_states_and_nothing_measured(services: SignedIn) -> None:
    sent(services)
    text = json.dumps(services.sync_log())
    assert "verified" in text
    assert "Ada" not in text


def test_y65_a_lock_parks_the_request_under_way(
    services: SignedIn, replica: Replica, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    services.enable_sync(consented(services))
    under_way = threading.Event()

    async def hangs(self: CloudApi, body: bytes, *, correlation: str) -> object:
        under_way.set()
        await asyncio.sleep(60)
        raise AssertionError("nothing ended it")

    monkeypatch.setattr(CloudApi, "upload_metrics", hangs)
    assert services.sync_in_background()
    assert under_way.wait(20)
    began = time.monotonic()
    services.lock()
    assert time.monotonic() - began < 4
    monkeypatch.undo()
    services._adopt(Vault.open(tmp_path / "home" / "vault", PASSPHRASE, kdf_floor=CHEAP))
    states = {one.state for one in services.sync_operations()}
    assert S.SENDING not in states
    assert S.SENT_UNKNOWN in states


def test_y33_the_open_patients_newest_days_go_first_and_everybody_elses_oldest(
    services: SignedIn, replica: Replica
) -> None:
    first = consented(services)
    second = services.vault.patients.add("Grace Hopper").id
    for month in range(3):
        fill(services.vault, HEART, START + month * MONTH, np.full(50, 80.0), second)
    services.give_consent(
        second, purpose=services.sync_purpose(), text_version="1", language="en", given_by="G", method="paper"
    )
    services.enable_sync(first)
    services.enable_sync(second)
    services.sync_now(open_patient=second)
    sent_from = [upload["metrics"][0]["metadata"]["from"] for upload in replica.state.uploads()]
    assert len(sent_from) == 6
    assert sent_from[:3] == sorted(sent_from[:3], reverse=True), "newest first for whom is open"
    assert sent_from[3:] == sorted(sent_from[3:]), "oldest first for everybody else"


def test_y74_a_type_found_accepted_carries_what_waits_and_resends_nothing(services: SignedIn, replica: Replica) -> None:
    patient = sent(services)
    before = {one["metric_id"] for one in replica.state.metrics(USER)}
    night = START + 5 * MONTH
    fill(services.vault, SLEEP, night, np.zeros(30), patient, "")
    assert {one.metric_type for one in services.sync_operations((S.NEW,))} == {"activity_level"}
    services.probe_server()
    services.sync_now()
    new = [one for one in replica.state.metrics(USER) if one["metric_id"] not in before]
    assert [one["metric_type"] for one in new] == ["sleep_analysis"]
    assert services.sync_badge(patient) == "verified"
