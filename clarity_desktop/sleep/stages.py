"""Overlapping stage records of several sources become one, and what the resolved stages of a night come to (RH-43)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from clarity_desktop.domain.sleep import SleepSegment, Stage
from clarity_desktop.domain.time import Instant

__all__ = ["StageSummary", "resolve_sources", "source_order", "summarise_stages"]

_OPEN: Final = -1
_STAGED: Final = frozenset({Stage.CORE, Stage.DEEP, Stage.REM})
_LONGEST_IN_BED_S: Final = 24 * 3600
_LONG_WAKE_S: Final = 300


@dataclass(frozen=True, slots=True)
class StageSummary:
    """Values of one stretch of sleep from resolved stages. Minutes are elapsed; ``None`` where evidence is lacking."""

    onset: Instant
    offset: Instant
    in_bed: Instant | None
    out_of_bed: Instant | None
    tib_min: float | None
    tst_min: float
    sol_min: float | None
    waso_min: float
    se_pct: float | None
    maintenance_pct: float
    awakenings: int
    awakenings_5min: int
    stages_min: dict[str, float]
    """Minutes of each stage met, awake (inside the sleep period) among them."""
    stages_pct: dict[str, float]
    """Per cent of sleep time, of the sleep stages met."""
    rem_latency_min: float | None
    gap_min: float
    """Minutes between onset and offset without any record: neither sleep nor wake."""


def source_order(segments: Sequence[SleepSegment]) -> tuple[str, ...]:
    """Sources by what they know: those that give stages first, then those that say asleep only, then the rest.

    Among equals the one with the most recorded time goes first.
    """
    seconds: dict[str, int] = {}
    rank: dict[str, int] = {}
    for segment in segments:
        seconds[segment.source] = seconds.get(segment.source, 0) + segment.stop - segment.start
        mine = 0 if segment.stage in _STAGED else 1 if segment.stage.is_sleep else 2
        rank[segment.source] = min(rank.get(segment.source, 2), mine)
    return tuple(sorted(rank, key=lambda source: (rank[source], -seconds[source], source)))


def resolve_sources(
    segments: Sequence[SleepSegment], priority: Sequence[str] | None = None
) -> tuple[SleepSegment, ...]:
    """One state a second: the highest-priority source with a stage wins, lower ones fill what it leaves open.

    Parameters
    ----------
    segments:
        Records of any sources, in any order. ``IN_BED`` is left out: it never becomes sleep.
    priority:
        Sources, highest first; those not named follow in the order of :func:`source_order`, which is also the default.

    Returns
    -------
    Non-overlapping segments in order; neighbours of equal stage and source are joined. Inside one source the record
    that starts later wins.
    """
    staged = [s for s in segments if s.stage is not Stage.IN_BED and s.stop > s.start]
    if not staged:
        return ()
    named = list(priority or ())
    order = {source: rank for rank, source in enumerate([*named, *(s for s in source_order(staged) if s not in named)])}
    edges = np.unique(np.array([(s.start, s.stop) for s in staged], dtype=np.int64))
    owner = np.full(edges.size - 1, _OPEN, dtype=np.int64)
    # Painted from the lowest priority up, so that the last to paint a second is the one that holds it.
    painting = sorted(range(len(staged)), key=lambda i: (-order[staged[i].source], staged[i].start, staged[i].stop))
    first = np.searchsorted(edges, [staged[i].start for i in painting])
    last = np.searchsorted(edges, [staged[i].stop for i in painting])
    for index, begin, end in zip(painting, first.tolist(), last.tolist(), strict=True):
        owner[begin:end] = index
    resolved: list[SleepSegment] = []
    for piece, index in enumerate(owner.tolist()):
        if index == _OPEN:
            continue
        record = staged[index]
        start, stop = int(edges[piece]), int(edges[piece + 1])
        if resolved and (resolved[-1].stop, resolved[-1].stage, resolved[-1].source) == (
            start,
            record.stage,
            record.source,
        ):
            start = resolved.pop().start
        resolved.append(SleepSegment(start, stop, record.stage, record.source))
    return tuple(resolved)


def _wake_runs_s(resolved: Sequence[SleepSegment], onset: Instant, offset: Instant) -> list[int]:
    """Seconds of each maximal run of wake between onset and offset; a gap ends a run."""
    runs: list[int] = []
    end: Instant | None = None
    for segment in resolved:
        if segment.stage is not Stage.AWAKE or segment.stop <= onset or segment.start >= offset:
            continue
        if end == segment.start:
            runs[-1] += segment.stop - segment.start
        else:
            runs.append(segment.stop - segment.start)
        end = segment.stop
    return runs


def summarise_stages(resolved: Sequence[SleepSegment], in_bed: Sequence[SleepSegment] = ()) -> StageSummary | None:
    """What one stretch of sleep comes to (RH-36…RH-42), or ``None`` when it holds no sleep.

    Parameters
    ----------
    resolved:
        Non-overlapping segments of one night, in order, as :func:`resolve_sources` gives them.
    in_bed:
        ``IN_BED`` records of the night. Without any, time in bed, sleep latency and efficiency are ``None``; the
        record of a day or longer is no evidence of a night and is left out.
    """
    asleep = [s for s in resolved if s.stage.is_sleep]
    if not asleep:
        return None
    onset, offset = asleep[0].start, asleep[-1].stop
    minutes: dict[str, float] = {}
    for segment in resolved:
        begin, end = segment.start, segment.stop
        if segment.stage is Stage.AWAKE:
            begin, end = max(begin, onset), min(end, offset)
        if end > begin:
            minutes[segment.stage.value] = minutes.get(segment.stage.value, 0.0) + (end - begin) / 60
    tst = sum(minutes.get(stage.value, 0.0) for stage in Stage if stage.is_sleep)
    waso = minutes.get(Stage.AWAKE.value, 0.0)
    period = (offset - onset) / 60
    rem = next((s.start for s in resolved if s.stage is Stage.REM), None)
    runs = _wake_runs_s(resolved, onset, offset)
    bed = [s for s in in_bed if s.stage is Stage.IN_BED and 0 < s.stop - s.start < _LONGEST_IN_BED_S]
    start = min((s.start for s in bed), default=None)
    stop = max((s.stop for s in bed), default=None)
    tib = None if start is None or stop is None else (stop - start) / 60
    return StageSummary(
        onset=onset,
        offset=offset,
        in_bed=start,
        out_of_bed=stop,
        tib_min=tib,
        tst_min=tst,
        sol_min=None if start is None or start > onset else (onset - start) / 60,
        waso_min=waso,
        se_pct=None if tib is None or tst > tib else 100 * tst / tib,
        maintenance_pct=100 * tst / period,
        awakenings=len(runs),
        awakenings_5min=sum(run >= _LONG_WAKE_S for run in runs),
        stages_min={stage.value: minutes[stage.value] for stage in Stage if stage.value in minutes},
        stages_pct={
            stage.value: 100 * minutes[stage.value] / tst
            for stage in Stage
            if stage.is_sleep and stage.value in minutes
        },
        rem_latency_min=None if rem is None else (rem - onset) / 60,
        gap_min=max(0.0, period - tst - waso),
    )
