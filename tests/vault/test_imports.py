"""Imports: what comes in is what is there, once, in whatever portions and order it came."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clarity_desktop.domain.errors import IntegrityError, NotFoundError
from clarity_desktop.domain.importing import (
    Element,
    ImportReport,
    Origin,
    Problem,
    SampleBatch,
    SetAside,
    SinkCounts,
    ZoneFound,
)
from clarity_desktop.domain.kinds import STEPS
from clarity_desktop.domain.time import Certainty, Span, ZonePeriod
from clarity_desktop.vault import Vault
from clarity_desktop.vault.intake import sink as sink_module
from clarity_desktop.vault.intake.stage import stage_lost
from clarity_desktop.vault.store import schema

HEART_RATE = "HKQuantityTypeIdentifierHeartRate"
SLEEP = "HKCategoryTypeIdentifierSleepAnalysis"
MINDFUL = "HKCategoryTypeIdentifierMindfulSession"
MONTH = 30 * 86_400
BASE = 1_700_000_000

Row = tuple[int, int, float, str | None]
rows = st.lists(
    st.tuples(
        st.one_of(st.integers(BASE, BASE + 20), st.integers(BASE - 2 * MONTH, BASE + 2 * MONTH)),
        st.sampled_from([0, 60, 3600]),
        st.sampled_from([60.0, 61.5, 70.0, math.nan]),
        st.sampled_from([None, '{"a":1}', '{"beats":[60,61]}']),
    ),
    max_size=30,
)


def content(vault: Vault, patient_id: str) -> dict[tuple[str, str, str], list[tuple[object, ...]]]:
    """Everything readable about a patient's samples."""
    found = {}
    for series in vault.series.list(patient_id):
        samples = vault.series.read(series.id)
        assert len(samples) == series.n
        extras = {(repr(row[:3])): row[3] for row in vault.series.read_extras(series.id)}
        listed = zip(samples.start.tolist(), samples.length_s.tolist(), samples.value.tolist(), strict=True)
        found[series.kind, series.unit, series.source] = [
            (repr(row), extras.get(repr(row))) for row in ((a, b, c) for a, b, c in listed)
        ]
    return found


def expected(given_rows: list[Row]) -> list[tuple[object, ...]]:
    kept: dict[tuple[int, int, float], Row] = {}
    for row in given_rows:
        key = (row[0], row[1], math.inf if math.isnan(row[2]) else row[2])
        held = kept.get(key)
        if held is None or len(row[3] or "") > len(held[3] or ""):
            kept[key] = row
    return [(repr(kept[key][:3]), kept[key][3]) for key in sorted(kept)]


@pytest.mark.slow
@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(data=st.data(), given_rows=rows)
def test_any_split_into_batches_and_any_order_of_files_gives_the_same_content(
    data: st.DataObject,
    given_rows: list[Row],
    shared_vault: Vault,
    batch_of: Callable[..., SampleBatch],
    bring_in: Callable[..., dict[str, SinkCounts]],
) -> None:
    vault = shared_vault
    one = vault.patients.add("One file")
    counts = bring_in(vault, one.id, batch_of(given_rows))
    wanted = expected(given_rows)
    if not given_rows:
        assert counts == {}
        return
    assert counts == {HEART_RATE: SinkCounts(len(wanted), len(wanted))}
    assert content(vault, one.id) == {(HEART_RATE, "count/min", "Watch"): wanted}

    several = vault.patients.add("Several files")
    files = data.draw(st.lists(st.integers(0, 2), min_size=len(given_rows), max_size=len(given_rows)))
    new = 0
    for number in data.draw(st.permutations([0, 1, 2])):
        part = [row for row, file in zip(given_rows, files, strict=True) if file == number]
        size = data.draw(st.integers(1, 6))
        batches = [batch_of(part[at : at + size]) for at in range(0, len(part), size)]
        stage_rows = data.draw(st.sampled_from([1, 4, 10**6]))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sink_module, "_ROWS_IN_MEMORY", stage_rows)
            new += sum(count.stored_new or 0 for count in bring_in(vault, several.id, *batches).values())
    assert new == len(wanted)
    assert content(vault, several.id) == content(vault, one.id)
    assert vault.content_hash(several.id) == vault.content_hash(one.id)
    again = bring_in(vault, several.id, batch_of(given_rows))
    assert again == {HEART_RATE: SinkCounts(len(wanted), 0)}


def stored_rows(vault: Vault) -> list[tuple[object, ...]]:
    """All rows that carry samples, byte for byte."""
    with vault._store.reading() as connection:
        chunks = connection.execute(schema.chunks.select()).all()
        blobs = connection.execute(schema.blobs.select()).all()
        series = connection.execute(schema.series.select()).all()
    return [tuple(row) for row in (*chunks, *blobs, *series)]


@pytest.mark.parametrize("rows_in_memory", [10**6, 50])
def test_the_same_file_again_leaves_every_byte(
    vault: Vault,
    batch_of: Callable[..., SampleBatch],
    bring_in: Callable[..., dict[str, SinkCounts]],
    monkeypatch: pytest.MonkeyPatch,
    rows_in_memory: int,
) -> None:
    monkeypatch.setattr(sink_module, "_ROWS_IN_MEMORY", rows_in_memory)
    patient = vault.patients.add("Ada")
    heart = batch_of([(BASE + 5000 * i, 0, 60.0 + i % 30, None) for i in range(900)])
    steps = batch_of([(BASE + 9000 * i, 600, float(i % 90), None) for i in range(500)], kind=STEPS, unit="count")
    first = bring_in(vault, patient.id, heart, steps)
    before = stored_rows(vault)
    again = bring_in(vault, patient.id, heart, steps)
    assert {kind: count.unique for kind, count in again.items()} == {kind: c.unique for kind, c in first.items()}
    assert {count.stored_new for count in again.values()} == {0}
    assert stored_rows(vault) == before
    assert vault.verify().ok


def test_a_longer_export_adds_what_is_new_and_leaves_other_stretches(
    vault: Vault, batch_of: Callable[..., SampleBatch], bring_in: Callable[..., dict[str, SinkCounts]]
) -> None:
    patient = vault.patients.add("Ada")
    old = [(BASE + 5000 * i, 0, 60.0 + i % 30, None) for i in range(1500)]
    bring_in(vault, patient.id, batch_of(old))
    before = {row[:2]: row for row in stored_rows(vault) if len(row) == 7}
    hash_before = vault.content_hash(patient.id)
    new = [(BASE + 5000 * i, 0, 60.0 + i % 30, None) for i in range(1500, 1510)]
    counts = bring_in(vault, patient.id, batch_of(old + new))
    assert counts == {HEART_RATE: SinkCounts(1510, 10)}
    after = {row[:2]: row for row in stored_rows(vault) if len(row) == 7}
    changed = [key for key in before if before[key] != after[key]]
    assert changed == [max(before)]
    assert vault.content_hash(patient.id) != hash_before
    (series,) = vault.series.list(patient.id)
    assert (series.n, series.first, series.last) == (1510, BASE, BASE + 5000 * 1509)
    with vault._store.reading() as connection:
        blobs = connection.execute(schema.blobs.select()).all()
    # The stretch as it was stays for undoing the second import.
    assert len(blobs) == len(after) + len(changed)


def test_content_hash_tells_kinds_apart(
    vault: Vault, batch_of: Callable[..., SampleBatch], bring_in: Callable[..., dict[str, SinkCounts]]
) -> None:
    patient = vault.patients.add("Ada")
    bring_in(vault, patient.id, batch_of([(BASE, 0, 60.0, None)]))
    heart = vault.content_hash(patient.id, [HEART_RATE])
    everything = vault.content_hash(patient.id)
    bring_in(vault, patient.id, batch_of([(BASE, 60, 5.0, None)], kind=STEPS, unit="count"))
    assert vault.content_hash(patient.id, [HEART_RATE]) == heart
    assert vault.content_hash(patient.id) != everything
    steps = vault.content_hash(patient.id, {STEPS})
    bring_in(vault, patient.id, batch_of([(BASE, 60, 5.0, '{"a":1}')], kind=STEPS, unit="count"))
    assert vault.content_hash(patient.id, {STEPS}) != steps


def test_reading_a_span_gives_what_touches_it(
    vault: Vault, batch_of: Callable[..., SampleBatch], bring_in: Callable[..., dict[str, SinkCounts]]
) -> None:
    patient = vault.patients.add("Ada")
    edge = BASE // MONTH * MONTH + MONTH
    given_rows: list[Row] = [
        (edge - 7200, 7200 + 600, 1.0, None),
        (edge - 100, 50, 2.0, '{"x":1}'),
        (edge, 0, 3.0, '{"y":1}'),
        (edge + 600, 0, 4.0, None),
        (edge + 601, 9, 5.0, None),
    ]
    bring_in(vault, patient.id, batch_of(given_rows, kind=STEPS, unit="count"))
    (series,) = vault.series.list(patient.id)
    whole = vault.series.read(series.id)
    for span in (
        Span(edge, edge + 600),
        Span(edge + 600, edge + 601),
        Span(edge - 100, edge),
        Span(edge + 10**6, edge + 10**7),
    ):
        part, wanted = vault.series.read(series.id, span), whole.within(span)
        assert part.value.tolist() == wanted.value.tolist()
        assert part.unit == "count"
    assert vault.series.read_extras(series.id, Span(edge, edge + 5)) == [(edge, 0, 3.0, '{"y":1}')]
    rollup = vault.series.rollup(series.id, Span(edge, edge + 3600))
    assert rollup.hour.tolist() == [edge // 3600 * 3600]
    assert rollup.n.tolist() == [3]
    # 600 of the 7800 seconds of the first sample lie in the hour, in the chunk after its own.
    assert rollup.total[0] == pytest.approx(1.0 * 600 / 7800 + 3 + 4 + 5, rel=1e-6)
    with pytest.raises(NotFoundError):
        vault.series.read(10**6)


def test_category_labels_are_appended_and_values_follow(
    vault: Vault, batch_of: Callable[..., SampleBatch], bring_in: Callable[..., dict[str, SinkCounts]]
) -> None:
    patient = vault.patients.add("Ada")

    def sleep(labels: tuple[str, ...], values: list[float], start: int = BASE) -> SampleBatch:
        listed = [(start + 60 * i, 60, value, None) for i, value in enumerate(values)]
        return batch_of(listed, kind=SLEEP, unit="", labels=labels)

    bring_in(vault, patient.id, sleep(("Core", "Deep"), [0, 1, 1]))
    counts = bring_in(
        vault, patient.id, sleep(("Deep", "Awake", "Core"), [2, 0, 0]), sleep(("REM", "Awake"), [1, 0], BASE + 600)
    )
    assert counts[SLEEP] == SinkCounts(5, 2)
    (series,) = vault.series.list(patient.id)
    assert series.labels == ("Core", "Deep", "Awake", "REM")
    samples = vault.series.read(series.id)
    assert samples.labels == series.labels
    assert [series.labels[int(value)] for value in samples.value] == ["Core", "Deep", "Deep", "Awake", "REM"]


def test_two_imports_at_once_agree_on_labels(
    vault: Vault, batch_of: Callable[..., SampleBatch], report_of: Callable[..., ImportReport]
) -> None:
    patient = vault.patients.add("Ada")
    first = vault.begin_import(patient.id, file="a", format="healthkit", sha256="a")
    second = vault.begin_import(patient.id, file="b", format="healthkit", sha256="b")
    first.samples(batch_of([(BASE, 60, 0.0, None)], kind=SLEEP, unit="", labels=("Core",)))
    second.samples(batch_of([(BASE + 60, 60, 0.0, None)], kind=SLEEP, unit="", labels=("Deep",)))
    assert first.finish(report_of())[SLEEP] == SinkCounts(1, 1)
    assert second.finish(report_of())[SLEEP] == SinkCounts(1, 1)
    (series,) = vault.series.list(patient.id)
    values = vault.series.read(series.id).value
    assert [series.labels[int(value)] for value in values] == ["Core", "Deep"]
    assert vault.verify().ok


def test_value_less_samples_are_equal_to_each_other(
    vault: Vault, batch_of: Callable[..., SampleBatch], bring_in: Callable[..., dict[str, SinkCounts]]
) -> None:
    patient = vault.patients.add("Ada")
    session = batch_of([(BASE, 600, math.nan, None), (BASE, 600, math.nan, None)], kind=MINDFUL, unit="")
    assert bring_in(vault, patient.id, session)[MINDFUL] == SinkCounts(1, 1)
    assert bring_in(vault, patient.id, session)[MINDFUL] == SinkCounts(1, 0)
    (series,) = vault.series.list(patient.id)
    assert np.isnan(vault.series.read(series.id).value).tolist() == [True]


def test_the_device_of_most_samples_names_the_series(
    vault: Vault, batch_of: Callable[..., SampleBatch], bring_in: Callable[..., dict[str, SinkCounts]]
) -> None:
    patient = vault.patients.add("Ada")

    def worn(device: str, version: str, starts: range) -> SampleBatch:
        return batch_of([(BASE + s, 0, 60.0, None) for s in starts], origin=Origin(device, version))

    bring_in(vault, patient.id, worn("Watch6", "9", range(3)), worn("Watch6", "10", range(10, 13)))
    bring_in(vault, patient.id, worn("Watch9", "10", range(20, 25)))
    assert [series.device for series in vault.series.list(patient.id)] == ["Watch6"]
    bring_in(vault, patient.id, worn("Watch9", "11", range(30, 33)))
    assert [series.device for series in vault.series.list(patient.id)] == ["Watch9"]


def workout(key: str, payload: str, kind: str = "Workout") -> Element:
    return Element(kind, key, BASE, BASE + 600, "Watch", payload)


def test_elements_are_kept_once_and_the_fuller_one_wins(vault: Vault, report_of: Callable[..., ImportReport]) -> None:
    patient = vault.patients.add("Ada")

    def bring(*elements: Element) -> dict[str, SinkCounts]:
        sink = vault.begin_import(patient.id, file="f", format="healthkit", sha256="0")
        for element in elements:
            sink.element(element)
        return sink.finish(report_of())

    long = '{"events":[' + ",".join(["1"] * 400) + "]}"
    counts = bring(workout("1", "{}"), workout("1", long), workout("2", "{}"), workout("d", "1", "ActivitySummary"))
    assert counts == {"Workout": SinkCounts(2, 2), "ActivitySummary": SinkCounts(1, 1)}
    assert {e.key: e.payload for e in vault.elements.list(patient.id, "Workout")} == {"1": long, "2": "{}"}
    before = vault.content_hash(patient.id, ["ActivitySummary"])
    counts = bring(workout("1", "{}"), workout("3", "{}"), workout("d", "2", "ActivitySummary"))
    assert counts == {"Workout": SinkCounts(2, 1), "ActivitySummary": SinkCounts(1, 0)}
    assert vault.elements.list(patient.id, "Workout")[0] == workout("1", long)
    assert vault.elements.list(patient.id, "ActivitySummary")[0].payload == "2"
    assert vault.content_hash(patient.id, ["ActivitySummary"]) != before
    assert len(vault.elements.list(patient.id)) == 4


def test_the_journal_keeps_the_report_with_its_counts(
    vault: Vault, batch_of: Callable[..., SampleBatch], report_of: Callable[..., ImportReport]
) -> None:
    patient = vault.patients.add("Ada")
    assert vault.imports.find(patient.id, "abc") is None
    sink = vault.begin_import(patient.id, file="export.xml", format="healthkit", sha256="abc")
    sink.samples(batch_of([(BASE, 0, 60.0, None), (BASE, 0, 60.0, None), (BASE + 9, 30, 61.0, None)]))
    aside = SetAside(HEART_RATE, 512, "<Record startDate='?'/>", "date.impossible")
    sink.set_aside(aside)
    found = (ZoneFound(ZonePeriod(-(2**40), "Europe/Berlin", Certainty.STATED, "HKTimeZone"), "3 workouts", 3),)
    sink.zones(found)
    problem = Problem("date.impossible", 1, "byte 512", "A date could not be read.")
    report = replace(report_of({HEART_RATE: 3}), zones=found, problems=(problem,), elements={"Record": 3})
    assert sink.finish(report) == {HEART_RATE: SinkCounts(2, 2)}
    (kept,) = vault.imports.list(patient.id)
    assert vault.imports.find(patient.id, "abc") == kept
    count = kept.types[HEART_RATE]
    assert (count.records, count.unique, count.stored_new, count.duplicates, count.rejected) == (3, 2, 2, 1, 0)
    assert (kept.first, kept.last, kept.patient_id, kept.sha256) == (BASE, BASE + 39, patient.id, "abc")
    assert (kept.zones, kept.problems, kept.elements) == (found, (problem,), {"Record": 3})
    assert kept.import_id is not None
    assert vault.imports.set_aside(kept.import_id) == [aside]
    assert vault.zones.found(patient.id) == found
    (entry,) = [e for e in vault.audit.entries() if e.action == "import"]
    assert (entry.patient_id, entry.outcome) == (patient.id, "ok")
    assert entry.detail == f"import {kept.import_id}: 2 new of 2 samples, 1 kinds"


def whole_database(vault: Vault) -> dict[str, list[tuple[object, ...]]]:
    with vault._store.reading() as connection:
        return {
            table.name: [tuple(row) for row in connection.execute(table.select())]
            for table in schema.metadata.sorted_tables
        }


def test_nothing_is_visible_before_the_end_and_abandoning_leaves_the_vault_as_before(
    vault: Vault,
    batch_of: Callable[..., SampleBatch],
    bring_in: Callable[..., dict[str, SinkCounts]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sink_module, "_ROWS_IN_MEMORY", 10)
    monkeypatch.setattr(sink_module, "_TEXT_IN_MEMORY", 10)
    patient = vault.patients.add("Ada")
    bring_in(vault, patient.id, batch_of([(BASE, 0, 60.0, None)]))
    before = whole_database(vault)
    seen = content(vault, patient.id)
    sink = vault.begin_import(patient.id, file="f", format="healthkit", sha256="1")
    sink.samples(batch_of([(BASE + i, 0, 60.0, None) for i in range(100)]))
    sink.element(workout("1", "{" + " " * 50 + "}"))
    sink.set_aside(SetAside("x", 1, "a text that is long enough", "code"))
    assert whole_database(vault) != before
    assert content(vault, patient.id) == seen
    assert vault.elements.list(patient.id) == []
    sink.abandon()
    sink.abandon()
    assert whole_database(vault) == before
    assert not list(vault.directory.glob("import-*"))
    with pytest.raises(RuntimeError):
        sink.samples(batch_of([(BASE, 0, 60.0, None)]))


def test_an_import_that_cannot_be_finished_leaves_the_vault_as_before(
    vault: Vault,
    batch_of: Callable[..., SampleBatch],
    report_of: Callable[..., ImportReport],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    patient = vault.patients.add("Ada")
    before = whole_database(vault)

    def refuse(*_: object) -> None:
        raise stage_lost()

    monkeypatch.setattr("clarity_desktop.vault.intake.commit.merge_set_aside", refuse)
    sink = vault.begin_import(patient.id, file="f", format="healthkit", sha256="1")
    sink.samples(batch_of([(BASE, 0, 60.0, None)]))
    with pytest.raises(IntegrityError):
        sink.finish(report_of())
    assert vault.series.list(patient.id) == []
    sink.abandon()
    assert whole_database(vault) == before


def test_an_import_whose_stage_is_gone_says_so(
    vault: Vault, batch_of: Callable[..., SampleBatch], report_of: Callable[..., ImportReport]
) -> None:
    patient = vault.patients.add("Ada")
    sink = vault.begin_import(patient.id, file="f", format="healthkit", sha256="1")
    sink.samples(batch_of([(BASE, 0, 60.0, None)]))
    sink._stage_samples()
    with vault._store.staging() as connection:
        connection.exec_driver_sql("DELETE FROM stage")
    with pytest.raises(IntegrityError) as caught:
        sink.finish(report_of())
    assert caught.value.code == "import.stage_lost"
    sink.abandon()
    assert vault.series.list(patient.id) == []


def test_verify_compares_chunks_with_their_digests(
    vault: Vault, batch_of: Callable[..., SampleBatch], bring_in: Callable[..., dict[str, SinkCounts]]
) -> None:
    patient = vault.patients.add("Ada")
    bring_in(vault, patient.id, batch_of([(BASE, 0, 60.0, None)]))
    bring_in(vault, vault.patients.add("Grace").id, batch_of([(BASE, 0, 61.0, None)]))
    assert vault.verify().chunks == 2
    with vault._store.staging() as connection:
        connection.exec_driver_sql(
            "UPDATE blobs SET core = (SELECT core FROM blobs WHERE id = 2) WHERE id = 1",
        )
    report = vault.verify()
    assert not report.ok
    assert (report.integrity, report.chain_ok) == ("ok", True)
    assert len(report.problems) == 1
    with vault._store.staging() as connection:
        connection.exec_driver_sql("UPDATE blobs SET rest = x'00' WHERE id = 2")
    assert len(vault.verify().problems) == 2


def test_an_import_needs_a_patient(vault: Vault) -> None:
    with pytest.raises(NotFoundError):
        vault.begin_import("nobody", file="f", format="healthkit", sha256="1")
    assert not list(vault.directory.glob("import-*"))
