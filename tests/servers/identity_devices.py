"""A scripted identity service that tracks machines: real SRP for password and machine, text messages, real tokens.

The emulator neither offers nor asks for machines, so these steps are played here: JSON over POST, the operation in
``X-Amz-Target``, answers in the form that was recorded from the service.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from pycognito.aws_srp import (  # noqa: TID253 - a test server; nothing starts slower by it
    G_HEX,
    N_HEX,
    calculate_u,
    compute_hkdf,
    hash_sha256,
    hex_hash,
    hex_to_long,
    long_to_hex,
    pad_hex,
)

from clarity_desktop.cloud.auth import Pool

__all__ = ["DeviceIdentity", "device_identity"]

REGION = "us-east-1"
POOL_ID = f"{REGION}_Devices01"
CLIENT_ID = "desktopclient"
SMS_CODE = "246810"
_N, _G = hex_to_long(N_HEX), hex_to_long(G_HEX)
_K = hex_to_long(hex_hash("00" + N_HEX + "0" + G_HEX))


class _RefusedError(Exception):
    def __init__(self, code: str, message: str) -> None:
        super().__init__(code)
        self.code, self.message = code, message


@dataclass
class _Secret:
    """What a side of SRP is checked with."""

    salt: str
    verifier: int
    spoken: bytes
    """What stands before the secret block in a claim."""
    small_b: int = 0
    big_a: int = 0
    block: bytes = b""

    def offer(self, big_a: str) -> dict[str, str]:
        self.big_a, self.small_b, self.block = hex_to_long(big_a), secrets.randbits(256), secrets.token_bytes(32)
        self.big_b = (_K * self.verifier + pow(_G, self.small_b, _N)) % _N
        return {
            "SALT": self.salt,
            "SRP_B": long_to_hex(self.big_b),
            "SECRET_BLOCK": base64.b64encode(self.block).decode(),
        }

    def takes(self, responses: dict[str, str]) -> bool:
        u = calculate_u(self.big_a, self.big_b)
        s = pow(self.big_a * pow(self.verifier, u, _N), self.small_b, _N)
        key = compute_hkdf(bytearray.fromhex(pad_hex(s)), bytearray.fromhex(pad_hex(long_to_hex(u))))
        said = self.spoken + self.block + responses["TIMESTAMP"].encode()
        claim = hmac.new(key, said, hashlib.sha256).digest()
        return hmac.compare_digest(claim, base64.b64decode(responses["PASSWORD_CLAIM_SIGNATURE"]))


@dataclass
class _Account:
    email: str
    subject: str
    secret: _Secret
    devices: dict[str, _Secret] = field(default_factory=dict)
    remembered: set[str] = field(default_factory=set)


@dataclass
class DeviceIdentity:
    """The running service, and what a test may look at."""

    pool: Pool
    keys: dict[str, Any]
    calls: Counter[str] = field(default_factory=Counter)
    sent: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    """Operation and body of every call."""
    accounts: dict[str, _Account] = field(default_factory=dict)
    refresh: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Refresh token to account and machine."""
    pending: dict[str, str] = field(default_factory=dict)
    """Session of a challenge to the machine that was named."""
    _signing: Any = None

    def add(self, email: str, password: str) -> str:
        """A person with a phone as second factor; answers the user id."""
        subject = str(uuid.uuid4())
        salt = pad_hex(secrets.randbits(64))
        said = hash_sha256(f"{POOL_ID.split('_')[1]}{subject}:{password}".encode())
        verifier = pow(_G, hex_to_long(hex_hash(salt + said)), _N)
        spoken = POOL_ID.split("_")[1].encode() + subject.encode()
        self.accounts[email] = _Account(email, subject, _Secret(salt, verifier, spoken))
        return subject

    def of(self, name: str) -> _Account:
        """An account by e-mail or user id."""
        found = self.accounts.get(name) or next((o for o in self.accounts.values() if o.subject == name), None)
        if found is None:
            raise _RefusedError("UserNotFoundException", "User does not exist.")
        return found

    def answer(self, operation: str, body: dict[str, Any]) -> dict[str, Any]:
        self.calls[operation] += 1
        self.sent.append((operation, body))
        if body.get("ClientId", CLIENT_ID) != CLIENT_ID:
            raise _RefusedError("ResourceNotFoundException", "User pool client does not exist.")
        act = getattr(self, "_" + operation.lower(), None)
        if act is None:
            raise _RefusedError("InvalidParameterException", operation)
        found = act(body)
        assert isinstance(found, dict)
        return found

    def _initiateauth(self, body: dict[str, Any]) -> dict[str, Any]:
        sent = body["AuthParameters"]
        if body["AuthFlow"] == "REFRESH_TOKEN_AUTH":
            known = self.refresh.get(sent["REFRESH_TOKEN"])
            if known is None or known[1] != sent.get("DEVICE_KEY", ""):
                raise _RefusedError("NotAuthorizedException", "Invalid Refresh Token.")
            return {"AuthenticationResult": self._tokens(self.of(known[0]))}
        account = self.of(sent["USERNAME"])
        told = {"USERNAME": account.subject, "USER_ID_FOR_SRP": account.subject, **account.secret.offer(sent["SRP_A"])}
        return {"ChallengeName": "PASSWORD_VERIFIER", "ChallengeParameters": told}

    def _respondtoauthchallenge(self, body: dict[str, Any]) -> dict[str, Any]:
        name, sent = body["ChallengeName"], body["ChallengeResponses"]
        account, key = self.of(sent["USERNAME"]), sent.get("DEVICE_KEY", "")
        if name == "PASSWORD_VERIFIER":
            if not account.secret.takes(sent):
                raise _RefusedError("NotAuthorizedException", "Incorrect username or password.")
            if key and key not in account.devices:
                raise _RefusedError("ResourceNotFoundException", "Device does not exist.")
            if key in account.remembered:
                return {"ChallengeName": "DEVICE_SRP_AUTH", "ChallengeParameters": {"USERNAME": account.subject}}
            session = secrets.token_hex(20)
            self.pending[session] = account.email
            told = {"CODE_DELIVERY_DESTINATION": "+*******0199", "CODE_DELIVERY_DELIVERY_MEDIUM": "SMS"}
            return {"ChallengeName": "SMS_MFA", "ChallengeParameters": told, "Session": session}
        if name == "SMS_MFA":
            if self.pending.get(body.get("Session", "")) != account.email:
                raise _RefusedError("NotAuthorizedException", "Invalid session for the user.")
            if sent["SMS_MFA_CODE"] != SMS_CODE:
                raise _RefusedError("CodeMismatchException", "Invalid code received for user")
            del self.pending[body["Session"]]
            return {"ChallengeParameters": {}, "AuthenticationResult": self._new_machine(account)}
        device = account.devices.get(key)
        if device is None:
            raise _RefusedError("ResourceNotFoundException", "Device does not exist.")
        if name == "DEVICE_SRP_AUTH":
            told = {"USERNAME": account.subject, "DEVICE_KEY": key, **device.offer(sent["SRP_A"])}
            return {"ChallengeName": "DEVICE_PASSWORD_VERIFIER", "ChallengeParameters": told}
        if not device.takes(sent):
            raise _RefusedError("NotAuthorizedException", "Incorrect username or password.")
        return {"ChallengeParameters": {}, "AuthenticationResult": self._tokens(account, key)}

    def _new_machine(self, account: _Account) -> dict[str, Any]:
        key, group = f"{REGION}_{uuid.uuid4()}", f"-{secrets.token_hex(4)}"
        account.devices[key] = _Secret("", 0, group.encode() + key.encode())
        return {**self._tokens(account, key), "NewDeviceMetadata": {"DeviceKey": key, "DeviceGroupKey": group}}

    def _confirmdevice(self, body: dict[str, Any]) -> dict[str, Any]:
        device, given = self._owner(body).devices[body["DeviceKey"]], body["DeviceSecretVerifierConfig"]
        device.salt = base64.b64decode(given["Salt"]).hex()
        device.verifier = int.from_bytes(base64.b64decode(given["PasswordVerifier"]), "big")
        return {"UserConfirmationNecessary": True}

    def _updatedevicestatus(self, body: dict[str, Any]) -> dict[str, Any]:
        remembered = self._owner(body).remembered
        (remembered.add if body["DeviceRememberedStatus"] == "remembered" else remembered.discard)(body["DeviceKey"])
        return {}

    def _forgetdevice(self, body: dict[str, Any]) -> dict[str, Any]:
        account = self._owner(body)
        if account.devices.pop(body["DeviceKey"], None) is None:
            raise _RefusedError("ResourceNotFoundException", "Device does not exist.")
        account.remembered.discard(body["DeviceKey"])
        return {}

    def _globalsignout(self, body: dict[str, Any]) -> dict[str, Any]:
        email = self._owner(body).email
        self.refresh = {token: known for token, known in self.refresh.items() if known[0] != email}
        return {}

    def _revoketoken(self, body: dict[str, Any]) -> dict[str, Any]:
        self.refresh.pop(body["Token"], None)
        return {}

    def _owner(self, body: dict[str, Any]) -> _Account:
        return self.of(jwt.decode(body["AccessToken"], options={"verify_signature": False})["sub"])

    def _tokens(self, account: _Account, key: str | None = None) -> dict[str, Any]:
        now = int(time.time())
        base = {"sub": account.subject, "iss": self.pool.issuer, "iat": now, "exp": now + 3600, "jti": uuid.uuid4().hex}
        access = {**base, "token_use": "access", "client_id": CLIENT_ID, "scope": "aws.cognito.signin.user.admin"}
        identity = {**base, "token_use": "id", "aud": CLIENT_ID, "email": account.email}
        found = {"TokenType": "Bearer", "ExpiresIn": 3600}
        for name, claims in (("AccessToken", access), ("IdToken", identity)):
            found[name] = jwt.encode(claims, self._signing, algorithm="RS256", headers={"kid": "one"})
        if key is not None:
            found["RefreshToken"] = secrets.token_hex(30)
            self.refresh[found["RefreshToken"]] = (account.email, key)
        return found


@contextmanager
def device_identity() -> Iterator[DeviceIdentity]:
    """Run the service on a free port; it ends with the block."""
    signing = rsa.generate_private_key(65537, 2048)
    public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(signing.public_key()))
    keys = {"keys": [{**public, "kid": "one", "alg": "RS256", "use": "sig"}]}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._tell(200 if self.path.startswith(f"/{POOL_ID}/") else 404, keys)

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            try:
                found = service.answer(self.headers["X-Amz-Target"].rsplit(".", 1)[-1], body)
            except _RefusedError as refused:
                self._tell(400, {"__type": refused.code, "message": refused.message})
                return
            self._tell(200, found)

        def _tell(self, status: int, document: dict[str, Any]) -> None:
            text = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/x-amz-json-1.1")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *args: object) -> None:
            del args

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    url = f"http://127.0.0.1:{server.server_address[1]}"
    service = DeviceIdentity(Pool(REGION, POOL_ID, CLIENT_ID, url), keys, _signing=signing)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield service
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
