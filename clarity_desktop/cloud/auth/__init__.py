"""Signing in: the identity service by SRP, its challenges, and a session that renews itself."""

from __future__ import annotations

from clarity_desktop.cloud.auth.identity import (
    Challenge,
    ChallengeKind,
    OfferedDevice,
    Pool,
    RememberedDevice,
    SecondFactors,
    SignedIn,
    TokenSet,
    checked_password,
)
from clarity_desktop.cloud.auth.session import Session

__all__ = [
    "Challenge",
    "ChallengeKind",
    "OfferedDevice",
    "Pool",
    "RememberedDevice",
    "SecondFactors",
    "Session",
    "SignedIn",
    "TokenSet",
    "checked_password",
]
