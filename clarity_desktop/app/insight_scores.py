"""The research score of a window of days, where a head that was trained here may give one; else what is missing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from clarity_desktop.app.pat import PatServices
from clarity_desktop.domain.errors import ClarityError
from clarity_desktop.domain.findings import Finding, Provenance
from clarity_desktop.domain.time import Span

if TYPE_CHECKING:
    from clarity_desktop.domain.pat_results import HeadView, PatResult, WeekStatus

__all__ = ["ResearchScore", "ScoreServices", "is_full", "score_finding"]

_WEEK_S: Final = 7 * 86_400
_WEEK_MIN: Final = 10_080
_HOUR_S: Final = 3600


@dataclass(frozen=True, slots=True)
class ResearchScore:
    """A head and the weeks it may speak of, or why there is no score."""

    head: HeadView | None
    result: PatResult | None
    missing: str
    """What is missing and how to get it; empty when there is a score."""


def is_full(week: WeekStatus) -> bool:
    """Whether all 10 080 minutes lie in the recording and enough of them were worn (I-25)."""
    return week.ok and week.minutes.missing == 0 and week.minutes.excluded == 0


class ScoreServices(PatServices):
    """Research scores for facts. Part of ``Services``."""

    def _research_score(self, patient_id: str, label: str | None = None) -> ResearchScore:
        """The latest head that did better than chance, with the person's full weeks through its model.

        Parameters
        ----------
        label:
            Only a head of this label; of any label when ``None``.
        """
        heads = (one for one in self.pat_heads() if one.usable and label in (None, one.label))
        head = next(heads, None)
        if head is not None and patient_id in self.vault.pat.people_of(head.id):
            return ResearchScore(
                head,
                None,
                "Research score: not computed. This person is among those the head was trained on, so that a score "
                "would say what it was told.",
            )
        if head is None:
            return ResearchScore(
                None,
                None,
                "Research score: not computed. It needs a head that was trained in this vault on your own labels and "
                "did better than chance; see the PAT page.",
            )
        try:
            result = self.pat_embed(patient_id)
        except ClarityError as error:
            return ResearchScore(head, None, f"Research score: not computed. {error.message} {error.remedy}".strip())
        full = [week for week in result.weeks if is_full(week)]
        if not full:
            most = max((_WEEK_MIN - week.minutes.missing for week in result.weeks), default=0)
            return ResearchScore(
                head,
                None,
                f"Research score: not computed. It needs a full week of {_WEEK_MIN:,} minutes; the most is {most:,}.",
            )
        if result.recipe.key != head.recipe:
            return ResearchScore(
                head, None, "Research score: not computed. Its head was trained on weeks made otherwise."
            )
        return ResearchScore(head, result, "")


def score_finding(services: PatServices, patient_id: str, found: ResearchScore, span: Span) -> tuple[Finding, ...]:
    """The score of the full weeks inside a span as a finding; none where no week lies in it."""
    head, result = found.head, found.result
    if head is None or result is None:
        return ()
    days = {
        week.day
        for week in result.weeks
        if is_full(week) and span.start <= week.start and week.start + _WEEK_S - _HOUR_S <= span.stop
    }
    chosen = tuple(one for one in result.embeddings if one.day in days)
    if not chosen:
        return ()
    value = services.pat_score(patient_id, head.id, replace(result, embeddings=chosen))
    own = Provenance(result.recipe.key, "pat_head", "1", "", "gate", model=head.model)
    return (Finding("pat", value, "score", span, None, own, n=7 * len(chosen)),)
