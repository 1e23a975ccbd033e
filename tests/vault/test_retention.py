"""Retention shows what is due before it goes, and never touches what is on hold (V-35, V-47, V-59, V-60)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from clarity_desktop.domain.errors import ClarityError, ConflictError, UsageError
from clarity_desktop.domain.importing import Element, ImportReport, Origin, SampleBatch, SetAside
from clarity_desktop.domain.people import Patient
from clarity_desktop.domain.time import DAY_S
from clarity_desktop.vault import Vault
from clarity_desktop.vault.consent.retention import DataClass, Due, Policy

YEAR = 365
OLD, NEW = 1_500_000_000, 1_700_000_000
NOW = NEW + 100 * DAY_S


def person(
    vault: Vault,
    batch_of: Callable[..., SampleBatch],
    report_of: Callable[..., ImportReport],
    *,
    tags: tuple[str, ...] = (),
) -> Patient:
    patient = vault.patients.add("Somebody", tags=tags)
    sink = vault.begin_import(patient.id, file="f", format="healthkit", sha256=patient.id)
    sink.samples(batch_of([(OLD, 60, 61.0, None), (OLD + 90, 60, 62.0, None)], origin=Origin("old device")))
    sink.samples(batch_of([(NEW, 60, 63.0, None)], origin=Origin("new device")))
    sink.element(Element("Workout", "old", OLD, OLD + 9, "Watch", "{}"))
    sink.element(Element("Workout", "new", NEW, NEW + 9, "Watch", "{}"))
    sink.set_aside(SetAside("x", 3, "<x/>", "date.impossible"))
    sink.finish(report_of())
    vault.findings.put(f"key {patient.id}", patient.id, b"finding")
    return patient


@pytest.fixture
def three(
    vault: Vault, batch_of: Callable[..., SampleBatch], report_of: Callable[..., ImportReport]
) -> tuple[Vault, Patient, Patient, Patient]:
    general = person(vault, batch_of, report_of)
    study = person(vault, batch_of, report_of, tags=("STUDY", "LONG"))
    held = person(vault, batch_of, report_of)
    vault.holds.place(held.id, "court")
    return vault, general, study, held


def test_v59_the_preview_names_what_goes_and_the_execution_takes_just_that(
    three: tuple[Vault, Patient, Patient, Patient],
) -> None:
    vault, general, study, held = three
    assert vault.retention.preview(now=NOW) == []
    vault.retention.set(DataClass.RAW, 2 * YEAR, confirmed_by="Second")
    vault.retention.set(DataClass.ELEMENTS, 2 * YEAR, confirmed_by="Second")
    vault.retention.set(DataClass.RAW, 1 * YEAR, study="STUDY", confirmed_by="Second")
    vault.retention.set(DataClass.RAW, None, study="LONG")
    wanted = [
        Due(general.id, DataClass.RAW, 1),
        Due(general.id, DataClass.ELEMENTS, 1),
        Due(study.id, DataClass.ELEMENTS, 1),
    ]
    assert vault.retention.preview(now=NOW) == wanted
    hashes = {one.id: vault.content_hash(one.id) for one in (general, study, held)}
    assert vault.retention.execute(now=NOW, confirmed_by="Second") == wanted
    assert vault.retention.preview(now=NOW) == []
    (series,) = vault.series.list(general.id)
    assert (series.n, series.first, series.device) == (1, NEW, "new device")
    assert vault.series.read(series.id).value.tolist() == [63.0]
    assert [one.key for one in vault.elements.list(general.id)] == ["new"]
    assert vault.series.list(study.id)[0].n == 3
    assert vault.content_hash(general.id) != hashes[general.id]
    assert vault.content_hash(held.id) == hashes[held.id]
    entries = [entry for entry in vault.audit.entries() if entry.action == "retention.execute"]
    assert [(entry.patient_id, entry.detail) for entry in reversed(entries)] == [
        (general.id, "raw: 1, elements: 1"),
        (study.id, "elements: 1"),
    ]
    assert vault.verify().ok


def test_v59_findings_set_aside_texts_and_documents_have_their_own_time(
    three: tuple[Vault, Patient, Patient, Patient],
) -> None:
    import io
    import time

    vault, general, study, held = three
    vault.attachments.add(general.id, io.BytesIO(b"pdf"), name="letter.pdf", media_type="application/pdf")
    for data_class in (DataClass.DERIVED, DataClass.SET_ASIDE, DataClass.DOCUMENTS):
        vault.retention.set(data_class, 30, confirmed_by="Second")
    later = int(time.time()) + 31 * DAY_S
    due = vault.retention.preview(now=later)
    assert due == [
        Due(general.id, DataClass.SET_ASIDE, 1),
        Due(general.id, DataClass.DERIVED, 1),
        Due(general.id, DataClass.DOCUMENTS, 1),
        Due(study.id, DataClass.SET_ASIDE, 1),
        Due(study.id, DataClass.DERIVED, 1),
    ]
    assert vault.retention.preview(now=later - 2 * DAY_S) == []
    vault.retention.execute(now=later)
    assert vault.attachments.list(general.id) == []
    assert vault.findings.get(f"key {general.id}") is None
    assert vault.findings.get(f"key {held.id}") == b"finding"
    (report,) = vault.imports.list(study.id)
    assert vault.imports.set_aside(report.import_id or 0) == []


def test_v47_a_shorter_time_takes_a_second_person(vault: Vault) -> None:
    for second in ("", " ", vault.who, vault.who.upper()):
        with pytest.raises(UsageError) as caught:
            vault.retention.set(DataClass.RAW, 700, confirmed_by=second)
        assert caught.value.code == "retention.two_people"
    vault.retention.set(DataClass.RAW, 700, confirmed_by="Second")
    vault.retention.set(DataClass.RAW, 800)
    assert Policy(DataClass.RAW, "", 800) in vault.retention.policies()
    assert "confirmed by Second" in str(vault.audit.entries())


@pytest.mark.parametrize("data_class", [DataClass.AUDIT, DataClass.CONSENT])
def test_v35_audit_and_consent_are_kept_six_years_unless_a_reason_is_recorded(
    vault: Vault, data_class: DataClass
) -> None:
    assert replace(next(one for one in vault.retention.policies() if one.data_class is data_class)).keep_days is None
    vault.retention.set(data_class, 2192, confirmed_by="Second")
    with pytest.raises(ClarityError) as caught:
        vault.retention.set(data_class, 2191, confirmed_by="Second")
    assert caught.value.code == "retention.least"
    vault.retention.set(data_class, 2000, confirmed_by="Second", reason="law of the country")
    assert "law of the country" in vault.audit.entries(1)[0].detail


def test_v59_a_mass_deletion_stops_before_it_begins(three: tuple[Vault, Patient, Patient, Patient]) -> None:
    vault, general, _, _ = three
    vault.retention.set(DataClass.RAW, 30, confirmed_by="Second")
    with pytest.raises(ConflictError) as caught:
        vault.retention.execute(now=NOW)
    assert caught.value.code == "retention.breaker"
    assert vault.series.list(general.id)[0].n == 3
    vault.retention.execute(now=NOW, confirmed_by="Second")
    assert vault.series.list(general.id)[0].n == 0
