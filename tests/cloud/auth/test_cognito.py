"""Signing in against a real emulator of the identity service, by SRP: what passes, what is refused, and the words."""

from __future__ import annotations

import base64
import hashlib
import hmac
import struct
import time
import uuid
from dataclasses import replace

import pytest

from clarity_desktop.cloud.auth import Challenge, ChallengeKind, Pool, SignedIn, checked_password
from clarity_desktop.cloud.auth.cognito import IdentityService
from clarity_desktop.cloud.client import CloudError
from clarity_desktop.domain.errors import UsageError
from tests.servers.identity import RESET_CODE, SIGN_UP_CODE, IdentityEmulator

PASSWORD = "Herons7-quiet"


@pytest.fixture
def service(identity: IdentityEmulator, pool: Pool) -> IdentityService:
    return IdentityService(pool, identity.keys(pool))


@pytest.fixture
def email() -> str:
    return f"{uuid.uuid4().hex[:10]}@clinic.example"


@pytest.fixture
def person(identity: IdentityEmulator, pool: Pool, email: str) -> str:
    identity.make_person(pool, email, PASSWORD)
    return email


def code_of(error: pytest.ExceptionInfo[CloudError]) -> str:
    return error.value.code


def test_l9_register_confirm_and_sign_in(service: IdentityService, email: str) -> None:
    assert service.register(email, PASSWORD, "Ada") is False
    with pytest.raises(CloudError) as waiting:
        service.sign_in(email, PASSWORD)
    assert code_of(waiting) == "cloud.not_confirmed"
    with pytest.raises(CloudError) as wrong:
        service.confirm(email, "000000")
    assert code_of(wrong) == "cloud.wrong_code"
    service.send_code_again(email)
    service.confirm(email, SIGN_UP_CODE)
    found = service.sign_in(email, PASSWORD)
    assert isinstance(found, SignedIn)
    assert (found.tokens.email, found.tokens.name) == (email, "Ada")
    assert found.tokens.expires > found.tokens.issued
    with pytest.raises(CloudError) as twice:
        service.register(email, PASSWORD)
    assert code_of(twice) == "cloud.account_exists"


def test_a_wrong_password_and_an_unknown_person_get_the_same_words(service: IdentityService, person: str) -> None:
    with pytest.raises(CloudError) as wrong:
        service.sign_in(person, "Herons8-quiet")
    with pytest.raises(CloudError) as unknown:
        service.sign_in("nobody@clinic.example", PASSWORD)
    assert (code_of(wrong), wrong.value.message) == (code_of(unknown), unknown.value.message)
    assert code_of(wrong) == "cloud.wrong_password"
    assert "Herons8" not in repr(wrong.value) + str(wrong.value.as_document())


def test_l10_a_first_password_is_changed(
    identity: IdentityEmulator, service: IdentityService, pool: Pool, email: str
) -> None:
    identity.make_person(pool, email, PASSWORD, must_change=True)
    asked = service.sign_in(email, PASSWORD)
    assert isinstance(asked, Challenge)
    assert asked.kind is ChallengeKind.NEW_PASSWORD
    with pytest.raises(UsageError):
        service.answer(asked, "short")
    assert isinstance(service.answer(asked, "Another7-words"), SignedIn)
    assert isinstance(service.sign_in(email, "Another7-words"), SignedIn)


def digits(secret: str, at: float) -> str:
    """The six digits of an authenticator app (RFC 6238)."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    mac = hmac.new(key, struct.pack(">Q", int(at) // 30), hashlib.sha1).digest()
    place = mac[-1] & 15
    return f"{(struct.unpack('>I', mac[place : place + 4])[0] & 0x7FFFFFFF) % 1_000_000:06d}"


def test_l10_an_authenticator_app_is_enrolled_and_asked_for(service: IdentityService, person: str) -> None:
    found = service.sign_in(person, PASSWORD)
    assert isinstance(found, SignedIn)
    secret = service.begin_totp(found.tokens.access)
    service.finish_totp(found.tokens.access, digits(secret, time.time()), "this workstation")
    asked = service.sign_in(person, PASSWORD)
    assert isinstance(asked, Challenge)
    assert asked.kind is ChallengeKind.TOTP
    with pytest.raises(CloudError) as wrong:
        service.answer(asked, "000000")
    assert code_of(wrong) == "cloud.wrong_code"
    again = service.sign_in(person, PASSWORD)
    assert isinstance(again, Challenge)
    assert isinstance(service.answer(again, digits(secret, time.time())), SignedIn)
    assert secret not in repr(asked)


def test_a_way_that_nobody_knows_is_named(service: IdentityService) -> None:
    with pytest.raises(CloudError) as unknown:
        service.answer(Challenge(ChallengeKind.UNSUPPORTED, "PASSKEY"), "x")
    assert code_of(unknown) == "cloud.challenge"
    assert unknown.value.detail == "PASSKEY"


def test_refresh_revoke_and_sign_out_everywhere(service: IdentityService, person: str) -> None:
    first, second = service.sign_in(person, PASSWORD), service.sign_in(person, PASSWORD)
    assert isinstance(first, SignedIn)
    assert isinstance(second, SignedIn)
    renewed = service.renew(first.tokens.refresh, first.tokens.subject)
    assert renewed.access != first.tokens.access
    service.sign_out(first.tokens.refresh)
    with pytest.raises(CloudError) as gone:
        service.renew(first.tokens.refresh)
    assert code_of(gone) == "cloud.signed_out"
    service.sign_out_everywhere(second.tokens.access)
    with pytest.raises(CloudError):
        service.renew(second.tokens.refresh)


def test_another_persons_refresh_token_is_refused(service: IdentityService, person: str) -> None:
    found = service.sign_in(person, PASSWORD)
    assert isinstance(found, SignedIn)
    with pytest.raises(CloudError) as other:
        service.renew(found.tokens.refresh, "somebody-else")
    assert code_of(other) == "cloud.signed_out"


def test_d25_a_forgotten_password_says_nothing_of_accounts(service: IdentityService, person: str) -> None:
    service.forgot_password("nobody@clinic.example")
    service.forgot_password(person)
    service.reset_password(person, RESET_CODE, "Another7-words")
    assert isinstance(service.sign_in(person, "Another7-words"), SignedIn)


def test_a_disabled_account_is_told_apart(
    identity: IdentityEmulator, service: IdentityService, pool: Pool, person: str
) -> None:
    identity.disable(pool, person)
    with pytest.raises(CloudError) as off:
        service.sign_in(person, PASSWORD)
    assert code_of(off) in ("cloud.user_disabled", "cloud.wrong_password")


def test_l82_tokens_of_another_pool_are_refused(identity: IdentityEmulator, pool: Pool, person: str) -> None:
    other = identity.make_pool()
    stranger = IdentityService(pool, identity.keys(other))
    with pytest.raises(CloudError) as refused:
        stranger.sign_in(person, PASSWORD)
    assert code_of(refused) == "cloud.token"
    nowhere = IdentityService(replace(pool, client_id="nobody"), identity.keys(pool))
    with pytest.raises(CloudError) as wrong:
        nowhere.sign_in(person, PASSWORD)
    assert code_of(wrong) in ("cloud.configuration", "cloud.identity")


def test_without_a_network_the_service_is_unreachable(pool: Pool) -> None:
    gone = IdentityService(replace(pool, endpoint="http://127.0.0.1:9"), {"keys": []})
    with pytest.raises(CloudError) as unreachable:
        gone.sign_in("a@b.example", PASSWORD)
    assert code_of(unreachable) == "cloud.unreachable"
    assert unreachable.value.retryable


@pytest.mark.parametrize("password", ["", "Short1-", "nocapital7-x", "NOSMALL7-XX", "NoDigits-xx", "NoSigns77xx"])
def test_a_password_against_the_rule_is_not_sent(password: str) -> None:
    with pytest.raises(UsageError):
        checked_password(password)
    assert checked_password(PASSWORD) == PASSWORD
