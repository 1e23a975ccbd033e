"""The way through a proxy that asks for a password: requests, sign-in and live channel; and the way past it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from clarity_desktop.app import Services, open_services
from clarity_desktop.app.cloud_sessions import CloudAccount, CloudChallenge
from clarity_desktop.cloud.client import CloudError
from clarity_desktop.vault import KdfParameters, Vault
from tests.app.cloud.account import live, until
from tests.memory_keychain import MemoryKeychain
from tests.servers.forward_proxy import NAME, PASSWORD, ForwardProxy, forward_proxy
from tests.servers.identity_devices import SMS_CODE, DeviceIdentity, device_identity
from tests.servers.pool_tokens import PoolTokens
from tests.servers.replica import Replica, running_replica

EMAIL, WORD = "ada@clinic.example", "Herons7-quiet"


@pytest.fixture(scope="module")
def identity() -> Iterator[DeviceIdentity]:
    with device_identity() as running:
        running.add(EMAIL, WORD)
        yield running


@pytest.fixture(scope="module")
def replica(identity: DeviceIdentity, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Replica]:
    path = tmp_path_factory.mktemp("replica") / "replica.db"
    with running_replica(path, tokens=PoolTokens(identity.pool, identity.keys)) as running:
        yield running


@pytest.fixture
def proxy() -> Iterator[ForwardProxy]:
    with forward_proxy() as running:
        yield running


@pytest.fixture
def services(
    tmp_path: Path, replica: Replica, identity: DeviceIdentity, keychain: MemoryKeychain
) -> Iterator[Services]:
    del keychain
    found = open_services(tmp_path)
    found._adopt(Vault.create(tmp_path / "vault", "seven quiet herons", kdf=KdfParameters.for_tests()))
    found.change_setting("external.sending", True)
    pool = identity.pool
    found.set_cloud_server(
        replica.url,
        region=pool.region,
        pool_id=pool.pool_id,
        client_id=pool.client_id,
        endpoint=str(pool.endpoint),
    )
    yield found
    found.close()


def signed_in(services: Services, replica: Replica) -> CloudAccount:
    asked = services.cloud_sign_in(replica.url, EMAIL, WORD)
    assert isinstance(asked, CloudChallenge)
    found = services.cloud_answer(asked, SMS_CODE)
    assert isinstance(found, CloudAccount)
    return found


def places(proxy: ForwardProxy) -> set[str]:
    return {place for _, place in proxy.seen}


@pytest.mark.slow
def test_l6_everything_goes_through_a_proxy_that_is_set(
    services: Services, replica: Replica, identity: DeviceIdentity, proxy: ForwardProxy, tmp_path: Path
) -> None:
    services.set_cloud_server(replica.url, proxy=f"http://{NAME}:{PASSWORD}@{proxy.place}")
    signed_in(services, replica)
    server = replica.url.removeprefix("http://")
    pool = str(identity.pool.endpoint).removeprefix("http://")
    # Requests, the sign-in by the library's own client, and the public keys.
    assert places(proxy) == {server, pool}
    assert proxy.refused == 0
    live(services)
    until(lambda: ("CONNECT", server) in proxy.seen)
    services.close()
    held = b"".join(one.read_bytes() for one in tmp_path.rglob("*") if one.is_file())
    assert PASSWORD.encode() not in held


def test_l6_a_proxy_that_wants_a_password_is_said(services: Services, replica: Replica, proxy: ForwardProxy) -> None:
    services.set_cloud_server(replica.url, proxy=f"http://{proxy.place}")
    with pytest.raises(CloudError):
        services.cloud_sign_in(replica.url, EMAIL, WORD)
    assert proxy.refused >= 1
    assert proxy.seen == []


@pytest.mark.slow
def test_l6_the_computers_proxy_is_taken_and_can_be_gone_past(
    services: Services, replica: Replica, proxy: ForwardProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY"):
        monkeypatch.setenv(name, f"http://{NAME}:{PASSWORD}@{proxy.place}")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    signed_in(services, replica)
    assert len(places(proxy)) == 2
    proxy.seen.clear()
    services.cloud_sign_out()
    proxy.seen.clear()
    services.set_cloud_server(replica.url, proxy="direct")
    assert services.cloud_servers()[0].proxy == "direct"
    signed_in(services, replica)
    live(services)
    assert proxy.seen == []
