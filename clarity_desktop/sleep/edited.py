"""Nights as a person has edited them: stated rests and naps take the place of what was computed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from clarity_desktop.domain.annotations import Annotation, AnnotationKind, wake_day
from clarity_desktop.domain.sleep import Night, SleepSegment, Stage
from clarity_desktop.domain.time import Instant, Span, ZoneTimeline, date_of_day
from clarity_desktop.sleep.nights import NightsAndNaps, clock_hour
from clarity_desktop.sleep.stages import summarise_stages

__all__ = [
    "LEAST_LEFT_OUT_S",
    "STATED_METHOD",
    "SegmentsBetween",
    "night_of_rest",
    "with_left_out",
    "with_rests",
    "without_spans",
]

LEAST_LEFT_OUT_S: Final = 60 * 60
"""Time left out inside a sleep period from which the night counts in no median: the same hour as without the device."""

STATED_METHOD: Final = "stated"
"""Method of a night that a person stated and in which no sleep was recorded."""

SegmentsBetween = Callable[[Instant, Instant], Sequence[SleepSegment]]
"""Resolved stages or scored states as segments between two instants, in order."""


def without_spans(segments: Sequence[SleepSegment], spans: Sequence[Span]) -> tuple[SleepSegment, ...]:
    """Segments without what lies in any of the spans; time in bed stays, another device records it."""
    pieces = list(segments)
    for span in spans:
        kept: list[SleepSegment] = []
        for piece in pieces:
            if piece.stage is Stage.IN_BED or piece.stop <= span.start or piece.start >= span.stop:
                kept.append(piece)
                continue
            if piece.start < span.start:
                kept.append(replace(piece, stop=span.start))
            if piece.stop > span.stop:
                kept.append(replace(piece, start=span.stop))
        pieces = kept
    return tuple(sorted(pieces, key=lambda one: (one.start, one.stop, one.source)))


def night_of_rest(rest: Annotation, between: SegmentsBetween, zone: ZoneTimeline, *, source: str, method: str) -> Night:
    """The night or nap that a stated rest comes to; one that is stated only when nothing recorded in it is sleep.

    In bed and up are those stated. Onset and final awakening are those stated, else the first and last sleep inside.
    Minutes between a stated onset and the first recorded sleep are neither sleep nor wake unless a record says so.
    """
    start, stop = rest.span.start, rest.span.stop
    low = start if rest.asleep is None else rest.asleep
    high = stop if rest.wake is None else rest.wake
    inside = _clipped(between(low, high), low, high)
    found = summarise_stages(inside, [SleepSegment(start, stop, Stage.IN_BED, rest.author)])
    if found is None:
        return _stated_only(rest, Span(low, high), zone, awake=bool(inside))
    onset = found.onset if rest.asleep is None else rest.asleep
    offset = found.offset if rest.wake is None else rest.wake
    # Wake that is recorded before the first or after the last sleep counts where the stated period holds it.
    wake = [s for s in inside if s.stage is Stage.AWAKE and s.stop > onset and s.start < offset]
    runs = _joined_lengths([(max(s.start, onset), min(s.stop, offset)) for s in wake])
    waso = sum(runs) / 60
    period = (offset - onset) / 60
    tib = (stop - start) / 60
    stages = {name: minutes for name, minutes in found.stages_min.items() if name != Stage.AWAKE.value}
    if waso:
        stages[Stage.AWAKE.value] = waso
    return Night(
        date=date_of_day(wake_day(replace(rest, wake=offset), zone)),
        onset=onset,
        offset=offset,
        in_bed=start,
        out_of_bed=stop,
        tib_min=tib,
        tst_min=found.tst_min,
        sol_min=(onset - start) / 60,
        waso_min=waso,
        se_pct=100 * found.tst_min / tib,
        maintenance_pct=100 * found.tst_min / period,
        awakenings=len(runs),
        awakenings_5min=sum(run >= 300 for run in runs),
        midsleep_h=clock_hour((onset + offset) // 2, zone),
        stages_min={**stages, "gap": max(0.0, period - found.tst_min - waso)},
        rem_latency_min=found.rem_latency_min,
        is_nap=rest.kind is AnnotationKind.NAP,
        source=source,
        method=method,
        segments=inside,
        edited=rest.id or "stated",
    )


def _stated_only(rest: Annotation, period: Span, zone: ZoneTimeline, *, awake: bool) -> Night:
    """A night of stated times alone: its time asleep is the whole stated period, and it counts in no median."""
    minutes = period.length_s / 60
    author = rest.author or "a person"
    return Night(
        date=date_of_day(wake_day(replace(rest, wake=period.stop), zone)),
        onset=period.start,
        offset=period.stop,
        in_bed=rest.span.start,
        out_of_bed=rest.span.stop,
        tib_min=rest.span.length_s / 60,
        tst_min=minutes,
        sol_min=None,
        waso_min=0.0,
        se_pct=None,
        maintenance_pct=None,
        awakenings=0,
        awakenings_5min=None,
        midsleep_h=clock_hour((period.start + period.stop) // 2, zone),
        stages_min={Stage.ASLEEP.value: minutes},
        is_nap=rest.kind is AnnotationKind.NAP,
        source=f"Stated by {author}",
        method=STATED_METHOD,
        segments=(),
        incomplete="Stated only: what was recorded in it is wake."
        if awake
        else "Stated only: no sleep was recorded in it.",
        edited=rest.id or "stated",
    )


def with_rests(
    found: NightsAndNaps,
    rests: Sequence[Annotation],
    between: SegmentsBetween,
    zone: ZoneTimeline,
    *,
    source: str,
    method: str,
) -> NightsAndNaps:
    """Nights and naps with the stated rests and naps in place of those they overlap.

    A computed night of a date that a stated rest takes, and that it does not overlap, becomes a nap. A rest in which no
    sleep was recorded takes no date that has a night.
    """
    stated = [one for one in rests if one.kind in (AnnotationKind.REST, AnnotationKind.NAP)]
    built = [night_of_rest(one, between, zone, source=source, method=method) for one in stated]
    if not stated:
        return found

    def free(night: Night) -> bool:
        return not any(one.span.start < night.offset and night.onset < one.span.stop for one in stated)

    kept = [night for night in found.nights if free(night)]
    slept = {night.date for night in (*kept, *built) if not night.is_nap and night.method != STATED_METHOD}
    built = [night for night in built if night.is_nap or night.method != STATED_METHOD or night.date not in slept]
    taken = {night.date for night in built if not night.is_nap}
    naps = [nap for nap in found.naps if free(nap)]
    naps += [replace(night, is_nap=True) for night in kept if night.date in taken]
    nights = [night for night in kept if night.date not in taken]
    nights += [night for night in built if not night.is_nap]
    naps += [night for night in built if night.is_nap]
    return NightsAndNaps(
        tuple(sorted(nights, key=lambda night: night.date)), tuple(sorted(naps, key=lambda nap: nap.onset))
    )


def with_left_out(nights: Sequence[Night], left_out: Sequence[Annotation]) -> tuple[Night, ...]:
    """The nights, marked incomplete where a person left out an hour or more of the sleep period."""
    return tuple(_marked(night, left_out) for night in nights)


def _marked(night: Night, left_out: Sequence[Annotation]) -> Night:
    for one in left_out:
        shared = min(one.span.stop, night.offset) - max(one.span.start, night.onset)
        if shared >= min(LEAST_LEFT_OUT_S, night.offset - night.onset):
            because = f": {one.reason}" if one.reason else ""
            return replace(night, incomplete=f"Left out by {one.author or 'a person'}{because}.")
    return night


def _clipped(segments: Sequence[SleepSegment], low: Instant, high: Instant) -> tuple[SleepSegment, ...]:
    return tuple(
        replace(s, start=max(s.start, low), stop=min(s.stop, high))
        for s in segments
        if s.stage is not Stage.IN_BED and s.start < high and s.stop > low
    )


def _joined_lengths(pieces: Sequence[tuple[Instant, Instant]]) -> list[int]:
    """Seconds of each run of pieces that touch."""
    runs: list[int] = []
    end: Instant | None = None
    for start, stop in pieces:
        if end == start:
            runs[-1] += stop - start
        else:
            runs.append(stop - start)
        end = stop
    return runs
