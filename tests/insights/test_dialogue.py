"""Questions to a stub of Gemini on a real socket: streaming, repair, fallback, and what may leave (I-1, I-39, I-49)."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from clarity_desktop.domain.insights import FactsTable
from clarity_desktop.domain.work import CancelToken
from clarity_desktop.insights.dialogue import Outcome, Spoken, ask, by_rules
from clarity_desktop.insights.grounding import check_statements, read_table
from clarity_desktop.insights.providers import ProviderError, ProviderFailure
from clarity_desktop.insights.providers.gemini import GeminiProvider
from clarity_desktop.insights.request import request_for
from clarity_desktop.insights.rules import rule_statements
from tests.servers.gemini import GeminiStub, Reply, gemini_stub, text_chunks

CORPUS = Path(__file__).parent.parent / "data" / "insights"
KEY = "stub-key-that-is-a-secret"
TABLES = {
    path.stem: read_table(json.loads(path.read_text(encoding="utf-8"))) for path in (CORPUS / "tables").glob("*.json")
}


@pytest.fixture
def table() -> FactsTable:
    found = next(one for one in TABLES.values() if one.question == "sleep" and one.language == "en")
    return replace(found, facts=tuple(replace(fact, coverage=0.95, flags=()) for fact in found.facts))


def answer(table: FactsTable, *statements: tuple[str, str, list[str]]) -> str:
    return json.dumps(
        {
            "schema": "clarity-answer/1",
            "table": table.table,
            "language": table.language,
            "statements": [{"kind": kind, "text": text, "facts": facts} for kind, text, facts in statements],
        },
        ensure_ascii=False,
    )


GOOD = ("observation", "Total sleep time was {tst_recent} in the recent window.", ["tst_recent"])
ALSO = ("observation", "Sleep efficiency was {se_recent} in the recent window.", ["se_recent"])
LIE = ("observation", "Total sleep time was clearly {tst_recent} in the recent window.", ["tst_recent"])
UNKNOWN = ("observation", "Sleep efficiency was {se_never} in the recent window.", ["se_never"])
FIGURE = ("observation", "Total sleep time was 7 hours.", [])


def provider(stub: GeminiStub, timeout_s: float = 5.0) -> GeminiProvider:
    return GeminiProvider(KEY, "some-model", base_url=stub.url, timeout_s=timeout_s)


@pytest.fixture(scope="module", autouse=True)
def _library() -> None:
    """Load the library once, so that no test's time holds its import."""
    from google import genai  # noqa: F401


def test_i49_statements_arrive_one_by_one_and_whole(table: FactsTable) -> None:
    seen: list[tuple[float, Spoken]] = []
    began = time.monotonic()
    with gemini_stub(Reply(text_chunks(answer(table, GOOD, ALSO), 6), pause_s=0.1)) as stub:
        found = ask(
            table, provider(stub), CancelToken(), on_spoken=lambda one: seen.append((time.monotonic() - began, one))
        )
        ended = time.monotonic() - began
    assert found.by_model
    assert [one.text for _, one in seen] == [one.text for one in found.spoken]
    assert all(text.text.endswith(".") and "{" not in text.text for _, text in seen)
    assert seen[0][0] < ended - 0.1, "the first statement came with the last"
    assert found.usage.tokens_out > 0


def test_a_letter_cut_in_two_by_the_network_stays_one(table: FactsTable) -> None:
    german = next(one for one in TABLES.values() if one.question == "sleep" and one.language == "de")
    german = replace(german, facts=tuple(replace(fact, coverage=0.95, flags=()) for fact in german.facts))
    fact = german.facts[0]
    said = ("observation", f"{fact.label[:1].upper()}{fact.label[1:]} im aktuellen Zeitraum: {{{fact.id}}}.", [fact.id])
    question = (
        "question",
        f"Gab es im aktuellen Zeitraum eine Änderung der Routine bei {fact.label} von {{{fact.id}}}?",
        [fact.id],
    )
    with gemini_stub(Reply(text_chunks(answer(german, said, question), 4), split_letters=True)) as stub:
        found = ask(german, provider(stub), CancelToken())
    assert found.by_model
    assert "Änderung" in found.spoken[1].text


def test_one_repair_round_names_codes_and_words_but_no_value(table: FactsTable) -> None:
    with gemini_stub(Reply(text_chunks(answer(table, LIE))), Reply(text_chunks(answer(table, GOOD)))) as stub:
        found = ask(table, provider(stub), CancelToken())
        bodies = [json.loads(body) for body in stub.bodies]
    assert found.by_model
    assert found.rounds == 2
    assert "value_context" in found.reasons
    content = json.loads(bodies[1]["contents"][0]["parts"][0]["text"])
    assert content["refused"] == [{"statement": 0, "codes": ["unknown_word", "value_context"], "words": ["clearly"]}]
    assert content["facts"] == json.loads(bodies[0]["contents"][0]["parts"][0]["text"])["facts"]


def test_refused_twice_the_rules_speak_and_say_so(table: FactsTable) -> None:
    with gemini_stub(Reply(text_chunks(answer(table, LIE)))) as stub:
        found = ask(table, provider(stub), CancelToken())
        assert len(stub.bodies) == 2
    assert_rules(table, found, "refused")


def test_i12_up_to_a_third_of_unknown_placeholders_is_dropped(table: FactsTable) -> None:
    third = ("observation", "Midsleep was {midsleep_recent} in the recent window.", ["midsleep_recent"])
    with gemini_stub(Reply(text_chunks(answer(table, GOOD, UNKNOWN, third)))) as stub:
        found = ask(table, provider(stub), CancelToken())
    assert found.by_model
    assert found.dropped == 1
    assert len(found.spoken) == 2
    with gemini_stub(Reply(text_chunks(answer(table, GOOD, UNKNOWN)))) as stub:
        assert_rules(table, ask(table, provider(stub), CancelToken()), "refused")


def test_a_missing_caveat_is_added_by_the_program(table: FactsTable) -> None:
    thin = replace(table, facts=tuple(replace(fact, coverage=0.7) for fact in table.facts))
    with gemini_stub(Reply(text_chunks(answer(thin, GOOD)))) as stub:
        found = ask(thin, provider(stub), CancelToken())
    assert found.by_model
    assert found.rounds == 1
    assert [one.statement.kind.value for one in found.spoken] == ["observation", "caveat"]


def assert_rules(table: FactsTable, found: Outcome, cause: str) -> None:
    assert not found.by_model
    assert found.cause == cause
    assert found.cause_sentence
    assert found.spoken == by_rules(table)
    assert found.spoken


def _error(code: int, status: str) -> bytes:
    return json.dumps({"error": {"code": code, "message": "no", "status": status}}).encode()


FAULTS: dict[str, tuple[Reply, str]] = {
    "wrong key": (Reply(status=403, body=_error(403, "PERMISSION_DENIED")), "wrong_key"),
    "quota": (Reply(status=429, body=_error(429, "RESOURCE_EXHAUSTED")), "quota"),
    "retired": (Reply(status=404, body=_error(404, "NOT_FOUND")), "model_retired"),
    "bad request": (Reply(status=400, body=_error(400, "INVALID_ARGUMENT")), "request_refused"),
    "html": (Reply(status=500, body=b"<html>oh</html>"), "server"),
    "timeout": (Reply(silence_s=3.0, body=b"{}"), "timeout"),
    "declined": (Reply(({"candidates": [{"index": 0, "finishReason": "SAFETY"}]},)), "declined"),
    "blocked prompt": (Reply(({"promptFeedback": {"blockReason": "SAFETY"}},)), "declined"),
    "empty": (Reply(({"candidates": []},)), "empty"),
    "no json": (Reply(text_chunks("Sleep was great.")), "refused"),
    "too long": (Reply(text_chunks('{"schema":', finish="MAX_TOKENS")), "cut"),
    "figures": (Reply(text_chunks('{"a": 1}')), "refused"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_i39_every_failure_ends_in_the_rules_with_its_cause(table: FactsTable, name: str) -> None:
    reply, cause = FAULTS[name]
    with gemini_stub(reply) as stub:
        began = time.monotonic()
        found = ask(table, provider(stub, timeout_s=0.5), CancelToken())
        took = time.monotonic() - began
    assert_rules(table, found, cause)
    assert took < 2.5


def test_i39_a_stream_that_breaks_is_cut_and_never_shown_as_an_answer(table: FactsTable) -> None:
    with gemini_stub(Reply(text_chunks(answer(table, GOOD, ALSO), 3), cut_after=2)) as stub:
        assert_rules(table, ask(table, provider(stub), CancelToken()), "cut")


def test_i39_without_a_network_the_rules_speak(table: FactsTable) -> None:
    with gemini_stub(Reply()) as stub:
        gone = provider(stub)
    assert_rules(table, ask(table, gone, CancelToken()), "offline")


@pytest.mark.slow
def test_i50_a_cancel_ends_within_half_a_second_and_keeps_what_was_checked(table: FactsTable) -> None:
    cancel = CancelToken()
    with gemini_stub(Reply(text_chunks(answer(table, GOOD, ALSO), 8), pause_s=0.4)) as stub:
        ended: list[float] = []

        def stop(_: Spoken) -> None:
            cancel.cancel()
            ended.append(time.monotonic())

        found = ask(table, provider(stub), cancel, on_spoken=stop)
        took = time.monotonic() - ended[0]
        assert stub.closed_early.wait(2.0), "the connection was left open"
    assert took < 0.5
    assert found.partial
    assert [one.text for one in found.spoken] == [by_rules_text(table, GOOD)]


def by_rules_text(table: FactsTable, said: tuple[str, str, list[str]]) -> str:
    from clarity_desktop.domain.insights import Statement, StatementKind

    result = check_statements(table, [Statement(StatementKind(said[0]), said[1], tuple(said[2]))])
    assert result.text is not None
    return result.text


def test_i1_i9_what_is_sent_is_byte_for_byte_what_is_shown(table: FactsTable) -> None:
    with gemini_stub(Reply(text_chunks(answer(table, GOOD)))) as stub:
        asked = provider(stub)
        shown = asked.preview(request_for(table))
        assert stub.bodies == [], "a preview sent something"
        ask(table, asked, CancelToken())
        assert stub.bodies == [shown]
        assert stub.heads[0]["x-goog-api-key"] == KEY
        assert KEY.encode() not in shown
        assert KEY not in stub.paths[0]
    document = json.loads(shown)
    assert document.keys() == {"contents", "systemInstruction", "generationConfig"}
    content = json.loads(document["contents"][0]["parts"][0]["text"])
    assert content.keys() == {"facts"}
    assert all("source_hash" not in fact for fact in content["facts"]["facts"])


def test_i1_a_body_that_grew_a_key_is_not_sent(table: FactsTable, monkeypatch: pytest.MonkeyPatch) -> None:
    with gemini_stub(Reply(text_chunks(answer(table, GOOD)))) as stub:
        asked = provider(stub)
        shown = asked.preview(request_for(table))
        monkeypatch.setattr(asked, "preview", lambda _: shown + b" ")
        found = ask(table, asked, CancelToken())
        assert stub.bodies == []
    assert_rules(table, found, "not_as_shown")


def test_i31_what_happens_right_before_the_send_can_stop_it(table: FactsTable) -> None:
    def withdrawn(_: Any) -> None:
        raise ProviderError(ProviderFailure.REFUSED, "Withdrawn.", remedy="Ask again.")

    with gemini_stub(Reply(text_chunks(answer(table, GOOD)))) as stub:
        with pytest.raises(ProviderError):
            ask(table, provider(stub), CancelToken(), before_send=withdrawn)
        assert stub.bodies == []


def test_i63_a_key_is_tested_without_content(table: FactsTable) -> None:
    with gemini_stub(Reply(body=b'{"name": "models/some-model"}')) as stub:
        provider(stub).test_key()
        assert stub.bodies == [b""]
    with gemini_stub(Reply(status=403, body=_error(403, "PERMISSION_DENIED"))) as stub:
        with pytest.raises(ProviderError) as caught:
            provider(stub).test_key()
        assert caught.value.failure is ProviderFailure.WRONG_KEY
        assert KEY not in str(caught.value.as_document())


@pytest.mark.parametrize("name", sorted(TABLES))
def test_i40_rules_hold_and_say_the_same_each_time(name: str) -> None:
    table = TABLES[name]
    first = rule_statements(table)
    assert first
    assert check_statements(table, first).accepted
    assert first == rule_statements(replace(table, table="another" + "x"))
