"""Nights from a sleep diary: the third account of sleep beside stages and scored activity (RH-36, RH-44)."""

from __future__ import annotations

from collections.abc import Sequence

from clarity_desktop.domain.sleep import Night, SleepSegment, Stage
from clarity_desktop.domain.sleep_diary import DiaryNight, instants_of
from clarity_desktop.domain.time import ZoneTimeline
from clarity_desktop.sleep.nights import clock_hour

__all__ = ["DIARY_METHOD", "nights_from_diary"]

DIARY_METHOD = "diary"


def nights_from_diary(nights: Sequence[DiaryNight], zone: ZoneTimeline) -> tuple[Night, ...]:
    """The nights a person wrote down, in order of date.

    Onset is the time of trying to sleep plus the stated latency; time asleep is the time from trying to sleep to the
    final awakening less latency and time awake (Carney 2012). Minutes are elapsed minutes, so a night of a clock
    change is an hour shorter or longer than its clock times look. Latency counts from trying to sleep, not from going
    to bed. Where no latency or no time awake was stated it counts as 0 in time asleep and stays open by itself.
    When the person was awake in between is not known, so the sleep period is one segment without a stage.
    """
    found: list[Night] = []
    for diary in sorted(nights, key=lambda one: one.date):
        at = instants_of(diary, zone)
        onset = min(at.tried + round(60 * (diary.latency_min or 0.0)), at.final_awakening)
        offset = at.final_awakening
        period = (offset - onset) / 60
        tst = max(0.0, period - (diary.waso_min or 0.0))
        tib = (at.out_of_bed - at.in_bed) / 60
        found.append(
            Night(
                date=diary.date,
                onset=onset,
                offset=offset,
                in_bed=at.in_bed,
                out_of_bed=at.out_of_bed,
                tib_min=tib,
                tst_min=tst,
                sol_min=diary.latency_min,
                waso_min=diary.waso_min or 0.0,
                se_pct=100 * tst / tib if tib > 0 else None,
                maintenance_pct=100 * tst / period if period > 0 else None,
                awakenings=diary.awakenings or 0,
                awakenings_5min=None,
                midsleep_h=clock_hour((onset + offset) // 2, zone),
                stages_min={Stage.ASLEEP.value: tst, Stage.AWAKE.value: diary.waso_min or 0.0},
                source="Sleep diary",
                method=DIARY_METHOD,
                segments=(SleepSegment(onset, offset, Stage.ASLEEP, "Sleep diary"),) if offset > onset else (),
            )
        )
    return tuple(found)
