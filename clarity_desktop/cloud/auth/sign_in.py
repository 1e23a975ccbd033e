"""A sign-in step by step: the password by SRP, the machine by SRP, a code or a new password, until there are tokens."""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from clarity_desktop.cloud.auth.identity import Challenge, ChallengeKind, OfferedDevice, Pool, RememberedDevice

if TYPE_CHECKING:
    from pycognito.aws_srp import AWSSRP

__all__ = ["SignInUnderWay", "Step", "device_verifier"]

_KINDS: Final = {
    "SOFTWARE_TOKEN_MFA": ChallengeKind.TOTP,
    "SMS_MFA": ChallengeKind.SMS,
    "NEW_PASSWORD_REQUIRED": ChallengeKind.NEW_PASSWORD,
}
_CODE_FIELDS: Final = {
    ChallengeKind.TOTP: "SOFTWARE_TOKEN_MFA_CODE",
    ChallengeKind.SMS: "SMS_MFA_CODE",
    ChallengeKind.NEW_PASSWORD: "NEW_PASSWORD",
}


@dataclass(frozen=True, slots=True)
class Step:
    """What a step led to: the raw tokens at the end, or a challenge that a person answers."""

    result: dict[str, Any] | None = field(default=None, repr=False)
    challenge: Challenge | None = None

    @property
    def offered(self) -> OfferedDevice | None:
        """The name that the pool has given to this machine, if it tracks machines."""
        found = (self.result or {}).get("NewDeviceMetadata") or {}
        key, group = found.get("DeviceKey"), found.get("DeviceGroupKey")
        return OfferedDevice(str(key), str(group)) if key and group else None


class SignInUnderWay:
    """Between its steps a sign-in lives in memory alone. Every method waits for the network.

    Parameters
    ----------
    client:
        The service's client of boto3. The library's own sign-in knows no machine that is remembered after a code, and
        posts some calls past proxy and authority, so the steps are made here and only its arithmetic is used.
    device:
        This machine, where the pool remembers it.
    """

    def __init__(
        self, client: Any, pool: Pool, email: str, password: str, device: RememberedDevice | None = None
    ) -> None:
        from pycognito.aws_srp import AWSSRP

        self._client, self._pool = client, pool
        self.email = email
        self._device = device
        self._srp: AWSSRP = AWSSRP(
            username=email,
            password=password,
            pool_id=pool.pool_id,
            client_id=pool.client_id,
            client=client,
            device_key=None if device is None else device.key,
            device_group_key=None if device is None else device.group,
            device_password=None if device is None else device.password,
        )
        self._username = email
        """The service's own name for the account, once it has told it."""
        self._session: str | None = None
        self.proves_device = False
        """Whether it is the machine's proof that the service waits for: a refusal then is none of the password."""

    def begin(self) -> Step:
        """Prove the password; raises what boto3 raises."""
        sent = self._srp.get_auth_params()
        answer = self._client.initiate_auth(
            AuthFlow="USER_SRP_AUTH", AuthParameters=sent, ClientId=self._pool.client_id
        )
        return self._follow(answer)

    def answer(self, kind: ChallengeKind, text: str) -> Step:
        """Answer a challenge; raises what boto3 raises, and the same challenge may be answered again then."""
        name = next(name for name, known in _KINDS.items() if known is kind)
        return self._follow(self._respond(name, {_CODE_FIELDS[kind]: text}))

    def _respond(self, name: str, responses: dict[str, str]) -> dict[str, Any]:
        responses = {"USERNAME": self._username, **responses}
        if self._device is not None:
            responses["DEVICE_KEY"] = self._device.key
        more = {} if self._session is None else {"Session": self._session}
        answer: dict[str, Any] = self._client.respond_to_auth_challenge(
            ClientId=self._pool.client_id, ChallengeName=name, ChallengeResponses=responses, **more
        )
        return answer

    def _follow(self, answer: dict[str, Any]) -> Step:
        from pycognito.aws_srp import long_to_hex

        while True:
            name, told = answer.get("ChallengeName"), answer.get("ChallengeParameters") or {}
            # A session belongs to the answer it came with; an answer without one ends it.
            self._session = answer.get("Session")
            if not name:
                return Step(answer.get("AuthenticationResult") or {})
            if name == "PASSWORD_VERIFIER":
                self._username = str(told.get("USERNAME") or told.get("USER_ID_FOR_SRP") or self.email)
                responses = self._srp.process_challenge(told, {"USERNAME": self._username})
                answer = self._respond(name, responses)
            elif name == "DEVICE_SRP_AUTH" and self._device is not None:
                self.proves_device = True
                answer = self._respond(name, {"SRP_A": long_to_hex(self._srp.large_a_value)})
            elif name == "DEVICE_PASSWORD_VERIFIER" and self._device is not None:
                answer = self._respond(name, self._device_claim(told, self._device))
            else:
                kind = _KINDS.get(str(name), ChallengeKind.UNSUPPORTED)
                hint = str(told.get("CODE_DELIVERY_DESTINATION", ""))
                return Step(challenge=Challenge(kind, str(name), hint, self))

    def _device_claim(self, told: dict[str, Any], device: RememberedDevice) -> dict[str, str]:
        """Prove the machine. The library writes the time in the words of the computer's language, which is refused."""
        from pycognito.aws_srp import hex_to_long

        stamp = self._srp.get_cognito_formatted_timestamp(datetime.now(UTC))
        key = self._srp.get_device_authentication_key(
            device.group, device.key, device.password, hex_to_long(told["SRP_B"]), told["SALT"]
        )
        block = base64.standard_b64decode(told["SECRET_BLOCK"])
        said = device.group.encode() + device.key.encode() + block + stamp.encode()
        claim = hmac.new(key, said, digestmod=hashlib.sha256).digest()
        return {
            "TIMESTAMP": stamp,
            "PASSWORD_CLAIM_SECRET_BLOCK": str(told["SECRET_BLOCK"]),
            "PASSWORD_CLAIM_SIGNATURE": base64.standard_b64encode(claim).decode("ascii"),
        }


def device_verifier(offered: OfferedDevice) -> tuple[str, dict[str, str]]:
    """A new password for this machine, and what the pool keeps in order to check it."""
    from pycognito.aws_srp import generate_hash_device

    password, verifier = generate_hash_device(offered.group, offered.key)
    return str(password), {str(name): str(value) for name, value in verifier.items()}
