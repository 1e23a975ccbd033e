"""The server's own sign-in, for those who choose it: the password goes to the server, which is said before (L-85)."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from clarity_desktop.cloud.auth.identity import TokenSet
from clarity_desktop.cloud.client.client import CloudClient
from clarity_desktop.cloud.client.exchange import Call, CloudError
from clarity_desktop.cloud.client.failures import signed_out
from clarity_desktop.cloud.contract.profiles import Profile
from clarity_desktop.cloud.dto import (
    EmailConfirmationRequest,
    ForgotPasswordRequest,
    ResendConfirmationRequest,
    ResetPasswordRequest,
    UserLoginRequest,
    UserRegister,
)

__all__ = ["SERVER_LOGIN_REASON", "AccountLockedError", "ServerLogin", "account_locked"]

SERVER_LOGIN_REASON: Final = (
    "The password is sent to the server itself, and this server is known to write the body of a sign-in into its log. "
    "The identity service proves the password without seeing it; choose the server's sign-in only where there is no "
    "identity service."
)
_UNKNOWN_LIFE_S: Final = 300.0
_LOCKED_S: Final = 900.0
_MOST_LOCKED_S: Final = 86_400.0
_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?")


class AccountLockedError(CloudError):
    """The server has locked the account after too many tries."""

    def __init__(self, until: float, correlation: str = "") -> None:
        local = datetime.fromtimestamp(until, UTC).astimezone()
        super().__init__(
            "cloud.account_locked",
            f"The server has locked this account until {local:%H:%M:%S} of this computer's clock.",
            remedy="Wait until then: no further try is sent before, as each one would begin the wait anew.",
            correlation=correlation,
            wait_s=max(until - time.time(), 0.0),
        )
        self.locked_until = until


def account_locked(until: float, correlation: str = "") -> AccountLockedError:
    """What somebody is told whose account is locked until an instant (UTC seconds); never tried again by itself."""
    return AccountLockedError(until, correlation)


def _lock_end(detail: str) -> float:
    """The time that the server names, if it lies ahead and is near; its own fifteen minutes otherwise."""
    now = time.time()
    found = _TIME.search(detail)
    if found is not None:
        try:
            moment = datetime.fromisoformat(found[0].replace("Z", "+00:00"))
        except ValueError:
            return now + _LOCKED_S
        until = (moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)).timestamp()
        if now < until <= now + _MOST_LOCKED_S:
            return until
    return now + _LOCKED_S


class ServerLogin:
    """Signs in by the routes of a profile. The answer's tokens are opaque here; the server says whose they are."""

    def __init__(self, client: CloudClient, profile: Profile) -> None:
        self._client, self._profile = client, profile

    async def sign_in(self, email: str, password: str) -> TokenSet:
        """Sign in with a password.

        Raises
        ------
        CloudError
            ``cloud.invalid_credentials``, ``cloud.email_not_verified``, ``cloud.account_locked``, and
            ``cloud.challenge`` where the account asks for more than a password, which these routes cannot (D24).
        """
        try:
            document: UserLoginRequest = {"email": email, "password": password}
            answer = await self._post("login", document, bucket="login")
        except CloudError as error:
            problem = error.problem
            if problem is not None and problem.code == "account_locked":
                raise account_locked(_lock_end(problem.detail), error.correlation) from None
            if problem is not None and problem.status == 500 and "authenticate" in problem.detail.lower():
                raise CloudError(
                    "cloud.challenge",
                    "The account asks for more than a password, which this sign-in cannot answer.",
                    remedy="Sign in at the identity service: change the sign-in in the settings of the server.",
                    correlation=error.correlation,
                ) from None
            raise
        return await self._tokens(answer, email, "")

    async def register(self, email: str, password: str, name: str) -> bool:
        """Make an account; answers whether it is confirmed already."""
        document: UserRegister = {"email": email, "password": password}
        if name:
            document["display_name"] = name
        answer = await self._post("register", document, bucket="register")
        return not answer.get("requires_email_verification")

    async def confirm(self, email: str, code: str) -> None:
        """Confirm an account by the code from the mail."""
        document: EmailConfirmationRequest = {"email": email, "code": code.strip()}
        await self._post("confirm_email", document)

    async def send_code_again(self, email: str) -> None:
        """Send the code once more; says nothing of whether there is such an account (D25)."""
        document: ResendConfirmationRequest = {"email": email}
        await self._quiet("resend_confirmation", document)

    async def forgot_password(self, email: str) -> None:
        """Send a code for a new password; says nothing of whether there is such an account (D25)."""
        document: ForgotPasswordRequest = {"email": email}
        await self._quiet("forgot_password", document)

    async def reset_password(self, email: str, code: str, password: str) -> None:
        """Set a new password by a code."""
        document: ResetPasswordRequest = {"email": email, "code": code.strip(), "new_password": password}
        await self._post("reset_password", document)

    async def renew(self, before: TokenSet) -> TokenSet:
        """Exchange the refresh token; a fault of a healthy server means that it holds no more (D23)."""
        try:
            answer = await self._post("refresh", {"refresh_token": before.refresh})
        except CloudError as error:
            status = None if error.problem is None else error.problem.status
            if status in (400, 401, 403):
                raise signed_out() from None
            if status == 500 and await self._is_healthy():
                raise signed_out() from None
            raise
        if not answer.get("refresh_token"):
            answer = {**answer, "refresh_token": before.refresh}
        return await self._tokens(answer, before.email, before.subject)

    async def _is_healthy(self) -> bool:
        endpoint = self._profile.endpoint("auth_health")
        if endpoint is None:
            return False
        try:
            await self._client.send(Call("GET", endpoint.path, endpoint.path, is_protected=False))
        except CloudError:
            return False
        return True

    async def _quiet(self, capability: str, document: Mapping[str, object]) -> None:
        try:
            await self._post(capability, document)
        except CloudError as error:
            if error.problem is None or not error.problem.is_not_found:
                raise

    async def _post(self, capability: str, document: Mapping[str, object], bucket: str = "read") -> dict[str, Any]:
        endpoint = self._profile.endpoint(capability)
        if endpoint is None:
            raise CloudError(
                "cloud.capability",
                "This server does not offer this.",
                remedy="Sign in at the identity service: change the sign-in in the settings of the server.",
                detail=capability,
            )
        call = Call(endpoint.method, endpoint.path, endpoint.path, document=document, is_protected=False, bucket=bucket)
        answer = await self._client.send(call)
        return answer.document if isinstance(answer.document, dict) else {}

    async def _tokens(self, answer: dict[str, Any], email: str, subject: str) -> TokenSet:
        access = answer.get("access_token")
        if not isinstance(access, str) or not access:
            raise signed_out()
        life = answer.get("expires_in")
        now = time.time()
        return TokenSet(
            access=access,
            id="",
            refresh=str(answer.get("refresh_token") or ""),
            subject=subject or await self._owner(access),
            email=email,
            name="",
            issued=now,
            expires=now + (float(life) if isinstance(life, (int, float)) and life > 0 else _UNKNOWN_LIFE_S),
        )

    async def _owner(self, access: str) -> str:
        """Whose token it is, as the server tells."""
        endpoint = self._profile.endpoint("me")
        if endpoint is None:
            raise signed_out()
        call = Call(endpoint.method, endpoint.path, endpoint.path, is_protected=False, token=access)
        document = (await self._client.send(call)).document
        found = document.get("user_id") if isinstance(document, dict) else None
        if not isinstance(found, str) or not found:
            raise signed_out()
        return found
