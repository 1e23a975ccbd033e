"""Small values: samples within a span, epochs, cancellation, progress, errors, people."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from clarity_desktop.domain import errors
from clarity_desktop.domain.epochs import Epochs, EpochState
from clarity_desktop.domain.errors import CancelledError, ClarityError
from clarity_desktop.domain.people import Patient
from clarity_desktop.domain.series import Samples
from clarity_desktop.domain.time import Span, ZoneTimeline
from clarity_desktop.domain.work import CancelToken, Progress


def test_samples_within_a_span_hold_what_intersects_it() -> None:
    samples = Samples(
        np.array([0, 50, 100, 200]),
        np.array([60, 0, 0, 10], np.int32),
        np.array([1.0, 2.0, 3.0, 4.0]),
        np.zeros(4, np.uint8),
    )
    assert samples.within(Span(50, 100)).value.tolist() == [1.0, 2.0]
    assert samples.within(Span(60, 101)).value.tolist() == [3.0]
    assert len(samples.within(Span(300, 400))) == 0


def test_epochs_are_valid_only_where_worn_and_present() -> None:
    epochs = Epochs(
        1_700_000_000,
        60,
        np.array([1, np.nan, 3, 4], np.float32),
        np.array([EpochState.WORN, EpochState.WORN, EpochState.NOT_WORN, EpochState.EXCLUDED], np.uint8),
        ZoneTimeline.single("Europe/Berlin"),
    )
    assert epochs.valid.tolist() == [True, False, False, False]
    assert epochs.span.length_s == 240
    assert epochs.times[-1] == 1_700_000_180


def test_epochs_refuse_unequal_columns() -> None:
    with pytest.raises(ValueError, match="equal length"):
        Epochs(0, 60, np.zeros(2, np.float32), np.zeros(3, np.uint8), ZoneTimeline.unknown())


def test_a_cancel_token_raises_only_after_the_request() -> None:
    token = CancelToken()
    token.check()
    token.cancel()
    with pytest.raises(CancelledError):
        token.check()


def test_progress_share_is_unknown_without_a_total() -> None:
    assert Progress("Reading", 5).share is None
    assert Progress("Reading", 5, 20).share == 0.25
    assert Progress("Reading", 30, 20).share == 1.0


def test_every_error_has_the_exit_code_of_the_contract() -> None:
    expected = {
        "UsageError": 2,
        "InputError": 3,
        "LockedError": 4,
        "NotFoundError": 5,
        "ConflictError": 6,
        "OccupiedError": 75,
        "NotPermittedError": 4,
        "NetworkError": 7,
        "CancelledError": 8,
        "IntegrityError": 9,
        "ClarityError": 1,
    }
    assert {name: getattr(errors, name).exit_code for name in errors.__all__} == expected


def test_an_error_document_carries_a_reference_of_its_own() -> None:
    one, two = (ClarityError("a.b", "Sentence.", remedy="Do this.", detail="where") for _ in range(2))
    assert set(one.as_document()) == {"code", "message", "remedy", "detail", "reference"}
    assert one.reference != two.reference


def test_age_counts_completed_years() -> None:
    patient = Patient("id", "Name", "P-0001", birth_date=date(1990, 6, 15))
    assert patient.age_on(date(2025, 6, 14)) == 34
    assert patient.age_on(date(2025, 6, 15)) == 35
    assert Patient("id", "Name", "P-0001").age_on(date(2025, 1, 1)) is None
