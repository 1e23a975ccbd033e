"""An actigraph on one wrist and a watch on the other: what a gap in the watch's heart rate says of the actigraph."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from vault_data import batch, put

from clarity_desktop.analysis.study import Study
from clarity_desktop.domain.kinds import ACTIVITY_COUNTS, HEART_RATE
from clarity_desktop.domain.panel import Panel
from clarity_desktop.domain.time import Span, ZoneTimeline, day_of_date
from clarity_desktop.vault import Vault

DAY = 1440
BERLIN = ZoneTimeline.single("Europe/Berlin")


def panel_of(vault: Vault, *, actigraph_off: bool, counts_source: str) -> Panel:
    """Two days; the watch is off from 13:00 to 17:00 of the first, the actigraph only where asked."""
    start = BERLIN.instant_of_local(day_of_date(date(2024, 5, 6)))
    minutes = np.arange(2 * DAY)
    counts = 50.0 + minutes % 37
    gap = (minutes >= 13 * 60) & (minutes < 17 * 60)
    if actigraph_off:
        counts[gap] = 0
    beats = minutes[(minutes % 5 == 0) & ~gap]
    person = vault.patients.add("Two wrists", home_zone="Europe/Berlin")
    put(
        vault,
        person.id,
        batch(ACTIVITY_COUNTS, counts_source, start + 60 * minutes, 60, counts),
        batch(HEART_RATE, "Watch", start + 60 * beats, 0, np.full(beats.size, 61.0)),
    )
    return Study(vault).panel(person.id, Span(start, start + 2 * DAY * 60), zone="Europe/Berlin")


@pytest.mark.parametrize(
    ("actigraph_off", "source", "not_worn"),
    [
        (False, "Actigraph", 0),
        (True, "Actigraph", 240),
        (False, "Watch", 240),
    ],
)
def test_a_watch_on_its_charger_says_nothing_of_a_moving_actigraph(
    vault: Vault, actigraph_off: bool, source: str, not_worn: int
) -> None:
    panel = panel_of(vault, actigraph_off=actigraph_off, counts_source=source)
    assert panel.coverage.not_worn == pytest.approx(not_worn, abs=6)
    assert any("another device" in note for note in panel.notes) is (source == "Actigraph")
