"""A remembered computer, the second factor, locks, changed settings and a clinic's one token, in the services."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import ssl
import struct
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import jwt
import pytest

from clarity_desktop.app import Services, open_services
from clarity_desktop.app.cloud_sessions import CloudAccount, CloudChallenge
from clarity_desktop.cloud.client import CloudError
from clarity_desktop.domain.errors import ConflictError, NotPermittedError, UsageError
from clarity_desktop.vault import KdfParameters, Vault
from tests.memory_keychain import MemoryKeychain
from tests.servers.identity import identity_emulator
from tests.servers.identity_devices import SMS_CODE, DeviceIdentity, device_identity
from tests.servers.pool_tokens import PoolTokens
from tests.servers.replica import Replica, running_replica

CHEAP = KdfParameters.for_tests()
WORDS = "seven quiet herons"
PASSWORD = "Herons7-quiet"
EMAIL = "ada@clinic.example"


@pytest.fixture(scope="module")
def identity() -> Iterator[DeviceIdentity]:
    with device_identity() as running:
        yield running


@pytest.fixture(scope="module")
def replica(identity: DeviceIdentity, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Replica]:
    path = tmp_path_factory.mktemp("replica") / "replica.db"
    with running_replica(path, tokens=PoolTokens(identity.pool, identity.keys)) as running:
        yield running


def opened(folder: Path) -> Services:
    found = open_services(folder)
    found._adopt(Vault.create(folder / "vault", WORDS, kdf=CHEAP))
    found.change_setting("external.sending", True)
    return found


@pytest.fixture
def services(
    tmp_path: Path, replica: Replica, identity: DeviceIdentity, keychain: MemoryKeychain
) -> Iterator[Services]:
    del keychain
    identity.accounts.clear()
    identity.sent.clear()
    identity.add(EMAIL, PASSWORD)
    found = opened(tmp_path)
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


def with_code(services: Services, replica: Replica, *, remember: bool) -> CloudAccount:
    asked = services.cloud_sign_in(replica.url, EMAIL, PASSWORD, remember=remember)
    assert isinstance(asked, CloudChallenge)
    assert (asked.kind, asked.hint) == ("sms", "+*******0199")
    found = services.cloud_answer(asked, SMS_CODE)
    assert isinstance(found, CloudAccount)
    return found


def outcomes(services: Services, action: str) -> list[str]:
    return [one.outcome for one in services.vault.audit.entries() if one.action == action]


def test_a_remembered_computer_is_asked_for_the_password_alone(
    services: Services, replica: Replica, tmp_path: Path
) -> None:
    account = with_code(services, replica, remember=True)
    assert services.cloud_status().remembers
    services.lock()
    services._adopt(Vault.open(tmp_path / "vault", WORDS, kdf_floor=CHEAP))
    # The key comes from the keychain; neither code nor challenge is asked for, and renewing names the machine.
    assert services._net.run(services._cloud_api(account).me()) == account.user_id
    services.cloud_sign_out()
    assert isinstance(services.cloud_sign_in(replica.url, EMAIL, PASSWORD), CloudAccount)
    assert outcomes(services, "cloud.device_remember") == ["ok"]


def test_a_computer_that_is_not_remembered_renews_and_is_asked_again(services: Services, replica: Replica) -> None:
    account = with_code(services, replica, remember=False)
    assert not services.cloud_status().remembers
    session = services._cloud_session(account)
    held = session.tokens
    assert held is not None
    assert services._net.run(session.renew(held.access)) != held.access
    services.cloud_sign_out()
    assert isinstance(services.cloud_sign_in(replica.url, EMAIL, PASSWORD), CloudChallenge)


def test_sign_out_everywhere_forgets_the_computer(
    services: Services, replica: Replica, identity: DeviceIdentity, keychain: MemoryKeychain
) -> None:
    with_code(services, replica, remember=True)
    assert any("cloud-device" in name for _, name in keychain.kept)
    assert services.cloud_sign_out(everywhere=True) is True
    assert not services.cloud_status().remembers
    assert not any("cloud-device" in name for _, name in keychain.kept)
    assert identity.accounts[EMAIL].devices == {}
    names = [operation for operation, _ in identity.sent]
    assert names.index("ForgetDevice") < names.index("GlobalSignOut")


def test_forgetting_the_computer_asks_for_the_code_again(services: Services, replica: Replica) -> None:
    with_code(services, replica, remember=True)
    assert services.cloud_forget_device() is True
    assert services.cloud_forget_device() is False
    assert isinstance(services.cloud_sign_in(replica.url, EMAIL, PASSWORD), CloudChallenge)


def test_no_secret_of_a_computer_is_on_disk(services: Services, replica: Replica, tmp_path: Path) -> None:
    account = with_code(services, replica, remember=True)
    device = services._devices_kept().find(replica.url, account.email)
    assert device is not None
    services.close()
    held = b"".join(one.read_bytes() for one in tmp_path.rglob("*") if one.is_file())
    assert not any(one.encode() in held for one in (device.key, device.password))


@pytest.mark.slow
def test_an_app_is_enrolled_and_asked_for(tmp_path: Path, keychain: MemoryKeychain) -> None:
    del keychain
    with identity_emulator(tmp_path / "emulator.log") as emulator:
        pool = emulator.make_pool()
        emulator.make_person(pool, EMAIL, PASSWORD)
        with running_replica(tmp_path / "r.db", tokens=PoolTokens(pool, emulator.keys(pool))) as server:
            services = opened(tmp_path)
            services.set_cloud_server(
                server.url,
                region=pool.region,
                pool_id=pool.pool_id,
                client_id=pool.client_id,
                endpoint=str(pool.endpoint),
            )
            assert isinstance(services.cloud_sign_in(server.url, EMAIL, PASSWORD), CloudAccount)
            enrolment = services.cloud_begin_app()
            assert enrolment.address.startswith("otpauth://totp/CLARITY:ada%40clinic.example?secret=")
            assert enrolment.secret not in repr(enrolment)
            with pytest.raises(CloudError) as wrong:
                services.cloud_finish_app("000000")
            assert wrong.value.code == "cloud.wrong_code"
            services.cloud_finish_app(digits(enrolment.secret))
            services.cloud_sign_out()
            asked = services.cloud_sign_in(server.url, EMAIL, PASSWORD)
            assert isinstance(asked, CloudChallenge)
            assert asked.kind == "software_token"
            assert isinstance(services.cloud_answer(asked, digits(enrolment.secret)), CloudAccount)
            services.cloud_prefer_factor("none")
            services.cloud_sign_out()
            assert isinstance(services.cloud_sign_in(server.url, EMAIL, PASSWORD), CloudAccount)
            with pytest.raises(UsageError):
                services.cloud_prefer_factor("pigeon")
            assert outcomes(services, "cloud.second_factor")[-3:].count("ok") >= 2
            services.close()


def digits(secret: str) -> str:
    """Six digits of this moment (RFC 6238)."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    code = hmac.new(key, struct.pack(">Q", int(time.time()) // 30), hashlib.sha1).digest()
    at = code[-1] & 15
    return f"{(struct.unpack('>I', code[at : at + 4])[0] & 0x7FFFFFFF) % 10**6:06d}"


def test_l19_a_locked_account_shows_its_first_time_and_is_not_tried_again(
    tmp_path: Path, keychain: MemoryKeychain
) -> None:
    del keychain
    services = opened(tmp_path)
    with running_replica(tmp_path / "replica.db") as server:
        services.set_cloud_server(server.url, login="server")
        for _ in range(3):
            with pytest.raises(CloudError) as wrong:
                services.cloud_sign_in(server.url, EMAIL, "wrong-Words7")
            assert wrong.value.code == "cloud.invalid_credentials"
        with pytest.raises(CloudError) as locked:
            services.cloud_sign_in(server.url, EMAIL, PASSWORD)
        assert (locked.value.code, locked.value.retryable) == ("cloud.account_locked", False)
        assert 890 < (locked.value.wait_s or 0) <= 900
        calls = server.state.calls["login"]
        with pytest.raises(CloudError) as again:
            services.cloud_sign_in(server.url, EMAIL.upper(), PASSWORD)
        # The first time stands, and nothing was sent, as each try would move the server's.
        assert again.value.message == locked.value.message
        assert server.state.calls["login"] == calls == 4
        # Another account is not concerned.
        assert isinstance(services.cloud_sign_in(server.url, "bob@clinic.example", PASSWORD), CloudAccount)
    services.close()


def test_l82_pool_or_client_changed_after_the_sign_in(services: Services, replica: Replica) -> None:
    account = with_code(services, replica, remember=False)
    services.set_cloud_server(replica.url, client_id="older-client")
    with pytest.raises(CloudError) as changed:
        services._cloud_api(account)
    assert changed.value.code == "cloud.configuration"
    with pytest.raises(CloudError) as signing:
        services.cloud_sign_in(replica.url, EMAIL, PASSWORD)
    assert signing.value.code == "cloud.configuration"
    # The token is kept: with the settings as they were the sign-in goes on.
    services.set_cloud_server(replica.url, client_id="desktopclient")
    assert services._net.run(services._cloud_api(account).me()) == account.user_id


def test_l82_a_pool_that_is_not_there(services: Services, replica: Replica) -> None:
    services.set_cloud_server(replica.url, pool_id="us-east-1_Elsewhere")
    with pytest.raises(CloudError) as gone:
        services.cloud_sign_in(replica.url, EMAIL, PASSWORD)
    assert gone.value.code == "cloud.configuration"
    assert "does not match the account" in gone.value.message


def test_l82_a_server_set_up_for_another_pool(services: Services, identity: DeviceIdentity, tmp_path: Path) -> None:
    pool = identity.pool
    # This one takes stub tokens alone, so that it refuses what the pool has signed.
    with running_replica(tmp_path / "older.db") as older:
        services.set_cloud_server(
            older.url,
            region=pool.region,
            pool_id=pool.pool_id,
            client_id=pool.client_id,
            endpoint=str(pool.endpoint),
        )
        asked = services.cloud_sign_in(older.url, EMAIL, PASSWORD)
        assert isinstance(asked, CloudChallenge)
        with pytest.raises(CloudError) as other:
            services.cloud_answer(asked, SMS_CODE)
    assert other.value.code == "cloud.configuration"
    assert services.cloud_status().accounts == ()


@contextmanager
def clinic_server(life_s: int) -> Iterator[tuple[str, list[str]]]:
    """A scripted clinic server: one token, no refresh, ``/auth/me``; nothing else."""
    user_id = str(uuid.uuid4())
    calls: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            calls.append(self.path)
            if body["password"] != PASSWORD:
                self._tell(401, {"detail": "Invalid credentials"})
                return
            claims = {"sub": user_id, "exp": int(time.time()) + life_s}
            self._tell(200, {"access_token": jwt.encode(claims, "k" * 32, algorithm="HS256"), "token_type": "bearer"})

        def do_GET(self) -> None:
            calls.append(self.path)
            is_known = self.path == "/api/auth/me" and self.headers.get("Authorization", "").startswith("Bearer ")
            self._tell(200 if is_known else 404, {"user_id": user_id} if is_known else {"detail": "Not Found"})

        def _tell(self, status: int, document: dict[str, Any]) -> None:
            text = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *args: object) -> None:
            del args

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", calls
    finally:
        server.shutdown()
        server.server_close()


def test_l81_two_sign_ins_with_different_rules_side_by_side(
    services: Services, replica: Replica, tmp_path: Path
) -> None:
    cloud = with_code(services, replica, remember=False)
    with clinic_server(7 * 86_400) as (url, calls):
        services.set_cloud_server(url, login="clinic")
        clinic = services.cloud_sign_in(url, EMAIL, PASSWORD, another=True)
        assert isinstance(clinic, CloudAccount)
        status = services.cloud_status()
        assert status.ends == pytest.approx(time.time() + 7 * 86_400, abs=10)
        assert services.cloud_ending_soon() == ()
        # Each goes on by its own rule: one renews, the other is used as it is.
        session = services._cloud_session(cloud)
        held = session.tokens
        assert held is not None
        services._net.run(session.renew(held.access))
        one = services._cloud_session(clinic)
        assert one.ends is not None
        token = services._net.run(one.access_token())
        services.lock()
        services._adopt(Vault.open(tmp_path / "vault", WORDS, kdf_floor=CHEAP))
        assert services._net.run(services._cloud_session(clinic).access_token()) == token
        assert services._net.run(services._cloud_api(cloud).me()) == cloud.user_id
        assert calls.count("/api/auth/login") == 1
        # A refusal ends that session alone, without a request for a refresh that does not exist.
        with pytest.raises(CloudError) as over:
            services._net.run(services._cloud_session(clinic).renew(token))
        assert over.value.code == "cloud.signed_out"
        assert all("refresh" not in path for path in calls)
        assert services._net.run(services._cloud_api(cloud).me()) == cloud.user_id


def test_l81_the_end_of_a_clinics_token_is_announced_a_day_ahead(services: Services) -> None:
    with clinic_server(86_400 - 60) as (url, _):
        services.set_cloud_server(url, login="clinic")
        account = services.cloud_sign_in(url, EMAIL, PASSWORD)
        assert isinstance(account, CloudAccount)
        [(found, end)] = services.cloud_ending_soon()
        assert (found, end) == (account, services.cloud_status().ends)
        assert services.cloud_sign_out() is False
        assert services.cloud_ending_soon() == ()


def test_the_check_of_a_server_respects_the_switch(services: Services, replica: Replica) -> None:
    served, _ = services.check_cloud(replica.url)
    assert served
    services.change_setting("external.sending", False)
    before = sum(replica.state.calls.values())
    with pytest.raises(NotPermittedError) as off:
        services.check_cloud(replica.url)
    assert off.value.code == "cloud.sending_off"
    assert sum(replica.state.calls.values()) == before


def test_the_second_factor_is_the_identity_services(tmp_path: Path, keychain: MemoryKeychain) -> None:
    del keychain
    services = opened(tmp_path)
    with running_replica(tmp_path / "replica.db") as server:
        services.set_cloud_server(server.url, login="server")
        services.cloud_sign_in(server.url, EMAIL, PASSWORD)
        with pytest.raises(ConflictError) as none:
            services.cloud_begin_app()
        assert none.value.code == "cloud.no_factor"
    services.close()


@pytest.mark.slow
def test_l53_a_renewal_that_fails_is_an_entry_and_not_one_for_every_call(services: Services, replica: Replica) -> None:
    account = with_code(services, replica, remember=False)
    session = services._cloud_session(account)
    held = session.tokens
    assert held is not None
    services.set_cloud_server(replica.url, endpoint="http://127.0.0.1:9")
    session = services._cloud_session(account)
    session._tokens = replace(held, issued=time.time() - 3500, expires=time.time() + 60)
    for _ in range(2):
        assert services._net.run(session.access_token()) == held.access
    deadline = time.monotonic() + 5
    while not outcomes(services, "cloud.refresh") and time.monotonic() < deadline:
        time.sleep(0.05)
    assert outcomes(services, "cloud.refresh") == ["failed"]


def test_l7_the_longest_waits_are_settings(services: Services, replica: Replica) -> None:
    assert services._service(services._server(replica.url)).total_s == 30.0
    services.change_setting("cloud.total_s", 12)
    services.change_setting("cloud.connect_s", 3)
    found = services._service(services._server(replica.url))
    assert (found.connect_s, found.total_s) == (3.0, 12.0)
    assert services._identity(services._server(replica.url))._total_s == 12.0


def test_l4_the_fingerprint_of_an_own_authority_is_told(services: Services, replica: Replica, tmp_path: Path) -> None:
    with_code(services, replica, remember=False)
    assert services.cloud_status().authority == ""
    authority = tmp_path / "authority.pem"
    authority.write_text(a_certificate())
    services.set_cloud_server(replica.url, ca_file=str(authority))
    told = services.cloud_status().authority
    assert told == hashlib.sha256(ssl.PEM_cert_to_DER_cert(a_certificate())).hexdigest()
    authority.unlink()
    assert services.cloud_status().authority == "unreadable"


@cache
def a_certificate() -> str:
    from datetime import UTC, datetime, timedelta

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Clinic authority")])
    now = datetime.now(UTC)
    built = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    built = built.serial_number(1).not_valid_before(now).not_valid_after(now + timedelta(days=2))
    return built.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()
