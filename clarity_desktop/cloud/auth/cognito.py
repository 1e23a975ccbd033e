"""The identity service through pycognito: blocking calls for worker threads, every refusal in words."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from clarity_desktop.cloud.auth.identity import (
    Challenge,
    ChallengeKind,
    Pool,
    SignedIn,
    TokenSet,
    checked_password,
)
from clarity_desktop.cloud.client.exchange import CloudError
from clarity_desktop.cloud.client.failures import signed_out

if TYPE_CHECKING:
    from pycognito import Cognito

__all__ = ["IdentityService"]

_CONNECT_S: Final = 5
_READ_S: Final = 30


class IdentityService:
    """One pool. Every method waits for the network: call it from a worker thread, never from the window's.

    Parameters
    ----------
    keys:
        The pool's public keys (JWKS document), fetched by the one client.
    """

    def __init__(self, pool: Pool, keys: dict[str, Any]) -> None:
        self._pool = pool
        self._keys = keys

    def _door(self, email: str | None = None, **tokens: str) -> Cognito:
        from botocore.config import Config
        from pycognito import Cognito

        # Dummy credentials keep the library from walking its chain of them; user operations need none.
        own: dict[str, Any] = {"aws_access_key_id": "none", "aws_secret_access_key": "none"}
        if self._pool.endpoint is not None:
            own["endpoint_url"] = self._pool.endpoint
        door = Cognito(
            self._pool.pool_id,
            self._pool.client_id,
            user_pool_region=self._pool.region,
            username=email,
            boto3_client_kwargs=own,
            botocore_config=Config(connect_timeout=_CONNECT_S, read_timeout=_READ_S, retries={"total_max_attempts": 1}),
            **tokens,
        )
        # Otherwise the library expects an issuer made from the address, and refuses every token of an emulator.
        door.pool_domain_url = None
        door.pool_jwk = self._keys
        return door

    # -- sign-in ------------------------------------------------------------------------------------------------

    def sign_in(self, email: str, password: str) -> SignedIn | Challenge:
        """Sign in by SRP: the password does not leave this machine.

        Raises
        ------
        CloudError
            ``cloud.wrong_password`` (also for unknown people), ``cloud.not_confirmed``, ``cloud.password_reset``,
            ``cloud.user_disabled``, ``cloud.locked_out``, ``cloud.unreachable``.
        """
        from pycognito import exceptions

        door = self._door(email)
        with _refusals():
            try:
                door.authenticate(password=password)
            except exceptions.SoftwareTokenMFAChallengeException as asked:
                return Challenge(ChallengeKind.TOTP, "SOFTWARE_TOKEN_MFA", state=(door, asked.get_tokens()))
            except exceptions.SMSMFAChallengeException as asked:
                tokens = asked.get_tokens()
                hint = str(tokens.get("ChallengeParameters", {}).get("CODE_DELIVERY_DESTINATION", ""))
                return Challenge(ChallengeKind.SMS, "SMS_MFA", hint, (door, tokens))
            except exceptions.ForceChangePasswordException:
                return Challenge(ChallengeKind.NEW_PASSWORD, "NEW_PASSWORD_REQUIRED", state=(door, password))
            except NotImplementedError as unknown:
                return Challenge(ChallengeKind.UNSUPPORTED, str(unknown).rsplit(" ", 1)[-1] or "unknown")
            return SignedIn(self._tokens(door))

    def answer(self, challenge: Challenge, text: str) -> SignedIn | Challenge:
        """Answer a challenge with a code or a new password; raises :class:`CloudError` (``cloud.wrong_code`` …)."""
        if challenge.kind is ChallengeKind.UNSUPPORTED:
            raise _error(
                "cloud.challenge",
                "The account asks for a way of proof that this program does not know.",
                "Ask the operator for an authenticator app or a text message as second factor.",
                challenge.name,
            )
        door, state = challenge.state
        with _refusals():
            if challenge.kind is ChallengeKind.NEW_PASSWORD:
                door.new_password_challenge(state, checked_password(text))
            elif challenge.kind is ChallengeKind.SMS:
                door.respond_to_sms_mfa_challenge(text.strip(), state)
            else:
                door.respond_to_software_token_mfa_challenge(text.strip(), state)
            return SignedIn(self._tokens(door))

    def renew(self, refresh: str, subject: str = "") -> TokenSet:
        """Exchange a refresh token; raises :class:`CloudError` (``cloud.signed_out``) when it holds no more."""
        from botocore.exceptions import ClientError

        door = self._door(refresh_token=refresh)
        with _refusals():
            try:
                door.renew_access_token()
            except ClientError as error:
                if error.response["Error"]["Code"] in ("NotAuthorizedException", "ResourceNotFoundException"):
                    raise signed_out() from None
                raise
            found = self._tokens(door)
            if subject and found.subject != subject:
                raise signed_out()
            return found

    def sign_out(self, refresh: str) -> None:
        """Revoke a refresh token: this machine's session ends."""
        with _refusals():
            self._door().client.revoke_token(Token=refresh, ClientId=self._pool.client_id)

    def sign_out_everywhere(self, access: str) -> None:
        """End all sessions of the account."""
        with _refusals():
            self._door().client.global_sign_out(AccessToken=access)

    # -- account ------------------------------------------------------------------------------------------------

    def register(self, email: str, password: str, name: str = "") -> bool:
        """Make an account; answers whether it is confirmed already."""
        checked_password(password)
        door = self._door()
        with _refusals():
            attributes = {"email": email, **({"name": name} if name else {})}
            door.set_base_attributes(**attributes)
            answer = door.register(email, password)
            return bool(answer.get("UserConfirmed"))

    def confirm(self, email: str, code: str) -> None:
        """Confirm an account by the code from the mail."""
        with _refusals():
            self._door(email).confirm_sign_up(code.strip(), username=email)

    def send_code_again(self, email: str) -> None:
        """Send the code once more; says nothing of whether there is such an account (D25)."""
        with _refusals(quiet=("UserNotFoundException", "InvalidParameterException")):
            self._door().client.resend_confirmation_code(ClientId=self._pool.client_id, Username=email)

    def forgot_password(self, email: str) -> None:
        """Send a code for a new password; says nothing of whether there is such an account (D25)."""
        with _refusals(quiet=("UserNotFoundException", "InvalidParameterException")):
            self._door(email).initiate_forgot_password()

    def reset_password(self, email: str, code: str, password: str) -> None:
        """Set a new password by a code."""
        with _refusals():
            self._door(email).confirm_forgot_password(code.strip(), checked_password(password))

    def begin_totp(self, access: str) -> str:
        """Ask for the secret of an authenticator app, base32; show it as a picture drawn here, and keep it nowhere."""
        with _refusals():
            answer = self._door().client.associate_software_token(AccessToken=access)
            return str(answer["SecretCode"])

    def finish_totp(self, access: str, code: str, device_name: str) -> None:
        """Prove that the app shows the right digits, and ask for them from now on."""
        with _refusals():
            client = self._door().client
            client.verify_software_token(AccessToken=access, UserCode=code.strip(), FriendlyDeviceName=device_name)
            client.set_user_mfa_preference(
                AccessToken=access, SoftwareTokenMfaSettings={"Enabled": True, "PreferredMfa": True}
            )

    # -- tokens -------------------------------------------------------------------------------------------------

    def _tokens(self, door: Cognito) -> TokenSet:
        """Verify both tokens (signature, issuer, audience, expiry, use) and read their claims."""
        claims = door.verify_token(door.access_token, "access_token", "access")
        about = door.verify_token(door.id_token, "id_token", "id")
        if claims.get("iss") != self._pool.issuer or claims.get("client_id") != self._pool.client_id:
            raise _error(
                "cloud.configuration",
                "The configuration does not match the account.",
                "Check the pool and the client in the settings of the server.",
            )
        return TokenSet(
            access=str(door.access_token),
            id=str(door.id_token),
            refresh=str(door.refresh_token or ""),
            subject=str(claims["sub"]),
            email=str(about.get("email", "")),
            name=str(about.get("name", "")),
            issued=float(claims.get("iat", time.time())),
            expires=float(claims["exp"]),
        )


_WRONG_CODE: Final = ("cloud.wrong_code", "The code does not fit.", "Check the digits and try again.")
_WORDS: Final[dict[str, tuple[str, str, str]]] = {
    "UserNotFoundException": (
        "cloud.wrong_password",
        "E-mail address and password do not belong together.",
        "Check both, or set a new password by mail.",
    ),
    "UserNotConfirmedException": (
        "cloud.not_confirmed",
        "The account waits for the code from its mail.",
        "Enter the code, or let it be sent again.",
    ),
    "PasswordResetRequiredException": (
        "cloud.password_reset",
        "The account needs a new password first.",
        "Let a code be sent and set a new password.",
    ),
    "CodeMismatchException": ("cloud.wrong_code", "The code does not fit.", "Check the digits and try again."),
    "EnableSoftwareTokenMFAException": (
        "cloud.wrong_code",
        "The code does not fit.",
        "Check the digits and try again.",
    ),
    "ExpiredCodeException": ("cloud.old_code", "The code is too old.", "Let a new one be sent."),
    "UsernameExistsException": (
        "cloud.account_exists",
        "There is an account with this e-mail address.",
        "Sign in, or set a new password by mail.",
    ),
    "InvalidPasswordException": (
        "cloud.password_rule",
        "This password does not meet the rule of the server.",
        "Use at least 8 characters with a small and a capital letter, a digit and a sign.",
    ),
    "TooManyRequestsException": ("cloud.locked_out", "There were too many tries.", "Wait 15 minutes, then try again."),
    "LimitExceededException": ("cloud.locked_out", "There were too many tries.", "Wait 15 minutes, then try again."),
    "TooManyFailedAttemptsException": (
        "cloud.locked_out",
        "There were too many tries.",
        "Wait 15 minutes, then try again.",
    ),
    "ResourceNotFoundException": (
        "cloud.configuration",
        "The configuration does not match the account.",
        "Check the pool and the client in the settings of the server.",
    ),
}


@contextmanager
def _refusals(quiet: tuple[str, ...] = ()) -> Iterator[None]:
    """Turn what the library raises into words; codes in ``quiet`` look like a success."""
    import jwt
    from botocore.exceptions import BotoCoreError, ClientError
    from pycognito.exceptions import TokenVerificationException

    try:
        yield
    except (TokenVerificationException, jwt.PyJWTError, IndexError) as error:
        # An index error is how the library says that a token's key is not among the pool's.
        raise _proves_nothing(error) from None
    except ClientError as error:
        code, message = error.response["Error"]["Code"], error.response["Error"].get("Message", "")
        if code in quiet:
            return
        raise _refused(code, message) from None
    except BotoCoreError as error:
        raise _error(
            "cloud.unreachable",
            "The identity service could not be reached.",
            "Check the network connection; everything stays saved here.",
            type(error).__name__,
            retryable=True,
        ) from None


def _proves_nothing(error: Exception) -> CloudError:
    return _error(
        "cloud.token",
        "The identity service answered with something that proves nothing.",
        "Check the pool and the client in the settings of the server.",
        type(error).__name__,
    )


def _refused(code: str, message: str) -> CloudError:
    if code == "NotAuthorizedException":
        if "disabled" in message:
            return _error("cloud.user_disabled", "The account is switched off.", "Ask the operator of the server.")
        if "attempts exceeded" in message:
            return _error("cloud.locked_out", "There were too many tries.", "Wait 15 minutes, then try again.")
        if "session" in message.lower():
            return _error("cloud.session_spent", "The sign-in took too long.", "Begin again with the password.")
        words = _WORDS["UserNotFoundException"]
    else:
        words = _WORDS.get(
            code, ("cloud.identity", "The identity service did not accept this.", "Try again; the code helps support.")
        )
    return _error(*words, code)


def _error(code: str, message: str, remedy: str, detail: str = "", *, retryable: bool = False) -> CloudError:
    return CloudError(code, message, remedy=remedy, detail=detail, retryable=retryable)
