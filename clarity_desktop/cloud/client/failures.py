"""Failures of calls in words for a clinician: what happened, whether it may be tried again, and whether it was done."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime
from typing import Final

from clarity_desktop.cloud.client.exchange import Call, CloudError
from clarity_desktop.cloud.problem import Problem

__all__ = ["address_refused", "bucket_empty", "from_problem", "no_answer", "paused", "signed_out", "unreadable"]

_RETRIED: Final = frozenset({408, 425, 429, 500, 502, 503, 504})
_UNKNOWN: Final = frozenset({502, 504})
_OWN_WORDS: Final = ("email_not_verified", "self_signup_disabled")
"""Refusals that say themselves what is missing."""
_LATER: Final = "Try again later; what was to be sent is kept."
_REMEDIES: Final = {
    400: "Look at what was sent; it is kept here.",
    401: "Sign in again; what was to be sent is kept.",
    403: "Ask the operator of the server for the right to do this.",
    404: "Check the server's address and its profile.",
    405: "Check the server's address and its profile.",
    409: "Look whether it is there already.",
    410: "This feature is off at this server; use the one it names.",
    413: "Send less at once.",
    422: "Correct the field that is named.",
}


def from_problem(call: Call, problem: Problem) -> CloudError:
    """What a server answered in place of a success."""
    retryable = problem.status in _RETRIED and problem.code != "account_locked"
    wait = problem.retry_after_s
    message, remedy = _named(call, problem)
    return CloudError(
        f"cloud.{problem.code}" if problem.code.isidentifier() else f"cloud.status_{problem.status}",
        message,
        remedy=remedy,
        detail=f"{call.method} {call.template}: {problem.status} {problem.raw_kind}, correlation {call.correlation}",
        problem=problem,
        correlation=call.correlation,
        retryable=retryable,
        # A bare fault page tells nothing of what the server had done by then.
        outcome_unknown=not call.may_repeat
        and (problem.status in _UNKNOWN or (problem.status == 500 and not problem.is_complete)),
        wait_s=wait,
    )


def _named(call: Call, problem: Problem) -> tuple[str, str]:
    """Message and remedy that name what was refused: the feature, the right, the size, the service (L-41)."""
    from clarity_desktop.cloud.contract.features import FEATURES

    remedy = _REMEDIES.get(problem.status, _LATER)
    title = problem.title if problem.title.endswith(".") else f"{problem.title}."
    what = FEATURES.get(call.capability, f"{call.method} {call.template}")
    if problem.status == 410:
        instead = f"The server names in its place: {problem.instead}." if problem.instead else remedy
        return f"The server no longer offers this: {what}.", instead
    if problem.status == 403 and not problem.type.endswith(_OWN_WORDS):
        return f"The account has no right to this at the server: {what}.", remedy
    if problem.status == 413:
        return f"This is more than the server takes at once: {_size(call)} were sent.", remedy
    if problem.status == 503:
        service = what if call.capability in FEATURES else call.template.removeprefix("/api/v1/").split("/")[0]
        return f"This service of the server is down: {service or 'the server itself'}.", remedy
    return title, remedy


def _size(call: Call) -> str:
    import json

    size = len(call.body) if call.body is not None else len(json.dumps(call.document or ""))
    return f"{size / 1e6:.1f} MB" if size >= 100_000 else f"{size / 1000:.1f} kB"


def no_answer(call: Call, error: Exception) -> CloudError:
    """No answer came, or it broke off."""
    import httpx

    detail = f"{call.method} {call.template}: {type(error).__name__}, correlation {call.correlation}"
    unsent = isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout)
    if _is_certificate(error):
        return CloudError(
            "cloud.certificate",
            "The server could not prove that it is the right one.",
            remedy="Check the address and the date of this machine; ask the operator about the certificate.",
            detail=detail,
            correlation=call.correlation,
        )
    if isinstance(error, httpx.TimeoutException | TimeoutError):
        code, message = "cloud.timeout", "The server took too long to answer."
    else:
        code, message = "cloud.unreachable", "The server could not be reached."
    return CloudError(
        code,
        message,
        remedy="Check the network connection; everything stays saved here.",
        detail=detail,
        correlation=call.correlation,
        retryable=True,
        outcome_unknown=not unsent and not call.may_repeat,
    )


def _is_certificate(error: BaseException | None) -> bool:
    seen = 0
    while error is not None and seen < 8:
        if isinstance(error, ssl.SSLCertVerificationError) or "CERTIFICATE_VERIFY_FAILED" in str(error):
            return True
        error, seen = error.__cause__ or error.__context__, seen + 1
    return False


def unreadable(call: Call, content_type: str) -> CloudError:
    """A success whose body is not what the server's contract says; a page of a portal looks like this (L-34)."""
    is_page = "html" in content_type
    return CloudError(
        "cloud.portal" if is_page else "cloud.unreadable",
        "A page came in place of the server's answer." if is_page else "The server's answer could not be read.",
        remedy="Sign in to the network in a web browser." if is_page else _LATER,
        detail=f"{call.method} {call.template}: correlation {call.correlation}",
        correlation=call.correlation,
        retryable=call.may_repeat and not is_page,
        outcome_unknown=not call.may_repeat,
    )


def paused(call: Call, wait_s: float, now: float) -> CloudError:
    """The breaker is open: nothing was sent."""
    until = datetime.fromtimestamp(now + wait_s, UTC).astimezone().strftime("%H:%M:%S")
    return CloudError(
        "cloud.paused",
        f"Calls to the server are paused until {until}.",
        remedy="It is tried again by itself; what was to be sent is kept.",
        detail=f"{call.method} {call.template}: breaker open",
        correlation=call.correlation,
        wait_s=wait_s,
    )


def bucket_empty(call: Call, wait_s: float, now: float) -> CloudError:
    """The own limit, below the server's, is reached: nothing was sent."""
    until = datetime.fromtimestamp(now + wait_s, UTC).astimezone().strftime("%H:%M:%S")
    return CloudError(
        "cloud.limit",
        f"The limit of this server is reached; it goes on at {until}.",
        remedy="Nothing needs to be done; what was to be sent is kept.",
        detail=f"{call.method} {call.template}: own limit {call.bucket}",
        correlation=call.correlation,
        wait_s=wait_s,
    )


def signed_out() -> CloudError:
    """There is no session that could be used."""
    return CloudError(
        "cloud.signed_out",
        "You are not signed in to this server.",
        remedy="Sign in on the account page, or run: clarity-desktop cloud sign-in",
    )


def address_refused(detail: str) -> CloudError:
    """An address of a proxy that is none."""
    return CloudError(
        "cloud.proxy", "The proxy's address cannot be used.", remedy="Check the proxy in the settings.", detail=detail
    )
