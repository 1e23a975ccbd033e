"""Reading what travels out of an open vault: the channels of a patient that ride on a type, without any name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final, Protocol

import numpy as np

from clarity_desktop.cloud.sync.metrics import carriers_for, source_mark
from clarity_desktop.cloud.sync.packing import Channel
from clarity_desktop.cloud.sync.ranges import outside_range
from clarity_desktop.domain.exchange import RECORDS_KIND
from clarity_desktop.domain.series import Samples, Series
from clarity_desktop.domain.time import Span, ZoneTimeline

__all__ = ["channel_reader", "records_channel"]

NO_SOURCE: Final = "s00000000"
# Records have no time; one absent value stands where samples would, since what has none does not travel.
_NOTHING: Final = Samples(np.zeros(1, np.int64), np.zeros(1, np.int32), np.full(1, np.nan), np.zeros(1, np.uint8), "")


class _SeriesStore(Protocol):
    def list(self, patient_id: str) -> list[Series]: ...
    def read(self, series_id: int, span: Span | None = None) -> Samples: ...


def channel_reader(
    series: _SeriesStore,
    zone_of: Callable[[str], ZoneTimeline | None],
    carried: Mapping[str, str] | None = None,
    left_out: Callable[[str], frozenset[str]] = lambda _: frozenset(),
    *,
    person_of: Callable[[str], str] = lambda _: "",
    records: Callable[[str], str] = lambda _: "",
) -> Callable[[str, str, Span], Sequence[Channel]]:
    """A function that reads channels by patient, type and stretch.

    A sample belongs to the stretch in which it starts, so that each travels once. Values that the server would refuse
    stay here (Y-25), as do kinds that a person left out (Y-30).

    Parameters
    ----------
    carried:
        Type by kind, as the outbox was told; the default ways where it is empty.
    left_out:
        Kinds of a patient that a person keeps here.
    person_of:
        The random number by which uploads name a patient; without one they name nobody.
    records:
        What travels of a patient beside samples, as JSON; it is of no stretch, so its place lies before all others.
    """

    def read(patient_id: str, metric_type: str, span: Span) -> Sequence[Channel]:
        person = person_of(patient_id)
        if span.stop <= 0:
            text = records(patient_id)
            return [records_channel(person, text)] if text else []
        found = []
        zones = zone_of(patient_id)
        zone = "" if zones is None or zones.is_unknown else zones.zone_at(span.start).zone
        own = series.list(patient_id)
        carriers = carried or carriers_for([one.kind for one in own])
        kept = left_out(patient_id)
        for one in own:
            if carriers.get(one.kind) != metric_type or one.kind in kept:
                continue
            samples = _sendable(series.read(one.id, span), span, one)
            if len(samples):
                mark = source_mark(person or patient_id, one.source)
                found.append(Channel(one.kind, one.unit, zone, mark, "raw/1", samples, person))
        return found

    return read


def _sendable(samples: Samples, span: Span, series: Series) -> Samples:
    keep = (samples.start >= span.start) & (samples.start < span.stop)
    keep &= ~outside_range(series.kind, series.unit, samples.value)
    return Samples(
        samples.start[keep],
        samples.length_s[keep],
        samples.value[keep],
        samples.flags[keep],
        samples.unit,
        samples.labels,
    )


def records_channel(person: str, text: str) -> Channel:
    """The channel that carries what travels beside samples."""
    return Channel(RECORDS_KIND, "", "", NO_SOURCE, "records/1", _NOTHING, person, text)
