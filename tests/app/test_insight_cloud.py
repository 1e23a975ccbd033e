"""Insights of the cloud account: the same gate, its own consent, and prose that is shown only as unchecked (I-66)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from clarity_desktop.app import Services, open_services
from clarity_desktop.app.cloud_sessions import CloudAccount
from clarity_desktop.cloud.api.capabilities import INSIGHT_KEYS
from clarity_desktop.cloud.auth import Pool
from clarity_desktop.demo.build import add_simulated_person, import_recording
from clarity_desktop.demo.people import DEMO_SEED, PEOPLE
from clarity_desktop.demo.signals import simulate
from clarity_desktop.domain.errors import ConflictError
from clarity_desktop.domain.insights import Topic
from clarity_desktop.insights.providers import cloud as cloud_values
from clarity_desktop.insights.providers.provider import ProviderError
from clarity_desktop.vault import KdfParameters, Vault
from tests.memory_keychain import MemoryKeychain
from tests.servers.identity import identity_emulator
from tests.servers.pool_tokens import PoolTokens
from tests.servers.replica import Replica, running_replica

WORDS, PASSWORD, EMAIL = "seven quiet herons", "Herons7-quiet", "insights@clinic.example"
CHEAP = KdfParameters.for_tests()


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Replica, Pool]]:
    folder = tmp_path_factory.mktemp("servers")
    with identity_emulator(folder / "emulator.log") as identity:
        pool = identity.make_pool()
        identity.make_person(pool, EMAIL, PASSWORD)
        with running_replica(folder / "replica.db", tokens=PoolTokens(pool, identity.keys(pool))) as replica:
            yield replica, pool


@pytest.fixture
def services(tmp_path: Path, servers: tuple[Replica, Pool], keychain: MemoryKeychain) -> Iterator[Services]:
    replica, pool = servers
    with Vault.create(tmp_path / "vault", WORDS, kdf=CHEAP) as vault:
        person = add_simulated_person(vault, PEOPLE[0])
        import_recording(vault, person, simulate(PEOPLE[0], DEMO_SEED, 14), tmp_path / "files")
        with vault._store.writing("test.unmark", person.id) as write:
            write.connection.exec_driver_sql("UPDATE patients SET simulated = 0 WHERE id = ?", (person.id,))
    found = open_services(tmp_path)
    found._adopt(Vault.open(tmp_path / "vault", WORDS, kdf_floor=CHEAP))
    found.change_setting("external.sending", True)
    found.change_setting("insights.provider", "cloud")
    found.set_cloud_server(
        replica.url,
        region=pool.region,
        pool_id=pool.pool_id,
        client_id=pool.client_id,
        endpoint=str(pool.endpoint),
    )
    yield found
    found.close()


def _insight_bodies(replica: Replica) -> list[bytes]:
    return [body for _, _, body in replica.state.bodies if b"analysis_results" in body]


def test_i66_the_cloud_stands_behind_the_same_gate_and_is_shown_as_unchecked(
    services: Services, servers: tuple[Replica, Pool], monkeypatch: pytest.MonkeyPatch
) -> None:
    replica = servers[0]
    patient = services.patients()[0].id

    def said() -> tuple[str, str | None]:
        found = services.tell_insight(patient, Topic.SLEEP, provider="cloud", fresh=True)
        assert found.statements, "rules speak whatever the cloud does"
        return found.refused or "", None if found.remote is None else found.remote.narrative

    with pytest.raises(ConflictError):
        services.insight_consent_purpose("cloud")
    assert said() == ("No cloud account is signed in.", None)
    account = services.cloud_sign_in(replica.url, EMAIL, PASSWORD)
    assert isinstance(account, CloudAccount)
    assert "no consent" in said()[0]
    purpose = services.insight_consent_purpose("cloud")
    assert purpose == "insight:cloud:" + replica.url.split("//")[1]
    consent = services.give_consent(
        patient, purpose=purpose, text_version="1", language="en", given_by="the person", method="paper"
    )
    assert "cannot be checked" in said()[0]
    services.change_setting("insights.cloud_text", True)
    # Two of the six values are nothing that this program computes, so nothing is sent (D18).
    assert "unless all six" in said()[0]
    assert _insight_bodies(replica) == []
    assert services.insights_sent(patient) == []
    # With all six the way is walked to its end.
    keys = {key: metric or "se" for key, metric in cloud_values.CLOUD_KEYS.items()}
    assert set(keys) == set(INSIGHT_KEYS)
    monkeypatch.setattr(cloud_values, "CLOUD_KEYS", keys)
    refused, narrative = said()
    assert refused == ""
    assert (narrative or "").startswith("Your sleep efficiency is ")
    sent = services.insights_sent(patient)[0]
    assert (sent.provider, sent.outcome, sent.consent_id) == ("cloud", "answered", consent.id)
    body = services.insight_bytes_sent(sent.id)
    assert [json.loads(one) for one in _insight_bodies(replica)] == [json.loads(body)]
    assert _insight_bodies(replica) == [body]
    services.withdraw_consent(consent.id, withdrawn_by="the person")
    assert "no consent" in said()[0]
    assert len(_insight_bodies(replica)) == 1
    way = services._cloud_way()
    assert way is not None
    services.cloud_sign_out()
    with pytest.raises(ProviderError):
        way.generate(body)
