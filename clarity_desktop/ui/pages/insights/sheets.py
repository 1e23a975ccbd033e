"""Dialogs of the insights page: exact bytes, why, comment, signing, history, key, and consent."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from clarity_desktop.app.insight_gate import InsightPreview
from clarity_desktop.app.insights import Insight, SaidStatement, fact_period, fact_text, insight_note
from clarity_desktop.app.provider_terms import TERMS
from clarity_desktop.domain.annotations import Annotation, AnnotationKind
from clarity_desktop.domain.time import format_instant
from clarity_desktop.ui import theme
from clarity_desktop.ui.components.badge import Badge
from clarity_desktop.ui.components.field import Field, PassphraseEdit
from clarity_desktop.ui.components.text import Label
from clarity_desktop.ui.dialogs.form import ask_form
from clarity_desktop.ui.dialogs.note import show_note
from clarity_desktop.ui.dialogs.sheet import Sheet
from clarity_desktop.ui.qt import QGuiApplication, QHBoxLayout, QLineEdit, QPlainTextEdit, QWidget

if TYPE_CHECKING:
    from clarity_desktop.app import Services
    from clarity_desktop.app.insight_sending import SentRequest, StoredInsight
    from clarity_desktop.domain.people import Patient

__all__ = ["ask_comment", "ask_consent", "ask_key", "ask_sign", "show_bytes", "show_history", "show_sent", "show_why"]

_WIDE = 720


def _text_box(text: str, name: str, *, read_only: bool, height: int) -> QPlainTextEdit:
    box = QPlainTextEdit(text)
    box.setReadOnly(read_only)
    box.setFont(theme.font("mono" if read_only else "body"))
    box.setAccessibleName(name)
    box.setFixedHeight(height)
    box.setTabChangesFocus(True)
    return box


def show_bytes(window: QWidget, found: InsightPreview) -> None:
    """Show exactly what would be sent, where to, and whether it may (I-9)."""
    sheet = Sheet(window, "What would be sent", width=_WIDE)
    row = QHBoxLayout()
    row.setSpacing(8)
    row.addWidget(Badge(found.destination or "No account", "upload", "info"))
    row.addWidget(Label(f"{found.model} · {len(found.body):,} bytes".replace(",", "\u202f"), "small", "muted"))
    row.addStretch(1)
    state = ("May be sent", "circle-check", "ok") if found.refused is None else ("Nothing is sent", "ban", "neutral")
    row.addWidget(Badge(*state))
    sheet.body.addLayout(row)
    if found.refused is not None:
        sheet.body.addWidget(Label(found.refused, "body", wrap=True))
    sheet.body.addWidget(Label(found.consent, "small", "muted", wrap=True))
    text = found.body.decode("utf-8")
    if text:
        height = 340 if len(text) > 1000 else 120
        sheet.body.addWidget(_text_box(text, "Exact text of the request", read_only=True, height=height))
    words = "This is the whole request, byte for byte, but for the random letters that mark each table and the key."
    if found.provider == "cloud":
        words = "This is the whole request, byte for byte, but for the account's own head."
    if not text:
        words = "No request can be made of what is there, so there are no bytes to show."
    sheet.body.addWidget(Label(words, "small", "muted", wrap=True))
    if text:
        copy = sheet.add_button("Copy", "quiet")
        copy.clicked.connect(lambda _=False: QGuiApplication.clipboard().setText(text))
    close = sheet.add_button("Close", "primary")
    close.clicked.connect(lambda _=False: sheet.dismiss())
    sheet.open()


def show_why(window: QWidget, insight: Insight, said: SaidStatement) -> None:
    """Say what a sentence rests on: each fact with value, days, method and source."""
    table = insight.facts.table
    lines = []
    for name in said.facts:
        fact = None if table is None else table.fact(name)
        if fact is None:
            continue
        flags = f" Marked: {', '.join(flag.replace('_', ' ') for flag in fact.flags)}." if fact.flags else ""
        days = fact_period(fact, insight.facts).replace("/", " to ")
        lines.append(
            f"{fact.label}: {fact_text(fact, insight.facts.language)}, {days}, {fact.valid_days} valid days, "
            f"coverage {100 * fact.coverage:.0f} %. Method {fact.method_id}, version {fact.method_version}; "
            f"source {fact.source.replace('_', ' ')}.{flags}"
        )
    compared = (
        "Words such as “slightly” or “clearly” follow from the size of a difference; they are choices of display."
    )
    show_note(window, "Why is this said?", "\n\n".join((said.text, *lines, compared)), copy=True)


def ask_comment(window: QWidget, held: str, keep: Callable[[str], None]) -> Sheet:
    """Ask for a comment on a sentence; it stays in the vault."""
    line = QLineEdit(held)
    line.setMaxLength(500)
    field = Field("Comment", line, "Stays in this vault and is never sent")

    def act() -> Callable[[], str]:
        text = line.text().strip()
        return lambda: text

    return ask_form(window, "Comment on this sentence", "", (field,), "Keep comment", act, keep)


def ask_sign(
    window: QWidget,
    services: Services,
    patient: Patient,
    insight: Insight,
    said: tuple[SaidStatement, ...],
    done: Callable[[Annotation], None],
) -> Sheet:
    """Let the text be edited, and put it into the person's notes under the user's name."""
    whole = insight_note(insight, said)
    sentences, _, evidence = whole.partition("\n\n")
    box = _text_box(sentences, "Text of the note", read_only=False, height=180)
    title = QLineEdit(f"Insight: {insight.facts.topic.value.replace('_', ' ')}")
    start = max((span.stop for span in insight.facts.spans.values()), default=insight.made) - 1

    def act() -> Callable[[], Annotation]:
        text = box.toPlainText().strip()
        edited = "" if text == sentences else "\nEdited by hand before it was signed."
        note = Annotation(AnnotationKind.NOTE, start, title=title.text(), reason=f"{text}\n\n{evidence}{edited}")
        return lambda: services.save_annotation(patient.id, note)

    return ask_form(
        window,
        "Sign into the notes",
        "The note stands under your name at the last day of the text. Its sources and the line that it is no diagnosis "
        "stay with it.",
        (Field("Title", title), box),
        "Sign",
        act,
        done,
        ready=lambda: "" if box.toPlainText().strip() and title.text().strip() else "The note needs a title and a text",
        width=_WIDE,
    )


def show_history(window: QWidget, texts: list[StoredInsight], open_one: Callable[[StoredInsight], None]) -> None:
    """List the texts that were made before, newest first; each opens with its own values."""
    from clarity_desktop.ui.components.record_table import Column, Record, RecordTable

    sheet = Sheet(window, "Texts made before", width=_WIDE)
    columns = (Column("Made (UTC)", 170), Column("Topic", 130), Column("By", 170), Column("First sentence"))
    table = RecordTable("Texts made before", columns, most=10)
    rows = [
        Record(
            one.id,
            (
                format_instant(one.made),
                one.topic.replace("_", " "),
                str(one.document["origin"]),
                str(one.document["statements"][0]["text"]) if one.document["statements"] else "",
            ),
        )
        for one in texts
    ]
    table.show_records(rows)
    by_id = {one.id: one for one in texts}

    def opened(key: str) -> None:
        sheet.dismiss()
        open_one(by_id[key])

    table.opened.connect(opened)
    sheet.body.addWidget(table)
    if not texts:
        sheet.body.addWidget(Label("No text is kept yet.", "body", "muted"))
    close = sheet.add_button("Close", "primary")
    close.clicked.connect(lambda _=False: sheet.dismiss())
    sheet.open()


def show_sent(window: QWidget, sent: list[SentRequest], save: Callable[[], None]) -> None:
    """List what left this machine about the person; ``save`` asks where to write it for printing (I-38)."""
    lines = [
        f"{format_instant(one.at)}  {one.provider} {one.model} at {one.host}  {one.size} bytes  {one.outcome}  "
        f"consent {one.consent_id}  sha256 {one.sha256}"
        for one in sent
    ]
    words = "\n".join(lines) or "Nothing was sent about this person."
    sheet = show_note(window, "What left this machine", words, copy=True)
    button = sheet.add_button("Save for printing", "quiet")
    button.clicked.connect(lambda _=False: save())


def ask_key(window: QWidget, services: Services, done: Callable[[Any], None]) -> Sheet:
    """Ask for the provider's key; it is tested without content and kept in the system's keychain (I-63)."""
    line = PassphraseEdit()
    field = Field("Key of the provider", line, "Tested with a request without content, then kept in the keychain")

    def act() -> Callable[[], Any]:
        key = line.text()
        line.forget()
        return lambda: services.set_insight_key("gemini", key)

    return ask_form(
        window,
        "Enter the provider's key",
        "",
        (field,),
        "Test and keep",
        act,
        done,
        ready=lambda: "" if len(line.text().strip()) >= 8 else "The key is longer",
        fields={"insights.": field, "keychain.": field},
    )


def ask_consent(
    window: QWidget, services: Services, patient: Patient, purpose: str, host: str, done: Callable[[Any], None]
) -> Sheet:
    """Record the person's consent for one provider at one host, with its terms and their date beside it (I-67)."""
    terms = TERMS[purpose.split(":")[1]]
    given, witness, expires = QLineEdit(), QLineEdit(), QLineEdit()
    expires.setText(datetime.now(UTC).date().replace(year=datetime.now(UTC).year + 1, day=1).isoformat())
    until = Field("Holds until", expires, "YYYY-MM-DD; empty for no end")

    def day() -> date | None:
        text = expires.text().strip()
        return date.fromisoformat(text) if text else None

    def ready() -> str:
        try:
            day()
        except ValueError:
            return "The day is written as YYYY-MM-DD"
        return "" if given.text().strip() else "Say who gave the consent"

    def act() -> Callable[[], Any]:
        name, seen, end = given.text().strip(), witness.text().strip(), day()
        return lambda: services.give_consent(
            patient.id,
            purpose=purpose,
            text_version=terms.version,
            language="en",
            given_by=name,
            witnessed_by=seen,
            expires=end,
        )

    body = "\n\n".join((terms.consent, *(f"{head}: {words}" for head, words in terms.points), f"As of {terms.date}."))
    content = (
        Label(f"Provider and host: {host}. Another one asks again.", "small", "muted", wrap=True),
        Field("Given by", given, "The person, or who may consent for them"),
        Field("Witnessed by", witness),
        until,
    )
    return ask_form(
        window, "Consent to an external language model", body, content, "Record consent", act, done, width=640
    )
