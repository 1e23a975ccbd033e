"""Analyses by a server, and whatever else an account asks it, in the services."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from clarity_desktop.app import Services, open_services
from clarity_desktop.cloud.api import AccountApi
from clarity_desktop.cloud.client import CloudError
from clarity_desktop.domain.errors import (
    ClarityError,
    NotFoundError,
    UsageError,
)
from clarity_desktop.domain.people import Patient
from clarity_desktop.vault import Vault
from tests.app.cloud.account import CHEAP, EMAIL, PASSWORD, WORDS, actions, agreed, first_week, live, until
from tests.memory_keychain import MemoryKeychain
from tests.servers.replica import Replica, running_replica

# -- analyses ---------------------------------------------------------------------------------------------------


def test_l77_a_finished_analysis_opens_by_its_id(services: Services, patient: Patient, replica: Replica) -> None:
    week = first_week(services, patient)
    with pytest.raises(ClarityError) as no_consent:
        services.cloud_analyse(patient.id, week)
    assert no_consent.value.code.startswith("consent")
    assert replica.state.calls["pat_steps"] == 0
    agreed(services, patient)
    found = services.cloud_analyse(patient.id, week)
    assert found.finished_by == "answer"
    assert found.values["total_sleep_time"] == 7.0
    assert services.cloud_results(patient.id) == (found,)
    assert services.cloud_result(found.id) == found
    with pytest.raises(NotFoundError) as unknown:
        services.cloud_result("no-such-id")
    assert unknown.value.code == "cloud.result"
    # It is no text about the person, and no finding.
    assert services.insight_history(patient.id) == []
    with pytest.raises(NotFoundError):
        services.stored_insight(found.id)
    counts, missing = services.cloud_steps(patient.id, week)
    assert (dict(counts.values), missing) == (dict(found.values), found.minutes_without_count)


def test_l68_polling_finishes_what_the_channel_does_not_tell(
    services: Services, patient: Patient, replica: Replica
) -> None:
    agreed(services, patient)
    replica.state.pat_polls = 1
    found = services.cloud_analyse(patient.id, first_week(services, patient))
    assert found.finished_by == "asking"
    assert replica.state.calls["pat_result"] == 1
    assert len(services.cloud_results(patient.id)) == 1


def test_l64_l68_a_whole_event_finishes_a_job_without_a_request(
    services: Services, patient: Patient, replica: Replica
) -> None:
    import threading

    agreed(services, patient)
    account = services.cloud_account()
    assert account is not None
    live(services)
    until(lambda: services.live_view().analyses == "live")
    replica.state.pat_polls = 1000
    week, found = first_week(services, patient), []
    waiting = threading.Thread(target=lambda: found.append(services.cloud_analyse(patient.id, week)))
    waiting.start()
    until(lambda: replica.state.pat_jobs)
    [(job_id, (_, values))] = replica.state.pat_jobs.items()
    replica.state.push(account.user_id, "analysis_update", analysis_id=job_id, progress=40, status="processing")
    until(lambda: any(one.progress == 40 for one in services.live_view().jobs))
    before = sum(count for name, count in replica.state.calls.items() if name != "pat_result")
    asked = replica.state.calls["pat_result"]
    for _ in range(2):
        replica.state.push(account.user_id, "analysis_complete", analysis_id=job_id, status="completed", result=values)
    waiting.join(10)
    assert [one.finished_by for one in found] == ["event"]
    # No list was fetched for the event, and no request at all but those of waiting that had gone before.
    assert sum(count for name, count in replica.state.calls.items() if name != "pat_result") == before
    assert replica.state.calls["pat_result"] - asked <= 1
    assert len(services.cloud_results(patient.id)) == 1
    [job] = services.live_view().jobs
    assert (job.id, job.finished_by, job.progress) == (job_id, "event", 100)


# -- asking -----------------------------------------------------------------------------------------------------


def test_every_capability_is_asked_for_and_recorded(services: Services, replica: Replica) -> None:
    account = services.cloud_account()
    assert account is not None
    assert services.cloud_me().user_id == account.user_id
    services.cloud_rename("Ada at work")
    assert replica.state.calls["update_me"] == 1
    # An address is never sent there: the old one would stop naming the account at the pool (D7).
    (body,) = [one for method, path, one in replica.state.bodies if method == "PUT" and path.rstrip("/").endswith("me")]
    assert json.loads(body) == {"display_name": "Ada at work"}
    assert services.cloud_uploads() == ()
    with pytest.raises(NotFoundError) as no_upload:
        services.cloud_upload_status("b0a3bb9e-4c7e-4c5b-9f0d-1f1f1f1f1f1f")
    assert no_upload.value.code == "cloud.upload"
    assert services.cloud_models()["model_type"] == "PAT"
    with pytest.raises(NotFoundError) as no_text:
        services.cloud_insight("insight_00000000")
    assert no_text.value.code == "cloud.insight"
    name = replica.state.keep_insight(account.user_id, {"narrative": "Rested.", "confidence_score": 0.5})
    assert services.cloud_insight(name).narrative == "Rested."
    # This server has no numbers of the account, which is said, not guessed.
    with pytest.raises(CloudError) as off:
        services.cloud_counts()
    assert off.value.code == "cloud.capability"
    outcomes = actions(services, "cloud.read")
    assert outcomes.count("refused") == 1
    assert outcomes.count("ok") >= 6
    assert actions(services, "cloud.rename") == ["ok"]


@pytest.mark.slow
def test_numbers_of_the_account_where_a_server_has_them(tmp_path: Path, keychain: MemoryKeychain) -> None:
    del keychain
    with running_replica(tmp_path / "audit.db", profile="audit") as server:
        services = open_services(tmp_path)
        services._adopt(Vault.create(tmp_path / "vault", WORDS, kdf=CHEAP))
        services.change_setting("external.sending", True)
        services.set_cloud_server(server.url, login="server")
        services.cloud_sign_in(server.url, EMAIL, PASSWORD)
        assert isinstance(services.cloud_counts(), dict)
        assert server.state.calls["metrics_user"] == 1
        assert services.cloud_insight_service() is True
        services.close()


def test_l86_a_contradiction_is_listed_once_and_the_answer_wins(services: Services, replica: Replica) -> None:
    services.cloud_me()
    services.cloud_me()
    until(lambda: services.contract_disagreements())
    found = [(one.capability, one.told) for one in services.contract_disagreements()]
    assert ("me", "auth_provider is missing") in found
    assert len(found) == len(set(found))
    assert services.contract_disagreements()[0].server == replica.url
    assert services.forget_contract_disagreements() >= 1
    assert services.contract_disagreements() == ()


def test_l79_a_status_that_nobody_knows_stays_that_word(services: Services, replica: Replica) -> None:
    account = services.cloud_account()
    assert account is not None
    api = services._cloud_api(account)
    assert isinstance(api, AccountApi)
    job = services._net.run(api.pat_job("anything"))
    assert (job.status, job.is_over, dict(job.values)) == ("not_found", True, {})
    del replica


def test_l53_each_way_out_and_in_is_an_entry_with_its_outcome(
    services: Services, patient: Patient, replica: Replica
) -> None:
    services.set_cloud_server(replica.url, proxy="")
    with pytest.raises(CloudError):
        services.cloud_sign_in(replica.url, EMAIL, "wrong-Words7")
    services.cloud_sign_in(replica.url, EMAIL, PASSWORD)
    services.give_consent(
        patient.id, purpose=services.sync_purpose(), text_version="1", language="en", given_by=patient.name
    )
    services.enable_sync(patient.id)
    services.sync_now()
    services.cloud_uploads()
    agreed(services, patient)
    services.cloud_analyse(patient.id, first_week(services, patient))
    live(services)
    services.send_live("Hello there")
    services.cloud_sign_out()
    # The wanted entries, each with its outcome: sign-in, sign-out, uploads, downloads, AI sends, address changes.
    wanted = {
        "cloud.sign_in": {"ok", "refused"},
        "cloud.sign_out": {"ok"},
        "cloud.address": {"ok"},
        "sync.send": {"ok"},
        "sync.accepted": {"ok"},
        "cloud.read": {"ok"},
        "cloud.steps": {"ok"},
        "cloud.live_send": {"ok"},
    }
    assert {name: set(actions(services, name)) & outcomes for name, outcomes in wanted.items()} == wanted
    sent = [one for one in services.vault.audit.entries(None) if one.action in ("sync.send", "cloud.steps")]
    assert {one.patient_id for one in sent} == {patient.id}
    assert replica.state.calls["upload_metrics"] == len(actions(services, "sync.send"))


@pytest.mark.slow
def test_activity_goes_by_the_direct_way_with_a_consent_of_its_own(
    services: Services, replica: Replica, table: Path
) -> None:
    report = services.import_file(table, new_name="Ada", zone="Europe/Berlin")
    person = next(one for one in services.patients() if one.name == "Ada")
    assert report is not None
    week = date(2024, 5, 7)
    agreed(services, person)
    with pytest.raises(ClarityError) as steps_alone:
        services.cloud_analyse(person.id, week, signal="activity_counts")
    assert steps_alone.value.code.startswith("consent")
    purpose = services.cloud_steps_purpose("activity_counts")
    assert purpose.startswith("activity:")
    services.give_consent(person.id, purpose=purpose, text_version="1", language="en", given_by="Ada")
    found = services.cloud_analyse(person.id, week, signal="activity_counts")
    assert (found.signal, found.first_day, replica.state.calls["pat_actigraphy"]) == ("activity_counts", week, 1)
    with pytest.raises(UsageError):
        services.cloud_analyse(person.id, week, signal="heart_rate")
