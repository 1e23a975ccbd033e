"""What the tabs of the PAT page ask for: strips of a week, trajectory, weeks most alike; kept until they are stale."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from clarity_desktop.domain.errors import ClarityError
from clarity_desktop.domain.pat import SIGNAL_KINDS
from clarity_desktop.domain.pat_results import Occlusion, SimilarWeek, TrajectoryView, UnusualHours, WeekStatus
from clarity_desktop.domain.time import DAY_S, Span, ZoneTimeline
from clarity_desktop.domain.work import CancelToken
from clarity_desktop.ui.charts.lanes import Columns
from clarity_desktop.ui.charts.weeks.day_rows import Strip
from clarity_desktop.ui.jobs import Operation, run_query
from clarity_desktop.ui.pages.pat.week_view import attention_strip, occlusion_strip, unusual_strip

if TYPE_CHECKING:
    from clarity_desktop.ui.pages.pat.page import PatPage

__all__ = ["Profiles"]

_STRIP_COLUMNS: Final = 1200


class Profiles:
    """Reads off the window's thread what a tab shows, and keeps it for the weights and controls in force."""

    def __init__(self, page: PatPage) -> None:
        self._page = page
        self._kept: dict[tuple[str, int], Strip] = {}
        self._refused: dict[tuple[str, int], str] = {}
        self._view: TrajectoryView | None = None
        self._waiting: Operation[Any] | None = None
        self._cancel = CancelToken()

    def forget(self) -> None:
        """Forget everything: weights, controls or the person are other ones."""
        self._cancel.cancel()
        self._kept.clear()
        self._refused.clear()
        self._view = None

    def show_strip(self) -> None:
        """Show the strip of the tab, or say what is waited for."""
        page = self._page
        detail, result, tab = page.detail, page.result, page.tab
        if detail is None:
            return
        one = page.checkpoint
        patch = None if one is None else one.patch
        if result is None or detail.embedding is None or tab not in ("attention", "occlusion", "unusual"):
            page.week.show_week("attention", detail, None, page.why(), patch)
            return
        if tab == "attention":
            page.week.show_week(tab, detail, attention_strip(result, detail), "", patch)
            return
        key = (tab, detail.status.day)
        if key in self._kept:
            page.week.show_week(tab, detail, self._kept[key], "", patch)
            return
        if key in self._refused:
            page.week.show_week(tab, detail, None, self._refused[key], patch)
            return
        words = "Replacing one hour after the other" if tab == "occlusion" else "Hiding patches, twenty times over"
        page.week.show_week(tab, detail, None, words, patch)
        self._ask(key)

    def _ask(self, key: tuple[str, int]) -> None:
        page = self._page
        patient, services, request = page.patient, page.services, page.request()
        if patient is None:
            return
        if self._waiting is not None:
            self._waiting.cancel()
        self._cancel.cancel()
        self._cancel = token = CancelToken()
        tab, day = key

        def read() -> Occlusion | UnusualHours:
            if tab == "occlusion":
                return services.pat_occlusion(patient.id, day, request, cancel=token)
            return services.pat_unusual_hours(patient.id, day, request, cancel=token)

        def arrived(found: Occlusion | UnusualHours) -> None:
            self._kept[key] = occlusion_strip(found) if isinstance(found, Occlusion) else unusual_strip(found)
            self._renew(key)

        def refused(error: ClarityError) -> None:
            if not token.cancelled:
                self._refused[key] = f"{error.message} {error.remedy}".strip()
                self._renew(key)

        self._waiting = run_query(page, read, arrived, refused)

    def _renew(self, key: tuple[str, int]) -> None:
        page = self._page
        if page.tab == key[0] and page.detail is not None and page.detail.status.day == key[1]:
            self.show_strip()

    def read_trajectory(self) -> None:
        """Show the trajectory and the weeks most alike."""
        page = self._page
        patient, services, result = page.patient, page.services, page.result
        if patient is None or result is None:
            return
        if self._view is not None:
            page.own.show_view(self._view, page.day, "")
        else:

            def arrived(view: TrajectoryView) -> None:
                if page.result is result:
                    self._view = view
                    page.own.show_view(view, page.day, "")

            def refused(error: ClarityError) -> None:
                page.own.show_view(None, page.day, f"{error.message} {error.remedy}".strip())

            run_query(page, lambda: services.pat_trajectory(patient.id, result), arrived, refused)
        self.read_alike()

    def read_alike(self) -> None:
        """Show the weeks nearest to the chosen one."""
        page = self._page
        patient, services, result, day = page.patient, page.services, page.result, page.day
        if patient is None or result is None or day is None:
            return
        if result.embedding_of(day) is None:
            page.own.show_alike(day, patient.id, (), {}, "This week is not computed")
            return
        everyone = page.own.everyone

        def read() -> tuple[tuple[SimilarWeek, ...], dict[str, str]]:
            found = services.pat_similar(patient.id, day, result, everyone=everyone)
            return found, {one.id: one.code for one in services.patients()} if everyone else {}

        def arrived(answer: tuple[tuple[SimilarWeek, ...], dict[str, str]]) -> None:
            if page.day == day:
                page.own.show_alike(day, patient.id, *answer)

        run_query(page, read, arrived)

    def read_strip(self, weeks: Sequence[WeekStatus], zone: ZoneTimeline) -> None:
        """Show the whole recording under the page."""
        page = self._page
        patient, services = page.patient, page.services
        if patient is None or not weeks:
            return

        def read() -> Columns:
            series = services.series(patient.id)
            kinds = {one.kind for one in series}
            kind = next(kind for kind in SIGNAL_KINDS.values() if kind in kinds)
            firsts = [one.first for one in series if one.kind == kind and one.first is not None]
            lasts = [one.last for one in series if one.kind == kind and one.last is not None]
            return services.timeline(patient.id, kind, Span(min(firsts), max(lasts)), _STRIP_COLUMNS)

        def arrived(columns: Columns) -> None:
            page.strip.simulated = patient.simulated
            days = -(-(columns.stop - columns.start) // DAY_S)
            page.strip.show_columns(columns, zone, note=page.strip.note_of(days, None))
            page.show_head()

        run_query(page, read, arrived)
