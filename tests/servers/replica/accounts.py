"""Who calls: tokens of the replica, of an identity emulator, and the server's own sign-in routes."""

from __future__ import annotations

import json
import re
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tests.servers.replica.state import ReplicaState
from tests.servers.replica.validation import problems_of

__all__ = ["StubTokens", "TokenCheck", "login", "logout", "me", "refresh", "register", "stub_token", "update_me"]

_MOST_FAILURES = 3
_STUB = re.compile(r"stub-token-([0-9a-f-]{36})(?:-.*)?")


class TokenCheck(Protocol):
    """Says whose a token is."""

    def user_of(self, token: str) -> str | None:
        """The user id, or ``None`` for a token that is refused."""


def stub_token(user_id: str, mark: str = "") -> str:
    """A token that :class:`StubTokens` takes."""
    return f"stub-token-{user_id}" + (f"-{mark}" if mark else "")


class StubTokens:
    """Takes tokens that name their user; for tests that are not about signing in."""

    def user_of(self, token: str) -> str | None:
        """The user that the token names."""
        match = _STUB.fullmatch(token)
        return match[1] if match else None


def _problem(status: int, kind: str, title: str, detail: str) -> Response:
    inner = {
        "type": kind,
        "title": title,
        "status": status,
        "detail": detail,
        "instance": f"https://api.clarity.health/requests/{uuid.uuid4().int % 10**9}",
    }
    return JSONResponse({"detail": inner}, status)


def _tokens(user_id: str) -> dict[str, Any]:
    return {
        "access_token": stub_token(user_id, uuid.uuid4().hex[:8]),
        "refresh_token": f"stub-refresh-{user_id}",
        "token_type": "bearer",
        "expires_in": 3600,
        "scope": "full_access",
    }


def user_id_of(email: str) -> str:
    """The same id for the same address."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"mailto:{email}"))


async def register(request: Request, state: ReplicaState) -> Response:
    document = await request.json()
    found = problems_of("UserRegister", document)
    if found:
        return JSONResponse({"detail": found}, 422)
    if not state.may_call("address", "register", 5):
        body = {"type": "rate_limit_exceeded", "title": "Rate Limit Exceeded", "status": 429, "detail": "slow down"}
        return JSONResponse(body, 429, headers={"Retry-After": "0"})
    return JSONResponse({**_tokens(user_id_of(document["email"])), "requires_email_verification": False})


async def login(request: Request, state: ReplicaState) -> Response:
    document = await request.json()
    found = problems_of("UserLoginRequest", document)
    if found:
        return JSONResponse({"detail": found}, 422)
    email = document["email"]
    if document["password"].startswith("locked") or state.failures[email] >= _MOST_FAILURES:
        # As at the original, the time moves with each try.
        until = datetime.now(UTC) + timedelta(minutes=15)
        return _problem(429, "account_locked", "Account Locked", f"Account is locked until {until.isoformat()}")
    if document["password"].startswith("wrong"):
        state.failures[email] += 1
        return _problem(401, "invalid_credentials", "Invalid Credentials", "Invalid email or password.")
    del state.failures[email]
    return JSONResponse(_tokens(user_id_of(document["email"])))


async def refresh(request: Request, state: ReplicaState) -> Response:
    del state
    header = request.headers.get("authorization", "")
    raw = await request.body()
    token = header.removeprefix("Bearer ") if header else json.loads(raw or b"{}").get("refresh_token", "")
    if not token.startswith("stub-refresh-"):
        return _problem(500, "refresh_error", "Refresh Error", "Failed to refresh token")
    return JSONResponse(_tokens(token.removeprefix("stub-refresh-")))


async def logout(request: Request, state: ReplicaState, user_id: str) -> Response:
    del request, state, user_id
    return JSONResponse({"message": "Successfully logged out"})


async def me(request: Request, state: ReplicaState, user_id: str) -> Response:
    del request, state
    # The observed server knows neither e-mail nor name for access tokens (D6).
    return JSONResponse({"user_id": user_id, "email": None, "email_verified": False, "display_name": None})


async def update_me(request: Request, state: ReplicaState, user_id: str) -> Response:
    del state
    document = await request.json()
    answer = {"user_id": user_id, "email": None, "display_name": document.get("display_name"), "updated": True}
    return JSONResponse(answer)
