"""What people wrote by hand, as far as an analysis of one window rests on it."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from clarity_desktop.analysis.timeline import stages_between
from clarity_desktop.domain.annotations import KIND_WORDS, Annotation, AnnotationKind, touches
from clarity_desktop.domain.epochs import Epochs, EpochState
from clarity_desktop.domain.free_days import FreeDays
from clarity_desktop.domain.kinds import ACTIVITY_COUNTS
from clarity_desktop.domain.panel import WearBout
from clarity_desktop.domain.series import Samples, Series
from clarity_desktop.domain.sleep_diary import DiaryNight, instants_of
from clarity_desktop.domain.time import DAY_S, Span, ZoneTimeline, day_of_date
from clarity_desktop.signals.presence import Wear

if TYPE_CHECKING:
    from clarity_desktop.vault import Vault

__all__ = ["BY_HAND", "Layer", "free_days_in", "read_layer"]

BY_HAND: Final = "a person"
"""Name of the rule of wear that a person's word is."""
_MARGIN_S: Final = 36 * 3600


@dataclass(frozen=True, slots=True)
class Layer:
    """Stretches, free days and diary nights that touch a window. Without any of them, numbers are as computed."""

    intervals: tuple[Annotation, ...] = ()
    free: FreeDays = field(default_factory=FreeDays)
    diary: tuple[DiaryNight, ...] = ()
    """Nights of the diary of which neither stages nor counts were recorded; else those speak for themselves."""

    def of(self, *kinds: AnnotationKind) -> tuple[Annotation, ...]:
        """The stretches of some kinds, by start."""
        return tuple(one for one in self.intervals if one.kind in kinds)

    def fingerprint(self) -> str:
        """32 hexadecimal digits over all that may change a number; empty when nothing was written by hand."""
        if not self.intervals and not self.diary and not self.free.stated and not self.free.exceptions:
            return ""
        said = [
            [
                [o.kind.value, o.start, o.stop, o.asleep, o.wake, o.reason, o.author, o.id]
                for o in sorted(self.intervals, key=lambda one: (one.start, one.id))
            ],
            sorted(self.free.weekdays),
            self.free.words,
            sorted((day.isoformat(), free) for day, free in self.free.exceptions.items()),
            [[night.date.isoformat(), night.as_payload()] for night in self.diary],
        ]
        return hashlib.blake2b(json.dumps(said, ensure_ascii=False).encode(), digest_size=16).hexdigest()

    def joined_to(self, content: str) -> str:
        """The hash of recorded content, made to cover what was written by hand too; the same where nothing was."""
        own = self.fingerprint()
        return hashlib.sha256(f"{content}/{own}".encode()).hexdigest() if own else content

    @property
    def parameters(self) -> dict[str, str]:
        """What the provenance of every finding says of stretches by hand."""
        return {"by_hand": self.words} if self.intervals else {}

    @property
    def words(self) -> str:
        """``2 × Rest, 1 × Left out``: for provenance; empty without stretches."""
        counts = Counter(one.kind for one in self.intervals)
        return ", ".join(f"{count} × {KIND_WORDS[kind]}" for kind, count in sorted(counts.items()))

    @property
    def note(self) -> str:
        """The sentence that stands beside totals; empty without stretches."""
        return f"Edited by hand: {self.words}." if self.intervals else ""

    def without_left_out(self, samples: Samples | None) -> Samples | None:
        """Samples outside of what a person left out or marked as not worn, by the instant at which they begin."""
        spans = [one.span for one in self.of(AnnotationKind.LEAVE_OUT, AnnotationKind.NOT_WORN)]
        if samples is None or not spans:
            return samples
        keep = ~_inside(samples.start, spans)
        return replace(
            samples,
            start=samples.start[keep],
            length_s=samples.length_s[keep],
            value=samples.value[keep],
            flags=samples.flags[keep],
        )

    def on_epochs(self, epochs: Epochs) -> Epochs:
        """The same values with the states that people gave: left out before not worn, both before any rule."""
        state = epochs.state.copy()
        for kind, code in (
            (AnnotationKind.NOT_WORN, EpochState.NOT_WORN),
            (AnnotationKind.LEAVE_OUT, EpochState.EXCLUDED),
        ):
            for one in self.of(kind):
                first, last = _places(one.span, epochs)
                state[first:last] = np.uint8(code)
        return replace(epochs, state=state)

    def on_wear(self, wear: Wear) -> Wear:
        """Wear with people's word laid over it, and its bouts."""
        spoken = self.of(AnnotationKind.NOT_WORN)
        if not spoken and not self.of(AnnotationKind.LEAVE_OUT):
            return wear
        epochs = self.on_epochs(wear.epochs)
        whole = epochs.span
        added = [
            WearBout(Span(max(one.span.start, whole.start), min(one.span.stop, whole.stop)), BY_HAND)
            for one in spoken
            if one.span.intersects(whole)
        ]
        summary = f"{BY_HAND} > {wear.summary}" if spoken else wear.summary
        bouts = tuple(sorted((*wear.bouts, *added), key=lambda bout: bout.span))
        return replace(wear, epochs=epochs, bouts=bouts, summary=summary)


def read_layer(
    vault: Vault,
    patient_id: str,
    series: Sequence[Series],
    span: Span,
    zone: ZoneTimeline,
    *,
    edited: bool = True,
) -> Layer:
    """What was written by hand about a window and a day and a half around it.

    Parameters
    ----------
    edited:
        Whether stretches count; without them the answer is as computed, with free days alone.
    """
    around = Span(span.start - _MARGIN_S, span.stop + _MARGIN_S)
    intervals: tuple[Annotation, ...] = ()
    if edited:
        found = vault.diary.annotations(patient_id)
        intervals = tuple(one for one in found if one.kind.is_interval and touches(one, around))
    days = (around.start // DAY_S - 1, around.stop // DAY_S + 1)
    free = vault.diary.free_days(patient_id)
    near = {day: is_free for day, is_free in free.exceptions.items() if days[0] <= day_of_date(day) <= days[1]}
    diary = _unrecorded(vault, patient_id, series, span, zone)
    return Layer(intervals, replace(free, exceptions=near), diary)


def _unrecorded(
    vault: Vault, patient_id: str, series: Sequence[Series], span: Span, zone: ZoneTimeline
) -> tuple[DiaryNight, ...]:
    """Nights of the diary in a window with no recorded sleep and with counts for less than half of the time in bed."""
    first, last = zone.local_days(np.array([span.start, max(span.start, span.stop - 1)], dtype=np.int64)).tolist()
    written = [night for night in vault.diary.nights(patient_id) if first <= day_of_date(night.date) <= last]
    if not written:
        return ()
    around = Span(span.start - _MARGIN_S, span.stop + _MARGIN_S)
    staged = [segment for segment in stages_between(vault, patient_id, around) if segment.stage.is_sleep]
    there = [
        one
        for one in series
        if one.kind == ACTIVITY_COUNTS and one.first is not None and one.last is not None
        if one.first < around.stop and one.last >= around.start
    ]
    counts = [vault.series.read(one.id, around) for one in there]
    found: list[DiaryNight] = []
    for night in written:
        at = instants_of(night, zone)
        if any(one.start < at.out_of_bed and one.stop > at.in_bed for one in staged):
            continue
        most = max(
            (
                int(samples.length_s[(samples.start >= at.in_bed) & (samples.start < at.out_of_bed)].sum())
                for samples in counts
            ),
            default=0,
        )
        if 2 * most < at.out_of_bed - at.in_bed:
            found.append(night)
    return tuple(found)


def free_days_in(free: FreeDays, span: Span, zone: ZoneTimeline) -> tuple[int, ...]:
    """Free local days (days since 1970-01-01) of a window and of the day on which its last night may end."""
    first, last = zone.local_days(np.array([span.start, span.stop], dtype=np.int64)).tolist()
    return free.free_between(first - 1, last + 1)


def _inside(instants: NDArray[np.int64], spans: Sequence[Span]) -> NDArray[np.bool_]:
    inside = np.zeros(instants.size, dtype=np.bool_)
    for span in spans:
        inside |= (instants >= span.start) & (instants < span.stop)
    return inside


def _places(span: Span, epochs: Epochs) -> tuple[int, int]:
    """Epochs whose middle lies in a span, as a half-open range."""
    half = epochs.step_s // 2
    first = -(-(span.start - epochs.start - half) // epochs.step_s)
    last = -(-(span.stop - epochs.start - half) // epochs.step_s)
    return max(first, 0), max(last, 0)
