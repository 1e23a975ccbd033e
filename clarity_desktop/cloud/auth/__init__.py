"""Signing in: the identity service by SRP, its challenges, and a session that renews itself."""

from __future__ import annotations

from clarity_desktop.cloud.auth.identity import (
    Challenge,
    ChallengeKind,
    Pool,
    RememberedDevice,
    SignedIn,
    TokenSet,
    checked_password,
)
from clarity_desktop.cloud.auth.session import Session

__all__ = [
    "Challenge",
    "ChallengeKind",
    "Pool",
    "RememberedDevice",
    "Session",
    "SignedIn",
    "TokenSet",
    "checked_password",
]
