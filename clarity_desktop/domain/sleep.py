"""Sleep as recorded: stages, segments of stages, and what a night comes to."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from clarity_desktop.domain.time import Instant

__all__ = ["Night", "SleepSegment", "Stage"]


class Stage(StrEnum):
    """A recorded state. ``IN_BED`` is never counted as sleep."""

    IN_BED = "inbed"
    AWAKE = "awake"
    ASLEEP = "asleep"
    """Asleep, stage not specified."""
    CORE = "core"
    """N1 and N2, also called light."""
    DEEP = "deep"
    """N3."""
    REM = "rem"

    @property
    def is_sleep(self) -> bool:
        """Whether this stage counts as sleep."""
        return self in (Stage.ASLEEP, Stage.CORE, Stage.DEEP, Stage.REM)


@dataclass(frozen=True, slots=True)
class SleepSegment:
    """One stage over ``[start, stop)`` UTC seconds, as one source recorded it."""

    start: Instant
    stop: Instant
    stage: Stage
    source: str


@dataclass(frozen=True, slots=True)
class Night:
    """What one night comes to (RH-36…RH-43). It belongs to the local date of waking.

    Minutes are elapsed minutes; ``None`` where the evidence is lacking (never 0 instead).
    """

    date: date
    onset: Instant
    """First sleep."""
    offset: Instant
    """Final awakening: end of the last sleep."""
    in_bed: Instant | None
    out_of_bed: Instant | None
    tib_min: float | None
    tst_min: float
    sol_min: float | None
    waso_min: float
    se_pct: float | None
    """100·TST/TIB; ``None`` without in-bed evidence."""
    maintenance_pct: float | None
    """100·TST/(onset→offset)."""
    awakenings: int
    awakenings_5min: int | None
    """``None`` where the account does not say how long each awakening was, as in a diary."""
    midsleep_h: float
    """(onset + offset)/2 on the local clock, decimal hours 0…24."""
    stages_min: dict[str, float] = field(default_factory=dict)
    """Minutes by :class:`Stage` value; ``gap`` holds minutes inside the sleep period without any record."""
    rem_latency_min: float | None = None
    is_nap: bool = False
    source: str = ""
    """Source of the stages, or the scorer when scored from activity."""
    method: str = "stages"
    """``stages``, ``scored:cole_kripke`` or ``diary``."""
    segments: tuple[SleepSegment, ...] = ()
    """The resolved, non-overlapping segments of the night, in order."""
    incomplete: str = ""
    """Why the night cannot stand for itself, in a sentence (``Not worn for 3 h 06 min of it.``); ``""`` when whole.
    An incomplete night is shown and left out of medians."""
    edited: str = ""
    """Identifier of the annotation that states its times; ``""`` for a night as it was computed."""
