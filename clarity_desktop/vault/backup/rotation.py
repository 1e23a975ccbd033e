"""Which backups stay: of the last 7 days, 4 weeks and 6 months the latest of each; the last verified one always."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from clarity_desktop.domain.time import DAY_S, Instant
from clarity_desktop.vault.backup.manifest import Manifest

__all__ = ["DAILY", "MONTHLY", "OVERDUE_S", "WEEKLY", "expendable", "is_due", "is_overdue", "last_verified"]

DAILY: Final = 7
WEEKLY: Final = 4
MONTHLY: Final = 6
OVERDUE_S: Final = 7 * DAY_S
_SPECIAL_KEPT_S: Final = 30 * DAY_S
_SPECIAL: Final = frozenset({"migration", "safety"})
_AHEAD_S: Final = 3600


def expendable(backups: Sequence[Manifest], now: Instant) -> list[Manifest]:
    """The backups that may go, oldest first.

    Kept are the latest verified one of each of the latest 7 days, 4 ISO weeks and 6 months (UTC) that have one; those
    made before a migration or a restore for 30 days and the last of each; the last verified one of all; and whatever
    bears a time ahead of the clock, because then the clock is what is wrong.
    """
    keep: set[str] = set()
    newest_first = sorted(backups, key=lambda one: (one.created, one.name), reverse=True)
    verified = [one for one in newest_first if one.verified is not None]
    for form, most in (("%Y-%j", DAILY), ("%G-%V", WEEKLY), ("%Y-%m", MONTHLY)):
        of_period: dict[str, str] = {}
        for one in verified:
            of_period.setdefault(datetime.fromtimestamp(one.created, UTC).strftime(form), one.name)
        keep.update(list(of_period.values())[:most])
    if verified:
        keep.add(verified[0].name)
    seen: set[str] = set()
    for one in newest_first:
        if one.created > now + _AHEAD_S:
            keep.add(one.name)
        elif one.kind in _SPECIAL and (one.kind not in seen or now - one.created < _SPECIAL_KEPT_S):
            keep.add(one.name)
            seen.add(one.kind)
        elif one.verified is None and (not verified or one.created > verified[0].created):
            keep.add(one.name)
    return [one for one in reversed(newest_first) if one.name not in keep]


def last_verified(backups: Sequence[Manifest]) -> Manifest | None:
    """The latest backup that was found whole."""
    return max(
        (one for one in backups if one.verified is not None), key=lambda one: (one.created, one.name), default=None
    )


def is_due(backups: Sequence[Manifest], now: Instant) -> bool:
    """Whether a day has passed since the last verified one, or the clock was moved back behind it."""
    last = last_verified(backups)
    return last is None or now - last.created >= DAY_S or last.created > now + _AHEAD_S


def is_overdue(backups: Sequence[Manifest], vault_since: Instant, now: Instant) -> bool:
    """Whether there was no verified backup for 7 days (V-58); a vault younger than that is not overdue."""
    last = last_verified(backups)
    since = vault_since if last is None else last.created
    return now - since >= OVERDUE_S
