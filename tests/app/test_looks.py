"""The list walk of the audit: whatever the requirement names is an entry, and no read of a patient goes unrecorded."""

from __future__ import annotations

import inspect
import io
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from clarity_desktop.app import Services
from clarity_desktop.app.permissions import declared_rights
from clarity_desktop.domain.errors import ClarityError, LockedError, NotFoundError, NotPermittedError
from clarity_desktop.domain.users import RIGHTS, Right, Role
from clarity_desktop.vault import Vault
from clarity_desktop.vault.consent.retention import DataClass
from tests.app.team import CHEAP, OWNER, make_team, session

LOOKING = RIGHTS[Role.CLINICIAN] - {Right.OWN_ACCESS, Right.READ_OWN_AUDIT}
"""Rights by which somebody comes to see something of a patient."""
ABOUT_A_PATIENT = sorted(
    name
    for name, member in inspect.getmembers(Services, callable)
    if not name.startswith("_")
    and (declared_rights(member) or frozenset()) & LOOKING
    and "patient_id" in inspect.signature(member).parameters
)


@pytest.fixture(scope="module")
def owner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    home = tmp_path_factory.mktemp("looks")
    make_team(home, Anna=Role.CLINICIAN, Rita=Role.RESEARCHER)
    with session(home) as services:
        yield services


def entries_since(services: Services, before: int) -> list[tuple[str, str | None, str]]:
    found = services.vault.audit.entries(None)
    return [(one.action, one.patient_id, one.outcome) for one in found if one.seq > before]


def last(services: Services) -> int:
    return services.vault.audit.entries(1)[0].seq


def test_there_is_something_to_walk() -> None:
    assert {"panel", "series", "timeline", "stages", "summary", "elements", "documents"} <= set(ABOUT_A_PATIENT)


@pytest.mark.parametrize("name", ABOUT_A_PATIENT)
def test_v28_no_read_of_a_patient_goes_unrecorded(owner: Services, name: str) -> None:
    """Called with a patient and nothing else, each method has entered the look before it does or asks anything."""
    patient = owner.vault.patients.add("Somebody")
    before = last(owner)
    method = getattr(owner, name)
    lacks = [
        one.name
        for one in inspect.signature(method).parameters.values()
        if one.default is inspect.Parameter.empty and one.name != "patient_id"
    ]
    try:
        method(patient_id=patient.id)
    except TypeError:
        # The method asks for more than the patient; the guard came first.
        assert lacks
    except ClarityError:
        # Somebody without recordings is no error of the guard.
        assert not lacks
    about = [action for action, whom, _ in entries_since(owner, before) if whom == patient.id]
    assert about, name
    assert "patient.open" in about


def test_v28_panels_and_charts_of_one_session_are_one_entry(owner: Services) -> None:
    patient = owner.vault.patients.add("Somebody")
    before = last(owner)
    owner.series(patient.id)
    owner.imports(patient.id)
    owner.zone_timeline(patient.id)
    owner.summary(patient.id)
    assert entries_since(owner, before) == [("patient.open", patient.id, "ok")]
    owner.open_patient(patient.id)
    assert entries_since(owner, before) == [("patient.open", patient.id, "ok")] * 2


def test_v28_reading_by_the_id_of_a_series_or_document_is_recorded_too(owner: Services, table: Path) -> None:
    report = owner.import_file(table, new_name="Recorded")
    assert report.patient_id is not None
    (series, *_) = owner.vault.series.list(report.patient_id)
    for read in (owner.samples, owner.rollup):
        owner.vault.openings._seen.clear()
        before = last(owner)
        read(series.id)
        assert entries_since(owner, before) == [("patient.open", report.patient_id, "ok")]


def test_v28_a_method_that_is_given_no_patient_enters_nothing(owner: Services) -> None:
    before = last(owner)
    owner.vault_info()
    owner.backups()
    with pytest.raises(NotFoundError):
        owner.open_patient("nobody")
    assert entries_since(owner, before) == []


Action = tuple[str, Callable[[Services, str, Path], object]]


def add_document(services: Services, patient_id: str) -> str:
    stream = io.BytesIO(b"a letter")
    return services.add_document(patient_id, stream, name="letter.txt", media_type="text/plain").id


def give(services: Services, patient_id: str) -> int:
    consent = services.give_consent(patient_id, purpose="care", text_version="1", language="en", given_by="The person")
    return consent.id


def erase(services: Services, patient_id: str, folder: Path) -> None:
    del folder
    services.request_erasure(patient_id)
    services.vault.erase(patient_id, requested_by="Anna", confirmed_by="Owner")


def refused(services: Services, patient_id: str, folder: Path) -> None:
    del patient_id, folder
    with session(services.home, "Rita") as rita, pytest.raises(NotPermittedError):
        rita.add_patient("Nobody")


def wrong_passphrase(services: Services, patient_id: str, folder: Path) -> None:
    del patient_id, folder
    directory = services.vault_directory
    with pytest.raises(LockedError):
        Vault.open(directory, "not the passphrase", person="Anna", kdf_floor=CHEAP)
    services.lock()
    services._adopt(Vault.open(directory, OWNER, person="Owner", kdf_floor=CHEAP))


WALK: tuple[Action, ...] = (
    ("patient.open", lambda s, p, f: s.open_patient(p)),
    ("patient.search", lambda s, p, f: s.patient("Somebody of the walk")),
    ("document.open", lambda s, p, f: s.open_document(add_document(s, p))),
    ("report.pdf", lambda s, p, f: s.note_export(p, "report.pdf", "1 page")),
    ("print", lambda s, p, f: s.note_export(p, "print", "1 page")),
    ("table.copy", lambda s, p, f: s.note_export(p, "table.copy", "12 rows")),
    ("export.person", lambda s, p, f: s.export_person(p, f / "person.zip")),
    ("report.access", lambda s, p, f: s.access_report(p)),
    ("consent.give", lambda s, p, f: give(s, p)),
    ("consent.withdraw", lambda s, p, f: s.withdraw_consent(give(s, p), withdrawn_by="The person")),
    ("people.roles", lambda s, p, f: s.set_user_roles(s.find_user("Rita").id, {Role.RESEARCHER})),
    ("patient.restrict", lambda s, p, f: s.restrict_patient(p)),
    ("access.refused", refused),
    ("unlock.refused", wrong_passphrase),
    ("vault.backup", lambda s, p, f: s.back_up()),
    ("vault.drill", lambda s, p, f: (s.back_up(), s.drill())),
    ("retention.set", lambda s, p, f: s.set_retention(DataClass.RAW, None)),
    ("rules.set", lambda s, p, f: s.change_setting("external.sending", True)),
    ("patient.hold", lambda s, p, f: s.place_hold(p, "Order of the court")),
    ("patient.erase.done", erase),
)


@pytest.mark.parametrize(("action", "act"), WALK, ids=[action for action, _ in WALK])
def test_v28_each_listed_action_is_an_entry(
    owner: Services, tmp_path: Path, action: str, act: Callable[[Services, str, Path], object]
) -> None:
    patient = owner.vault.patients.add("Somebody of the walk")
    before = last(owner)
    act(owner, patient.id, tmp_path)
    assert action in [name for name, _, _ in entries_since(owner, before)]
    if action != "patient.erase.done":
        # Another one of the same name would make the next search ambiguous.
        owner.vault.patients.update(replace(patient, name="Somebody of before"))
