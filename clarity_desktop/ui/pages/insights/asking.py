"""What an insight panel asks its page to open: why, comment, what would be sent, and signing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clarity_desktop.domain.errors import ClarityError
from clarity_desktop.ui.jobs import run_query
from clarity_desktop.ui.pages.insights import sheets

if TYPE_CHECKING:
    from clarity_desktop.app.insight_gate import InsightPreview
    from clarity_desktop.ui.pages.insights.panel import InsightPanel
    from clarity_desktop.ui.pages.page import Page

__all__ = ["open_asked", "show_preview"]


def open_asked(page: Page, panel: InsightPanel, what: str, number: int) -> None:
    """Open what the panel of a page asks for: ``sent``, ``why``, ``comment`` or ``sign``."""
    insight, patient = panel.insight, page.patient
    if what == "sent":
        show_preview(page, panel)
    elif insight is None or patient is None:
        return
    elif what == "why":
        sheets.show_why(page.window(), insight, insight.statements[number])
    elif what == "comment":
        held = str(panel.ratings.get(number, {}).get("comment", ""))
        sheets.ask_comment(page.window(), held, lambda text: panel.rate(number, comment=text))
    elif what == "sign":
        sheets.ask_sign(
            page.window(),
            page.services,
            patient,
            insight,
            panel.shown_statements(),
            lambda _: page.told.emit("The text stands in the notes, on the Diary page."),
        )


def show_preview(page: Page, panel: InsightPanel) -> None:
    """Show exactly what would be sent for the panel's topic: to who is chosen, else to the workplace's provider."""
    patient, services = page.patient, page.services
    if patient is None:
        return
    topic, language, event = panel.topic, panel.language, panel.event_day
    who = panel.who.value()

    def read() -> InsightPreview:
        chosen = services.insight_provider(patient.id) if who == "rules" else who
        provider = "gemini" if chosen == "rules" else chosen
        return services.insight_preview(patient.id, topic, provider=provider, language=language, event=event)

    def refused(error: ClarityError) -> None:
        page.told.emit(f"{error.message} {error.remedy}")

    run_query(page, read, lambda found: sheets.show_bytes(page.window(), found), refused)
