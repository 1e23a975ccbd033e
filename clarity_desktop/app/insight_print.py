"""The part of the services that prints texts: for the person themselves, and the list of what left this machine."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Final

from clarity_desktop.app.insight_questions import InsightQuestionServices
from clarity_desktop.app.insights import NOT_A_DIAGNOSIS, Insight, insight_lines, said_statement
from clarity_desktop.app.permissions import needs
from clarity_desktop.domain.errors import ConflictError
from clarity_desktop.domain.insights import Topic
from clarity_desktop.domain.time import format_instant
from clarity_desktop.domain.users import Right

if TYPE_CHECKING:
    from clarity_desktop.reports.files import ReportFile
    from clarity_desktop.reports.plain_pages import TextSection
    from clarity_desktop.vault.tables.insights import SentRequest

__all__ = ["InsightPrintServices", "sent_sections"]

_WORDS: Final = {
    "en": ("Your recording", "What was measured", "Which days are meant", "Where the numbers come from"),
    "de": ("Ihre Aufzeichnung", "Was gemessen wurde", "Welche Tage gemeint sind", "Woher die Zahlen kommen"),
}
_FOOT: Final = {"en": NOT_A_DIAGNOSIS, "de": f"Keine Diagnose. {NOT_A_DIAGNOSIS}"}


class InsightPrintServices(InsightQuestionServices):
    """Texts on paper. Part of ``Services``."""

    @needs(Right.READ_DATA)
    def patient_insight(
        self, patient_id: str, topic: Topic = Topic.SLEEP, *, language: str = "en", event: date | None = None
    ) -> Insight:
        """The same facts in words for the person themselves, by rules: everyday measures, one thing a sentence (I-70).

        Raises
        ------
        NotFoundError
            ``analysis.no_data`` when there is no recording.
        """
        from clarity_desktop.insights.grounding import check_statements
        from clarity_desktop.insights.rules import patient_statements

        found = self.insight(patient_id, topic, language=language, event=event)
        table = found.facts.table
        statements = () if table is None else patient_statements(table)
        if table is None or not statements or not check_statements(table, statements).accepted:
            refused = found.refused or "None of the measures of this topic has an everyday name."
            return replace(found, statements=(), refused=refused, remedy="Choose the topic sleep, activity or heart.")
        said = tuple(said_statement(table, one) for one in statements)
        return replace(found, origin=f"{found.origin}, for the person", statements=said, refused=None)

    @needs(Right.EXPORT_IDENTIFIED, Right.EXPORT_DEIDENTIFIED)
    def write_patient_insight(self, patient_id: str, insight: Insight, path: Path) -> ReportFile:
        """Write words for the person as a PDF, with the dates that their windows mean; an audit entry.

        Raises
        ------
        ConflictError
            ``insights.no_text`` when there is not one sentence.
        InputError
            ``report.not_writable`` when the folder does not take the file.
        """
        from clarity_desktop import __version__
        from clarity_desktop.reports.files import write_whole
        from clarity_desktop.reports.plain_pages import TextSection, plain_pages

        if not insight.statements:
            raise ConflictError(
                "insights.no_text", insight.refused or "There is not one sentence to write.", remedy=insight.remedy
            )
        person = self.vault.patients.get(patient_id)
        lines, notes = insight_lines(insight, insight.statements)
        title, measured, meant, sources = _WORDS[insight.facts.language]
        origin = f"Made by {insight.origin}, {format_instant(insight.made)}."
        sections = (
            TextSection(measured, lines),
            TextSection(meant, _windows(insight)),
            TextSection(sources, (*notes, origin)),
        )
        pages = plain_pages(
            title,
            f"{person.name}, {person.code}" if self._sees_identity() else person.code,
            sections,
            foot=_FOOT[insight.facts.language],
            generated=insight.made,
            version=__version__,
            simulated=person.simulated,
        )
        self.vault.audit.append("export.insight_person", patient_id=patient_id, detail=insight.origin)
        return write_whole(path, pages)

    @needs(Right.EXPORT_IDENTIFIED, Right.EXPORT_DEIDENTIFIED)
    def write_insights_sent(self, patient_id: str, path: Path) -> ReportFile:
        """Write the list of what left this machine about a person as a PDF for printing (I-38); an audit entry.

        Raises
        ------
        InputError
            ``report.not_writable`` when the folder does not take the file.
        """
        from clarity_desktop import __version__
        from clarity_desktop.reports.files import write_whole
        from clarity_desktop.reports.plain_pages import plain_pages

        person = self.vault.patients.get(patient_id)
        generated = int(time.time())
        pages = plain_pages(
            "What left this machine",
            f"{person.name}, {person.code}" if self._sees_identity() else person.code,
            sent_sections(self.insights_sent(patient_id)),
            foot=NOT_A_DIAGNOSIS,
            generated=generated,
            version=__version__,
            simulated=person.simulated,
        )
        self.vault.audit.append("export.insight_sends", patient_id=patient_id)
        return write_whole(path, pages)


def sent_sections(sent: list[SentRequest]) -> tuple[TextSection, ...]:
    """Each send as a section of the printed list; one that says so when nothing was sent."""
    from clarity_desktop.reports.plain_pages import TextSection

    if not sent:
        return (TextSection("Requests", ("Nothing was sent about this person.",)),)
    return tuple(
        TextSection(
            f"{format_instant(one.at)}, {one.provider}",
            (
                f"To {one.host}, model {one.model}; {one.size} bytes; ended: {one.outcome}.",
                f"Sent by {one.who} under consent {one.consent_id}; request {one.correlation}.",
                f"{one.tokens_in} tokens sent, {one.tokens_out} received, about {one.cost_micros / 1e6:.4f}.",
                f"SHA-256 {one.sha256}",
            ),
        )
        for one in sent
    )


def _windows(insight: Insight) -> tuple[str, ...]:
    """The dates of each window that the sentences speak of."""
    from clarity_desktop.app.insights import fact_period
    from clarity_desktop.insights.grounding.lexicon import lexicon

    table = insight.facts.table
    phrases = lexicon(insight.facts.language).window_phrases
    found: dict[str, str] = {}
    for name in dict.fromkeys(name for one in insight.statements for name in one.facts):
        fact = None if table is None else table.fact(name)
        if fact is not None:
            first, last = fact_period(fact, insight.facts).split("/")
            found[fact.window.key] = f"{phrases[fact.window.key].capitalize()}: {first} – {last}"
    return tuple(found.values())
