"""The clock of a recording that prints local times: turning it into UTC, and the zone it tells."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from clarity_desktop.domain.importing import ZoneFound
from clarity_desktop.domain.time import UNKNOWN_ZONE, Certainty, Instant, ZonePeriod, ZoneTimeline

__all__ = ["ALL_TIME", "fixed_zone_name", "local_to_utc", "naive_zones", "offset_zones"]

ALL_TIME: Instant = -(2**40)
"""Start of a zone period that holds from the beginning."""


def fixed_zone_name(offset_s: int) -> str:
    """``UTC+01:00`` for 3600; seconds below a minute are dropped."""
    minutes = abs(offset_s) // 60
    return f"UTC{'-' if offset_s < 0 else '+'}{minutes // 60:02d}:{minutes % 60:02d}"


def local_to_utc(local: NDArray[np.int64], zone: str | None) -> NDArray[np.int64]:
    """UTC seconds of local wall-clock seconds, any shape; without a zone the clock is kept as if it were UTC.

    A time that the zone skips maps to the instant after the skip, one that it repeats to the later of the two.
    """
    if zone is None or local.size == 0:
        return local
    timeline = ZoneTimeline.single(zone)
    guess = local - timeline.offsets_s(local)
    return np.asarray(local - timeline.offsets_s(guess), dtype=np.int64)


def naive_zones(zone: str | None, count: int) -> tuple[ZoneFound, ...]:
    """The zone of a file that prints a clock and no offset: the one given, else unknown."""
    if zone is None:
        period = ZonePeriod(ALL_TIME, UNKNOWN_ZONE, Certainty.ASSUMED, "the file states no zone")
        return (ZoneFound(period, "none", count),)
    return (ZoneFound(ZonePeriod(ALL_TIME, zone, Certainty.STATED, "the zone given at import"), "home", count),)


def offset_zones(changes: list[tuple[Instant, int, int]], home_zone: str | None) -> tuple[ZoneFound, ...]:
    """The zones of a file that prints an offset with each time.

    Parameters
    ----------
    changes:
        ``(first instant, offset in seconds, rows)`` of each stretch of constant offset, in order of time.
    home_zone:
        Preferred where its rule yields the printed offset at both ends of a stretch.
    """
    found: list[ZoneFound] = []
    for index, (instant, offset_s, rows) in enumerate(changes):
        zone, certainty, origin = fixed_zone_name(offset_s), Certainty.DERIVED, "the offset printed with each time"
        if home_zone is not None:
            rule = int(ZoneTimeline.single(home_zone).offsets_s(np.array([instant], dtype=np.int64))[0])
            if rule == offset_s:
                zone, certainty, origin = home_zone, Certainty.STATED, "the home zone, which yields the printed offset"
        if found and found[-1].period.zone == zone:
            found[-1] = ZoneFound(found[-1].period, found[-1].evidence, found[-1].count + rows)
            continue
        found.append(
            ZoneFound(ZonePeriod(ALL_TIME if index == 0 else instant, zone, certainty, origin), "offset", rows)
        )
    return tuple(found)
