"""Prepared levels: extremes kept bit for bit, sealed, renewed with their chunk, gone with it, never in the way."""

from __future__ import annotations

import secrets

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clarity_desktop.domain.errors import IntegrityError
from clarity_desktop.domain.importing import NO_INSTANT, ImportOutcome, ImportReport, SampleBatch
from clarity_desktop.domain.kinds import HEART_RATE
from clarity_desktop.domain.time import DAY_S, Span
from clarity_desktop.vault import Vault
from clarity_desktop.vault.chunks.codec import Core
from clarity_desktop.vault.chunks.columns import PERIOD_S
from clarity_desktop.vault.chunks.levels import WIDTHS_S, decode_level, encode_level, is_worth, level_of
from clarity_desktop.vault.store import schema

FIRST = 600 * PERIOD_S


def put_beats(vault: Vault, patient: str, start: np.ndarray, value: np.ndarray) -> None:
    n = start.size
    sha256 = secrets.token_hex(32)
    sink = vault.begin_import(patient, file="beats", format="test", sha256=sha256)
    sink.samples(
        SampleBatch(
            kind=HEART_RATE,
            unit="count/min",
            source="Strap",
            start=start.astype(np.int64),
            length_s=np.zeros(n, np.int32),
            value=value.astype(np.float64),
            flags=np.zeros(n, np.uint8),
            created=np.full(n, NO_INSTANT, np.int64),
            origin=np.zeros(n, np.int32),
            extra=np.full(n, -1, np.int32),
            labels=(),
        )
    )
    sink.finish(
        ImportReport(
            file="beats",
            format="test",
            format_version="1",
            outcome=ImportOutcome.OK,
            complete=True,
            bytes=1,
            seconds=0.0,
            sha256=sha256,
            first=int(start[0]),
            last=int(start[-1]),
        )
    )


def beats(days: float, seed: int = 1, step: int = 5) -> tuple[np.ndarray, np.ndarray]:
    at = FIRST + np.arange(0, int(days * DAY_S), step)
    return at, np.rint(60 + 10 * np.random.default_rng(seed).standard_normal(at.size))


def rows(vault: Vault) -> list[tuple[int, int, bytes]]:
    table = schema.levels
    with vault._store.reading() as connection:
        found = connection.execute(table.select().order_by(table.c.period, table.c.width_s)).all()
    return [(row.period, row.width_s, row.digest) for row in found]


samples = st.lists(
    st.tuples(st.integers(0, 4000), st.sampled_from([0, 1, 20, 200]), st.floats(-1e6, 1e6) | st.just(float("nan"))),
    min_size=1,
    max_size=60,
)


@given(samples, st.sampled_from(WIDTHS_S))
@settings(max_examples=60)
def test_a_level_is_what_its_samples_say(parts: list[tuple[int, int, float]], width: int) -> None:
    start, length, value = (np.array(column) for column in zip(*sorted(parts, key=lambda p: p[0]), strict=True))
    core = Core(start.astype(np.int64), length.astype(np.int32), value.astype(float), np.zeros(start.size, np.uint8))
    level = level_of(core, width)
    assert level is not None
    wanted: dict[int, list[float]] = {}
    for at, seconds, number in zip(start.tolist(), length.tolist(), value.tolist(), strict=True):
        if np.isfinite(number):
            for place in range(at // width, max(at + seconds - 1, at) // width + 1):
                wanted.setdefault(place * width, []).append(number)
    assert level.start.tolist() == sorted(wanted)
    assert level.minimum.tolist() == [min(wanted[at]) for at in sorted(wanted)]
    assert level.maximum.tolist() == [max(wanted[at]) for at in sorted(wanted)]
    assert level.n.tolist() == [len(wanted[at]) for at in sorted(wanted)]
    again = decode_level(encode_level(level))
    for name in ("start", "n", "minimum", "maximum"):
        assert np.array_equal(getattr(again, name), getattr(level, name))
    np.testing.assert_allclose(again.mean, level.mean, rtol=1e-6, atol=1e-30)


def test_samples_that_are_long_get_no_level() -> None:
    core = Core(np.arange(5000) * 60, np.full(5000, 3600, np.int32), np.ones(5000), np.zeros(5000, np.uint8))
    assert level_of(core, 15) is None
    assert level_of(core, 900) is None


def test_damage_is_noticed() -> None:
    with pytest.raises(IntegrityError):
        decode_level(b"something else that is long enough")


def test_sparse_chunks_get_no_level_and_dense_ones_do() -> None:
    assert not is_worth(43_200, 120)
    assert is_worth(43_200, 900)
    assert is_worth(PERIOD_S, 15)


def test_levels_are_made_at_first_use_and_found_again(vault: Vault) -> None:
    patient = vault.patients.add("L").id
    put_beats(vault, patient, *beats(40))
    (series,) = vault.series.list(patient)
    span = Span(FIRST + 2 * DAY_S, FIRST + 9 * DAY_S)
    assert rows(vault) == []
    made, cores = vault.levels.read(series.id, span, 1800)
    assert not cores
    assert made.width_s == 900
    assert [(period, width) for period, width, _ in rows(vault)] == [(600, 900)]
    vault.levels.forget()
    again, _ = vault.levels.read(series.id, span, 1800)
    assert np.array_equal(again.maximum, made.maximum)
    raw = vault.series.read(series.id)
    assert made.maximum.max() == raw.value[raw.start < FIRST + PERIOD_S].max()
    assert "levels.store" in [entry.action for entry in vault.audit.entries(50)]


def test_prepare_makes_all_that_is_worth_it_and_nothing_twice(vault: Vault) -> None:
    patient = vault.patients.add("P").id
    put_beats(vault, patient, *beats(31))
    # The second chunk holds one day: too little for narrow levels.
    assert vault.levels.prepare(patient) == 3
    assert [(period, width) for period, width, _ in rows(vault)] == [(600, 120), (600, 900), (601, 900)]
    assert vault.levels.prepare(patient) == 0


def test_a_changed_chunk_renews_its_levels(vault: Vault) -> None:
    patient = vault.patients.add("C").id
    at, value = beats(29)
    put_beats(vault, patient, at, value)
    (series,) = vault.series.list(patient)
    span = Span(FIRST, FIRST + 20 * DAY_S)
    vault.levels.read(series.id, span, 1800)
    before = rows(vault)
    put_beats(vault, patient, np.array([FIRST + 5 * DAY_S + 1]), np.array([231.0]))
    assert rows(vault) == []  # the chunk was written anew, so its level went with it
    bins, _ = vault.levels.read(series.id, span, 1800)
    assert bins.maximum.max() == 231.0
    assert rows(vault)[0][2] != before[0][2]


def test_levels_are_sealed_and_bound_to_their_row(vault: Vault) -> None:
    patient = vault.patients.add("S").id
    put_beats(vault, patient, *beats(29))
    vault.levels.prepare(patient)
    vault.levels.forget()
    table = schema.levels
    with vault._store.writing("test.swap", patient) as write:
        found = {row.width_s: row.sealed for row in write.connection.execute(table.select()).all()}
        write.connection.execute(table.update().where(table.c.width_s == 900).values(sealed=found[120]))
    (series,) = vault.series.list(patient)
    with pytest.raises(IntegrityError):
        vault.levels.read(series.id, Span(FIRST, FIRST + DAY_S), 1800)


def test_erasing_a_person_erases_their_levels(vault: Vault) -> None:
    from clarity_desktop.vault.erasure.rows import delete_patient

    gone, stays = (vault.patients.add(name).id for name in ("A", "B"))
    for patient in (gone, stays):
        put_beats(vault, patient, *beats(29))
        vault.levels.prepare(patient)
    assert len(rows(vault)) == 4
    with vault._store.writing("test.erase", gone) as write:
        delete_patient(write.connection, gone)
    assert len(rows(vault)) == 2
    assert vault.levels.prepare(stays) == 0


def test_near_windows_and_sparse_series_are_read_from_samples(vault: Vault) -> None:
    patient = vault.patients.add("N").id
    put_beats(vault, patient, *beats(3, step=300))
    (series,) = vault.series.list(patient)
    bins, cores = vault.levels.read(series.id, Span(FIRST, FIRST + DAY_S), 1800)
    assert not len(bins)
    assert sum(core.start.size for core in cores) == 864
    assert rows(vault) == []
