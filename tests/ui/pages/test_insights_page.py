"""The insights page: sources lead to charts and back, model text arrives checked, and every state is told."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from clarity_desktop.app import Services, open_services
from clarity_desktop.domain.annotations import AnnotationKind
from clarity_desktop.domain.insights import StatementKind, Topic
from clarity_desktop.ui.application import make_application, make_window
from clarity_desktop.ui.dialogs.form import FormSheet
from clarity_desktop.ui.dialogs.sheet import Sheet
from clarity_desktop.ui.jobs import run_mutation, shut_down, start_job
from clarity_desktop.ui.pages.insights import sheets
from clarity_desktop.ui.pages.insights.beside import InsightBeside
from clarity_desktop.ui.pages.insights.cited_text import CitationChip, CitedText, plain_words
from clarity_desktop.ui.pages.insights.files import save_text
from clarity_desktop.ui.pages.insights.page import InsightsPage
from clarity_desktop.ui.qt import QApplication, QEvent, QGuiApplication, QPlainTextEdit, Qt
from clarity_desktop.ui.screenshots import settle
from clarity_desktop.ui.shell.window import Window
from clarity_desktop.vault import KdfParameters, Vault
from tests.memory_keychain import MemoryKeychain
from tests.servers.gemini import Reply, gemini_stub, text_chunks


@pytest.fixture(scope="module")
def services(demo_home: tuple[Path, bytes], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    """One vault for all tests here; each of them leaves it fit for the next."""
    home, folder = demo_home[0], tmp_path_factory.mktemp("insights-page")
    shutil.copytree(home / "vault", folder / "home" / "vault")
    opened = open_services(folder / "home")
    opened._adopt(Vault.open(opened.vault_directory, "seven quiet herons", kdf_floor=KdfParameters.for_tests()))
    opened.settings.set("theme", "light")
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def window(qapp: QApplication, services: Services) -> Iterator[Window]:
    make_application(services)
    made = make_window(services)
    made.resize(1440, 900)
    made.show()
    made.activateWindow()
    made.start_at(services.patients()[0].id, "insights")
    # The threads of jobs and changes live as long as this window does.
    start_job("Nothing", lambda *_: None, quiet=True)
    run_mutation(made, lambda: None)
    settle(qapp)
    yield made
    made._closing = True
    made.close()
    made.deleteLater()
    shut_down()
    qapp.sendPostedEvents(None, QEvent.Type.DeferredDelete)


@pytest.fixture
def page(qapp: QApplication, window: Window, services: Services) -> InsightsPage:
    """The page as it is found: what rules say of the overview, in English."""
    services.change_setting("insights.provider", "rules")
    services.change_setting("insights.gemini_address", "")
    for sheet in window.findChildren(Sheet):
        sheet.dismiss()
    window.open_page("insights")
    settle(qapp)
    found = window.workspace.page("insights")
    assert isinstance(found, InsightsPage)
    found.question.clear()
    found.topic.set_value(Topic.OVERVIEW.value)
    found.language.set_value("en")
    found.panel.who.set_value("rules")
    found._fact = None
    found.change()
    settle(qapp)
    return found


def test_i22_the_head_says_who_made_it_from_how_many_facts_and_that_nothing_was_sent(page: InsightsPage) -> None:
    panel = page.panel
    assert panel.origin.text().startswith("Rules")
    assert "facts" in panel.made.text()
    assert "valid days" in panel.made.text()
    assert panel.sent.text() == "Nothing was sent"
    panel.copy_text()
    copied = QGuiApplication.clipboard().text()
    assert "Not a diagnosis" in copied
    assert "[1]" in copied
    assert panel.insight is not None
    assert all(one.text in copied for one in panel.insight.statements)


def test_i43_a_chip_frames_the_days_it_rests_on_and_back_returns(
    window: Window, page: InsightsPage, rest: Callable[[], None]
) -> None:
    name = next(name for name in page.panel.numbers if name.startswith("midsleep"))
    row = next(row for row in page.panel.rows if name in row.said.facts)
    row.text.chips[name][0].click()
    rest()
    chart = page.charts.charts["midsleep_h"]
    assert chart._framed is not None
    assert chart._framed[0] == page.panel.insight.facts.spans["recent"]  # type: ignore[union-attr]
    assert row.text.chips[name][0].isChecked()
    window.go_back()
    rest()
    assert window.workspace.current() is page
    assert chart._framed is None
    window.go_forward()
    rest()
    assert chart._framed is not None


def test_i46_every_sentence_has_a_source_that_keyboard_and_screen_reader_reach(page: InsightsPage) -> None:
    assert page.panel.rows
    for row in page.panel.rows:
        chips = row.text.findChildren(CitationChip)
        assert chips, row.said.text
        assert row.text.accessibleName() == row.said.text
        for chip in chips:
            assert chip.focusPolicy() & Qt.FocusPolicy.TabFocus
            assert chip.accessibleName().startswith("Source ")
            assert "valid days" in chip.accessibleDescription()
        assert {action.text() for action in row.menu().actions()} >= {"Why is this said?", "Hide this sentence"}


def test_i44_the_facts_table_shows_the_value_of_the_sentence(page: InsightsPage) -> None:
    rows = page.facts.table.rows()
    assert len(rows) == len(page.panel.numbers)
    table = page.panel.insight.facts.table  # type: ignore[union-attr]
    assert table is not None
    for row in page.panel.rows:
        for text, ids in row.said.pieces:
            if len(ids) == 1:
                assert any(text in cells for cells in rows)
    page.facts.all.click()
    assert len(page.facts.table.rows()) == len(table.facts)


def test_i23_hide_thumbs_and_comment_stay_in_the_vault(
    page: InsightsPage, services: Services, rest: Callable[[], None]
) -> None:
    panel = page.panel
    panel.rows[0].asked.emit(0, "hide")
    panel.rows[1].asked.emit(1, "helpful")
    panel.rate(1, comment="fits the diary")
    rest()
    assert panel.rows[0].isHidden()
    assert panel.insight is not None
    assert panel.insight.statements[0].text not in "".join(one.text for one in panel.shown_statements())
    kept = services.own_insight_ratings(panel.insight.id)
    assert kept[0]["hidden"] is True
    assert kept[1] == {"helpful": True, "hidden": False, "comment": "fits the diary"}
    panel.hidden.click()
    rest()
    assert not panel.rows[0].isHidden()


def test_i68_language_and_topic_make_the_text_anew_by_rules(page: InsightsPage, rest: Callable[[], None]) -> None:
    page.language.set_value("de")
    page.topic.set_value(Topic.SLEEP.value)
    page.change()
    rest()
    assert "Die Gesamtschlafzeit" in page.panel.insight.text  # type: ignore[union-attr]
    page.topic.set_value(Topic.EVENT.value)
    page.change()
    rest()
    assert "no event" in page.panel.state.text()
    page.topic.set_value(Topic.PAT.value)
    page.change()
    rest()
    assert page.panel.rows, "coverage is spoken of where there is no score"
    assert "Research score: not computed" in page.panel.notice_words.text()


def test_i9_what_would_be_sent_is_shown_byte_by_byte(
    window: Window, page: InsightsPage, services: Services, rest: Callable[[], None]
) -> None:
    page.show_preview()
    rest()
    sheet = window.open_sheet()
    assert isinstance(sheet, Sheet)
    box = sheet.findChild(QPlainTextEdit)
    assert box is not None
    shown = json.loads(box.toPlainText())
    content = json.loads(shown["contents"][0]["parts"][0]["text"])
    wanted = services.insight_facts(services.patients()[0].id).table
    assert wanted is not None
    assert [one["id"] for one in content["facts"]["facts"]] == [one.id for one in wanted.facts]
    sheet.dismiss()


def test_the_text_is_signed_into_the_notes_under_the_users_name(
    window: Window, page: InsightsPage, services: Services, rest: Callable[[], None]
) -> None:
    page.panel.sign.click()
    sheet = window.open_sheet()
    assert isinstance(sheet, FormSheet)
    box = sheet.findChild(QPlainTextEdit)
    assert box is not None
    box.setPlainText("Sleep was as told by the diary.")
    sheet.go.click()
    rest()
    notes = [one for one in services.annotations(services.patients()[0].id) if one.kind is AnnotationKind.NOTE]
    assert any("as told by the diary" in one.reason and "Not a diagnosis" in one.reason for one in notes)
    assert any("Edited by hand" in one.reason for one in notes)


def test_i60_a_name_in_a_question_is_marked_and_can_be_left_out(page: InsightsPage, rest: Callable[[], None]) -> None:
    box = page.question
    box.line.setText("How long did Sleeper sleep on 3 May 2025?")
    box.check()
    rest()
    assert "Sleeper" in box.words.text()
    assert box.line.selectedText().casefold() == "sleeper"
    assert not box.found.isHidden()
    box.without.click()
    rest()
    assert "Answered above" in box.words.text()
    assert "Sleeper" not in box.line.text()
    assert page.panel.insight is not None
    assert {fact.metric for fact in page.panel.insight.facts.table.facts} <= {"tst", "coverage"}  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("Is this depression?", "condition"),
        ("Which dose of melatonin helps?", "doses"),
        ("The person wants to die", "Call the ward"),
        ("What about the weather?", "Nothing that is measured"),
    ],
)
def test_questions_that_are_refused_say_why(
    page: InsightsPage, services: Services, rest: Callable[[], None], question: str, words: str
) -> None:
    services.change_setting("insights.emergency_text", "Call the ward at once, extension in the red folder.")
    page.question.line.setText(question)
    page.question.check()
    rest()
    assert words in page.question.words.text()


def _allowed(services: Services, url: str) -> str:
    patient = services.patients()[0].id
    with services.vault._store.writing("test.unmark", patient) as write:
        write.connection.exec_driver_sql("UPDATE patients SET simulated = 0 WHERE id = ?", (patient,))
    services.change_setting("external.sending", True)
    services.change_setting("insights.provider", "gemini")
    services.change_setting("insights.gemini_address", url)
    services.vault.secrets.keep("insight-gemini", "a-key-of-the-stub-1234")
    services.give_consent(
        patient, purpose=services.insight_consent_purpose(), text_version="1", language="en", given_by="the person"
    )
    return patient


def _answer(pause_s: float, pieces: int) -> Callable[[dict[str, Any]], Reply]:
    def reply(document: dict[str, Any]) -> Reply:
        facts = json.loads(document["contents"][0]["parts"][0]["text"])["facts"]
        said = [
            {
                "kind": "observation",
                "text": f"{one['label'][:1].upper()}{one['label'][1:]} was {{{one['id']}}} in the recent window.",
                "facts": [one["id"]],
            }
            for one in facts["facts"]
            if one["window"]["key"] == "recent" and one["metric"] in ("tst", "se", "sri", "midsleep", "ra")
        ]
        whole = {"schema": "clarity-answer/1", "table": facts["table"], "language": "en", "statements": said}
        return Reply(text_chunks(json.dumps(whole), pieces), pause_s=pause_s)

    return reply


@pytest.mark.slow
def test_i49_i51_model_text_streams_in_checked_sentences_and_frames_stay_short(
    qapp: QApplication,
    services: Services,
    window: Window,
    page: InsightsPage,
    keychain: MemoryKeychain,
    rest: Callable[[], None],
) -> None:
    with gemini_stub(_answer(0.05, 24)) as stub:
        patient = _allowed(services, stub.url)
        window.open_patient(patient, "insights")
        rest()
        seen: list[int] = []
        page.panel.who.set_value("gemini")
        page.panel.make(fresh=True)
        deadline = time.monotonic() + 20
        busy: list[float] = []
        while page.panel.job is not None and not page.panel.job.is_over and time.monotonic() < deadline:
            before = time.thread_time()
            qapp.processEvents()
            busy.append(time.thread_time() - before)
            seen.append(len(page.panel.rows))
            time.sleep(0.004)
        rest()
        assert page.panel.origin.text().startswith("Gemini")
        assert "bytes were sent" in page.panel.sent.text()
        assert any(0 < count < 5 for count in seen), "sentences came all at once"
        assert sorted(busy)[int(0.95 * len(busy))] <= 0.016, "the window's thread was held for longer than a frame"


def test_i50_stop_keeps_what_was_checked(
    qapp: QApplication, services: Services, page: InsightsPage, keychain: MemoryKeychain
) -> None:
    with gemini_stub(_answer(0.3, 10)) as stub:
        _allowed(services, stub.url)
        page.panel.who.set_value("gemini")
        page.panel.make(fresh=True)
        deadline = time.monotonic() + 20
        while not page.panel.rows and time.monotonic() < deadline:
            qapp.processEvents()
            time.sleep(0.005)
        assert page.panel.rows
        page.panel.stop.click()
        settle(qapp)
        assert page.panel.insight is not None
        assert page.panel.insight.partial
        assert page.panel.insight.statements
        assert "partial" in page.panel.made.text()
        assert not page.panel.insight.id, "a partial text is not kept"


@pytest.mark.slow
def test_i50_a_question_to_the_model_streams_and_can_be_stopped(
    qapp: QApplication, services: Services, page: InsightsPage, keychain: MemoryKeychain, rest: Callable[[], None]
) -> None:
    with gemini_stub(_answer(0.25, 10)) as stub:
        _allowed(services, stub.url)
        page.panel.who.set_value("gemini")
        page.question.ask("How long was the total sleep time, the sleep efficiency and the mid-sleep?")
        job = page.panel.job
        assert job is not None
        assert not page.panel.stop.isHidden()
        deadline = time.monotonic() + 20
        while not page.panel.rows and time.monotonic() < deadline:
            qapp.processEvents()
            time.sleep(0.005)
        assert page.panel.rows
        assert not job.is_over, "the first sentence came before the end"
        page.panel.stop.click()
        settle(qapp)
        assert page.panel.insight is not None
        assert page.panel.insight.partial
        held = page.panel.insight
        page.question.ask("Is this a depression?")
        rest()
        assert page.panel.insight is held, "a question that is refused leaves the text that stood there"


def test_gate_reasons_say_who_can_change_them(page: InsightsPage, rest: Callable[[], None]) -> None:
    page.panel.who.set_value("gemini")
    page.panel.make()
    rest()
    assert "admin" in page.panel.notice_words.text()
    assert page.panel.rows, "rules speak in its place"
    page.panel.who.set_value("cloud")
    page.panel.make()
    rest()
    assert not page.panel.notice.isHidden()


def test_i24_too_few_days_list_what_is_missing(page: InsightsPage, services: Services) -> None:
    from dataclasses import replace

    found = services.insight(services.patients()[0].id)
    few = replace(
        found,
        statements=(),
        refused="There are not enough valid days.",
        facts=replace(found.facts, table=None, missing=("Needs three days worn for at least ten hours, has 2.",)),
    )
    page.panel.show_insight(few)
    assert "has 2" in page.panel.state.text()
    assert not page.panel.copy.isEnabled()


def test_i58_model_text_is_plain_text() -> None:
    text = CitedText()
    hostile = "<b>Sleep</b> [x](http://x)\u202e was\u200b 7 h."
    text.show_pieces(((hostile, ()),), {}, {})
    assert text.accessibleName() == plain_words(hostile)
    assert "\u202e" not in text.accessibleName()
    assert "<b>" in text.accessibleName(), "markup is letters, not markup"


def test_i55_an_earlier_text_opens_with_its_own_values(
    page: InsightsPage, services: Services, rest: Callable[[], None]
) -> None:
    stored = services.insight_history(services.patients()[0].id)[0]
    page._open_stored(stored.id)
    rest()
    assert page.panel.insight is not None
    assert page.panel.insight.origin == stored.document["origin"]
    assert page.panel.rows[0].said.text == stored.document["statements"][0]["text"]


def test_i67_terms_and_their_date_stand_beside_the_consent(
    window: Window, page: InsightsPage, services: Services, rest: Callable[[], None]
) -> None:
    page.record_consent()
    rest()
    sheet = window.open_sheet()
    assert isinstance(sheet, FormSheet)
    from clarity_desktop.ui.components.text import Label

    words = " ".join(label.text() for label in sheet.findChildren(Label))
    assert "Data region" in words
    assert "Training" in words
    assert "2026-11-21" in words
    assert "generativelanguage.googleapis.com" in words
    sheet.dismiss()


def test_i63_the_key_is_hidden_while_it_is_typed(window: Window, page: InsightsPage) -> None:
    page.enter_key()
    sheet = window.open_sheet()
    assert isinstance(sheet, FormSheet)
    from clarity_desktop.ui.components.field import PassphraseEdit

    line = sheet.findChild(PassphraseEdit)
    assert line is not None
    assert line.echoMode() == PassphraseEdit.EchoMode.Password
    sheet.dismiss()


def test_i47_the_meter_tells_tokens_and_the_date_of_prices(page: InsightsPage) -> None:
    assert "tokens this month" in page.meter.text()
    assert "prices of" in page.meter.toolTip()


def test_a_compact_panel_leads_to_the_whole_one(
    window: Window, page: InsightsPage, services: Services, rest: Callable[[], None]
) -> None:
    window.open_page("overview")
    rest()
    overview = window.workspace.page("overview")
    assert overview is not None
    beside = overview.findChild(InsightBeside)
    assert beside is not None
    assert 0 < sum(not row.isHidden() for row in beside.rows) <= 3
    beside.cite(next(iter(beside.numbers)))
    rest()
    assert window.workspace.current() is page
    assert page._fact in page.panel.numbers


def test_why_names_method_days_and_source(window: Window, page: InsightsPage) -> None:
    assert page.panel.insight is not None
    said = next(one for one in page.panel.insight.statements if one.kind is StatementKind.OBSERVATION)
    sheets.show_why(window, page.panel.insight, said)
    sheet = window.open_sheet()
    assert sheet is not None
    from clarity_desktop.ui.components.text import Label

    words = " ".join(label.text() for label in sheet.findChildren(Label))
    assert "Method" in words
    assert "coverage" in words
    sheet.dismiss()


def test_consent_for_the_cloud_needs_an_account(page: InsightsPage, rest: Callable[[], None]) -> None:
    heard: list[str] = []
    page.told.connect(heard.append)
    page.panel.who.set_value("cloud")
    page.record_consent()
    rest()
    assert any("No cloud account is signed in" in one for one in heard)


def test_i45_the_page_saves_the_text_with_its_sources(
    qapp: QApplication, page: InsightsPage, services: Services, tmp_path: Path
) -> None:
    words = [words for words, _ in page.further()]
    assert any("CSV" in one for one in words)
    assert any("PDF" in one for one in words)
    assert page.panel.insight is not None
    assert page.patient is not None
    heard: list[str] = []
    for name in ("text.csv", "text.pdf"):
        save_text(services, page.patient, page.panel.insight, tmp_path / name, heard.append)
        settle(qapp)
    assert heard == ["The text is saved, with its sources."] * 2
    assert (tmp_path / "text.csv").read_text(encoding="utf-8").startswith("sentence,kind,text,fact_id,")
    assert (tmp_path / "text.pdf").read_bytes().startswith(b"%PDF")
