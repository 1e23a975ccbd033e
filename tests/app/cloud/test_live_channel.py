"""The live channel in the services, over real sockets to a replica."""

from __future__ import annotations

import time
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from clarity_desktop.app import Services, open_services
from clarity_desktop.app.cloud_sessions import CloudAccount, CloudChallenge
from clarity_desktop.domain.errors import (
    ConflictError,
    InputError,
    NotFoundError,
    NotPermittedError,
)
from clarity_desktop.domain.people import Patient
from clarity_desktop.vault import Vault
from tests.app.cloud.account import CHEAP, EMAIL, PASSWORD, WORDS, actions, live, said, until
from tests.memory_keychain import MemoryKeychain
from tests.servers.identity_devices import SMS_CODE, device_identity
from tests.servers.pool_tokens import PoolTokens
from tests.servers.replica import Replica, running_replica

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


@pytest.mark.slow
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


def test_a_text_that_could_name_somebody_is_not_sent(services: Services, patient: Patient) -> None:
    live(services)
    texts = ("About {name}, please", "Code {code} again", "born 1990-04-03", "mail me at a@b.example")
    for text in texts:
        with pytest.raises(ConflictError) as named:
            services.send_live(text.format(name=patient.name, code=patient.code))
        assert named.value.code == "cloud.live_names"
    assert said(services) == []
    assert actions(services, "cloud.live_send") == ["refused"] * len(texts)


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


@pytest.mark.slow
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
