"""The server's own sign-in, for those who choose it: the password goes to the server, which is said before (L-85)."""

from __future__ import annotations

import time
from typing import Any, Final

from clarity_desktop.cloud.auth.identity import TokenSet
from clarity_desktop.cloud.client.client import CloudClient
from clarity_desktop.cloud.client.exchange import Call, CloudError
from clarity_desktop.cloud.client.failures import signed_out
from clarity_desktop.cloud.contract.profiles import Profile

__all__ = ["SERVER_LOGIN_REASON", "ServerLogin"]

SERVER_LOGIN_REASON: Final = (
    "The password is sent to the server itself, and this server is known to write the body of a sign-in into its log. "
    "The identity service proves the password without seeing it; choose the server's sign-in only where there is no "
    "identity service."
)
_UNKNOWN_LIFE_S: Final = 300.0


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
            answer = await self._post("login", {"email": email, "password": password}, bucket="login")
        except CloudError as error:
            problem = error.problem
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
        document = {"email": email, "password": password, **({"display_name": name} if name else {})}
        answer = await self._post("register", document, bucket="register")
        return not answer.get("requires_email_verification")

    async def confirm(self, email: str, code: str) -> None:
        """Confirm an account by the code from the mail."""
        await self._post("confirm_email", {"email": email, "code": code.strip()})

    async def send_code_again(self, email: str) -> None:
        """Send the code once more; says nothing of whether there is such an account (D25)."""
        await self._quiet("resend_confirmation", {"email": email})

    async def forgot_password(self, email: str) -> None:
        """Send a code for a new password; says nothing of whether there is such an account (D25)."""
        await self._quiet("forgot_password", {"email": email})

    async def reset_password(self, email: str, code: str, password: str) -> None:
        """Set a new password by a code."""
        await self._post("reset_password", {"email": email, "code": code.strip(), "new_password": password})

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

    async def _quiet(self, capability: str, document: dict[str, str]) -> None:
        try:
            await self._post(capability, document)
        except CloudError as error:
            if error.problem is None or not error.problem.is_not_found:
                raise

    async def _post(self, capability: str, document: dict[str, str], bucket: str = "read") -> dict[str, Any]:
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
