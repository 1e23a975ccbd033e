"""A remembered machine and codes by text message, against a scripted service that checks every proof by real SRP."""

from __future__ import annotations

import locale
from collections.abc import Iterator
from dataclasses import replace

import pytest

from clarity_desktop.cloud.auth import Challenge, ChallengeKind, Pool, RememberedDevice, SignedIn
from clarity_desktop.cloud.auth.cognito import IdentityService
from clarity_desktop.cloud.client import CloudError
from tests.servers.identity_devices import SMS_CODE, DeviceIdentity, device_identity

PASSWORD = "Herons7-quiet"
EMAIL = "ada@clinic.example"


@pytest.fixture(scope="module")
def identity() -> Iterator[DeviceIdentity]:
    with device_identity() as running:
        yield running


@pytest.fixture
def service(identity: DeviceIdentity) -> IdentityService:
    identity.accounts.clear()
    identity.sent.clear()
    identity.add(EMAIL, PASSWORD)
    return IdentityService(identity.pool, identity.keys)


def with_code(service: IdentityService) -> SignedIn:
    asked = service.sign_in(EMAIL, PASSWORD)
    assert isinstance(asked, Challenge)
    found = service.answer(asked, SMS_CODE)
    assert isinstance(found, SignedIn)
    return found


def remembered(service: IdentityService, *, remember: bool = True) -> tuple[SignedIn, RememberedDevice]:
    found = with_code(service)
    assert found.offered is not None
    return found, service.name_device(found.tokens.access, found.offered, "desk", remember=remember)


def test_l10_a_code_by_text_message_with_its_masked_number(service: IdentityService) -> None:
    asked = service.sign_in(EMAIL, PASSWORD)
    assert isinstance(asked, Challenge)
    assert (asked.kind, asked.hint) == (ChallengeKind.SMS, "+*******0199")
    with pytest.raises(CloudError) as wrong:
        service.answer(asked, "000000")
    assert wrong.value.code == "cloud.wrong_code"
    # The same challenge takes another try.
    assert isinstance(service.answer(asked, f" {SMS_CODE} "), SignedIn)


def test_a_remembered_machine_skips_the_code(service: IdentityService, identity: DeviceIdentity) -> None:
    _, device = remembered(service)
    found = service.sign_in(EMAIL, PASSWORD, device)
    assert isinstance(found, SignedIn)
    assert (found.tokens.email, found.device_unknown, found.offered) == (EMAIL, False, None)
    names = [body.get("ChallengeName") for operation, body in identity.sent if operation == "RespondToAuthChallenge"]
    assert names[-2:] == ["DEVICE_SRP_AUTH", "DEVICE_PASSWORD_VERIFIER"]
    assert PASSWORD not in str(identity.sent)
    assert device.password not in str(identity.sent) + repr(device)


def test_a_machine_that_is_only_named_is_asked_for_its_code(service: IdentityService) -> None:
    _, device = remembered(service, remember=False)
    assert not device.remembered
    assert isinstance(service.sign_in(EMAIL, PASSWORD, device), Challenge)


def test_a_machine_that_the_pool_forgot_signs_in_without(service: IdentityService) -> None:
    found, device = remembered(service)
    service.forget_device(found.tokens.access, device.key)
    service.forget_device(found.tokens.access, device.key)
    asked = service.sign_in(EMAIL, PASSWORD, device)
    assert isinstance(asked, Challenge)
    assert asked.device_unknown
    again = service.answer(asked, SMS_CODE)
    assert isinstance(again, SignedIn)
    assert again.device_unknown


def test_a_machines_wrong_proof_is_not_called_a_wrong_password(service: IdentityService) -> None:
    _, device = remembered(service)
    asked = service.sign_in(EMAIL, PASSWORD, replace(device, password="another"))
    assert isinstance(asked, Challenge)
    assert asked.device_unknown
    with pytest.raises(CloudError) as wrong:
        service.sign_in(EMAIL, "Herons8-quiet", device)
    assert wrong.value.code == "cloud.wrong_password"


def test_renewing_names_the_machine(service: IdentityService) -> None:
    found, device = remembered(service)
    renewed = service.renew(found.tokens.refresh, found.tokens.subject, device.key)
    assert renewed.refresh == found.tokens.refresh
    with pytest.raises(CloudError) as out:
        service.renew(found.tokens.refresh, found.tokens.subject)
    assert out.value.code == "cloud.signed_out"


def test_l82_a_client_that_is_not_the_pools(service: IdentityService, identity: DeviceIdentity) -> None:
    found = with_code(service)
    other = IdentityService(Pool(**{**_fields(identity.pool), "client_id": "older"}), identity.keys)
    for call in (lambda: other.renew(found.tokens.refresh), lambda: other.sign_in(EMAIL, PASSWORD)):
        with pytest.raises(CloudError) as refused:
            call()
        assert refused.value.code == "cloud.configuration"
        assert "does not match the account" in refused.value.message


def test_a_claim_is_in_english_whatever_the_computer_speaks(
    service: IdentityService, identity: DeviceIdentity, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, device = remembered(service)
    before = locale.setlocale(locale.LC_TIME)
    for name in ("de_DE.UTF-8", "fr_FR.UTF-8"):
        try:
            locale.setlocale(locale.LC_TIME, name)
        except locale.Error:
            continue
        break
    try:
        assert isinstance(service.sign_in(EMAIL, PASSWORD, device), SignedIn)
    finally:
        locale.setlocale(locale.LC_TIME, before)
    stamp = identity.sent[-1][1]["ChallengeResponses"]["TIMESTAMP"]
    assert stamp.split()[0] in ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def _fields(pool: Pool) -> dict[str, str | None]:
    return {
        "region": pool.region,
        "pool_id": pool.pool_id,
        "client_id": pool.client_id,
        "endpoint": pool.endpoint,
    }
