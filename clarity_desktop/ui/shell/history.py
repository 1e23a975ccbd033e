"""Back and forward: places a person was at, with page, person and place within the page."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

__all__ = ["History", "Visit"]

_STEPS = 200


@dataclass(frozen=True, slots=True)
class Visit:
    """One place: page, the person who was open, and what the page said of its place."""

    page: str
    patient_id: str | None = None
    place: dict[str, Any] = field(default_factory=dict)


class History:
    """Visits in order with a cursor, like that of a browser; at least 50 steps back are kept."""

    def __init__(self) -> None:
        self._visits: list[Visit] = []
        self._at = -1

    @property
    def can_go_back(self) -> bool:
        """Whether a visit lies before the current one."""
        return self._at > 0

    @property
    def can_go_forward(self) -> bool:
        """Whether a visit lies after the current one."""
        return self._at + 1 < len(self._visits)

    @property
    def current(self) -> Visit | None:
        """Where the person is."""
        return self._visits[self._at] if self._visits else None

    def visit(self, visit: Visit) -> None:
        """Go to a new place; what lay ahead is forgotten. The same page and person again replaces the visit."""
        current = self.current
        if current is not None and (current.page, current.patient_id) == (visit.page, visit.patient_id):
            self._visits[self._at] = visit
            return
        del self._visits[self._at + 1 :]
        self._visits.append(visit)
        del self._visits[:-_STEPS]
        self._at = len(self._visits) - 1

    def step(self, visit: Visit) -> None:
        """Go to another place within the same page, so that Back returns from it."""
        del self._visits[self._at + 1 :]
        self._visits.append(visit)
        del self._visits[:-_STEPS]
        self._at = len(self._visits) - 1

    def remember(self, place: dict[str, Any]) -> None:
        """Keep where in its page the person is, before leaving it."""
        current = self.current
        if current is not None:
            self._visits[self._at] = Visit(current.page, current.patient_id, place)

    def back(self) -> Visit:
        """Go one visit back."""
        self._at = max(0, self._at - 1)
        return self._visits[self._at]

    def forward(self) -> Visit:
        """Go one visit forward."""
        self._at = min(len(self._visits) - 1, self._at + 1)
        return self._visits[self._at]

    def clear(self) -> None:
        """Forget everything."""
        self._visits.clear()
        self._at = -1
