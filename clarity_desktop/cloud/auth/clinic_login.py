"""The sign-in of a clinic server: one token for some days that nothing renews, beside the identity service (L-81)."""

from __future__ import annotations

import time
from typing import Any, Final

from clarity_desktop.cloud.auth.identity import TokenSet
from clarity_desktop.cloud.client.client import CloudClient
from clarity_desktop.cloud.client.exchange import Call
from clarity_desktop.cloud.client.failures import signed_out

__all__ = ["ANNOUNCED_S", "ClinicLogin", "kept_text", "tokens_of_text"]

ANNOUNCED_S: Final = 86_400.0
"""How long before its end a sign-in that cannot be renewed is announced."""
_LOGIN, _ME = "/api/auth/login", "/api/auth/me"
_UNKNOWN_LIFE_S: Final = 3600.0


class ClinicLogin:
    """Signs in by e-mail and password; the server sees the password, as it has no other way."""

    def __init__(self, client: CloudClient) -> None:
        self._client = client

    async def sign_in(self, email: str, password: str) -> TokenSet:
        """Sign in; raises :class:`CloudError` for whatever the server refuses by."""
        document = {"email": email, "password": password}
        call = Call("POST", _LOGIN, _LOGIN, document=document, is_protected=False, bucket="login")
        answer = (await self._client.send(call)).document
        told = answer if isinstance(answer, dict) else {}
        token = told.get("access_token") or told.get("token")
        if not isinstance(token, str) or not token:
            raise signed_out()
        now = time.time()
        return TokenSet(
            access=token,
            id="",
            refresh="",
            subject=await self._owner(token),
            email=email,
            name="",
            issued=now,
            expires=_end_of(token, told, now),
        )

    async def _owner(self, token: str) -> str:
        call = Call("GET", _ME, _ME, is_protected=False, token=token)
        found = (await self._client.send(call)).document
        held = found if isinstance(found, dict) else {}
        inner = held.get("user")
        held = inner if isinstance(inner, dict) else held
        owner = held.get("user_id") or held.get("id")
        if not isinstance(owner, str) or not owner:
            raise signed_out()
        return owner


def _end_of(token: str, told: dict[str, Any], now: float) -> float:
    """When the token ends: as the answer says, else as the token itself does; never a constant of ours if either does.

    The token's claims are only read, not believed for anything else: whether it holds is the server's to say.
    """
    import jwt

    life = told.get("expires_in")
    if isinstance(life, (int, float)) and life > 0:
        return now + float(life)
    try:
        end = jwt.decode(token, options={"verify_signature": False}).get("exp")
    except jwt.PyJWTError:
        end = None
    return float(end) if isinstance(end, (int, float)) else now + _UNKNOWN_LIFE_S


def kept_text(tokens: TokenSet) -> str:
    """What the keychain keeps of such a sign-in: its end and its token."""
    return f"{int(tokens.expires)}|{tokens.access}"


def tokens_of_text(text: str, subject: str, email: str) -> TokenSet:
    """The sign-in that was kept; raises :class:`CloudError` (``cloud.signed_out``) when it is over."""
    end, _, token = text.partition("|")
    expires = float(end) if end.isdecimal() else 0.0
    if not token or expires <= time.time():
        raise signed_out()
    return TokenSet(token, "", "", subject, email, "", expires - 2 * ANNOUNCED_S, expires)
