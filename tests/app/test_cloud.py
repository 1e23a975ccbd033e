"""Accounts in the services: a real emulator of the identity service, a replica of the API, and a keychain in memory."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from clarity_desktop.app import Services, open_services
from clarity_desktop.app.cloud_sessions import CloudAccount, CloudChallenge
from clarity_desktop.cloud.auth import Pool
from clarity_desktop.cloud.client import Call, CloudError
from clarity_desktop.cloud.realtime import Channel, ChannelState
from clarity_desktop.domain.errors import ConflictError, NotPermittedError, UsageError
from clarity_desktop.vault import KdfParameters, Vault
from tests.servers.identity import RESET_CODE, SIGN_UP_CODE, IdentityEmulator, identity_emulator
from tests.servers.pool_tokens import PoolTokens
from tests.servers.replica import Replica, running_replica

CHEAP = KdfParameters.for_tests()
WORDS = "seven quiet herons"
PASSWORD = "Herons7-quiet"


@pytest.fixture(scope="module")
def identity(tmp_path_factory: pytest.TempPathFactory) -> Iterator[IdentityEmulator]:
    with identity_emulator(tmp_path_factory.mktemp("identity") / "emulator.log") as running:
        yield running


@pytest.fixture(scope="module")
def pool(identity: IdentityEmulator) -> Pool:
    return identity.make_pool()


@pytest.fixture(scope="module")
def replica(identity: IdentityEmulator, pool: Pool, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Replica]:
    path = tmp_path_factory.mktemp("replica") / "replica.db"
    with running_replica(path, tokens=PoolTokens(pool, identity.keys(pool))) as running:
        yield running


@pytest.fixture(autouse=True)
def _keychain(keychain: object) -> None:
    """Every test has a keychain that works."""


@pytest.fixture
def services(tmp_path: Path, replica: Replica, pool: Pool) -> Iterator[Services]:
    found = open_services(tmp_path)
    found._adopt(Vault.create(tmp_path / "vault", WORDS, kdf=CHEAP))
    found.change_setting("external.sending", True)
    found.set_cloud_server(
        replica.url,
        region=pool.region,
        pool_id=pool.pool_id,
        client_id=pool.client_id,
        endpoint=str(pool.endpoint),
    )
    yield found
    found.close()


@pytest.fixture
def email(identity: IdentityEmulator, pool: Pool) -> str:
    address = f"{uuid.uuid4().hex[:10]}@clinic.example"
    identity.make_person(pool, address, PASSWORD)
    return address


def signed_in(services: Services, replica: Replica, email: str, **more: bool) -> CloudAccount:
    account = services.cloud_sign_in(replica.url, email, PASSWORD, **more)
    assert isinstance(account, CloudAccount)
    return account


def actions(services: Services) -> list[tuple[str, str]]:
    return [(one.action, one.outcome) for one in services.vault.audit.entries() if one.action.startswith("cloud.")]


def test_l9_sign_in_calls_the_server_and_is_audited(services: Services, replica: Replica, email: str) -> None:
    account = signed_in(services, replica, email)
    assert (account.email, account.profile) == (email, "openapi")
    assert services.cloud_account() == account
    status = services.cloud_status()
    assert (status.signed_in, status.is_kept, status.current) == (True, True, account)
    assert services._net.run(services._cloud_api(account).me()) == account.user_id
    assert services.cloud_probe()["data_health"]
    assert ("cloud.sign_in", "ok") in actions(services)


def test_l14_no_token_and_no_password_on_disk(services: Services, replica: Replica, email: str, tmp_path: Path) -> None:
    account = signed_in(services, replica, email)
    tokens = services._cloud_session(account).tokens
    assert tokens is not None
    services._net.run(services._cloud_api(account).me())
    wanted = [one.encode() for one in (tokens.access, tokens.refresh, tokens.id, PASSWORD)]
    entries = "".join(f"{one.action} {one.detail}" for one in services.vault.audit.entries(None)).encode()
    settings = str(services.vault.outbox.recall("cloud.servers")) + str(services.vault.outbox.recall("cloud.accounts"))
    services.close()
    held = entries + settings.encode() + b"".join(one.read_bytes() for one in tmp_path.rglob("*") if one.is_file())
    assert not any(one in held for one in wanted)


def test_a_sign_in_outlives_the_program(services: Services, replica: Replica, email: str, tmp_path: Path) -> None:
    account = signed_in(services, replica, email)
    services.lock()
    services._adopt(Vault.open(tmp_path / "vault", WORDS, kdf_floor=CHEAP))
    assert services._cloud_live == {}
    # The refresh token comes from the keychain; the first call fetches an access token.
    assert services._net.run(services._cloud_api(account).me()) == account.user_id


def test_l18_another_user_is_a_choice(
    services: Services, replica: Replica, email: str, identity: IdentityEmulator, pool: Pool
) -> None:
    first = signed_in(services, replica, email)
    other = f"{uuid.uuid4().hex[:10]}@clinic.example"
    identity.make_person(pool, other, PASSWORD)
    with pytest.raises(ConflictError) as stopped:
        services.cloud_sign_in(replica.url, other, PASSWORD)
    assert stopped.value.code == "cloud.other_user"
    assert services.cloud_status().accounts == (first,)
    second = signed_in(services, replica, other, another=True)
    assert services.cloud_status().accounts == (first, second)
    assert services.cloud_account() == second
    assert services.cloud_choose_account(first.key) == first
    assert services.cloud_account() == first


def test_l16_sign_out_drops_tokens_and_keeps_the_rest(services: Services, replica: Replica, email: str) -> None:
    account = signed_in(services, replica, email)
    api = services._cloud_api(account)
    assert services.cloud_sign_out() is True
    assert not services.cloud_status().signed_in
    assert services.cloud_account() == account
    with pytest.raises(CloudError) as out:
        services._cloud_api(account)
    assert out.value.code == "cloud.signed_out"
    assert api is not None
    services.cloud_forget_account(account.key)
    assert services.cloud_account() is None


@pytest.mark.slow
def test_l16_sign_out_without_a_network_drops_tokens_too(services: Services, replica: Replica, email: str) -> None:
    account = signed_in(services, replica, email)
    services.set_cloud_server(replica.url, endpoint="http://127.0.0.1:9")
    assert services.cloud_sign_out() is False
    assert services.vault.secrets.find(f"cloud/{account.key}") is None
    assert ("cloud.sign_out", "refused") in actions(services)


def test_sign_out_everywhere_ends_other_sessions(services: Services, replica: Replica, email: str) -> None:
    account = signed_in(services, replica, email)
    refresh = services._tokens_kept().find(account.key)
    assert refresh is not None
    assert services.cloud_sign_out(everywhere=True) is True
    services._tokens_kept().keep(account.key, refresh)
    with pytest.raises(CloudError) as out:
        services._net.run(services._cloud_api(account).me())
    assert out.value.code == "cloud.signed_out"
    services._net.run(_settled())
    assert services._tokens_kept().find(account.key) is None
    assert ("cloud.refresh", "refused") in actions(services)


async def _settled() -> None:
    await asyncio.sleep(0.3)


def test_l9_register_confirm_reset(services: Services, replica: Replica) -> None:
    email = f"{uuid.uuid4().hex[:10]}@clinic.example"
    assert services.cloud_register(replica.url, email, PASSWORD, "Ada") is False
    with pytest.raises(CloudError) as waiting:
        services.cloud_sign_in(replica.url, email, PASSWORD)
    assert waiting.value.code == "cloud.not_confirmed"
    services.cloud_send_code(replica.url, email)
    services.cloud_confirm(replica.url, email, SIGN_UP_CODE)
    services.cloud_forgot_password(replica.url, email)
    services.cloud_reset_password(replica.url, email, RESET_CODE, "Another7-words")
    assert isinstance(services.cloud_sign_in(replica.url, email, "Another7-words"), CloudAccount)
    assert ("cloud.sign_in", "refused") in actions(services)


def test_l10_a_first_password_is_a_challenge(
    services: Services, replica: Replica, identity: IdentityEmulator, pool: Pool
) -> None:
    email = f"{uuid.uuid4().hex[:10]}@clinic.example"
    identity.make_person(pool, email, PASSWORD, must_change=True)
    asked = services.cloud_sign_in(replica.url, email, PASSWORD)
    assert isinstance(asked, CloudChallenge)
    assert (asked.kind, asked.email) == ("new_password", email)
    assert isinstance(services.cloud_answer(asked, "Another7-words"), CloudAccount)


def test_sending_switched_off_sends_nothing(services: Services, replica: Replica, email: str) -> None:
    services.change_setting("external.sending", False)
    before = sum(replica.state.calls.values())
    for call in (
        lambda: services.cloud_sign_in(replica.url, email, PASSWORD),
        lambda: services.cloud_register(replica.url, email, PASSWORD),
        lambda: services.cloud_forgot_password(replica.url, email),
    ):
        with pytest.raises(NotPermittedError) as refused:
            call()
        assert refused.value.code == "cloud.sending_off"
    assert sum(replica.state.calls.values()) == before


def test_l85_the_password_reaches_the_server_by_choice_alone(tmp_path: Path) -> None:
    services = open_services(tmp_path)
    services._adopt(Vault.create(tmp_path / "vault", WORDS, kdf=CHEAP))
    services.change_setting("external.sending", True)
    with running_replica(tmp_path / "replica.db") as replica:
        services.set_cloud_server(replica.url)
        with pytest.raises(UsageError) as no_pool:
            services.cloud_sign_in(replica.url, "ada@clinic.example", PASSWORD)
        assert no_pool.value.code == "cloud.no_pool"
        assert not any(PASSWORD.encode() in body for _, _, body in replica.state.bodies)
        services.set_cloud_server(replica.url, login="server")
        account = services.cloud_sign_in(replica.url, "ada@clinic.example", PASSWORD)
        assert isinstance(account, CloudAccount)
        session = services._cloud_session(account)
        held = session.tokens
        assert held is not None
        assert services._net.run(session.renew(held.access)) != held.access
        assert any(PASSWORD.encode() in body for _, _, body in replica.state.bodies)
        with pytest.raises(CloudError) as wrong:
            services.cloud_sign_in(replica.url, "ada@clinic.example", "wrong-Words7")
        assert wrong.value.code == "cloud.invalid_credentials"
        with pytest.raises(CloudError) as locked:
            services.cloud_sign_in(replica.url, "ada@clinic.example", "locked-Words7")
        assert locked.value.code == "cloud.account_locked"
        assert not locked.value.retryable
        services.close()


def test_l6_a_proxys_password_is_in_the_keychain(services: Services, replica: Replica) -> None:
    server = services.set_cloud_server(replica.url, proxy="http://ada:secret7@127.0.0.1:3128")
    assert server.proxy == "http://127.0.0.1:3128"
    assert services._service(server).proxy == "http://ada:secret7@127.0.0.1:3128"
    assert "secret7" not in str(services.vault.outbox.recall("cloud.servers"))


def test_l3_a_plain_address_is_refused_in_settings(services: Services) -> None:
    with pytest.raises(UsageError) as plain:
        services.set_cloud_server("http://server.example")
    assert plain.value.code == "cloud.plain_http"
    with pytest.raises(UsageError) as unknown:
        services.set_cloud_server("https://server.example", verify="no")
    assert unknown.value.code == "cloud.server_field"


def test_l27_limits_outlive_the_program(services: Services, replica: Replica, email: str, tmp_path: Path) -> None:
    account = signed_in(services, replica, email)
    api = services._cloud_api(account)
    bucket = api.client.buckets["upload"]
    assert bucket.take()
    assert bucket.take()
    services.lock()
    services._adopt(Vault.open(tmp_path / "vault", WORDS, kdf_floor=CHEAP))
    assert services._cloud_api(account).client.buckets["upload"].used() == 2


def test_a_path_that_the_server_does_not_know_asks_for_its_profile_again(
    services: Services, replica: Replica, email: str
) -> None:
    account = signed_in(services, replica, email)
    assert services.cloud_servers()[0].detected > 0
    client = services._cloud_api(account).client
    path = "/api/v1/health-data/upload"
    with pytest.raises(CloudError) as refused:
        services._net.run(client.send(Call("POST", path, path, document={})))
    assert refused.value.problem is not None
    assert refused.value.problem.status == 405
    services._net.run(_settled())
    assert services.cloud_servers()[0].detected == 0


def test_l59_sockets_close_at_the_lock(services: Services, replica: Replica, email: str) -> None:
    account = signed_in(services, replica, email)
    sockets = services._cloud_sockets(account)

    async def opened() -> Channel:
        channel = sockets.open("ws_room", lambda _: None)
        for _ in range(200):
            if channel.state is ChannelState.LIVE:
                break
            await asyncio.sleep(0.02)
        return channel

    channel = services._net.run(opened())
    assert channel.state is ChannelState.LIVE
    services.lock()
    services._net.run(_settled())
    assert channel.state is ChannelState.CLOSED
    assert sockets.channels() == {}
