"""Texts about a person that leave the vault: a section of the report, and a table with fact ids (I-22, I-45)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from clarity_desktop.app.insight_print import InsightPrintServices
from clarity_desktop.app.insights import NOT_A_DIAGNOSIS, Insight, fact_period, insight_lines
from clarity_desktop.app.permissions import needs
from clarity_desktop.domain.errors import ConflictError
from clarity_desktop.domain.time import format_instant
from clarity_desktop.domain.users import Right

if TYPE_CHECKING:
    from clarity_desktop.reports.cited_text import CitedRow, CitedText
    from clarity_desktop.reports.files import ReportFile

__all__ = ["InsightExportServices", "cited_text"]


class InsightExportServices(InsightPrintServices):
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
