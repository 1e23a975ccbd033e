"""The left card of the PAT page: a week in rows with attention, occlusion or unusual hours under them."""

from __future__ import annotations

from typing import Final, Literal

import numpy as np

from clarity_desktop.domain.pat_results import Occlusion, PatResult, UnusualHours, WeekDetail
from clarity_desktop.domain.time import date_of_day
from clarity_desktop.ui.charts.weeks.day_rows import DayRowsChart, Strip
from clarity_desktop.ui.charts.weeks.day_view import DayViewChart
from clarity_desktop.ui.charts.wording import days_between, number, zone_label
from clarity_desktop.ui.components.card import Card
from clarity_desktop.ui.components.states import Icon
from clarity_desktop.ui.components.text import Label
from clarity_desktop.ui.qt import QHBoxLayout, Qt

__all__ = ["TABS", "Tab", "WeekCard", "attention_strip", "occlusion_strip", "unusual_strip"]

Tab = Literal["attention", "occlusion", "unusual", "weeks", "heads"]
TABS: Final[tuple[tuple[Tab, str], ...]] = (
    ("attention", "Attention"),
    ("occlusion", "Occlusion"),
    ("unusual", "Unusual hours"),
    ("weeks", "Own weeks"),
    ("heads", "Heads"),
)
_TITLES: Final = {
    "attention": "Where the model looks",
    "occlusion": "What the embedding rests on",
    "unusual": "What the model does not foresee",
}
_MINUTES: Final = "Minutes of this week"
_NOTES: Final = {
    "attention": (
        "Attention is a quantity inside the model. It marks neither a cause nor a symptom, and a bright patch is not "
        "an important hour. The model takes minutes in order and does not know the clock."
    ),
    "occlusion": (
        "Each hour is replaced by the average of whom the standardisation rests on, and the embedding made again: the "
        "brighter, the further it moves. That says what the numbers rest on, not what matters for the person."
    ),
    "unusual": (
        "A tenth of the week is shown to the autoencoder and the rest foretold, twenty times over. Bright hours differ "
        "from what it foretells. It learnt from other people, so a habit of one's own can be bright every day."
    ),
}


def attention_strip(result: PatResult, detail: WeekDetail) -> Strip | None:
    """Attention received by each patch, as multiples of the even share."""
    if detail.embedding is None:
        return None
    received = detail.embedding.attention.astype(np.float64)
    one = result.checkpoint
    return Strip(
        "Attention received",
        "× even share",
        received * received.size,
        one.patch,
        f"last block, mean of {one.heads} heads",
    )


def occlusion_strip(found: Occlusion) -> Strip:
    """How far the embedding moves without each hour."""
    return Strip("Embedding moves by", "distance", found.distance, found.block_min, "each hour replaced by the average")


def unusual_strip(found: UnusualHours) -> Strip:
    """Residual of each hour."""
    note = f"median of this week {number(found.median, 2)}"
    return Strip("Residual", "standard deviations", found.residual, 60, note)


class WeekCard(Card):
    """A week with one strip, its day view and what the strip does not say."""

    def __init__(self) -> None:
        super().__init__("Where the model looks")
        self.rows = DayRowsChart()
        self.day = DayViewChart()
        self.body.setContentsMargins(0, 0, 4, 12)
        self.body.addWidget(self.rows, 1)
        self.body.addWidget(self.day)
        line = QHBoxLayout()
        line.setContentsMargins(16, 0, 16, 0)
        line.setSpacing(8)
        line.addWidget(Icon("info", 14, "text_muted"), 0, Qt.AlignmentFlag.AlignTop)
        self.note = Label("", "small", "muted", wrap=True)
        line.addWidget(self.note, 1)
        self.body.addLayout(line)

    def show_week(self, tab: Tab, detail: WeekDetail | None, strip: Strip | None, why: str, patch: int | None) -> None:
        """Show a week, or why there is nothing to show.

        Parameters
        ----------
        why:
            In place of the strip: what is waited for or missing.
        patch:
            Minutes of a patch, for the title of the attention.
        """
        subtitle = ""
        if detail is not None:
            start = detail.status.start
            days = days_between(date_of_day(detail.status.day), date_of_day(detail.status.day + 6))
            zone = zone_label(detail.zone, start, start + 7 * 86_400)
            cut = "" if patch is None or tab != "attention" else f", {10_080 // patch} patches of {patch} min"
            subtitle = f"{days}{cut}, {zone}"
        self.set_title(_TITLES[tab] if strip is not None else _MINUTES, subtitle)
        self.rows.show_week(detail, strip, why)
        self.day.show_strip(strip, 1.0 if tab == "attention" else None)
        self.day.setVisible(strip is not None)
        words = _NOTES[tab] if strip is not None else why
        if detail is not None and detail.status.changes:
            words += (
                " The clock jumps inside this week; rows are 24 elapsed hours, and their labels say when they begin."
            )
        self.note.setText(words.strip())
