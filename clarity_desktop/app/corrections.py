"""The part of the services about what a person sets right by hand: zones, and the order of sources."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from clarity_desktop.app.access import AccessServices
from clarity_desktop.app.permissions import needs
from clarity_desktop.app.pseudonyms import masked_source
from clarity_desktop.domain.changes import Change
from clarity_desktop.domain.errors import NotFoundError, UsageError
from clarity_desktop.domain.importing import ZoneFound
from clarity_desktop.domain.kinds import kind_of
from clarity_desktop.domain.series import Accumulation
from clarity_desktop.domain.time import DAY_S, Span, ZoneCorrection, ZoneTimeline
from clarity_desktop.domain.users import Right

if TYPE_CHECKING:
    from clarity_desktop.domain.merge_account import DayAccount

__all__ = ["CorrectionServices"]

_DERIVED = Change.ZONES | Change.FINDINGS


class CorrectionServices(AccessServices):
    """Zones and sources by hand. Part of ``Services``."""

    @needs(Right.READ_DATA)
    def zone_stretches(self, patient_id: str) -> tuple[ZoneFound, ...]:
        """The zone timeline in force, stretch by stretch, with the evidence for each."""
        return self.vault.zones.found(patient_id)

    @needs(Right.READ_DATA)
    def zone_evidence(self, patient_id: str) -> tuple[ZoneFound, ...]:
        """The same as the files' evidence gives it, without corrections."""
        return self.vault.zones.evidence(patient_id)

    @needs(Right.READ_DATA)
    def zone_corrections(self, patient_id: str) -> tuple[ZoneCorrection, ...]:
        """What was set by hand, in the order in which it was made; where two overlap the later holds."""
        return self.vault.zone_corrections.list(patient_id)

    @needs(Right.CHANGE_DATA)
    def correct_zone(self, patient_id: str, correction: ZoneCorrection) -> None:
        """Set the zone of a stretch by hand. Local days follow at once; nothing is imported again.

        Raises
        ------
        InputError
            ``time.unknown_zone``.
        UsageError
            ``zones.order`` when the stretch ends before it begins.
        """
        begin, end = correction.from_utc, correction.until_utc
        if begin is not None and end is not None and end <= begin:
            raise UsageError("zones.order", "The stretch ends before it begins.", remedy="Check the two dates.")
        self.vault.patients.get(patient_id)
        self._put_zones(patient_id, (*self.vault.zone_corrections.list(patient_id), correction))

    @needs(Right.CHANGE_DATA)
    def remove_zone_correction(self, patient_id: str, position: int) -> None:
        """Take one correction back; raises :class:`NotFoundError` (``zones.no_correction``)."""
        known = self.vault.zone_corrections.list(patient_id)
        if not 0 <= position < len(known):
            raise NotFoundError("zones.no_correction", "There is no such correction.", remedy="List the zones first.")
        self._put_zones(patient_id, (*known[:position], *known[position + 1 :]))

    @needs(Right.CHANGE_DATA)
    def reset_zones(self, patient_id: str) -> None:
        """Take all corrections back, so that the evidence of the files holds."""
        self._put_zones(patient_id, ())

    def _put_zones(self, patient_id: str, corrections: tuple[ZoneCorrection, ...]) -> None:
        self.vault.zone_corrections.put(patient_id, corrections)
        self._announce(_DERIVED, patient_id)

    @needs(Right.READ_DATA)
    def source_orders(self, patient_id: str) -> dict[str, tuple[str, ...]]:
        """Orders of sources set by hand, by kind; an empty kind stands for all others."""
        found = self.vault.source_orders.get(patient_id)
        if self._sees_identity():
            return found
        return {kind: tuple(masked_source(name) for name in order) for kind, order in found.items()}

    @needs(Right.READ_DATA)
    def source_order(self, patient_id: str, kind: str) -> tuple[str, ...]:
        """The sources of a kind in the order in which they are taken: set by hand, else watch, phone, others."""
        order = self._order(patient_id, kind)
        return order if self._sees_identity() else tuple(masked_source(name) for name in order)

    def _order(self, patient_id: str, kind: str) -> tuple[str, ...]:
        from clarity_desktop.signals.merge import default_priority
        from clarity_desktop.vault.tables.source_orders import order_for

        series = [one for one in self.vault.series.list(patient_id) if one.kind == kind]
        names = default_priority([(one.source, one.device) for one in series])
        chosen = [name for name in order_for(self.vault.source_orders.get(patient_id), kind) or () if name in names]
        return (*chosen, *(name for name in names if name not in chosen))

    @needs(Right.CHANGE_DATA)
    def set_source_order(self, patient_id: str, kind: str, order: Sequence[str]) -> None:
        """Set the order of sources for a kind, or for all others with an empty kind; none brings the default back.

        Raises
        ------
        NotFoundError
            ``sources.unknown`` when a name is none of the person's sources.
        """
        self.vault.patients.get(patient_id)
        known = {one.source for one in self.vault.series.list(patient_id)}
        if any(name not in known for name in order):
            raise NotFoundError(
                "sources.unknown", "A name is none of this person's sources.", remedy="List the sources first."
            )
        self.vault.source_orders.put(patient_id, kind, list(dict.fromkeys(order)))
        self._announce(Change.SAMPLES | Change.FINDINGS, patient_id)

    @needs(Right.READ_DATA)
    def merge_account(self, patient_id: str, kind: str, day: int) -> DayAccount:
        """Why the merged total of a local day is what it is: which source gave which interval.

        Parameters
        ----------
        day:
            Days since 1970-01-01 of the local date.

        Raises
        ------
        UsageError
            ``sources.no_amounts`` for kinds whose values do not add up: they are never merged.
        """
        from clarity_desktop.signals.merge import SourceSamples
        from clarity_desktop.signals.merge_account import day_account

        series = [one for one in self.vault.series.list(patient_id) if one.kind == kind]
        units = [one.unit for one in series]
        what = kind_of(kind, units[0] if units else "")
        if what.accumulation is not Accumulation.SUM:
            raise UsageError(
                "sources.no_amounts",
                "Values of this kind do not add up, so their sources are never merged.",
                remedy="Choose steps, distance, energy or another amount.",
            )
        zone = self._timeline(patient_id)
        span = zone.day_span(day)
        wide = Span(span.start - DAY_S, span.stop + DAY_S)
        parts = [SourceSamples(one.source, self.vault.series.read(one.id, wide), one.device) for one in series]
        if not self._sees_identity():
            parts = [SourceSamples(masked_source(one.source), one.samples, one.device) for one in parts]
        order = self._order(patient_id, kind)
        if not self._sees_identity():
            order = tuple(masked_source(name) for name in order)
        return day_account(parts, what, order, span)

    def _timeline(self, patient_id: str) -> ZoneTimeline:
        known = self.vault.zones.get(patient_id)
        if known is not None:
            return known
        home = self.vault.patients.get(patient_id).home_zone
        return ZoneTimeline.unknown() if home is None else ZoneTimeline.single(home, origin="home zone of the person")
