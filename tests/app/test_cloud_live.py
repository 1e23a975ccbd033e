"""The live channel and server analyses in the services, over real sockets to a replica."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from clarity_desktop.app import Services, open_services
from clarity_desktop.app.cloud_sessions import CloudAccount, CloudChallenge
from clarity_desktop.cloud.api import AccountApi
from clarity_desktop.cloud.client import CloudError
from clarity_desktop.demo.build import add_simulated_person, import_recording
from clarity_desktop.demo.people import DEMO_SEED, PEOPLE
from clarity_desktop.demo.signals import simulate
from clarity_desktop.domain.errors import (
    ClarityError,
    ConflictError,
    InputError,
    NotFoundError,
    NotPermittedError,
    UsageError,
)
from clarity_desktop.domain.people import Patient
from clarity_desktop.vault import KdfParameters, Vault
from tests.memory_keychain import MemoryKeychain
from tests.servers.identity_devices import SMS_CODE, device_identity
from tests.servers.pool_tokens import PoolTokens
from tests.servers.replica import Replica, running_replica

CHEAP = KdfParameters.for_tests()
WORDS, PASSWORD, EMAIL = "seven quiet herons", "Herons7-quiet", "ada@clinic.example"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A vault with one person and fourteen days of steps."""
    home = tmp_path_factory.mktemp("live")
    with Vault.create(home / "vault", WORDS, kdf=CHEAP) as vault:
        person = add_simulated_person(vault, PEOPLE[0])
        import_recording(vault, person, simulate(PEOPLE[0], DEMO_SEED, 14), home / "files")
    return home


@pytest.fixture
def replica(tmp_path: Path) -> Iterator[Replica]:
    with running_replica(tmp_path / "replica.db") as running:
        yield running


@pytest.fixture
def services(home: Path, tmp_path: Path, replica: Replica, keychain: MemoryKeychain) -> Iterator[Services]:
    import shutil

    del keychain
    shutil.copytree(home / "vault", tmp_path / "vault")
    found = open_services(tmp_path)
    found._adopt(Vault.open(tmp_path / "vault", WORDS, kdf_floor=CHEAP))
    found.change_setting("external.sending", True)
    found.set_cloud_server(replica.url, login="server")
    assert isinstance(found.cloud_sign_in(replica.url, EMAIL, PASSWORD), CloudAccount)
    yield found
    found.close()


@pytest.fixture
def patient(services: Services) -> Patient:
    return services.patients()[0]


def until(is_so: Callable[[], object], most_s: float = 8.0) -> None:
    end = time.monotonic() + most_s
    while not is_so():
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.02)


def live(services: Services) -> None:
    services.accept_live_notice()
    services.open_live()
    until(lambda: services.live_view().state == "live")


def said(services: Services) -> list[tuple[str, str]]:
    return [(one.who, one.state) for one in services.live_view().messages]


def actions(services: Services, action: str) -> list[str]:
    return [one.outcome for one in services.vault.audit.entries(None) if one.action == action]


def agreed(services: Services, patient: Patient) -> None:
    services.give_consent(
        patient.id, purpose=services.cloud_steps_purpose(), text_version="1", language="en", given_by=patient.name
    )


# -- typing -----------------------------------------------------------------------------------------------------


def test_what_is_typed_goes_after_the_notice_and_is_answered(services: Services, replica: Replica) -> None:
    with pytest.raises(ConflictError) as notice:
        services.open_live()
    assert notice.value.code == "cloud.live_notice"
    assert replica.state.calls["WS"] == 0
    live(services)
    assert services.live_view().analyses in ("connecting", "live")
    services.send_live("How is it meant?")
    until(lambda: ("server", "received") in said(services))
    assert said(services) == [("you", "sent"), ("server", "received")]
    assert services.live_view().messages[1].text == "Heard: How is it meant?"
    services.close_live()
    assert services.live_view().state == "closed"
    assert actions(services, "cloud.live_send") == ["ok"]
    assert actions(services, "cloud.live_open") == ["refused", "ok"] or actions(services, "cloud.live_open") == ["ok"]
    # What was said is nowhere but in memory.
    text = "".join(one.detail or "" for one in services.vault.audit.entries(None))
    assert "meant" not in text


def test_l67_typed_while_disconnected_is_kept_sent_once_or_discarded(services: Services, replica: Replica) -> None:
    live(services)
    replica.stop(at_once=True)
    until(lambda: services.live_view().state != "live")
    first, second = services.send_live("One"), services.send_live("Two")
    assert said(services) == [("you", "unsent"), ("you", "unsent")]
    services.discard_live(first)
    with pytest.raises(NotFoundError):
        services.discard_live(first)
    replica.start()
    until(lambda: ("server", "received") in said(services), 20)
    messages = services.live_view().messages
    assert [(one.text, one.state) for one in messages] == [("Two", "sent"), ("Heard: Two", "received")]
    with pytest.raises(NotFoundError):
        services.discard_live(second)
    assert services.live_view().reconnects >= 1


def test_l63_unknown_kinds_are_counted_and_nothing_is_asked(services: Services, replica: Replica) -> None:
    live(services)
    until(lambda: services.live_view().analyses == "live")
    account = services.cloud_account()
    assert account is not None
    before = sum(replica.state.calls.values())
    assert replica.state.push(account.user_id, "brand_new_kind", payload="x") >= 1
    until(lambda: services.live_view().unknown == 1)
    replica.state.push(account.user_id, "message", content="Unasked", user_id="AI")
    until(lambda: services.live_view().unsolicited == 1)
    assert said(services) == []
    assert sum(replica.state.calls.values()) == before


def test_limits_are_the_smaller_ones_until_the_server_names_its_own(services: Services, replica: Replica) -> None:
    replica.state.ack_info.update(max_message_size=4096, messages_per_minute=30)
    live(services)
    view = services.live_view()
    assert (view.most_bytes, view.per_minute) == (4096, 30)
    with pytest.raises(InputError) as long:
        services.send_live("a" * 2001)
    assert long.value.code == "cloud.live_text"
    # The server was boasting: what it then refuses is learned, and the text waits for a person.
    number = services.send_live("b" * 1500)
    until(lambda: ("you", "too_large") in said(services))
    assert services.live_view().most_bytes < 4096
    services.discard_live(number)


@pytest.mark.parametrize(
    "text", ["About {name}, please", "Code {code} again", "born 1990-04-03", "mail me at a@b.example"]
)
def test_a_text_that_could_name_somebody_is_not_sent(
    services: Services, replica: Replica, patient: Patient, text: str
) -> None:
    live(services)
    with pytest.raises(ConflictError) as named:
        services.send_live(text.format(name=patient.name, code=patient.code))
    assert named.value.code == "cloud.live_names"
    assert said(services) == []
    assert actions(services, "cloud.live_send") == ["refused"]
    del replica


def test_sending_switched_off_stops_the_channel_too(services: Services, replica: Replica) -> None:
    live(services)
    services.change_setting("external.sending", False)
    for call in (lambda: services.send_live("Hello"), services.open_live, services.cloud_uploads, services.cloud_me):
        with pytest.raises(NotPermittedError) as off:
            call()
        assert off.value.code == "cloud.sending_off"
    del replica


def test_l59_lock_and_sign_out_close_the_channel(services: Services, replica: Replica, tmp_path: Path) -> None:
    live(services)
    services.send_live("Hello there")
    services.cloud_sign_out()
    until(lambda: not any(replica.state.listeners.values()))
    assert services.live_view().messages == ()
    assert isinstance(services.cloud_sign_in(replica.url, EMAIL, PASSWORD), CloudAccount)
    live(services)
    services.lock()
    until(lambda: not any(replica.state.listeners.values()))
    services._adopt(Vault.open(tmp_path / "vault", WORDS, kdf_floor=CHEAP))
    assert services.live_view().messages == ()


@pytest.mark.slow
def test_l65_a_token_that_ends_is_renewed_and_the_channel_comes_back(services: Services, replica: Replica) -> None:
    live(services)
    account = services.cloud_account()
    assert account is not None
    services.close_live()
    session = services._cloud_session(account)
    held = session.tokens
    assert held is not None
    # A token with two seconds to its renewal: the channel reconnects with another before it ends.
    session._tokens = replace(held, issued=time.time() - 3000, expires=time.time() + 302)
    calls = replica.state.calls["WS"]
    services.open_live()
    until(lambda: services.live_view().state == "live")
    until(lambda: replica.state.calls["refresh"] == 1 and services.live_view().state == "live", 15)
    until(lambda: replica.state.calls["WS"] >= calls + 3)
    now = session.tokens
    assert now is not None
    assert now.access != held.access
    # Both channels shared one renewal, and a message goes over the new connection.
    services.send_live("Still there?")
    until(lambda: ("server", "received") in said(services))
    assert replica.state.calls["refresh"] == 1


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


def first_week(services: Services, patient: Patient) -> date:
    from clarity_desktop.analysis.weeks.embedding import read_weeks
    from clarity_desktop.domain.pat import WeekSignal
    from clarity_desktop.domain.pat_results import PatRequest
    from clarity_desktop.domain.time import date_of_day

    weeks = read_weeks(services.vault, patient.id, PatRequest(signal=WeekSignal.STEPS)).weeks
    return date_of_day(int(weeks.day[1]))


# -- asking -----------------------------------------------------------------------------------------------------


def test_every_capability_is_asked_for_and_recorded(services: Services, replica: Replica) -> None:
    account = services.cloud_account()
    assert account is not None
    assert services.cloud_me().user_id == account.user_id
    services.cloud_rename("Ada at work")
    assert replica.state.calls["update_me"] == 1
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


def test_a_server_with_one_channel_for_everything(tmp_path: Path, keychain: MemoryKeychain) -> None:
    del keychain
    with ExitStack() as stack:
        identity = stack.enter_context(device_identity())
        identity.add(EMAIL, PASSWORD)
        pool, tokens = identity.pool, PoolTokens(identity.pool, identity.keys)
        server = stack.enter_context(running_replica(tmp_path / "draft.db", profile="draft", tokens=tokens))
        services = open_services(tmp_path)
        stack.callback(services.close)
        services._adopt(Vault.create(tmp_path / "vault", WORDS, kdf=CHEAP))
        services.change_setting("external.sending", True)
        services.set_cloud_server(
            server.url,
            region=pool.region,
            pool_id=pool.pool_id,
            client_id=pool.client_id,
            endpoint=str(pool.endpoint),
            chosen_profile="draft",
        )
        asked = services.cloud_sign_in(server.url, EMAIL, PASSWORD)
        assert isinstance(asked, CloudChallenge)
        account = services.cloud_answer(asked, SMS_CODE)
        assert isinstance(account, CloudAccount)
        assert account.profile == "draft"
        live(services)
        services.send_live("Is this one channel?")
        until(lambda: ("server", "received") in said(services))
        assert services.live_view().messages[1].text == "Heard: Is this one channel?"
        server.state.push(account.user_id, "ANALYSIS_COMPLETE", job_id="j1", result={"sleep_efficiency": 80.0})
        until(lambda: services.live_view().jobs)
        assert services.live_view().jobs[0].finished_by == "event"
        assert services.live_view().analyses == "live"
        assert isinstance(services.cloud_counts(), dict)
        assert server.state.calls["metrics_summary"] == 1
        assert server.state.calls["WS"] == 1


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
