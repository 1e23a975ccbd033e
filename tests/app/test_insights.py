"""Insights through the services: the gate, consent, what is sent and recorded, cache, and no identifier on the wire."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from clarity_desktop.app import Services, open_services
from clarity_desktop.app.insights import Insight
from clarity_desktop.domain.errors import ClarityError, UsageError
from clarity_desktop.domain.insights import Topic
from clarity_desktop.domain.work import CancelToken
from clarity_desktop.vault import KdfParameters, Vault
from tests.memory_keychain import MemoryKeychain
from tests.servers.gemini import GeminiStub, Reply, gemini_stub, text_chunks

CHEAP = KdfParameters.for_tests()
OWNER = "seven quiet herons"


@pytest.fixture(scope="module")
def demo_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("insights")
    Vault.create(home / "vault", OWNER, kdf=CHEAP).close()
    services = open_services(home)
    services._adopt(Vault.open(home / "vault", OWNER, kdf_floor=CHEAP))
    services.build_demo()
    services.close()
    return home


@pytest.fixture
def services(demo_home: Path, keychain: MemoryKeychain) -> Iterator[Services]:
    found = open_services(demo_home)
    found._adopt(Vault.open(demo_home / "vault", OWNER, kdf_floor=CHEAP))
    yield found
    found.close()


@pytest.fixture
def patient(services: Services) -> str:
    """A person who is not marked as simulated, with the recording of one who is."""
    regular = next(one for one in services.patients() if one.code == "D-0001")
    with services.vault._store.writing("test.unmark", regular.id) as write:
        write.connection.exec_driver_sql("UPDATE patients SET simulated = 0 WHERE id = ?", (regular.id,))
    return regular.id


def echo(document: dict[str, Any]) -> Reply:
    """An honest model: says the first fact after coverage."""
    content = json.loads(document["contents"][0]["parts"][0]["text"])
    facts = content["facts"]
    fact = next(one for one in facts["facts"] if one["metric"] == "tst" and one["window"]["key"] == "recent")
    said = {
        "schema": "clarity-answer/1",
        "table": facts["table"],
        "language": "en",
        "statements": [
            {
                "kind": "observation",
                "text": f"Total sleep time was {{{fact['id']}}} in the recent window.",
                "facts": [fact["id"]],
            }
        ],
    }
    return Reply(text_chunks(json.dumps(said)))


def allow(services: Services, patient: str, stub: GeminiStub) -> int:
    """Everything that the gate asks for; answers the consent's number."""
    services.change_setting("external.sending", True)
    services.change_setting("insights.provider", "gemini")
    services.change_setting("insights.gemini_address", stub.url)
    services.vault.secrets.keep("insight-gemini", "a-key-of-the-stub-1234")
    consent = services.give_consent(
        patient,
        purpose=services.insight_consent_purpose(),
        text_version="1",
        language="en",
        given_by="the person",
    )
    return consent.id


def withdraw(services: Services, consent_id: int) -> None:
    services.withdraw_consent(consent_id, withdrawn_by="the person")


@pytest.mark.parametrize("topic", [topic for topic in Topic if topic is not Topic.EVENT])
def test_rules_speak_about_every_topic_without_a_network(services: Services, patient: str, topic: Topic) -> None:
    found = services.tell_insight(patient, topic)
    assert found.provider == "rules"
    assert found.statements
    assert found.refused is None
    again = services.tell_insight(patient, topic)
    assert again.id == found.id, "the text of the last hour serves again"


def test_an_event_needs_its_day(services: Services, patient: str) -> None:
    with pytest.raises(UsageError):
        services.insight(patient, Topic.EVENT)
    last = services.insight_facts(patient).last_day
    found = services.insight(patient, Topic.EVENT, event=date.fromordinal(last.toordinal() - 8))
    assert {fact.window.key for fact in found.facts.table.facts} == {"after_event", "before_event"}  # type: ignore[union-attr]


def test_i7_facts_and_their_hash_are_the_same_each_time(services: Services, patient: str) -> None:
    first, second = services.insight_facts(patient), services.insight_facts(patient)
    assert first.hash == second.hash
    assert first.table is not None
    assert second.table is not None
    assert first.table.table != second.table.table, "each request has its own mark"


def test_i30_i33_i34_nothing_is_sent_until_everything_allows_it(services: Services, patient: str) -> None:
    with gemini_stub(echo) as stub:

        def says() -> str | None:
            return services.tell_insight(patient, Topic.SLEEP, provider="gemini", fresh=True).refused

        services.change_setting("external.sending", False)
        assert "switched off" in (says() or "")
        services.change_setting("external.sending", True)
        assert "rules only" in (says() or "")
        services.change_setting("insights.provider", "gemini")
        services.change_setting("insights.gemini_address", stub.url)
        assert "no consent" in (says() or "")
        consent = allow(services, patient, stub)
        services.vault.secrets.forget("insight-gemini")
        assert "no key" in (says() or "")
        allow_key = "a-key-of-the-stub-1234"
        services.vault.secrets.keep("insight-gemini", allow_key)
        services.choose_insight_provider(patient, "rules")
        assert "rules only" in (says() or "")
        services.choose_insight_provider(patient, None)
        simulated = next(one for one in services.patients() if one.simulated)
        assert "simulated" in (services.tell_insight(simulated.id, provider="gemini").refused or "")
        assert stub.bodies == []
        assert says() is None
        assert len(stub.bodies) == 1
        withdraw(services, consent)
        assert "no consent" in (says() or "")
        assert len(stub.bodies) == 1
    refusals = [one.detail for one in services.vault.audit.entries(limit=60) if one.action == "insight.refused"]
    assert {"gemini: switched_off", "gemini: no_consent", "gemini: no_key", "gemini: simulated"} <= set(refusals)


def test_i9_i35_what_is_sent_is_what_was_shown_and_is_on_record(services: Services, patient: str) -> None:
    with gemini_stub(echo) as stub:
        consent = allow(services, patient, stub)
        shown = services.insight_preview(patient, Topic.SLEEP)
        assert shown.refused is None
        assert f"Consent {consent}" in shown.consent
        assert stub.bodies == []
        found = services.tell_insight(patient, Topic.SLEEP, fresh=True)
        assert found.provider == "gemini"
        assert found.text.startswith("Total sleep time was ")
        sent = services.insights_sent(patient)[0]
        body = stub.bodies[0]
        assert services.insight_bytes_sent(sent.id) == body
        assert sent.sha256 == hashlib.sha256(body).hexdigest()
        assert (sent.size, sent.consent_id, sent.outcome) == (len(body), consent, "answered")
        assert sent.tokens_out > 0
        # Two tables of the same facts differ in their random mark alone.
        mark = json.loads(json.loads(body)["contents"][0]["parts"][0]["text"])["facts"]["table"]
        other = json.loads(json.loads(shown.body)["contents"][0]["parts"][0]["text"])["facts"]["table"]
        assert body == shown.body.replace(other.encode(), mark.encode())
        entries = services.vault.audit.entries(limit=10)
        entry = next(one for one in entries if one.action == "insight.send")
        assert sent.sha256 in entry.detail
        assert f"{len(body)} bytes" in entry.detail
        meter = services.insight_meter()
        assert meter.today_tokens > 0
        assert meter.today_micros > 0
        # The text of the last hour serves again, and nothing is sent for it.
        again = services.tell_insight(patient, Topic.SLEEP)
        assert again.id == found.id
        assert len(stub.bodies) == 1
        withdraw(services, consent)


def test_i9_a_page_starts_with_rules_until_a_model_was_asked_about_the_person(services: Services, patient: str) -> None:
    with gemini_stub(echo) as stub:
        allow(services, patient, stub)
        fresh = services.add_patient("Nobody asked about yet")
        assert services.insight_provider(fresh.id) == "gemini"
        assert services.insight_starter(fresh.id) == "rules"
        services.tell_insight(patient, Topic.SLEEP, provider="gemini", fresh=True)
        assert services.insight_starter(patient) == "gemini"
        services.choose_insight_provider(patient, "rules")
        assert services.insight_starter(patient) == "rules"
        services.choose_insight_provider(patient, None)


def test_i37_a_rejection_by_the_check_is_on_record_by_its_codes_alone(services: Services, patient: str) -> None:
    def lie(document: dict[str, Any]) -> Reply:
        """Says the same untrue sentence in both rounds."""
        content = json.loads(document["contents"][0]["parts"][0]["text"])
        facts = content.get("facts") or content["table"]
        said = {
            "schema": "clarity-answer/1",
            "table": facts["table"],
            "language": "en",
            "statements": [
                {
                    "kind": "observation",
                    "text": "Total sleep time was normal at {tst_recent} because of melatonin.",
                    "facts": ["tst_recent"],
                }
            ],
        }
        return Reply(text_chunks(json.dumps(said)))

    with gemini_stub(lie) as stub:
        allow(services, patient, stub)
        found = services.tell_insight(patient, Topic.SLEEP, fresh=True)
        assert found.provider == "rules"
        assert "did not hold" in (found.refused or "")
        assert len(stub.bodies) == 2, "one repair round"
    entry = next(one for one in services.vault.audit.entries(limit=20) if one.action == "insight.check")
    assert entry.patient_id == patient
    assert entry.outcome == "refused"
    assert {"evaluation_word", "causal_word", "treatment_word"} <= set(entry.detail.split(", "))
    assert "melatonin" not in entry.detail, "codes, never the refused words"


def test_i31_a_withdrawal_between_queueing_and_sending_stops_it(
    services: Services, patient: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with gemini_stub(echo) as stub:
        consent = allow(services, patient, stub)
        checked = services._gate
        seen: list[int] = []

        def gate(*given: Any) -> Any:
            seen.append(1)
            if len(seen) == 2:
                withdraw(services, consent)
            return checked(*given)

        monkeypatch.setattr(services, "_gate", gate)
        found = services.tell_insight(patient, Topic.HEART, fresh=True)
        assert found.provider == "rules"
        assert "no consent" in (found.refused or "")
        assert stub.bodies == []


def slow(document: dict[str, Any]) -> Reply:
    said = echo(document)
    return Reply(said.chunks, pause_s=0.3)


def _together(services: Services, patient: str, cancels: list[CancelToken]) -> tuple[list[Insight], list[list[str]]]:
    """The same question from as many threads as there are tokens, the first a little before the others."""
    found: list[Insight] = []
    spoken: list[list[str]] = [[] for _ in cancels]

    def ask(number: int) -> None:
        heard = spoken[number]
        found.append(
            services.tell_insight(
                patient,
                Topic.SLEEP,
                fresh=True,
                cancel=cancels[number],
                on_spoken=lambda one: heard.append(one.text),
            )
        )

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(len(cancels))]
    for thread in threads:
        thread.start()
        time.sleep(0.05)
    for thread in threads:
        thread.join(20)
        assert not thread.is_alive()
    return found, spoken


@pytest.mark.slow
def test_i54_equal_questions_share_one_send(services: Services, patient: str) -> None:
    services.insight_facts(patient, Topic.SLEEP)
    with gemini_stub(slow) as stub:
        consent = allow(services, patient, stub)
        before = len(services.insights_sent(patient))
        found, spoken = _together(services, patient, [CancelToken() for _ in range(3)])
        assert len(stub.bodies) == 1
        assert len(services.insights_sent(patient)) == before + 1
        assert {one.provider for one in found} == {"gemini"}
        assert len({one.text for one in found}) == 1
        assert len({one.id for one in found}) == 1
        assert spoken[0] == spoken[1] == spoken[2] != []
        # When it is over, the same question is asked anew.
        services.tell_insight(patient, Topic.SLEEP, fresh=True)
        assert len(stub.bodies) == 2
        withdraw(services, consent)


@pytest.mark.slow
def test_i54_a_question_that_joined_a_cancelled_one_asks_anew(services: Services, patient: str) -> None:
    services.insight_facts(patient, Topic.SLEEP)
    with gemini_stub(slow) as stub:
        consent = allow(services, patient, stub)
        first, second = CancelToken(), CancelToken()

        def cancel_once_sent() -> None:
            while not stub.bodies:
                time.sleep(0.01)
            first.cancel()

        threading.Thread(target=cancel_once_sent).start()
        found, _ = _together(services, patient, [first, second])
        assert len(stub.bodies) == 2
        assert sorted(one.partial for one in found) == [False, True]
        withdraw(services, consent)


def test_i36_without_its_record_nothing_is_sent(
    services: Services, patient: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with gemini_stub(echo) as stub:
        consent = allow(services, patient, stub)

        def full(*_: Any, **__: Any) -> Any:
            raise ClarityError("vault.disk_full", "No room.", remedy="Free some.")

        monkeypatch.setattr(services.vault.insights, "about_to_send", full)
        with pytest.raises(ClarityError):
            services.tell_insight(patient, Topic.ACTIVITY, fresh=True)
        assert stub.bodies == []
        monkeypatch.undo()
        withdraw(services, consent)


def test_i48_a_limit_stops_sending(services: Services, patient: str) -> None:
    with gemini_stub(echo) as stub:
        consent = allow(services, patient, stub)
        services.change_setting("insights.limit_day", 0)
        found = services.tell_insight(patient, Topic.SLEEP, fresh=True)
        assert "limit" in (found.refused or "")
        assert stub.bodies == []
        services.change_setting("insights.limit_day", 100)
        withdraw(services, consent)


def test_i32_another_address_asks_for_consent_again(services: Services, patient: str) -> None:
    with gemini_stub(echo) as stub, gemini_stub(echo) as other:
        consent = allow(services, patient, stub)
        services.change_setting("insights.gemini_address", other.url)
        assert "no consent" in (services.tell_insight(patient, Topic.SLEEP, fresh=True).refused or "")
        assert stub.bodies == other.bodies == []
        withdraw(services, consent)


def test_i23_feedback_stays_in_the_vault(services: Services, patient: str) -> None:
    found = services.tell_insight(patient, Topic.SLEEP, provider="rules")
    services.rate_insight(found.id, 0, helpful=True, comment="fits the diary")
    services.rate_insight(found.id, 1, hidden=True)
    ratings = services.insight_ratings(found.id)
    assert {number for number, _ in ratings} == {0, 1}
    assert any(one["comment"] == "fits the diary" for one in ratings.values())
