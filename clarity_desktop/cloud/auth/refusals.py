"""What the identity service refuses by, in words for a clinician: one place for every call to it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from clarity_desktop.cloud.client.exchange import CloudError

__all__ = ["auth_error", "configuration_error", "refusals"]

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
        "An admin compares address, pool and client of the server with those that its operator gives.",
    ),
}


@contextmanager
def refusals(quiet: tuple[str, ...] = ()) -> Iterator[None]:
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
        raise auth_error(
            "cloud.unreachable",
            "The identity service could not be reached.",
            "Check the network connection; everything stays saved here.",
            type(error).__name__,
            retryable=True,
        ) from None


def _proves_nothing(error: Exception) -> CloudError:
    return auth_error(
        "cloud.token",
        "The identity service answered with something that proves nothing.",
        "Check the pool and the client in the settings of the server.",
        type(error).__name__,
    )


def configuration_error(detail: str) -> CloudError:
    """An address, pool or client that is not the account's: one clear word, whatever the service answered (L-82)."""
    return auth_error(*_WORDS["ResourceNotFoundException"], detail)


def _refused(code: str, message: str) -> CloudError:
    if code == "NotAuthorizedException":
        if "disabled" in message:
            return auth_error("cloud.user_disabled", "The account is switched off.", "Ask the operator of the server.")
        if "attempts exceeded" in message:
            return auth_error("cloud.locked_out", "There were too many tries.", "Wait 15 minutes, then try again.")
        if "session" in message.lower():
            return auth_error("cloud.session_spent", "The sign-in took too long.", "Begin again with the password.")
        words = _WORDS["UserNotFoundException"]
    else:
        words = _WORDS.get(
            code, ("cloud.identity", "The identity service did not accept this.", "Try again; the code helps support.")
        )
    return auth_error(*words, code)


def auth_error(code: str, message: str, remedy: str, detail: str = "", *, retryable: bool = False) -> CloudError:
    """A refusal in words."""
    return CloudError(code, message, remedy=remedy, detail=detail, retryable=retryable)
