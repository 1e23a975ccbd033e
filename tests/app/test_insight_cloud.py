"""Insights of the cloud account: the same gate, its own consent, and prose that is shown only as unchecked (I-66)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from clarity_desktop.analysis.weeks.codec import encode_week
from clarity_desktop.analysis.weeks.heads import train_on_labels
from clarity_desktop.app import Services, open_services
from clarity_desktop.app.cloud_sessions import CloudAccount
from clarity_desktop.cloud.api.capabilities import INSIGHT_KEYS
from clarity_desktop.cloud.auth import Pool
from clarity_desktop.demo.build import add_simulated_person, import_recording
from clarity_desktop.demo.people import DEMO_SEED, PEOPLE
from clarity_desktop.demo.signals import simulate
from clarity_desktop.domain.errors import ConflictError
from clarity_desktop.domain.insights import Topic
from clarity_desktop.domain.pat import WeekEmbedding, WeekMinutes
from clarity_desktop.insights.providers.provider import ProviderError
from clarity_desktop.vault import KdfParameters, Vault
from clarity_desktop.vault.tables.pat import StoredLabel
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


LABEL = "PHQ-9 of ten or more"


def train_a_head(services: Services, patient: str, label: str) -> None:
    """A head on planted embeddings of people who are not the patient, through the vault's own way of training."""
    recipe = services.pat_embed(patient).recipe
    random, ids, labels = np.random.default_rng(0), [], []
    for number in range(44):
        person = services.vault.patients.add(f"Person {number}")
        pooled = random.normal(size=96).astype(np.float32)
        pooled[:6] += 1.8 * (number % 2 == 0)
        minutes = WeekMinutes(10_080, 0, 0, 0)
        week = WeekEmbedding(0, 100, minutes, 0, 0, (), pooled, np.full(560, 1 / 560, "f4"), 0.0)
        name = f"{number}"
        services.vault.pat.keep_embeddings(person.id, recipe.key, {name: encode_week(week, recipe)}, {name})
        ids.append(person.id)
        labels.append(StoredLabel(person.id, label, number % 2 == 0, None, None))
    services.vault.pat.set_labels(labels)
    assert train_on_labels(services.vault, label, recipe, gate=0.9, visible=ids).usable


def _insight_bodies(replica: Replica) -> list[bytes]:
    return [body for _, _, body in replica.state.bodies if b"analysis_results" in body]


@pytest.mark.slow
def test_i66_the_cloud_stands_behind_the_same_gate_and_is_shown_as_unchecked(
    services: Services, servers: tuple[Replica, Pool]
) -> None:
    """From minutes to the server's prose: measures of the recording, and a score by a head trained in the vault."""
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
    # The clinical score is nothing that this program computes: without a head that was named nothing is sent (D18).
    before = services.insight_preview(patient, Topic.SLEEP, provider="cloud")
    assert before.body == b""
    assert "Missing: a research score" in (before.refused or "")
    assert "unless all six" in said()[0]
    train_a_head(services, patient, LABEL)
    assert "unless all six" in said()[0], "a head that no admin named does not speak to the cloud"
    services.change_setting("insights.cloud_score_label", "another label")
    assert "unless all six" in said()[0]
    assert _insight_bodies(replica) == []
    assert services.insights_sent(patient) == []
    # With its label named the way is walked to its end, and what was shown is what is sent.
    services.change_setting("insights.cloud_score_label", LABEL)
    shown = services.insight_preview(patient, Topic.SLEEP, provider="cloud")
    assert shown.refused is None
    assert shown.destination in replica.url
    refused, narrative = said()
    assert refused == ""
    assert (narrative or "").startswith("Your sleep efficiency is ")
    sent = services.insights_sent(patient)[0]
    assert services.insight_bytes_sent(sent.id) == shown.body
    assert set(json.loads(shown.body)) == {"analysis_results", "insight_type", "language"}, "no text of ours goes along"
    values = json.loads(shown.body)["analysis_results"]
    _same_as_the_facts(services, patient, values)
    # Nothing but fixed words and these numbers is in the bytes, so no identifier can be (I-2).
    whole = {"analysis_results": values, "insight_type": "comprehensive", "language": "en"}
    assert shown.body == json.dumps(whole, separators=(",", ":")).encode()
    assert (sent.provider, sent.outcome, sent.consent_id) == ("cloud", "answered", consent.id)
    body = services.insight_bytes_sent(sent.id)
    assert [json.loads(one) for one in _insight_bodies(replica)] == [json.loads(body)]
    assert _insight_bodies(replica) == [body]
    remote = services.tell_insight(patient, Topic.SLEEP, provider="cloud", fresh=True).remote
    assert remote is not None
    assert "no way to delete it" in remote.kept_words
    assert remote.host in replica.url
    sends = len(_insight_bodies(replica))
    services.withdraw_consent(consent.id, withdrawn_by="the person")
    assert "no consent" in said()[0]
    assert len(_insight_bodies(replica)) == sends
    way = services._cloud_way()
    assert way is not None
    services.cloud_sign_out()
    with pytest.raises(ProviderError):
        way.generate(body)


def _same_as_the_facts(services: Services, patient: str, values: dict[str, float]) -> None:
    """Each value that was sent is the one of the page that shows the measure, over the last seven days."""
    assert set(values) == set(INSIGHT_KEYS)
    sleep = services.insight_facts(patient, Topic.SLEEP).table
    rhythm = services.insight_facts(patient, Topic.REGULARITY).table
    score = services.insight_facts(patient, Topic.PAT).table
    assert sleep is not None
    assert rhythm is not None
    assert score is not None
    pairs = (
        ("sleep_efficiency", sleep, "se"),
        ("total_sleep_time", sleep, "tst"),
        ("sleep_onset_latency", sleep, "sol"),
        ("wake_after_sleep_onset", sleep, "waso"),
        ("circadian_rhythm_score", rhythm, "is"),
        ("depression_risk_score", score, "pat"),
    )
    for key, table, metric in pairs:
        fact = table.fact(f"{metric}_recent")
        assert fact is not None, metric
        assert values[key] == fact.value
    assert 0 <= values["circadian_rhythm_score"] <= 1
    assert 0 <= values["depression_risk_score"] <= 1
    assert 0 <= values["sleep_efficiency"] <= 100
