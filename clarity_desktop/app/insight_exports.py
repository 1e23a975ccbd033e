"""Texts about a person that leave the vault: a section of the report, and a table with fact ids (I-22, I-45)."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from clarity_desktop.app.insight_questions import InsightQuestionServices
from clarity_desktop.app.insights import NOT_A_DIAGNOSIS, Insight, fact_period, insight_lines
from clarity_desktop.app.permissions import needs
from clarity_desktop.domain.errors import ConflictError
from clarity_desktop.domain.time import format_instant
from clarity_desktop.domain.users import Right

if TYPE_CHECKING:
    from clarity_desktop.reports.cited_text import CitedRow, CitedText
    from clarity_desktop.reports.files import ReportFile
    from clarity_desktop.reports.plain_pages import TextSection
    from clarity_desktop.vault.tables.insights import SentRequest

__all__ = ["InsightExportServices", "cited_text", "sent_sections"]


class InsightExportServices(InsightQuestionServices):
    """Texts as files. Part of ``Services``."""

    @needs(Right.EXPORT_IDENTIFIED, Right.EXPORT_DEIDENTIFIED)
    def write_insight_csv(self, patient_id: str, insight: Insight, path: Path) -> ReportFile:
        """Write a text as a table, a row for each fact that a sentence rests on. The export is an audit entry.

        Raises
        ------
        ConflictError
            ``insights.no_text`` when there is not one sentence.
        InputError
            ``report.not_writable`` when the folder does not take the file.
        """
        from clarity_desktop.reports.cited_text import cited_csv
        from clarity_desktop.reports.files import write_whole

        rows = _rows(insight)
        if not rows:
            raise _no_text(insight)
        self.vault.audit.append("export.insight", patient_id=patient_id, detail=insight.origin)
        return write_whole(path, cited_csv(rows))

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


def cited_text(insight: Insight) -> CitedText:
    """The text as the report prints it; raises ``ConflictError`` (``insights.no_text``) without a sentence."""
    from clarity_desktop.reports.cited_text import CitedText

    if not insight.statements:
        raise _no_text(insight)
    sentences, notes = insight_lines(insight, insight.statements)
    return CitedText(
        insight.facts.topic.value.replace("_", " "),
        f"Made by {insight.origin}, {format_instant(insight.made)}.",
        sentences,
        notes,
        NOT_A_DIAGNOSIS,
        insight.facts.hash,
    )


def _rows(insight: Insight) -> tuple[CitedRow, ...]:
    from clarity_desktop.reports.cited_text import CitedRow

    table = insight.facts.table
    if table is None:
        return ()
    return tuple(
        CitedRow(
            number,
            said.kind.value,
            said.text,
            fact.id,
            fact.value,
            fact.unit,
            fact_period(fact, insight.facts),
            fact.valid_days,
            fact.coverage,
            f"{fact.method_id} {fact.method_version}",
            insight.origin,
            format_instant(insight.made),
            NOT_A_DIAGNOSIS,
        )
        for number, said in enumerate(insight.statements, 1)
        for fact in (table.fact(name) for name in said.facts)
        if fact is not None
    )


def _no_text(insight: Insight) -> ConflictError:
    return ConflictError(
        "insights.no_text",
        "There is not one sentence to write.",
        remedy=" ".join(insight.facts.missing) or "Choose another topic.",
    )
