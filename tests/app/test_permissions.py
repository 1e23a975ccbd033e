"""Rights: every role against every command of the services, and what those without names see."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import date
from pathlib import Path

import pytest

from clarity_desktop.app import Services, open_services
from clarity_desktop.app.permissions import declared_rights
from clarity_desktop.domain.errors import ClarityError, LockedError, NotPermittedError
from clarity_desktop.domain.importing import Element, ImportOutcome, ImportReport
from clarity_desktop.domain.users import RIGHTS, Right, Role, rights_of
from clarity_desktop.vault import KdfParameters, Vault
from clarity_desktop.vault.seal.cipher import PatientSeal

CHEAP = KdfParameters.for_tests()
OWNER = "seven quiet herons"
WORDS = {role: f"own words of the {role.value}" for role in Role}


def members() -> dict[str, object]:
    return {
        name: member
        for name, member in inspect.getmembers(Services)
        if not name.startswith("_") and _is_command(member)
    }


def _is_command(member: object) -> bool:
    return callable(member) or isinstance(member, property)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A vault with one user for each role, and one patient with a name."""
    home = tmp_path_factory.mktemp("team")
    with Vault.create(home / "vault", OWNER, kdf=CHEAP) as vault:
        for role in Role:
            vault.people.add(role.value, WORDS[role], {role})
        vault.patients.add("Ada Lovelace", birth_date=date(1815, 12, 10), tags=("Countess",))
    return home


@pytest.fixture(scope="module")
def sessions(home: Path) -> Iterator[dict[Role, Services]]:
    with ExitStack() as stack:
        found = {}
        for role in Role:
            services = open_services(home)
            services._adopt(Vault.open(home / "vault", WORDS[role], person=role.value, kdf_floor=CHEAP))
            stack.callback(services.close)
            found[role] = services
        yield found


def test_v41_every_command_declares_who_may_call_it() -> None:
    undeclared = [name for name, member in members().items() if declared_rights(member) is None]
    assert undeclared == []
    assert len(members()) > 40


def test_v41_the_table_is_that_of_the_requirements() -> None:
    table = {
        # right: clinician, researcher, admin, read-only
        Right.SEE_IDENTITY: (True, False, False, True),
        Right.READ_DATA: (True, True, False, True),
        Right.CHANGE_DATA: (True, True, False, False),
        Right.CHANGE_IDENTITY: (True, False, False, False),
        Right.SEND_INSIGHT: (True, False, False, False),
        Right.SET_POLICY: (False, False, True, False),
        Right.EXPORT_IDENTIFIED: (True, False, False, False),
        Right.EXPORT_DEIDENTIFIED: (True, True, False, False),
        Right.MANAGE_PEOPLE: (False, False, True, False),
        Right.MANAGE_RETENTION: (False, False, True, False),
        Right.RESTORE: (False, False, True, False),
        Right.REQUEST_ERASURE: (True, False, False, False),
        Right.CONFIRM_ERASURE: (False, False, True, False),
        Right.READ_OWN_AUDIT: (True, True, True, False),
        Right.READ_ALL_AUDIT: (False, False, True, False),
        Right.OWN_ACCESS: (True, True, True, True),
    }
    assert set(table) == set(Right)
    order = (Role.CLINICIAN, Role.RESEARCHER, Role.ADMIN, Role.READ_ONLY)
    assert {right: tuple(right in RIGHTS[role] for role in order) for right in Right} == table


GUARDED = sorted(name for name, member in members().items() if declared_rights(member))


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("name", GUARDED)
def test_v41_each_role_against_each_command(sessions: dict[Role, Services], role: Role, name: str) -> None:
    """Those without the right are refused before anything else; those with it are not refused for lack of it."""
    rights = declared_rights(members()[name])
    assert rights
    command = getattr(sessions[role], name)
    if rights & RIGHTS[role]:
        # Without arguments: those who may come as far as the method itself, which asks for them or does its work.
        if any(
            parameter.default is inspect.Parameter.empty and parameter.kind is not inspect.Parameter.VAR_KEYWORD
            for parameter in inspect.signature(command).parameters.values()
        ):
            with pytest.raises(TypeError):
                command()
        return
    with pytest.raises(NotPermittedError) as caught:
        command()
    assert caught.value.code == "rights.missing"
    assert caught.value.detail == name
    assert caught.value.exit_code == 4


def test_v28_a_refusal_is_an_entry(sessions: dict[Role, Services]) -> None:
    with pytest.raises(NotPermittedError):
        sessions[Role.READ_ONLY].add_patient("Somebody")
    last = sessions[Role.ADMIN].audit_entries(limit=1)[0]
    assert (last.action, last.who, last.outcome, last.detail) == (
        "access.refused",
        "read_only",
        "refused",
        "add_patient",
    )


def test_v42_a_researcher_sees_codes_and_no_names(sessions: dict[Role, Services]) -> None:
    research, clinic = sessions[Role.RESEARCHER], sessions[Role.CLINICIAN]
    (named,) = clinic.patients()
    assert (named.name, named.birth_date) == ("Ada Lovelace", date(1815, 12, 10))
    (coded,) = research.patients()
    assert (coded.name, coded.birth_date, coded.tags) == (named.code, None, ())
    for shown in (research.patient(named.code), research.open_patient(named.id), research.summary(named.id).patient):
        assert shown == coded
    with pytest.raises(ClarityError) as caught:
        research.patient("Ada Lovelace")
    assert caught.value.code == "patient.unknown"
    with pytest.raises(NotPermittedError):
        research.import_file(Path("unread.zip"), new_name="Somebody New")


def test_v42_reports_and_elements_tell_a_researcher_nothing_of_who_it_is(
    sessions: dict[Role, Services], monkeypatch: pytest.MonkeyPatch
) -> None:
    research, clinic = sessions[Role.RESEARCHER], sessions[Role.CLINICIAN]
    (ada,) = clinic.patients()
    sink = clinic.vault.begin_import(ada.id, file="ada lovelace.xml", format="healthkit", sha256="7")
    sink.element(Element("Me", "me", None, None, "Ada's Watch", '{"born":"1815-12-10"}'))
    sink.element(Element("Workout", "run", 1, 2, "Ada's Watch", '{"a":1}'))
    sink.finish(
        ImportReport("ada lovelace.xml", "healthkit", "1", ImportOutcome.OK, True, 1, 1.0,
                     person={"born": "1815-12-10"}, sources=("Ada's Watch",))
    )  # fmt: skip
    assert {one.kind for one in clinic.elements(ada.id)} == {"Me", "Workout"}
    assert clinic.imports(ada.id)[-1].person == {"born": "1815-12-10"}
    opened: list[str] = []
    real = PatientSeal.open
    monkeypatch.setattr(
        PatientSeal,
        "open",
        lambda self, sealed, table, *row: (opened.append(str(row)), real(self, sealed, table, *row))[1],
    )
    assert [one.kind for one in research.elements(ada.id)] == ["Workout"]
    # What says who somebody is was not even opened.
    assert not any("Me" in row for row in opened)
    said = repr(research.imports(ada.id)) + repr(research.elements(ada.id))
    assert "1815" not in said
    assert "Ada" not in said
    assert "lovelace" not in said


def test_own_entries_for_clinicians_and_all_for_admins(sessions: dict[Role, Services]) -> None:
    sessions[Role.CLINICIAN].patients()
    sessions[Role.CLINICIAN].open_patient(sessions[Role.CLINICIAN].patients()[0].id)
    assert {entry.who for entry in sessions[Role.CLINICIAN].audit_entries(limit=None)} == {"clinician"}
    assert len({entry.who for entry in sessions[Role.ADMIN].audit_entries(limit=None)}) >= 4


def test_several_roles_add_up(home: Path) -> None:
    assert rights_of({Role.ADMIN, Role.CLINICIAN}) == RIGHTS[Role.ADMIN] | RIGHTS[Role.CLINICIAN]
    services = open_services(home)
    services._adopt(Vault.open(home / "vault", OWNER, person="Owner", kdf_floor=CHEAP))
    assert services.permits(Right.MANAGE_PEOPLE)
    assert services.permits(Right.SEE_IDENTITY)
    services.close()
    assert not services.permits(Right.SEE_IDENTITY)


def test_v46_a_change_of_roles_reaches_an_open_session(tmp_path: Path) -> None:
    with Vault.create(tmp_path / "vault", OWNER, kdf=CHEAP) as vault:
        anna = vault.people.add("Anna", WORDS[Role.CLINICIAN], {Role.CLINICIAN})
        services = open_services(tmp_path)
        services._adopt(Vault.open(tmp_path / "vault", WORDS[Role.CLINICIAN], person="Anna", kdf_floor=CHEAP))
        services.add_patient("Somebody")
        vault.people.set_roles(anna.id, {Role.READ_ONLY})
        with pytest.raises(NotPermittedError):
            services.add_patient("Somebody else")
        assert [patient.name for patient in services.patients()] == ["Somebody"]
        vault.people.remove(anna.id)
        with pytest.raises(LockedError):
            services.patients()
        assert not services.unlocked
        services.close()


def test_locked_services_refuse_everything_that_needs_a_right(tmp_path: Path) -> None:
    services = open_services(tmp_path)
    for name in GUARDED:
        with pytest.raises(LockedError) as caught:
            getattr(services, name)()
        assert caught.value.code == "vault.locked"


def test_v41_window_and_command_line_go_through_the_services() -> None:
    """Nobody above the services reaches around them to the vault."""
    package = Path(__file__).parents[2] / "clarity_desktop"
    ways = ("services.vault.", "services.study.", ").vault.")
    around: list[str] = []
    for path in sorted([*(package / "cli").rglob("*.py"), *(package / "ui").rglob("*.py")]):
        lines = path.read_text("utf-8").splitlines()
        around += [f"{path.name}: {line.strip()}" for line in lines if any(way in line for way in ways)]
    assert around == []
