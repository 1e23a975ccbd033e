"""Each class of records between two workstations: edits and removals on both sides, in both orders (Y-46)."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest

from clarity_desktop.cloud.sync.packing import PackedPart, unpack
from clarity_desktop.cloud.sync.records import records_text
from clarity_desktop.domain.annotations import Annotation, AnnotationKind
from clarity_desktop.domain.errors import ClarityError
from clarity_desktop.domain.exchange import ExchangeRecord, RecordClass, Stamp, new_version
from clarity_desktop.domain.sleep_diary import DiaryNight
from clarity_desktop.domain.sync import OperationState
from clarity_desktop.vault.tables.exchange_records import HeldRecord
from tests.app.test_sync import SignedIn
from tests.app.test_sync_pull import Desk, consent, desk, person, replica
from tests.cloud.sync.conftest import USER
from tests.servers.replica import Replica

__all__ = ["desk", "replica"]
Write = Callable[[SignedIn, str], None]
NOON = 1_735_732_800


class Pair:
    """Two workstations that speak of one person."""

    def __init__(self, desk: Desk) -> None:
        self.here, self.there = desk("here"), desk("there")
        self.mine = person(self.here, "Ada Lovelace", records=True)
        self.here.enable_sync(self.mine)
        self.here.sync_now()
        self.there.choose_direction("both")
        (remote,) = self.there.remote_summary().people
        self.theirs = self.there.link_remote(remote.remote_id, None)
        self.there.pull_now()
        consent(self.there, self.theirs, records=True)
        self.there.enable_sync(self.theirs)
        self.settle()

    @property
    def sides(self) -> list[tuple[SignedIn, str]]:
        return [(self.here, self.mine), (self.there, self.theirs)]

    def settle(self, first: str = "here") -> None:
        """Let both sides send and read until nothing moves."""
        order = self.sides if first == "here" else self.sides[::-1]
        for _ in range(3):
            for services, _ in order:
                services.sync_now()
            for services, _ in order:
                services.pull_now()

    def notes(self) -> list[list[tuple[str, str, str]]]:
        return [
            sorted((one.id, one.title, one.reason) for one in services.vault.diary.annotations(patient))
            for services, patient in self.sides
        ]

    def equal(self) -> None:
        states = []
        for services, patient in self.sides:
            found = services._local().read(patient)
            states.append(
                {
                    key: (fields["held"], fields["expires"]) if key[0] is RecordClass.CONSENT else fields
                    for key, fields in found.items()
                }
            )
        assert states[0] == states[1]


@pytest.fixture
def pair(desk: Desk) -> Pair:
    return Pair(desk)


def note(services: SignedIn, patient: str, title: str, reason: str = "", name: str = "") -> str:
    entry = Annotation(AnnotationKind.NOTE, NOON, title=title, reason=reason, id=name)
    return services.save_annotation(patient, entry).id


def edit(services: SignedIn, patient: str, name: str, **changes: str) -> None:
    entry = services.vault.diary.annotation(patient, name)
    services.save_annotation(patient, replace(entry, **changes))


def test_y46_names_and_notes_arrive(pair: Pair) -> None:
    assert pair.there.vault.patients.get(pair.theirs).name == "Ada Lovelace"
    note(pair.here, pair.mine, "Slept badly", "Travel")
    pair.settle()
    assert pair.notes()[0] == pair.notes()[1]
    assert len(pair.notes()[1]) == 1
    assert pair.there.conflicts() == ()
    pair.equal()


@pytest.mark.slow
@pytest.mark.parametrize("first", ["here", "there"])
def test_y46_y48_notes_edited_on_both_sides(pair: Pair, first: str) -> None:
    name = note(pair.here, pair.mine, "Slept badly after the long flight", "Travel")
    pair.settle()
    edit(pair.here, pair.mine, name, title="Slept very badly after the long flight")
    edit(pair.there, pair.theirs, name, title="Slept badly after the long flight home", reason="Travel west")
    pair.settle(first)
    assert pair.notes()[0] == pair.notes()[1]
    assert pair.notes()[0] == [(name, "Slept very badly after the long flight home", "Travel west")]
    assert pair.here.conflicts() == ()
    edit(pair.here, pair.mine, name, title="Slept well")
    edit(pair.there, pair.theirs, name, title="Did not sleep")
    pair.settle(first)
    assert pair.notes()[0] == pair.notes()[1]
    assert {title for _, title, _ in pair.notes()[0]} == {"Slept well", "Did not sleep"}, "both are kept"
    for services, patient in pair.sides:
        (found,) = services.conflicts(patient)
        assert {found.here.value.split("\n")[0], found.there.value.split("\n")[0]} == {"Slept well", "Did not sleep"}
        assert found.here.where == "here"
        assert found.there.who
        assert found.there.when
    (asked,) = pair.here.conflicts(pair.mine)
    pair.here.resolve_conflict(asked.id, "here")
    assert [title for _, title, _ in pair.notes()[0]] == ["Slept well"]
    pair.here.reopen_conflict(asked.id)
    assert {title for _, title, _ in pair.notes()[0]} == {"Slept well", "Did not sleep"}
    pair.here.resolve_conflict(asked.id, "there")
    pair.settle(first)
    assert pair.notes()[0] == pair.notes()[1] == [(name, "Did not sleep", "Travel west")]
    assert pair.here.conflicts() == pair.there.conflicts() == ()
    with pytest.raises(ClarityError) as caught:
        pair.here.reopen_conflict(asked.id)
    assert caught.value.code == "sync.no_conflict"
    pair.equal()


@pytest.mark.slow
@pytest.mark.parametrize("first", ["here", "there"])
def test_y46_y37_a_removal_travels_and_an_edit_outlives_it(pair: Pair, first: str) -> None:
    gone = note(pair.here, pair.mine, "To be removed")
    kept = note(pair.here, pair.mine, "To be edited")
    both = note(pair.here, pair.mine, "Removed twice")
    pair.settle()
    pair.here.remove_annotation(pair.mine, gone)
    pair.here.remove_annotation(pair.mine, kept)
    edit(pair.there, pair.theirs, kept, title="Edited meanwhile")
    pair.here.remove_annotation(pair.mine, both)
    pair.there.remove_annotation(pair.theirs, both)
    pair.settle(first)
    assert pair.notes()[0] == pair.notes()[1] == [(kept, "Edited meanwhile", "")]
    (asked,) = pair.here.conflicts()
    assert asked.here.is_removal or asked.there.is_removal
    pair.there.undo_entry(pair.theirs, "annotation", gone)
    pair.settle(first)
    assert {name for name, _, _ in pair.notes()[0]} == {kept, gone}, "a removal is undone, here and there"
    (asked,) = pair.here.conflicts()
    pair.here.resolve_conflict(asked.id, "here" if asked.here.is_removal else "there")
    pair.settle(first)
    assert [name for name, _, _ in pair.notes()[1]] == [gone]
    pair.equal()


@pytest.mark.slow
@pytest.mark.parametrize("first", ["here", "there"])
def test_y46_demographics_by_field_the_later_stamp_wins_and_the_other_is_shown(pair: Pair, first: str) -> None:
    for services, patient, name, born in (
        (pair.here, pair.mine, "Ada King", None),
        (pair.there, pair.theirs, "Augusta Ada King", date(1815, 12, 10)),
    ):
        stored = services.vault.patients.get(patient)
        services.vault.patients.update(replace(stored, name=name, birth_date=born))
    pair.settle(first)
    names = [services.vault.patients.get(patient).name for services, patient in pair.sides]
    assert names[0] == names[1]
    assert pair.here.vault.patients.get(pair.mine).birth_date == date(1815, 12, 10), "the other field is untouched"
    (asked,) = pair.there.conflicts()
    assert (asked.record_class, asked.entity) == (RecordClass.DEMOGRAPHICS, "name")
    assert {asked.here.value, asked.there.value} == {"Ada King", "Augusta Ada King"}
    pair.there.resolve_conflict(asked.id, "here")
    pair.settle(first)
    assert pair.here.vault.patients.get(pair.mine).name == "Augusta Ada King"
    assert pair.here.conflicts() == ()
    pair.equal()


@pytest.mark.slow
def test_y46_nights_of_the_diary_ask_and_free_days_follow(pair: Pair) -> None:
    day = date(2025, 1, 3)
    for (services, patient), quality in zip(pair.sides, (2, 4), strict=True):
        services.vault.diary.save_nights(patient, [DiaryNight(day, 1380, 1390, 420, 435, quality=quality)])
    pair.here.vault.diary.save_week(pair.mine, frozenset({1, 2}))
    for (services, patient), order in zip(pair.sides, (["Ring", "Watch"], ["Watch", "Ring"]), strict=True):
        services.vault.source_orders.put(patient, "", order)
    pair.settle()
    nights = [services.vault.diary.nights(patient)[0].quality for services, patient in pair.sides]
    assert nights[0] == nights[1]
    (asked,) = pair.here.conflicts()
    assert asked.title == "Sleep diary of 2025-01-03"
    assert asked.field == "quality"
    assert asked.choices == ("here", "there")
    assert pair.there.vault.diary.free_days(pair.theirs).weekdays == {1, 2}
    pair.equal()


@pytest.mark.slow
def test_y46_y47_a_withdrawal_holds_at_once_and_giving_again_needs_a_person(pair: Pair, replica: Replica) -> None:
    purpose = pair.here.sync_purpose()
    note(pair.there, pair.theirs, "Waits to be sent")
    waiting = pair.there.vault.outbox.operations(pair.there._account_key(), [OperationState.NEW])
    assert waiting
    (given,) = [one for one in pair.here.vault.consents.list(pair.mine) if one.purpose == purpose]
    pair.here.withdraw_consent(given.id, withdrawn_by="Ada")
    before = len(replica.state.metrics(USER))
    pair.here.sync_now()
    told = replica.state.metrics(USER)[before:]
    assert len(told) == 1, "one notice of the withdrawal and nothing else"
    pair.there.pull_now()
    assert not pair.there.vault.consents.is_given(pair.theirs, purpose)
    dead = pair.there.vault.outbox.operation(waiting[0].op_id)
    assert (dead.state, dead.reason) == (OperationState.DEAD, "consent_withdrawn")
    stored = len(replica.state.metrics(USER))
    pair.there.sync_now()
    assert len(replica.state.metrics(USER)) == stored, "nothing further leaves"
    consent(pair.here, pair.mine)
    pair.here.sync_now()
    pair.there.pull_now()
    assert not pair.there.vault.consents.is_given(pair.theirs, purpose), "widening needs a person"
    (asked,) = pair.there.conflicts()
    assert (asked.here.value, asked.there.value) == ("not given", "given")
    pair.there.resolve_conflict(asked.id, "there")
    assert pair.there.vault.consents.is_given(pair.theirs, purpose)


def test_y23_without_their_consent_no_text_and_no_name_leaves(desk: Desk, replica: Replica) -> None:
    here = desk("here")
    patient = person(here, "Canary Name")
    note(here, patient, "Canary title", "Canary reason")
    here.enable_sync(patient)
    here.sync_now()
    consent(here, patient)
    here.sync_now()
    texts = [
        channel.text
        for metric in replica.state.metrics(USER)
        for channel in unpack([PackedPart.from_document(metric["raw_data"])])
    ]
    assert not any("Canary" in text for text in texts)
    assert patient not in repr(replica.state.metrics(USER))
    consent(here, patient, records=True)
    note(here, patient, "Canary title two")
    here.sync_now()
    here.sync_now()
    found = [
        channel.text
        for metric in replica.state.metrics(USER)
        for channel in unpack([PackedPart.from_document(metric["raw_data"])])
    ]
    assert any("Canary title two" in text for text in found), "with the consent it travels, so the look above can fail"


def erase(services: SignedIn, patient: str) -> None:
    services._erase_elsewhere(patient)
    services.vault.erase(patient, requested_by="Ada", confirmed_by="Grace")


@pytest.mark.slow
@pytest.mark.parametrize("first", ["here", "there"])
def test_y46_an_erasure_wins_everywhere_and_over_restore(pair: Pair, desk: Desk, replica: Replica, first: str) -> None:
    name = note(pair.here, pair.mine, "Before")
    pair.settle()
    edit(pair.there, pair.theirs, name, title="Edited meanwhile")
    pair.there.sync_now()
    erase(pair.here, pair.mine)
    if first == "there":
        pair.there.sync_now()
    assert pair.here.vault.patients.list() == []
    pair.here.pull_now()
    assert pair.here.remote_summary().people == (), "nobody is offered who was erased"
    pair.there.pull_now()
    assert pair.theirs not in pair.there.vault.outbox.enabled(pair.there._account_key())
    assert "erased_elsewhere" in pair.there.sync_status().notices, "two people decide here too"
    stored = len(replica.state.metrics(USER))
    note(pair.there, pair.theirs, "After")
    pair.there.sync_now()
    assert len(replica.state.metrics(USER)) == stored, "nothing more goes of them"
    erase(pair.there, pair.theirs)
    third = desk("third")
    assert third.restore_preview().people == 0
    third.restore_from_cloud()
    assert third.vault.patients.list() == [] == pair.there.vault.patients.list()


@pytest.mark.slow
def test_y37_y38_many_removals_wait_for_a_person(pair: Pair) -> None:
    names = [note(pair.here, pair.mine, f"Note {number}") for number in range(7)]
    pair.settle()
    for name in names:
        pair.here.remove_annotation(pair.mine, name)
    pair.settle()
    assert len(pair.notes()[1]) == 7, "everything of the other device's diary would go, so it asks"
    assert "removals_held" in pair.there.sync_status().notices
    assert pair.there.removals_held(pair.theirs) == 7
    with pytest.raises(ClarityError) as caught:
        pair.there.settle_removals(pair.theirs, 6)
    assert caught.value.detail == "7"
    assert pair.there.settle_removals(pair.theirs, 7) == 7
    assert pair.notes() == [[], []]
    assert "removals_held" not in pair.there.sync_status().notices
    pair.here.undo_entry(pair.mine, "annotation", names[0])
    pair.settle()
    assert [name for name, _, _ in pair.notes()[1]] == [names[0]], "and each can be undone"
    for number in range(6):
        note(pair.there, pair.theirs, f"More {number}")
    pair.settle()
    for name, _, _ in pair.notes()[0]:
        pair.here.remove_annotation(pair.mine, name)
    pair.settle()
    assert pair.there.settle_removals(pair.theirs, None) == 7
    pair.settle()
    assert len(pair.notes()[0]) == 7, "kept here, they come back there"
    pair.equal()


@pytest.mark.slow
@pytest.mark.parametrize("skew_s", [-172_800, 172_800])
def test_y49_two_days_of_skew_on_one_device_change_nothing(
    pair: Pair, skew_s: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The workstation here is wrong by two days; it writes first, the other one later, knowing of it."""
    true = time.time

    def write(services: SignedIn, patient: str, name: str, off: int) -> None:
        monkeypatch.setattr("clarity_desktop.app.sync_records.time.time", lambda: true() + off)
        stored = services.vault.patients.get(patient)
        services.vault.patients.update(replace(stored, name=name))
        services._collect(patient)
        monkeypatch.undo()

    write(pair.here, pair.mine, "Ada King", skew_s)
    pair.settle()
    write(pair.there, pair.theirs, "Ada Byron", 0)
    pair.settle("there")
    names = {services.vault.patients.get(patient).name for services, patient in pair.sides}
    assert names == {"Ada Byron"}, "who knew of the other writes later, whatever the clocks say"
    assert pair.here.conflicts() == ()


@pytest.mark.slow
def test_what_another_device_sends_and_nobody_can_read_stops_nothing_else(pair: Pair) -> None:
    good = note(pair.here, pair.mine, "Can be read")
    pair.here._collect(pair.mine)
    record = ExchangeRecord(
        RecordClass.NOTE, "annotation/no-number", (new_version(Stamp(9, "zz"), {"kind": "note", "start": 1}),)
    )
    pair.here.vault.records.put(pair.mine, [HeldRecord(record, {"kind": "note", "start": 1})])
    text = records_text(one.record for one in pair.here.vault.records.state(pair.mine).values())
    key = pair.there._account_key()
    pair.there._take_records(key, pair.theirs, [text])
    assert [one.id for one in pair.there.vault.diary.annotations(pair.theirs)] == [good]
    assert "records_unread" in pair.there.sync_status().notices
    with pytest.raises(ClarityError):
        pair.there._take_records(key, pair.theirs, [text.replace('"format":1', '"format":9')])
