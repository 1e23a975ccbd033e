"""Steps for the server's analysis: consent of its own, an admin's leave, whole weeks only, and never a finding."""

from __future__ import annotations

import asyncio
import json
import shutil
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from clarity_desktop.app import Services
from clarity_desktop.cloud.api import CloudApi
from clarity_desktop.cloud.client import CloudClient, CloudError, Service
from clarity_desktop.cloud.contract import detect
from clarity_desktop.cloud.contract.asking import ask_document
from clarity_desktop.domain.errors import ClarityError
from clarity_desktop.vault import Vault
from tests.cloud.sync.conftest import CHEAP, PASSPHRASE, START, STEPS, USER, FastClock, Stub, fill
from tests.memory_keychain import MemoryKeychain
from tests.servers.replica import Replica, running_replica
from tests.servers.replica.accounts import user_id_of

DAY_MIN = 1440
WEEK_MIN = 7 * DAY_MIN
GAP_MIN = 300
FIRST = datetime.fromtimestamp(START, UTC).date()
PATIENT_NAME = "Ada Lovelace"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Replica]:
    with running_replica(tmp_path_factory.mktemp("steps") / "replica.sqlite") as running:
        yield running


@pytest.fixture
def replica(server: Replica) -> Replica:
    server.state.calls.clear()
    server.state.bodies.clear()
    server.state.revoked.clear()
    with server.state._open() as base:
        base.execute("DELETE FROM times")
    return server


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> tuple[np.ndarray[Any, Any], Path]:
    """Three people: nine days of steps, a value a minute; with five hours without; with whole days without."""
    home = tmp_path_factory.mktemp("recorded")
    values = np.random.default_rng(5).integers(0, 90, 9 * DAY_MIN).astype(np.float64)
    with Vault.create(home / "vault", PASSPHRASE, kdf=CHEAP) as vault:
        whole = vault.patients.add(PATIENT_NAME, home_zone="UTC").id
        fill(vault, STEPS, START, values, whole, "count")
        paused = vault.patients.add("Mary Somerville", home_zone="UTC").id
        fill(vault, STEPS, START, values[:DAY_MIN], paused, "count")
        fill(vault, STEPS, START + (DAY_MIN + GAP_MIN) * 60, values[: 7 * DAY_MIN], paused, "count")
        torn = vault.patients.add("Grace Hopper", home_zone="UTC").id
        for day in (0, 1, 3, 4, 5, 7, 8, 9, 11, 12, 13, 14):
            fill(vault, STEPS, START + day * 86_400, values[:DAY_MIN], torn, "count")
    return values, home


@pytest.fixture
def services(
    recorded: tuple[Any, Path], tmp_path: Path, replica: Replica, keychain: MemoryKeychain
) -> Iterator[Services]:
    """Signed in to the replica by its own sign-in."""
    home = tmp_path / "home"
    shutil.copytree(recorded[1], home)
    found = Services(home, home / "vault")
    found._adopt(Vault.open(home / "vault", PASSPHRASE, kdf_floor=CHEAP))
    found.change_setting("external.sending", True)
    found.set_cloud_server(replica.url, login="server")
    found.cloud_sign_in(replica.url, "ada@clinic.example", "Herons7-quiet")
    replica.state.calls.clear()
    replica.state.bodies.clear()
    yield found
    found.close()


def named(services: Services, name: str = PATIENT_NAME) -> str:
    return next(one.id for one in services.vault.patients.list() if one.name == name)


def consented(services: Services, name: str = PATIENT_NAME, purpose: str | None = None) -> str:
    patient = named(services, name)
    services.give_consent(
        patient,
        purpose=purpose or services.cloud_steps_purpose(),
        text_version="1",
        language="en",
        given_by=name,
        method="paper",
    )
    return patient


def test_a_week_goes_as_it_is_and_comes_back_as_numbers_to_compare(
    services: Services, replica: Replica, recorded: tuple[np.ndarray[Any, Any], Path]
) -> None:
    patient = consented(services)
    found, filled = services.cloud_steps(patient, FIRST)
    assert replica.state.calls["pat_steps"] == 1
    (body,) = [body for method, _, body in replica.state.bodies if method == "POST"]
    document = json.loads(body)
    assert document["step_counts"] == recorded[0][:WEEK_MIN].astype(int).tolist()
    assert document["timestamps"][0] == "2025-01-01T00:00:00Z"
    assert document["timestamps"][-1] == "2025-01-07T23:59:00Z"
    assert len(document["timestamps"]) == WEEK_MIN
    assert set(document) == {"step_counts", "timestamps"}
    for word in (PATIENT_NAME, patient, "Ada’s Watch"):
        assert word.encode() not in body
    assert filled == 0
    assert found.values["total_sleep_time"] == 7.0
    with services.vault._store.reading() as connection:
        kept = connection.exec_driver_sql("SELECT count(*) FROM findings").scalar_one()
    assert kept == 0, "the server's model is not verified (D21)"
    entry = next(one for one in services.vault.audit.entries() if one.action == "cloud.steps")
    assert (entry.outcome, entry.patient_id) == ("ok", patient)
    assert ": 10080 minutes" in entry.detail


def test_minutes_without_a_count_go_as_nothing_and_are_told(services: Services, replica: Replica) -> None:
    patient = consented(services, "Mary Somerville")
    _, filled = services.cloud_steps(patient, FIRST)
    assert filled == GAP_MIN
    (body,) = [body for method, _, body in replica.state.bodies if method == "POST"]
    assert json.loads(body)["step_counts"][DAY_MIN : DAY_MIN + GAP_MIN] == [0] * GAP_MIN


def test_without_the_admins_leave_nothing_goes(services: Services, replica: Replica) -> None:
    patient = consented(services)
    services.change_setting("external.sending", False)
    with pytest.raises(ClarityError) as caught:
        services.cloud_steps(patient, FIRST)
    assert caught.value.code == "cloud.sending_off"
    with pytest.raises(ClarityError):
        services.cloud_models()
    assert replica.state.calls.total() == 0


def test_consent_to_sync_is_no_consent_to_the_analysis(services: Services, replica: Replica) -> None:
    patient = consented(services, purpose=services.sync_purpose())
    with pytest.raises(ClarityError) as caught:
        services.cloud_steps(patient, FIRST)
    assert caught.value.code.startswith("consent")
    assert replica.state.calls["pat_steps"] == 0


def test_a_consent_that_was_withdrawn_ends_it_at_once(services: Services, replica: Replica) -> None:
    patient = consented(services)
    services.cloud_steps(patient, FIRST)
    (consent,) = services.vault.consents.list(patient)
    services.withdraw_consent(consent.id, withdrawn_by=PATIENT_NAME)
    with pytest.raises(ClarityError) as caught:
        services.cloud_steps(patient, FIRST)
    assert caught.value.code.startswith("consent")
    assert replica.state.calls["pat_steps"] == 1


def test_the_switch_of_sync_is_not_asked_and_sync_is_not_started(services: Services, replica: Replica) -> None:
    """The analysis is one request that a person makes; it switches nothing on for what waits."""
    patient = consented(services)
    services.cloud_steps(patient, FIRST)
    assert services.synced_patients() == frozenset()
    assert replica.state.calls["upload_metrics"] == 0
    assert replica.state.metrics() == []


def test_a_week_that_is_not_there_or_not_worn_is_refused_before_anything_is_sent(
    services: Services, replica: Replica
) -> None:
    patient = consented(services)
    with pytest.raises(ClarityError) as caught:
        services.cloud_steps(patient, date(2020, 1, 1))
    assert caught.value.code == "cloud.no_week"
    torn = consented(services, "Grace Hopper")
    with pytest.raises(ClarityError) as caught:
        services.cloud_steps(torn, FIRST)
    assert caught.value.code == "cloud.week_gaps"
    assert replica.state.calls["pat_steps"] == 0


def test_a_refusal_at_the_servers_limit_is_told_and_audited(services: Services, replica: Replica) -> None:
    patient = consented(services)
    with replica.state._open() as base:
        for _ in range(20):
            base.execute("INSERT INTO times SELECT ?, 'pat', ?", (user_id_of("ada@clinic.example"), time.time()))
    with pytest.raises(CloudError):
        services.cloud_steps(patient, FIRST)
    told = [one.outcome for one in services.vault.audit.entries() if one.action == "cloud.steps"]
    assert told == ["refused"]


def test_d22_only_whole_days_and_weeks_are_sent_and_only_they_wait_long(replica: Replica) -> None:
    waits: dict[str, float] = {}

    async def ask() -> None:
        async with CloudClient(Service(replica.url), Stub(), account=USER, clock=FastClock()) as client:
            document = await ask_document(client)
            assert document is not None
            api = CloudApi(client, detect(document), USER)
            before = replica.state.calls.total()
            for count in (0, 60, DAY_MIN - 1, DAY_MIN + 1, 2 * WEEK_MIN, 20_161):
                for call in (api.pat_steps([1] * count, 0.0), api.pat_actigraphy([1.0] * count, 0.0)):
                    with pytest.raises(CloudError) as caught:
                        await call
                    assert caught.value.code == "cloud.pat_length"
            assert replica.state.calls.total() == before, "what ends in 500 there is not sent"
            send = client.send

            async def noted(call: Any) -> Any:
                waits[call.capability] = call.read_timeout_s
                return await send(call)

            client.send = noted  # type: ignore[method-assign]
            await api.pat_steps([1] * DAY_MIN, 0.0)
            await api.pat_actigraphy([1.0] * WEEK_MIN, 0.0)
            await api.pat_models()
            _ = [one async for one in api.list_uploads()]

    asyncio.run(ask())
    assert waits == {"pat_steps": 75.0, "pat_actigraphy": 75.0, "pat_models": 30.0, "list_metrics": 30.0}
