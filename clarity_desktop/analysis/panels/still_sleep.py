"""Long still stretches of counts: which are a device off the wrist, and which a sleeper who lies still (RH-9)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from clarity_desktop.circadian.wear import choi
from clarity_desktop.domain.epochs import Epochs
from clarity_desktop.sleep.scoring import cole_kripke_rescored, tudor_locke_periods

__all__ = ["StillStretches", "still_stretches"]

_LONGEST_MIN: Final = 150
_MARGIN_MIN: Final = 5
_LARGEST_SHARE: Final = 0.5

Bouts = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class StillStretches:
    """Bouts of Choi's rule as epoch numbers ``[start, stop)``, told apart."""

    not_worn: Bouts
    asleep: Bouts
    """Inside a sleep period that goes on before and after: taken as worn."""

    @property
    def note(self) -> str | None:
        """What was taken as sleep, in a sentence, or ``None``."""
        if not self.asleep:
            return None
        minutes = sum(stop - start for start, stop in self.asleep)
        stretches = "one still stretch" if len(self.asleep) == 1 else f"{len(self.asleep)} still stretches"
        return f"Inside sleep, {stretches} ({minutes} min in all) would be time not worn by Choi’s rule; kept as sleep."


def still_stretches(epochs: Epochs) -> StillStretches:
    """Choi's bouts on one-minute counts, without those that are deep sleep by all that surrounds them.

    A bout is sleep when it lies inside a scored sleep period with at least 5 min of it on both sides, lasts at most
    2.5 h, and all such bouts make up less than half of the period. A choice of this program: no rule on counts alone
    can be sure. Where heart rate or stages exist, they decide before this rule is asked.

    Raises
    ------
    UsageError
        ``circadian.epoch_length`` when the epochs are not 60 s long.
    """
    bouts = choi(epochs)
    if not bouts:
        return StillStretches((), ())
    asleep: list[tuple[int, int]] = []
    for begin, end in tudor_locke_periods(cole_kripke_rescored(epochs.values)):
        inside = [
            (start, stop)
            for start, stop in bouts
            if begin + _MARGIN_MIN <= start and stop <= end - _MARGIN_MIN and stop - start <= _LONGEST_MIN
        ]
        if sum(stop - start for start, stop in inside) < _LARGEST_SHARE * (end - begin):
            asleep.extend(inside)
    kept = set(asleep)
    return StillStretches(tuple(bout for bout in bouts if bout not in kept), tuple(asleep))
