"""A panel laid on the rows of an actogram, made off the screen's thread."""

from __future__ import annotations

from dataclasses import dataclass

from clarity_desktop.domain.panel import Panel
from clarity_desktop.ui.charts.actogram_rows import ActogramRows, SleepLines, actogram_rows, asleep_lines

__all__ = ["ActogramData", "prepare"]

_NOON = 12 * 3600


@dataclass(frozen=True, slots=True)
class ActogramData:
    """Everything the chart needs, computed once and off the screen's thread if wished."""

    panel: Panel
    rows: ActogramRows
    nights: SleepLines
    naps: SleepLines


def prepare(panel: Panel, *, noon: bool = True) -> ActogramData | None:
    """Lay a panel on rows that begin at noon or midnight; ``None`` when it holds no epochs."""
    if not len(panel.epochs):
        return None
    rows = actogram_rows(panel.epochs, origin_s=_NOON if noon else 0)
    zone = panel.epochs.zone
    return ActogramData(panel, rows, asleep_lines(rows, zone, panel.nights), asleep_lines(rows, zone, panel.naps))
