"""Values of signing in: the pool, tokens, challenges, remembered devices, and the rule for passwords."""

from __future__ import annotations

import string
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from clarity_desktop.domain.errors import UsageError

__all__ = [
    "Challenge",
    "ChallengeKind",
    "OfferedDevice",
    "Pool",
    "RememberedDevice",
    "SecondFactors",
    "SignedIn",
    "TokenSet",
    "checked_password",
    "refresh_at",
]

_LEAST_LETTERS: Final = 8
_AHEAD_S: Final = 300.0
_SHARE: Final = 0.8


@dataclass(frozen=True, slots=True)
class Pool:
    """A user pool of the identity service."""

    region: str
    pool_id: str
    client_id: str
    endpoint: str | None = None
    """Another address than the service's own: an emulator on this machine."""

    @property
    def issuer(self) -> str:
        """What tokens name as their issuer, whatever the address they were fetched from."""
        return f"https://cognito-idp.{self.region}.amazonaws.com/{self.pool_id}"

    @property
    def keys_url(self) -> str:
        """Where the pool's public keys are."""
        base = self.endpoint or f"https://cognito-idp.{self.region}.amazonaws.com"
        return f"{base.rstrip('/')}/{self.pool_id}/.well-known/jwks.json"


@dataclass(frozen=True, slots=True)
class TokenSet:
    """The tokens of a sign-in, verified. Never printed: its text form holds none of them."""

    access: str = field(repr=False)
    id: str = field(repr=False)
    refresh: str = field(repr=False)
    subject: str
    """User id everywhere: the claim ``sub``."""
    email: str
    name: str
    issued: float
    """By the server's clock, seconds since 1970."""
    expires: float
    """End of the access token by the server's clock."""


@dataclass(frozen=True, slots=True)
class OfferedDevice:
    """A name that the pool has given to this machine during a sign-in."""

    key: str = field(repr=False)
    group: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class RememberedDevice:
    """What names this machine at the pool; key and password live in the keychain."""

    key: str = field(repr=False)
    group: str = field(repr=False)
    password: str = field(repr=False)
    remembered: bool = True
    """Whether the pool lets it skip the second factor; else it is only named, for renewing the sign-in."""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A sign-in that is complete."""

    tokens: TokenSet
    offered: OfferedDevice | None = None
    """This machine's name at a pool that tracks machines; it is to be confirmed."""
    device_unknown: bool = False
    """Whether the pool no longer knows the machine that was named, so that its secrets are to be forgotten."""


@dataclass(frozen=True, slots=True)
class SecondFactors:
    """What an account asks for besides the password."""

    enabled: tuple[str, ...]
    """``app`` and ``sms``, as switched on."""
    preferred: str
    """One of them; empty when the password is enough."""
    has_phone: bool
    """Whether the service has a phone number that was proved."""


class ChallengeKind(StrEnum):
    """What the identity service asks for besides the password."""

    TOTP = "software_token"
    """The six digits of an authenticator app."""
    SMS = "sms"
    NEW_PASSWORD = "new_password"
    UNSUPPORTED = "unsupported"
    """A way that this program does not know; told by its name, never as a wrong password (L-10)."""


@dataclass(frozen=True, slots=True)
class Challenge:
    """A sign-in that waits for something; hand it back with the answer."""

    kind: ChallengeKind
    name: str
    """As the identity service writes it."""
    hint: str = ""
    """Where a code was sent, masked by the service."""
    state: Any = field(default=None, repr=False)
    """The service's own; lives in memory and only until the answer."""
    device_unknown: bool = False
    """As in :class:`SignedIn`."""


def checked_password(password: str) -> str:
    """A password that the pool's rule takes; raises :class:`UsageError` (``cloud.password_rule``) before it is sent."""
    kinds = (string.ascii_lowercase, string.ascii_uppercase, string.digits)
    has_all = all(any(letter in kind for letter in password) for kind in kinds)
    has_sign = any(not letter.isalnum() and not letter.isspace() for letter in password)
    if len(password) < _LEAST_LETTERS or not has_all or not has_sign:
        raise UsageError(
            "cloud.password_rule",
            "This password does not meet the rule of the server.",
            remedy="Use at least 8 characters with a small and a capital letter, a digit and a sign.",
        )
    return password


def refresh_at(issued: float, expires: float) -> float:
    """When an access token is to be renewed: 5 minutes ahead, or at 80 % of its life if that is later (L-13)."""
    life = expires - issued
    return expires - _AHEAD_S if life > _AHEAD_S / (1 - _SHARE) else issued + _SHARE * life
