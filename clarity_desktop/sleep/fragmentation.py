"""How much of a night's sleep is broken into pieces: the fragmentation index (RH-40)."""

from __future__ import annotations

from itertools import groupby
from typing import Final

from clarity_desktop.domain.findings import METRICS, Metric
from clarity_desktop.domain.sleep import Night
from clarity_desktop.sleep.diary import DIARY_METHOD

__all__ = ["fragmentation_index"]

_SHORT_S: Final = 60
"""Sleep of at most this long is a bout of one minute."""

METRICS.declare(
    Metric("fragmentation_pct", "Fragmentation index", "%", 1, "sleep", "Actiware's form", "RH-40", "nights", 3)
)


def fragmentation_index(night: Night) -> float | None:
    """Per cent of wake in the sleep period, plus per cent of one-minute bouts among its bouts of sleep; 0…200.

    The sleep period runs from onset to final awakening. Stretches without a record are neither sleep nor wake, count in
    the period, and end a bout.

    Returns
    -------
    float or None
        ``None`` where nothing says how the night went inside: a night that was stated only.
    """
    period = night.offset - night.onset
    if period <= 0 or night.method == DIARY_METHOD:
        return None
    pieces: list[tuple[bool, int, int]] = []
    for segment in night.segments:
        start, stop = max(segment.start, night.onset), min(segment.stop, night.offset)
        if stop > start:
            pieces.append((segment.stage.is_sleep, start, stop))
    pieces.sort(key=lambda piece: piece[1])
    wake = sum(stop - start for asleep, start, stop in pieces if not asleep)
    bouts: list[int] = []
    ended: int | None = None
    for asleep, run in groupby(pieces, key=lambda piece: piece[0]):
        if not asleep:
            ended = None
            continue
        for _, start, stop in run:
            if ended == start:
                bouts[-1] += stop - start
            else:
                bouts.append(stop - start)
            ended = stop
    if not bouts:
        return None
    return 100 * wake / period + 100 * sum(bout <= _SHORT_S for bout in bouts) / len(bouts)
