"""Who sees whom: restricted patients, shares that end by themselves, what belongs to one user (V-43, V-45)."""

from __future__ import annotations

from pathlib import Path

import pytest

from clarity_desktop.domain.errors import InputError, NotFoundError, NotPermittedError
from clarity_desktop.domain.time import DAY_S
from clarity_desktop.domain.users import Role
from tests.app.team import make_team, session


@pytest.fixture
def home(tmp_path: Path) -> Path:
    make_team(tmp_path, Anna=Role.CLINICIAN, Ben=Role.CLINICIAN, Rita=Role.RESEARCHER, Adam=Role.ADMIN)
    return tmp_path


def test_v45_a_restricted_patient_is_shared_for_a_time_and_no_longer(home: Path) -> None:
    with session(home, "Anna") as anna, session(home, "Ben") as ben, session(home, "Rita") as rita:
        open_one, hers = anna.add_patient("Open Person"), anna.add_patient("Secret Person")
        assert {one.id for one in ben.patients()} == {open_one.id, hers.id}
        anna.restrict_patient(hers.id)
        assert [one.id for one in ben.patients()] == [open_one.id]
        assert [one.id for one in rita.patients()] == [open_one.id]
        assert {one.id for one in anna.patients()} == {open_one.id, hers.id}
        for look in (ben.open_patient, ben.series, ben.summary, ben.imports, ben.consents, rita.series):
            with pytest.raises(NotPermittedError) as caught:
                look(hers.id)
            assert caught.value.code == "patient.restricted"
        with pytest.raises(NotPermittedError):
            ben.patient("Secret Person")
        clock = [float(anna.vault.sharing.restriction(hers.id).since)]  # type: ignore[union-attr]
        for one in (anna, ben, rita):
            one.vault.sharing._clock = lambda: clock[0]
        until = int(clock[0]) + 2 * DAY_S
        anna.share_patient(hers.id, anna.colleague("Ben").id, until)
        assert ben.open_patient(hers.id).name == "Secret Person"
        assert hers.id in {one.id for one in ben.patients()}
        with pytest.raises(NotPermittedError):
            rita.series(hers.id)
        clock[0] = until - 1
        assert ben.series(hers.id) == []
        # The end needs no restart, and no call.
        clock[0] = until
        with pytest.raises(NotPermittedError):
            ben.series(hers.id)
        assert hers.id not in {one.id for one in ben.patients()}
        anna.share_patient(hers.id, anna.colleague("Ben").id, until + DAY_S)
        ben.series(hers.id)
        anna.end_share(hers.id, anna.colleague("Ben").id)
        with pytest.raises(NotPermittedError):
            ben.series(hers.id)
        said = [(one.action, one.outcome) for one in anna.vault.audit.entries(None, hers.id) if one.who == "Anna"]
        for action in ("patient.restrict", "patient.share", "patient.unshare"):
            assert (action, "ok") in said
        refused = [one for one in anna.vault.audit.entries(None, hers.id) if one.action == "access.refused"]
        assert {one.who for one in refused} == {"Ben", "Rita"}
        access = anna.patient_access(hers.id)
        assert access.owner is not None
        assert access.owner.name == "Anna"
        assert [user.name for user, _ in access.shares] == ["Ben", "Ben"]


def test_v45_only_the_owner_or_an_admin_shares_and_lifts(home: Path) -> None:
    with session(home, "Anna") as anna, session(home, "Ben") as ben, session(home, "Adam") as adam:
        hers = anna.add_patient("Secret Person")
        anna.restrict_patient(hers.id)
        bens = anna.colleague("Ben").id
        until = anna.vault.sharing._now() + DAY_S
        for attempt in (lambda: ben.share_patient(hers.id, bens, until), lambda: ben.lift_restriction(hers.id)):
            with pytest.raises(NotPermittedError):
                attempt()
        anna.share_patient(hers.id, bens, until)
        # Whoever it is shared with reads it, and does not hand it on.
        with pytest.raises(NotPermittedError):
            ben.share_patient(hers.id, bens, until + DAY_S)
        with pytest.raises(NotPermittedError):
            ben.restrict_patient(hers.id)
        for wrong in (until - 3 * DAY_S, until + 400 * DAY_S):
            with pytest.raises(InputError):
                anna.share_patient(hers.id, bens, wrong)
        adam.lift_restriction(hers.id)
        assert ben.open_patient(hers.id).name == "Secret Person"
        with pytest.raises(NotFoundError):
            anna.share_patient(hers.id, bens, until)


def test_v10_who_leaves_hands_over_their_patients(home: Path) -> None:
    with session(home, "Anna") as anna, session(home, "Ben") as ben, session(home, "Owner") as owner:
        hers = anna.add_patient("Secret Person")
        anna.restrict_patient(hers.id)
        annas, bens = owner.find_user("Anna").id, owner.find_user("Ben").id
        assert owner.restricted_of(annas) == 1
        with pytest.raises(Exception) as caught:  # noqa: PT011 (its code is what is tested)
            owner.remove_user(annas)
        assert getattr(caught.value, "code", "") == "people.patients_left"
        assert owner.hand_over_patients(annas, bens) == 1
        owner.remove_user(annas)
        assert [one.name for one in ben.patients()] == ["Secret Person"]


def test_v43_recent_patients_and_settings_belong_to_one_user(home: Path) -> None:
    with session(home, "Anna") as anna, session(home, "Ben") as ben:
        first, second = anna.add_patient("First"), anna.add_patient("Second")
        anna.open_patient(first.id)
        anna.open_patient(second.id)
        anna.open_patient(first.id)
        assert [one.name for one in anna.recent_patients()] == ["First", "Second"]
        assert ben.recent_patients() == []
        ben.open_patient(second.id)
        assert [one.name for one in ben.recent_patients()] == ["Second"]
        anna.keep_own_setting("columns", ["name", "sri"])
        assert anna.own_setting("columns") == ["name", "sri"]
        assert ben.own_setting("columns") is None
        anna.restrict_patient(second.id)
        assert ben.recent_patients() == []
    with session(home, "Anna") as again:
        assert [one.name for one in again.recent_patients(1)] == ["First"]
        again.keep_own_setting("columns", None)
        assert again.own_setting("columns", "all") == "all"


def test_the_emergency_sees_restricted_patients_and_says_so(home: Path) -> None:
    from clarity_desktop.vault import Vault

    with session(home) as owner:
        person = owner.add_patient("Secret Person")
        owner.restrict_patient(person.id)
        code = owner.new_emergency_code()
        groups = code.text.split("-")
        owner.keep_emergency_code(code, {number: groups[number - 1] for number in code.asked})
    with Vault.open_with_emergency_code(home / "vault", code.text, "unconscious in the ward") as vault:
        from clarity_desktop.app import open_services

        services = open_services(home)
        services._vault = vault
        assert services.open_patient(person.id).name == "Secret Person"
        services._vault = None


def test_v67_the_full_export_says_with_whom_a_record_was_shared(home: Path, tmp_path: Path) -> None:
    import json
    import zipfile

    with session(home, "Anna") as anna:
        hers = anna.add_patient("Secret Person")
        anna.restrict_patient(hers.id)
        anna.share_patient(hers.id, anna.colleague("Ben").id, anna.vault.sharing._now() + DAY_S)
        anna.export_person(hers.id, tmp_path / "person.zip")
    with zipfile.ZipFile(tmp_path / "person.zip") as archive:
        (share,) = json.loads(archive.read("shares.json"))
    assert (share["colleague"], share["granted_by"], share["ended"]) == ("Ben", "Anna", None)
