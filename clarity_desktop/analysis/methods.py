"""The nights of one window by each account there is, and how far the accounts agree (RH-44)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from clarity_desktop.analysis.panels.assemble import SCORED_METHOD, scored_states
from clarity_desktop.analysis.timeline import stages_between
from clarity_desktop.domain.kinds import ACTIVITY_COUNTS
from clarity_desktop.domain.panel import Panel
from clarity_desktop.domain.sleep import Night
from clarity_desktop.domain.time import Span, ZoneTimeline, day_of_date
from clarity_desktop.sleep.diary import nights_from_diary
from clarity_desktop.sleep.methods import MEASURES, Bias, MethodPair, PairedNight, pairs_of_methods
from clarity_desktop.sleep.nights import nights_from_segments, nights_from_states
from clarity_desktop.sleep.scoring import tudor_locke_periods

if TYPE_CHECKING:
    from clarity_desktop.vault import Vault

__all__ = ["MEASURES", "METHOD_WORDS", "Bias", "MethodPair", "PairedNight", "SleepMethods", "sleep_methods"]

METHOD_WORDS: Final = {"stages": "Stages", "scored": "Scored activity", "diary": "Diary"}
"""What the accounts are called on screen, in the order in which they are compared."""
_MARGIN_S: Final = 18 * 3600


@dataclass(frozen=True, slots=True)
class SleepMethods:
    """Main sleeps of a window by account, as computed or written, without edits by hand."""

    span: Span
    zone: ZoneTimeline
    nights: dict[str, tuple[Night, ...]]
    """By ``stages``, ``scored``, ``diary``; empty where there is no such account."""
    pairs: tuple[MethodPair, ...]
    scorer: str
    """How activity was scored, in words; empty when it was not."""
    simulated: bool = False

    @property
    def missing(self) -> str:
        """Why nothing can be compared, in a sentence; empty when something can."""
        if self.pairs:
            return ""
        there = [METHOD_WORDS[name] for name, nights in self.nights.items() if nights]
        have = f"There is one account of these nights: {there[0]}." if there else "There is no account of these nights."
        return f"{have} Two are needed: recorded stages, activity counts, or a sleep diary."


def sleep_methods(vault: Vault, patient_id: str, panel: Panel) -> SleepMethods:
    """Nights by recorded stages, by scored activity and by the diary, and their agreement, for a panel's window."""
    zone, span, epochs = panel.zone, panel.span, panel.epochs
    around = Span(span.start - _MARGIN_S, span.stop + _MARGIN_S)
    segments = stages_between(vault, patient_id, around)
    recorded: tuple[Night, ...] = ()
    if any(segment.stage.is_sleep for segment in segments):
        recorded = nights_from_segments(segments, zone).nights
    scored: tuple[Night, ...] = ()
    scorer = ""
    if epochs.kind == ACTIVITY_COUNTS and epochs.step_s == 60:
        states = scored_states(epochs)
        found = nights_from_states(
            states, tudor_locke_periods(states), epochs.start, zone, source="scored from activity", method=SCORED_METHOD
        )
        scored = found.nights
        scorer = "Cole–Kripke with Webster rescoring in periods by Tudor-Locke's rule, uncalibrated for this device"
    written = nights_from_diary(vault.diary.nights(patient_id), zone)
    first, last = zone.local_days(np.array([span.start, max(span.start, span.stop - 1)], dtype=np.int64)).tolist()

    def of_window(nights: tuple[Night, ...]) -> tuple[Night, ...]:
        return tuple(night for night in nights if first <= day_of_date(night.date) <= last)

    nights = {"stages": of_window(recorded), "scored": of_window(scored), "diary": of_window(written)}
    return SleepMethods(span, zone, nights, pairs_of_methods(nights), scorer, panel.simulated)
