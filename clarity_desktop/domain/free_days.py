"""Work days and free days of one person: a weekly pattern with dated exceptions (RH-48)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from clarity_desktop.domain.time import date_of_day

__all__ = ["WEEKDAYS", "FreeDays"]

WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_ASSUMED: Final = frozenset({5, 6})


@dataclass(frozen=True, slots=True)
class FreeDays:
    """Which local dates are free. Without a word from the person, Saturdays and Sundays are assumed."""

    weekdays: frozenset[int] = _ASSUMED
    """Free weekdays, 0 Monday … 6 Sunday."""
    exceptions: Mapping[date, bool] = field(default_factory=dict)
    """Dates that differ from the pattern, or that no pattern covers: true for a free day."""
    stated: bool = False
    """Whether the weekly pattern was entered for this person."""

    def is_free(self, day: date) -> bool:
        """Whether a local date is free."""
        return self.exceptions.get(day, day.weekday() in self.weekdays)

    def free_between(self, first: int, last: int) -> tuple[int, ...]:
        """Free local days (days since 1970-01-01) from ``first`` to ``last``, both included."""
        return tuple(day for day in range(first, last + 1) if self.is_free(date_of_day(day)))

    @property
    def work_days_a_week(self) -> float:
        """Work days in a week of the pattern."""
        return float(7 - len(self.weekdays))

    @property
    def words(self) -> str:
        """``Saturday and Sunday (assumed)`` or ``Friday; 3 dates entered``, as it stands beside a metric."""
        names = [WEEKDAYS[day] for day in sorted(self.weekdays)]
        listed = " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names) or "no weekday"
        said = f"{listed} (entered)" if self.stated else f"{listed} (assumed)"
        count = len(self.exceptions)
        return said + (f"; {count} {'date' if count == 1 else 'dates'} entered" if count else "")
