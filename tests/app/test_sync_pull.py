"""Reading from the account's other devices: two vaults of two workstations and the replica on a real socket."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

from clarity_desktop.app.cloud_servers import CloudServer
from clarity_desktop.app.cloud_sessions import ACCOUNTS, CloudAccount
from clarity_desktop.cloud.sync.carriers import CARRIERS
from clarity_desktop.domain.errors import ClarityError, ConflictError
from clarity_desktop.vault import Vault
from tests.app.test_sync import SignedIn
from tests.cloud.sync.conftest import CHEAP, HEART, MONTH, PASSPHRASE, START, STEPS, USER, fill
from tests.servers.replica import Replica, running_replica

Desk = Callable[[str], SignedIn]


@pytest.fixture
def replica(tmp_path: Path) -> Iterator[Replica]:
    with running_replica(tmp_path / "replica.sqlite") as running:
        yield running


@pytest.fixture
def desk(tmp_path: Path, replica: Replica) -> Iterator[Desk]:
    """Workstations by name, each with a home and a vault of its own, all signed in to one account."""
    found: dict[str, SignedIn] = {}

    def make(name: str) -> SignedIn:
        if name not in found:
            home = tmp_path / name
            fresh = not (home / "vault").exists()
            if fresh:
                with Vault.create(home / "vault", PASSPHRASE, kdf=CHEAP) as vault:
                    account = CloudAccount(replica.url, USER, "a@clinic.example", "openapi")
                    vault.outbox.remember(ACCOUNTS, [asdict(account)])
                    vault.outbox.remember("cloud.servers", [asdict(CloudServer(replica.url))])
            services = SignedIn(home, home / "vault")
            services.replica_url = replica.url
            services._adopt(Vault.open(home / "vault", PASSPHRASE, kdf_floor=CHEAP))
            if fresh:
                services.change_setting("external.sending", True)
            found[name] = services
        return found[name]

    yield make
    for one in found.values():
        one.close()


def person(services: SignedIn, name: str = "Ada Lovelace", *, records: bool = False) -> str:
    """A patient with the consents that sync needs."""
    patient = services.vault.patients.add(name).id
    consent(services, patient, records=records)
    return patient


def consent(services: SignedIn, patient: str, *, records: bool = False) -> None:
    purposes = [services.sync_purpose()]
    if records:
        purposes.append(services.sync_records_purpose())
    for purpose in purposes:
        services.give_consent(patient, purpose=purpose, text_version="1", language="en", given_by="Ada")


def samples(services: SignedIn, patient: str) -> dict[tuple[str, str], list[tuple[int, int, float]]]:
    """Everything stored, by kind and source."""
    found = {}
    for one in services.vault.series.list(patient):
        held = services.vault.series.read(one.id, with_hidden=True)
        rows = zip(held.start.tolist(), held.length_s.tolist(), held.value.tolist(), strict=True)
        found[one.kind, one.source] = list(rows)
    return found


def test_y50_the_same_export_on_both_devices_leaves_no_repeat(desk: Desk, replica: Replica) -> None:
    here, there = desk("here"), desk("there")
    mine, theirs = person(here), person(there)
    for services, patient in ((here, mine), (there, theirs)):
        fill(services.vault, HEART, START, np.arange(300.0) % 50 + 60, patient)
    fill(here.vault, STEPS, START, np.arange(100.0), mine, "count")
    here.enable_sync(mine)
    here.sync_now()
    uploads = replica.state.calls["upload_metrics"]
    summary = there.remote_summary()
    assert summary.needs_direction
    assert [one.samples for one in summary.people] == [400]
    with pytest.raises(ConflictError, match="which way"):
        there.pull_now()
    there.choose_direction("both")
    assert there.pull_now().waiting_for_link == 1
    there.link_remote(summary.people[0].remote_id, theirs)
    report = there.pull_now()
    assert (report.new, report.equal, report.read) == (100, 300, 2)
    assert samples(there, theirs) == samples(here, mine), "the source has its name on both sides"
    there.enable_sync(theirs)
    there.sync_now()
    assert replica.state.calls["upload_metrics"] == uploads, "what came from there does not go there again"
    assert there.pull_now().new == 0
    assert here.pull_now().new == 0


def test_y50_an_export_read_after_the_pull_gives_the_stand_in_its_name(desk: Desk) -> None:
    here, there = desk("here"), desk("there")
    mine = person(here)
    fill(here.vault, HEART, START, np.arange(300.0) % 50 + 60, mine)
    here.enable_sync(mine)
    here.sync_now()
    (remote,) = there.remote_summary().people
    theirs = there.link_remote(remote.remote_id, None)
    assert there.pull_now().new == 300
    ((_, source),) = samples(there, theirs)
    assert source.startswith("s"), "no name of a source left the other device"
    assert len(source) == 9
    fill(there.vault, HEART, START, np.arange(300.0) % 50 + 60, theirs)
    assert samples(there, theirs) == samples(here, mine)


def test_a_link_can_be_taken_back_and_so_can_what_was_read(desk: Desk) -> None:
    here, there = desk("here"), desk("there")
    mine = person(here)
    fill(here.vault, HEART, START, np.full(50, 61.0), mine)
    here.enable_sync(mine)
    here.sync_now()
    there.choose_direction("both")
    (remote,) = there.remote_summary().people
    wrong, right = person(there, "Grace Hopper"), person(there, "Ada King")
    there.link_remote(remote.remote_id, wrong)
    assert there.pull_now().new == 50
    assert there.unlink_remote(remote.remote_id) == wrong
    assert there.unlink_remote(remote.remote_id) is None
    assert there.pull_now().waiting_for_link == 1
    (made,) = there.vault.imports.list(wrong)
    assert made.import_id is not None
    there.undo_import(made.import_id)
    assert sum(map(len, samples(there, wrong).values())) == 0
    there.link_remote(remote.remote_id, right)
    assert there.pull_now().new == 50
    with pytest.raises(ConflictError) as caught:
        here.unlink_remote(remote.remote_id)
    assert caught.value.code == "sync.own_number"


@pytest.mark.slow
def test_pulled_samples_join_and_flow_back(desk: Desk, replica: Replica) -> None:
    here, there = desk("here"), desk("there")
    mine = person(here)
    fill(here.vault, HEART, START, np.full(50, 61.0), mine)
    here.enable_sync(mine)
    here.sync_now()
    there.choose_direction("both")
    (remote,) = there.remote_summary().people
    theirs = there.link_remote(remote.remote_id, None)
    there.pull_now()
    consent(there, theirs)
    there.enable_sync(theirs)
    fill(there.vault, HEART, START + 86_400, np.full(50, 75.0), theirs)
    fill(there.vault, HEART, START + 2 * MONTH, np.full(50, 77.0), theirs)
    there.sync_now()
    assert here.pull_now().new == 100
    assert samples(here, mine) == samples(there, theirs)
    stored = len(replica.state.metrics(USER))
    here.sync_now()
    there.sync_now()
    assert len(replica.state.metrics(USER)) == stored, "both sides are at rest"
    assert {one.kind for one in here.vault.series.list(mine)} <= set(CARRIERS)


def test_y66_nothing_moves_before_a_direction_is_chosen(desk: Desk, replica: Replica) -> None:
    here, there = desk("here"), desk("there")
    mine = person(here)
    fill(here.vault, HEART, START, np.full(50, 61.0), mine)
    here.enable_sync(mine)
    here.sync_now()
    other = person(there, "Grace Hopper")
    fill(there.vault, HEART, START, np.full(50, 90.0), other)
    there.enable_sync(other)
    stored = replica.state.metrics(USER)
    with pytest.raises(ConflictError) as caught:
        there.sync_now()
    assert caught.value.code == "sync.direction"
    assert replica.state.metrics(USER) == stored
    assert list(samples(there, other)) == [(HEART, "Ada’s Watch")]
    there.choose_direction("apart")
    for ask in (there.sync_now, there.pull_now):
        with pytest.raises(ConflictError) as caught:
            ask()
        assert caught.value.code == "sync.apart"
    there.choose_direction("pull")
    there.sync_now()
    assert replica.state.metrics(USER) == stored, "reading alone sends nothing"
    there.choose_direction("upload")
    there.sync_now()
    assert len(replica.state.metrics(USER)) == len(stored) + 1
    with pytest.raises(ClarityError) as refused:
        there.pull_now()
    assert refused.value.code == "sync.upload_only"


@pytest.mark.slow
def test_y66_without_an_answer_of_the_server_nothing_is_assumed(desk: Desk, replica: Replica) -> None:
    here = desk("here")
    mine = person(here)
    fill(here.vault, HEART, START, np.full(50, 61.0), mine)
    here.enable_sync(mine)
    replica.stop()
    report = here.sync_now()
    assert report.stopped.startswith("cloud.")
    assert report.sent == 0
    assert here.vault.exchange.direction(here._account_key()) is None, "nobody knows yet what is there"
    replica.start()


def test_y67_restoring_says_first_what_cannot_come(desk: Desk) -> None:
    here, there = desk("here"), desk("there")
    mine = person(here)
    fill(here.vault, HEART, START, np.full(50, 61.0), mine)
    fill(here.vault, STEPS, START + MONTH, np.full(50, 7.0), mine, "count")
    here.enable_sync(mine)
    here.sync_now()
    preview = there.restore_preview()
    assert [(one.what, one.count, one.first_day) for one in preview.will_come] == [
        (HEART, 50, "2025-01-01"),
        (STEPS, 50, "2025-01-31"),
    ]
    words = " ".join(preview.cannot_come)
    assert all(one in words for one in ("Documents", "notes", "30 to 90 days", "audit"))
    assert there.vault.patients.list() == [], "a preview brings nothing"
    report = there.restore_from_cloud()
    (restored,) = there.vault.patients.list()
    assert report.new == 100
    assert sorted(samples(there, restored.id).values()) == sorted(samples(here, mine).values())
    with pytest.raises(ConflictError) as caught:
        here.restore_from_cloud()
    assert caught.value.code == "sync.not_empty"


@pytest.mark.slow
def test_two_devices_that_both_sent_before_come_to_one_number(desk: Desk, replica: Replica) -> None:
    here, there = desk("here"), desk("there")
    mine, theirs = person(here), person(there)
    fill(here.vault, HEART, START, np.full(50, 61.0), mine)
    fill(there.vault, HEART, START + 86_400, np.full(50, 75.0), theirs)
    for services, patient in ((here, mine), (there, theirs)):
        services.choose_direction("upload")
        services.enable_sync(patient)
        services.sync_now()
        services.choose_direction("both")
    numbers = {one.remote_id: one.linked_patient for one in there.remote_summary().people}
    assert len(numbers) == 2
    (other,) = [number for number, linked in numbers.items() if linked is None]
    there.link_remote(other, theirs)
    with pytest.raises(ConflictError) as caught:
        there.link_remote(other, there.vault.patients.add("Grace Hopper").id)
    assert caught.value.code == "sync.linked"
    there.sync_now()
    there.pull_now()
    here.pull_now()
    assert samples(here, mine) == samples(there, theirs), "what was sent under another number goes under this one"
    assert sum(map(len, samples(here, mine).values())) == 100
    stored = len(replica.state.metrics(USER))
    for services in (here, there, here, there):
        services.sync_now()
        services.pull_now()
    assert len(replica.state.metrics(USER)) == stored, "both sides are at rest"
