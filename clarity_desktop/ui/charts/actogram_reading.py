"""What the read-out of an actogram says of one bin of five minutes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from clarity_desktop.domain.time import DAY_S
from clarity_desktop.ui.charts.actogram_data import ActogramData
from clarity_desktop.ui.charts.actogram_rows import BIN_S, BINS, BinState
from clarity_desktop.ui.charts.event_flags import EventFlag, event_rows
from clarity_desktop.ui.charts.paint import ReadOut
from clarity_desktop.ui.charts.wording import activity_unit, moment, number

__all__ = ["cell_read_out"]


def cell_read_out(
    data: ActogramData,
    row: int,
    column: int,
    *,
    lower: bool,
    events: Sequence[EventFlag] = (),
    more: tuple[tuple[str, str], ...] = (),
) -> ReadOut:
    """Moment, activity, wear, sleep and events of a bin.

    Parameters
    ----------
    data:
        What the chart shows.
    row, column:
        Row and bin of the local clock.
    lower:
        The lower half of the row, which holds the second pass of an hour that passed twice.
    events:
        Flags of the chart; those within ten minutes of the bin are named.
    more:
        Lines of what lies over the bars.
    """
    rows = data.rows
    second = rows.second_state[row, column] != BinState.OUTSIDE and lower
    state = BinState(int((rows.second_state if second else rows.state)[row, column]))
    value = float((rows.second_mean if second else rows.mean)[row, column])
    wall_day, wall_second = divmod((rows.first_day + row) * DAY_S + rows.origin_s + column * BIN_S, DAY_S)
    zone = data.panel.epochs.zone
    instant = zone.instant_of_local(wall_day, wall_second)
    if second:
        instant += next((-jump.change.delta_s for jump in rows.jumps if jump.row == row and not jump.skipped), 0)
    title, offset = moment(zone, instant)
    factor, unit = activity_unit(data.panel.epochs)
    word = {
        BinState.WORN: "worn",
        BinState.NOT_WORN: "not worn",
        BinState.MISSING: "no sample",
        BinState.EXCLUDED: "left out by a person",
        BinState.OUTSIDE: "outside the recording",
    }[state]
    if any(j.row == row and j.skipped and j.first <= column < j.last for j in rows.jumps):
        word = "skipped by the clock"
    shown = f"{number(value * factor, 1 if value * factor < 10 else 0)} {unit}" if np.isfinite(value) else "–"
    where = (column + 0.5) / BINS
    asleep = next(
        (
            name
            for lines, name in ((data.nights, "asleep"), (data.naps, "nap"))
            for low, high in lines.of_row(row)
            if low <= where < high
        ),
        "not marked as sleep",
    )
    said = (("Activity, 5-min mean", shown), ("Wear", word), ("Sleep", asleep), *more)
    return ReadOut(title, offset, said + event_rows(events, zone, instant + BIN_S // 2, 2 * BIN_S))
