"""Nights that the device saw only in part: they are shown, and left out of medians."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from clarity_desktop.domain.panel import WearBout
from clarity_desktop.domain.sleep import Night

__all__ = ["with_completeness"]

LEAST_IN_BED_S: Final = 60 * 60
"""Time in bed without the device from which a night is incomplete: a choice of this program, no standard exists."""
LEAST_BESIDE_S: Final = 120 * 60
"""Without an in-bed record: length of a bout of non-wear that touches the night and makes it incomplete."""
TOUCH_S: Final = 15 * 60
"""How near to onset or final awakening such a bout ends or begins."""


def with_completeness(nights: Sequence[Night], bouts: Sequence[WearBout]) -> tuple[Night, ...]:
    """The nights with :attr:`Night.incomplete` set from the bouts of non-wear.

    A charging break before bed does not touch a night. With an in-bed record, an hour or more without the device
    between going to bed and getting up make it incomplete. Without one, a bout of two hours or more does that ends
    within 15 minutes before the onset, or begins within 15 minutes after the final awakening.
    """
    return tuple(replace(night, incomplete=_reason(night, bouts)) for night in nights)


def _reason(night: Night, bouts: Sequence[WearBout]) -> str:
    if night.in_bed is not None and night.out_of_bed is not None:
        start, stop = min(night.in_bed, night.onset), max(night.out_of_bed, night.offset)
        off = sum(max(0, min(bout.span.stop, stop) - max(bout.span.start, start)) for bout in bouts)
        return "" if off < LEAST_IN_BED_S else f"Not worn for {_duration(off)} of the time in bed."
    for bout in bouts:
        before = 0 <= night.onset - bout.span.stop <= TOUCH_S
        after = 0 <= bout.span.start - night.offset <= TOUCH_S
        if bout.span.length_s >= LEAST_BESIDE_S and (before or after):
            return f"Not worn for {_duration(bout.span.length_s)} right {'before' if before else 'after'} it."
    return ""


def _duration(seconds: int) -> str:
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min"
