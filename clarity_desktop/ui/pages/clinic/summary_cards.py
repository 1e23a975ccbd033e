"""The cards of the patient summary: who, findings, data held, diary, consents, retention, documents, imports."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from clarity_desktop.app.clinic_summary import ClinicSummary, KeyFinding
from clarity_desktop.ui.charts.wording import interval, number
from clarity_desktop.ui.components.badge import Badge
from clarity_desktop.ui.components.buttons import Button
from clarity_desktop.ui.components.card import Card
from clarity_desktop.ui.components.measure_table import MeasureTable
from clarity_desktop.ui.components.text import Label
from clarity_desktop.ui.pages.metric_views import finding_words
from clarity_desktop.ui.pages.security.loaded import count_words, size_words, when
from clarity_desktop.ui.pages.security.retention import CLASS_WORDS, days_in_words
from clarity_desktop.ui.qt import QHBoxLayout, QVBoxLayout, Signal

__all__ = ["FindingsCard", "ListCard", "WhoCard", "fill_lists"]

_MOST_KINDS: Final = 8
_ONE: Final = {"nights": "night", "days": "day", "pairs": "day pair"}
_MANY: Final = {"pairs": "day pairs"}
_OUTCOMES: Final = {"ok": "read in full", "undone": "undone", "incomplete": "incomplete", "recovered": "repaired"}
NOT_SHOWN: Final = "Your role does not show this. An admin gives roles."


class WhoCard(Card):
    """Code and name by role, age band, and what is pressing about the record."""

    def __init__(self) -> None:
        super().__init__()
        row = QHBoxLayout()
        row.setSpacing(8)
        words = QVBoxLayout()
        words.setSpacing(2)
        self.name = Label("", "title")
        self.facts = Label("", "body", "muted", wrap=True)
        words.addWidget(self.name)
        words.addWidget(self.facts)
        row.addLayout(words, 1)
        self.badges = {
            "simulated": Badge("Simulated data", "flask-conical", "sim"),
            "hold": Badge("Legal hold", "lock", "warn"),
            "erasure": Badge("Erasure asked for", "trash-2", "warn"),
            "imports": Badge("", "triangle-alert", "warn"),
        }
        for badge in self.badges.values():
            row.addWidget(badge)
        self.body.addLayout(row)

    def show_summary(self, summary: ClinicSummary) -> None:
        """Say who it is about."""
        who, paper = summary.who, summary.paperwork
        self.name.setText(f"{who.name} · {who.code}" if who.sees_identity else who.code)
        self.setAccessibleName(f"Who: {self.name.text()}")
        age = f"Age {who.age_band}" if who.age_band is not None else "Age unknown"
        if not who.sees_identity:
            age = "Age and name are not shown to your role"
        sex = {"not_stated": "sex not stated"}.get(who.sex, who.sex)
        zone = who.home_zone or "home zone not stated"
        tags = ", ".join(who.tags)
        self.facts.setText(" · ".join(part for part in (age, sex, zone, tags) if part))
        self.badges["simulated"].setVisible(who.simulated)
        self.badges["hold"].setVisible(paper is not None and bool(paper.holds))
        self.badges["erasure"].setVisible(paper is not None and bool(paper.erasure_asked))
        open_files = sum(one.outcome in ("interrupted", "incomplete", "recovered") for one in summary.troubles)
        self.badges["imports"].show_state(f"{count_words(open_files, 'file')} to look at", "triangle-alert", "warn")
        self.badges["imports"].setVisible(open_files > 0)


class FindingsCard(Card):
    """Key findings; a row opens the chart that shows its samples."""

    opened = Signal(int)
    """Number of the finding."""
    wanted = Signal()
    """Somebody wants to bring a recording."""

    def __init__(self) -> None:
        super().__init__("Latest findings", " ")
        self.body.setContentsMargins(0, 0, 0, 8)
        self.table = MeasureTable("Latest findings", ("Measure", "Value", "Unit", "95 %", "Rests on"), opens=True)
        self.table.row_opened.connect(self.opened)
        self.body.addWidget(self.table)
        self.note = Label("", "small", "muted", wrap=True)
        self.note.setContentsMargins(14, 6, 14, 0)
        self.body.addWidget(self.note)
        self.bring = Button("Import a recording", "normal", "import")
        self.bring.clicked.connect(lambda _=False: self.wanted.emit())
        row = QHBoxLayout()
        row.setContentsMargins(14, 6, 14, 4)
        row.addWidget(self.bring)
        row.addStretch(1)
        self.body.addLayout(row)

    def show_summary(self, summary: ClinicSummary) -> None:
        """Show the findings of the window, or say that there is nothing to compute from."""
        window = summary.window
        self.table.setVisible(window is not None)
        self.bring.setVisible(window is None)
        if window is None:
            self.set_title("Latest findings", "no recording")
            self.note.setText("Nothing to compute from. Findings stand here once a recording is imported.")
            return
        self.set_title("Latest findings", f"{window.first} to {window.last}, {window.zone}")
        rows = [_row(one) for one in summary.findings]
        self.table.show_rows(rows, [_tip(one) for one in summary.findings])
        days = f"{number(window.valid_days)} of {count_words(window.days, 'day')} valid"
        worn = f"worn {number(100 * window.worn_share, 1)}\u00a0%"
        self.note.setText(" ".join((f"{days}, {worn}.", window.signal_note, *window.notes)))


def _row(one: KeyFinding) -> tuple[str, ...]:
    if one.value is None:
        return (one.title, "", "", "", f"!{one.insufficient}")
    value, unit = finding_words(one.metric, one.value)
    if unit == "min" and "h" in value:
        # Beside a number such as 7 h 00 in a column of its own.
        unit = "h min"
    span = "no interval"
    if one.interval is not None:
        span = interval(*(finding_words(one.metric, end)[0] for end in one.interval))
    rests = "" if one.n is None else f"{number(one.n)} {_counted(one)}"
    return (one.title, value, unit or "no unit", span, rests)


def _counted(one: KeyFinding) -> str:
    return _ONE.get(one.rests_on, one.rests_on) if one.n == 1 else _MANY.get(one.rests_on, one.rests_on)


def _tip(one: KeyFinding) -> str:
    method = f"Method {one.method}. " if one.method else ""
    return f"{one.insufficient or one.title}. {method}Opens its chart on the {one.page} page.".replace("..", ".")


class ListCard(Card):
    """A few rows of one kind, and a sentence where there are none; the button at the right opens their page."""

    wanted = Signal()

    def __init__(self, title: str, heads: Sequence[str], verb: str = "") -> None:
        super().__init__(title, " ")
        self._title = title
        self.body.setContentsMargins(0, 0, 0, 8)
        self.table = MeasureTable(title, heads, strong=0)
        self.body.addWidget(self.table)
        self.words = Label("", "small", "muted", wrap=True)
        self.words.setContentsMargins(14, 2, 14, 2)
        self.body.addWidget(self.words)
        if verb:
            button = Button(verb, "link")
            button.setAccessibleName(f"{verb}: {title}")
            button.clicked.connect(lambda _=False: self.wanted.emit())
            self.add_action(button)

    def show_rows(
        self, rows: Sequence[tuple[str, ...]], words: str, *, sub: str = "", tips: Sequence[str] = ()
    ) -> None:
        """Show rows with a sentence below them; the sentence alone where there are none."""
        self.set_title(self._title, sub)
        self.table.show_rows(rows, tips)
        self.table.setVisible(bool(rows))
        self.words.setText(words)
        self.words.setVisible(bool(words))


def fill_lists(summary: ClinicSummary, cards: dict[str, ListCard]) -> None:
    """Fill the cards ``data``, ``diary``, ``consents``, ``retention``, ``documents`` and ``imports``."""
    _fill_data(summary, cards["data"])
    _fill_diary(summary, cards["diary"])
    _fill_paperwork(summary, cards)
    rows = [(one.file, _OUTCOMES.get(one.outcome, one.outcome)) for one in summary.troubles]
    words = "\n".join(f"{one.file}: {' '.join(one.sentences)}" for one in summary.troubles)
    cards["imports"].show_rows(rows, words or "Nothing is open.")


def _fill_data(summary: ClinicSummary, card: ListCard) -> None:
    shown = summary.held[:_MOST_KINDS]
    rows = [(one.title, number(one.samples), (one.first or "–")[:10], (one.last or "–")[:10]) for one in shown]
    tips = [", ".join(one.sources) or "Source not named" for one in shown]
    sources = dict.fromkeys(source for one in summary.held for source in one.sources)
    more = len(summary.held) - len(shown)
    words = f"From {', '.join(sources)}." if sources else ""
    if more > 0:
        words = f"And {count_words(more, 'other kind')}. {words}"
    card.show_rows(rows, words or "No recording is stored.", sub=count_words(len(summary.held), "kind"), tips=tips)


def _fill_diary(summary: ClinicSummary, card: ListCard) -> None:
    diary = summary.diary
    lines = []
    if diary.nights:
        nights = count_words(diary.nights, "night")
        lines.append(f"Sleep diary of {nights}, {diary.first_night} to {diary.last_night}.")
    if diary.entries > len(diary.latest):
        lines.append(f"{count_words(diary.entries, 'entry', 'entries')} by hand in all.")
    rows = [(one.words or one.kind, one.kind, one.at.replace("T", " ")) for one in diary.latest]
    words = " ".join(lines)
    card.show_rows(rows, words if rows or words else "Nothing was written by hand.")


def _fill_paperwork(summary: ClinicSummary, cards: dict[str, ListCard]) -> None:
    paper = summary.paperwork
    if paper is None:
        for name in ("consents", "retention", "documents"):
            cards[name].show_rows((), NOT_SHOWN)
        return
    consents = [
        (one.purpose, one.state, "no end" if one.expires is None else f"to {one.expires}") for one in paper.consents
    ]
    cards["consents"].show_rows(consents, "" if consents else "No consent is recorded.")
    general = [one for one in paper.kept if one.keep_days is None and not one.study]
    kept = [
        (
            CLASS_WORDS.get(one.data_class, one.data_class),
            days_in_words(one.keep_days),
            one.study or "everyone",
        )
        for one in paper.kept
        if one not in general
    ]
    unlimited = ", ".join(CLASS_WORDS.get(one.data_class, one.data_class).lower() for one in general)
    lines = [f"Kept {days_in_words(None)}: {unlimited}."] if general else []
    lines += [f"Legal hold: {reason}" for reason in paper.holds]
    lines += [f"Erasure was asked for: {paper.erasure_asked}."] if paper.erasure_asked else []
    cards["retention"].show_rows(kept, "\n".join(lines))
    filed = [(one.name, size_words(one.size), when(one.added)[:10]) for one in paper.documents]
    words = "Filed only: nothing of a document is in the findings or the words." if filed else "No document is filed."
    cards["documents"].show_rows(filed, words)
