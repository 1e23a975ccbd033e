"""Two accounts of the same sleep, compared."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from clarity_desktop.domain.sleep import SleepSegment, Stage
from clarity_desktop.domain.time import ZoneTimeline, day_of_date
from clarity_desktop.sleep.agreement import dates_of_disagreement, epoch_agreement, night_differences
from clarity_desktop.sleep.nights import nights_from_segments
from clarity_desktop.sleep.states import decode_states

ZONE = ZoneTimeline.single("Europe/Berlin")
MIDNIGHT = ZONE.instant_of_local(day_of_date(date(2024, 5, 2)))


def sleep(source: str, day: int, begin_min: int, end_min: int) -> SleepSegment:
    at = MIDNIGHT + day * 86_400
    return SleepSegment(at + begin_min * 60, at + end_min * 60, Stage.ASLEEP, source)


def test_agreement_by_hand() -> None:
    found = epoch_agreement(decode_states("S50W50N7"), decode_states("S40W10S5W45S7"))
    assert found.epochs == 100
    assert found.share == pytest.approx(0.85)
    assert found.kappa == pytest.approx(0.7)
    assert found.sensitivity == pytest.approx(0.8)
    assert found.specificity == pytest.approx(0.9)


def test_agreement_without_common_epochs_or_without_variation() -> None:
    assert epoch_agreement(decode_states("N5"), decode_states("S5")).share is None
    assert epoch_agreement(decode_states("S5"), decode_states("S5")).kappa is None
    with pytest.raises(ValueError, match="one grid"):
        epoch_agreement(decode_states("S5"), decode_states("S6"))


def test_night_differences_are_of_common_dates() -> None:
    watch = nights_from_segments([sleep("watch", 0, 0, 420), sleep("watch", 1, 0, 400)], ZONE).nights
    diary = nights_from_segments([sleep("diary", 0, -30, 440)], ZONE).nights
    (found,) = night_differences(watch, diary)
    assert (found.date, found.onset_min, found.offset_min, found.tst_min) == (date(2024, 5, 2), -30, 20, 50)


@pytest.mark.parametrize(("apart", "flagged"), [(60, 0), (61, 1)])
def test_sources_more_than_an_hour_apart_are_flagged(apart: int, flagged: int) -> None:
    segments = [sleep("watch", 0, 0, 420), sleep("app", 0, apart, 420), sleep("watch", 1, 0, 420)]
    assert len(dates_of_disagreement(segments, ZONE)) == flagged
    assert dates_of_disagreement(segments[:1], ZONE) == ()
    assert np.all([s.stop > s.start for s in segments])
