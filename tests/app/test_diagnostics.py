"""How services stand, against a replica of the API: probes, breakers, limits, times of calls, what was learned."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from clarity_desktop.app import Services, open_services
from clarity_desktop.app.cloud_sessions import ACCOUNTS, CloudAccount
from clarity_desktop.app.flags import DEVELOPER_ROUTES
from clarity_desktop.cloud.api.capabilities import INSIGHT_KEYS
from clarity_desktop.cloud.auth import TokenSet
from clarity_desktop.cloud.client import CloudError
from clarity_desktop.cloud.client.wire import reference_of
from clarity_desktop.cloud.contract import detect
from clarity_desktop.cloud.contract.features import features_off
from clarity_desktop.cloud.realtime import Channel
from clarity_desktop.cloud.realtime.frames import read_frame
from clarity_desktop.domain.conditions import CloudCondition
from clarity_desktop.domain.errors import ConflictError, NotFoundError, NotPermittedError
from clarity_desktop.vault import KdfParameters, Vault
from tests.servers.replica import Replica, running_replica
from tests.servers.replica.accounts import stub_token

CHEAP = KdfParameters.for_tests()
WORDS = "seven quiet herons"
USER = "11111111-2222-4333-8444-555555555555"


@pytest.fixture
def replica(tmp_path: Path) -> Iterator[Replica]:
    with running_replica(tmp_path / "replica.sqlite") as running:
        yield running


@pytest.fixture
def services(tmp_path: Path, replica: Replica, keychain: object) -> Iterator[Services]:
    del keychain
    found = open_services(tmp_path / "home")
    found._adopt(Vault.create(tmp_path / "home" / "vault", WORDS, kdf=CHEAP))
    found.change_setting("external.sending", True)
    found.set_cloud_server(replica.url)
    yield found
    found.close()


def live(services: Services, replica: Replica) -> CloudAccount:
    """An account in use, by a token that the replica takes."""
    now = time.time()
    tokens = TokenSet(stub_token(USER), "", "kept", USER, "a@clinic.example", "", now, now + 3600)
    services._tokens_kept().keep(f"{replica.url}/{USER}", "kept")
    account = CloudAccount(replica.url, USER, "a@clinic.example", "openapi")
    services.vault.outbox.remember(ACCOUNTS, [asdict(account)])
    return services._go_live(services.cloud_servers()[0], account, tokens).account


def only(found: tuple[CloudCondition, ...]) -> CloudCondition:
    (one,) = found
    return one


def actions(services: Services) -> list[tuple[str, str]]:
    return [(one.action, one.detail) for one in services.vault.audit.entries() if one.action.startswith("cloud.b")]


def test_nothing_is_known_before_anybody_asked(services: Services, replica: Replica) -> None:
    before = sum(replica.state.calls.values())
    found = only(services.cloud_conditions())
    assert (found.service, found.is_live, found.probes, found.figures) == (replica.url, False, (), None)
    assert (found.breaker.state, found.breaker.until, found.is_due, found.learned_at) == ("closed", None, True, 0)
    assert {one.found for one in found.learned} == {"unknown"}
    assert {one.name: (one.used, one.most) for one in found.limits}["upload"] == (0, 90)
    assert found.features_off == ()
    assert sum(replica.state.calls.values()) == before


def test_l51_probes_of_each_part_are_kept_with_their_time(services: Services, replica: Replica) -> None:
    account = live(services, replica)
    began = int(time.time())
    found = only(services.probe_services())
    assert found.service == account.key
    told = {one.part: one.outcome for one in found.probes}
    assert set(told) == {"root", "service", "readiness", "auth", "health-data", "pat", "insights"}
    assert {told[part] for part in ("root", "auth", "health-data", "pat")} == {"answers"}
    # A shadowed route is no sign of a service that is down (L-84).
    assert told["insights"] in ("unclear", "answers")
    assert all(one.at >= began and one.took_ms is not None for one in found.probes)
    # They are kept: another look asks nobody.
    calls = sum(replica.state.calls.values())
    assert only(services.cloud_conditions()).probes == found.probes
    assert sum(replica.state.calls.values()) == calls


def test_l47_figures_count_calls_and_outlive_the_run(services: Services, replica: Replica, tmp_path: Path) -> None:
    account = live(services, replica)
    services.probe_services()
    time.sleep(0.05)
    figures = only(services.cloud_conditions()).figures
    assert figures is not None
    assert figures.calls >= 7
    assert figures.p50_ms is not None
    assert figures.p95_ms is not None
    assert 0 < figures.p50_ms <= figures.p95_ms
    assert services._net.run(services._cloud_api(account).processing_status("unknown")) is None
    time.sleep(0.05)
    later = only(services.cloud_conditions()).figures
    assert later is not None
    assert later.refused > figures.refused
    services.lock()
    services._adopt(Vault.open(tmp_path / "home" / "vault", WORDS, kdf_floor=CHEAP))
    services._begin_cloud()
    assert only(services.cloud_conditions()).figures == later


@pytest.mark.slow
def test_l26_openings_and_resets_are_seen_and_audited(services: Services, replica: Replica) -> None:
    account = live(services, replica)
    services.probe_services()
    replica.stop(at_once=True)
    for _ in range(2):
        with pytest.raises(CloudError):
            services._net.run(services._cloud_api(account).me())
    found = only(services.cloud_conditions())
    assert found.breaker.state == "open"
    assert found.breaker.until is not None
    assert 0 < found.breaker.until - time.time() <= 61
    services.reset_breaker(account.key)
    assert only(services.cloud_conditions()).breaker.state == "closed"
    time.sleep(0.1)
    told = actions(services)
    host = found.host
    assert ("cloud.breaker", f"{host}: calls pause for a minute") in told
    assert ("cloud.breaker_reset", f"{host}: was open") in told
    with pytest.raises(NotFoundError) as unknown:
        services.reset_breaker("https://nobody.example")
    assert unknown.value.code == "cloud.service"


def test_a_server_that_is_down_is_asked_once(services: Services, replica: Replica) -> None:
    live(services, replica)
    services.probe_services()
    replica.stop(at_once=True)
    found = only(services.probe_services())
    assert {one.outcome for one in found.probes} == {"no_answer"}
    assert {one.code for one in found.probes} == {"cloud.unreachable"}
    # What was learned before stays, with its own time.
    assert found.learned_at > 0


def test_l84_what_was_learned_is_kept_by_server_with_its_time(services: Services, replica: Replica) -> None:
    live(services, replica)
    began = int(time.time())
    found = only(services.probe_services())
    assert (found.is_due, found.learned_at >= began) == (False, True)
    learned = {one.name: one for one in found.learned}
    assert (learned["route:upload_metrics"].found, learned["route:pat_steps"].found) == ("yes", "yes")
    assert learned["route:upload_metrics"].at >= began
    # Nothing was uploaded yet, so the list says nothing of cursors.
    assert (learned["cursor"].found, learned["cursor"].detail) == ("unknown", "the list is empty")
    services.probe_server()
    services._net.run(services._cloud_api(services._account(None)).upload_metrics(_sentinel(), correlation="c"))
    found = only(services.probe_services())
    learned = {one.name: one for one in found.learned}
    assert learned["type:heart_rate"].found == "yes"
    assert learned["type:blood_glucose"].found == "no"
    assert (learned["cursor"].found, learned["etag"].found) == ("no", "no")
    # Older than a week, it is asked again by the next cycle of sync.
    key = found.service
    services.vault.outbox.remember(f"learned/{key}", {"at": began - 8 * 86_400, "abilities": []})
    assert only(services.cloud_conditions()).is_due
    services.sync_now()
    assert not only(services.cloud_conditions()).is_due


def _sentinel() -> bytes:
    import numpy as np

    from clarity_desktop.cloud.sync.metrics import packed_metrics, request_body
    from clarity_desktop.cloud.sync.packing import Channel
    from clarity_desktop.domain.series import Samples
    from clarity_desktop.domain.time import Span

    empty = Samples(
        np.empty(0, np.int64), np.empty(0, np.int32), np.empty(0, np.float64), np.empty(0, np.uint8), "", ()
    )
    now = int(time.time())
    channel = Channel("ClarityProbe", "", "", "s00000000", "probe/1", empty)
    ((metric, _),) = packed_metrics("heart_rate", [channel], Span(now - 86_400, now))
    return request_body(USER, [{"metric_id": USER, **metric}], "token", now)


def test_l52_a_route_that_is_not_described_is_off_with_its_reason(services: Services, replica: Replica) -> None:
    live(services, replica)
    services.probe_services()
    server = services.cloud_servers()[0]
    served = tuple(one for one in server.served if "step-analysis" not in one)
    services._keep_servers([replace(server, served=served)])
    calls = sum(replica.state.calls.values())
    off = {one.capability: one.reason for one in only(services.cloud_conditions()).features_off}
    assert off["pat_steps"] == "The server's description names no POST /api/v1/pat/step-analysis."
    assert off["metrics_user"] == "The profile openapi has no such route."
    assert services.cloud_features_off() == off
    assert sum(replica.state.calls.values()) == calls
    assert {one.reason for one in features_off(detect({"paths": {}}))} == {
        "The server is none that this program knows."
    }


def test_nothing_is_asked_while_sending_is_off(services: Services, replica: Replica) -> None:
    services.change_setting("external.sending", False)
    with pytest.raises(NotPermittedError) as off:
        services.probe_services()
    assert off.value.code == "cloud.sending_off"
    assert sum(replica.state.calls.values()) == 0


def test_without_a_sign_in_the_open_parts_are_asked(services: Services, replica: Replica) -> None:
    del replica
    found = only(services.probe_services())
    told = {one.part: one.outcome for one in found.probes}
    assert (told["root"], told["auth"], told["pat"]) == ("answers", "answers", "refused")
    assert found.profile == "openapi"


def test_l40_the_servers_reference_stands_beside_ours(services: Services, replica: Replica) -> None:
    account = live(services, replica)
    values = dict.fromkeys(INSIGHT_KEYS, 0.5)
    found = services._net.run(services._cloud_api(account).insight_generate(values))
    assert found.request_id
    time.sleep(0.1)
    told = [one.detail for one in services.vault.audit.entries() if one.action == "cloud.reference"]
    assert len(told) == 1
    assert told[0].endswith(f" is {found.request_id}")
    ours = told[0].split(": ")[1].split(" is ")[0]
    assert str(uuid.UUID(ours)) == ours
    # A reference is a short word; anything else is not kept.
    assert reference_of({"x-request-id": "req-1"}, None) == "req-1"
    assert reference_of({"x-request-id": "a letter from Ada"}, {"metadata": {"request_id": 7}}) == ""


def test_l33_kept_answers_tell_their_age_and_can_be_dropped(services: Services, replica: Replica) -> None:
    account = live(services, replica)
    services.vault.cloud.keep_body(account.key, "one", '"e"', {"a": 1}, 1_700_000_000)
    services.vault.cloud.keep_body(account.key, "two", '"f"', {"a": 2}, 1_700_000_600)
    (kept,) = services.cached_answers()
    assert (kept.account, kept.answers, kept.oldest, kept.newest) == (account.key, 2, 1_700_000_000, 1_700_000_600)
    assert services.clear_cached_answers() == 2
    assert services.cached_answers() == ()


def test_l75_test_routes_are_tried_without_a_token(services: Services, replica: Replica) -> None:
    live(services, replica)
    services.change_setting(DEVELOPER_ROUTES.setting, True)
    found = {one.part: one.outcome for one in services.try_test_routes(replica.url)}
    assert set(found) == {"test_ping", "test_middleware"}
    # Without a token no such route tells anything of anyone; that it answers is all that is asked.
    assert set(found.values()) <= {"answers", "refused"}
    assert all(path.startswith(("/api/v1/test/", "/api/v1/openapi", "/openapi")) for _, path, _ in replica.state.bodies)


def test_figures_that_cannot_be_kept_do_not_keep_the_vault_open(
    services: Services, replica: Replica, monkeypatch: pytest.MonkeyPatch
) -> None:
    live(services, replica)
    services.probe_services()

    def refuse(*_: object) -> None:
        raise ConflictError("vault.read_only", "The disk is full.", remedy="Make room.")

    monkeypatch.setattr(type(services.vault.outbox), "remember", refuse)
    services.lock()
    assert not services.unlocked


def test_l63_what_a_channel_does_not_understand_is_counted_in_diagnostics(services: Services, replica: Replica) -> None:
    account = live(services, replica)
    sockets = services._cloud_live[account.key].sockets

    async def begin() -> Channel:
        return sockets.open("ws_room", lambda _: None)

    channel = services._net.run(begin())
    assert read_frame('{"type": "Party", "x": 1}', channel.counts) is None
    (counted,) = services.diagnosis().channels
    assert (counted.capability, dict(counted.unknown), counted.unreadable) == ("ws_room", {"party": 1}, 0)
    assert counted.host == replica.url.removeprefix("http://")
    assert "party" in services.diagnostic_text()


def test_somebody_named_like_a_field_leaves_the_file_readable(services: Services) -> None:
    services.add_patient("Version Flags")
    text = services.diagnostic_text()
    assert {"version", "flags", "checks"} <= set(json.loads(text))
    assert "Version Flags" not in text
