"""The rule of two, and what stands in for the second person of somebody who works alone (V-47)."""

from __future__ import annotations

from pathlib import Path

import pytest

from clarity_desktop.app import Services
from clarity_desktop.domain.errors import LockedError, UsageError
from clarity_desktop.domain.users import Right, Role
from clarity_desktop.vault.consent.retention import DataClass
from clarity_desktop.vault.keys.codes import new_code
from tests.app.team import make_team, session


def with_code(services: Services) -> str:
    pending = services.new_recovery_code()
    groups = pending.text.split("-")
    services.keep_recovery_code(pending, {number: groups[number - 1] for number in pending.asked})
    return pending.text


def test_v47_who_works_alone_erases_with_the_recovery_code(tmp_path: Path) -> None:
    make_team(tmp_path)
    with session(tmp_path) as alone:
        person = alone.add_patient("Somebody")
        alone.request_erasure(person.id)
        with pytest.raises(UsageError) as caught:
            alone.confirm_erasure(person.id)
        assert caught.value.code == "erase.two_people"
        code = with_code(alone)
        with pytest.raises(LockedError) as wrong:
            alone.confirm_erasure(person.id, recovery_code=new_code())
        assert wrong.value.code == "vault.wrong_code"
        assert len(alone.patients()) == 1
        certificate = alone.confirm_erasure(person.id, recovery_code=code)
        assert (certificate.requested_by, certificate.confirmed_by) == ("Owner", "Owner by recovery code")
        assert alone.patients() == []
        said = [one for one in alone.audit_entries(None) if one.action == "second.by_code"]
        assert [one.detail for one in said] == ["confirm_erasure"]
        # The code was shown to the program and opens the vault as before.
        alone.vault.people.check_recovery_code(code)


def test_v47_the_code_is_not_taken_where_somebody_else_can_confirm(tmp_path: Path) -> None:
    make_team(tmp_path, Adam=Role.ADMIN, Anna=Role.CLINICIAN)
    with session(tmp_path) as owner:
        person = owner.add_patient("Somebody")
        code = with_code(owner)
        owner.request_erasure(person.id)
        for attempt in (
            lambda: owner.confirm_erasure(person.id, recovery_code=code),
            lambda: owner.set_retention(DataClass.RAW, 400, recovery_code=code),
            lambda: owner.execute_retention(recovery_code=code),
        ):
            with pytest.raises(UsageError) as caught:
                attempt()
            assert caught.value.code == "second.somebody_else"
        assert not owner.code_stands_in(Right.RESTORE)
        assert len(owner.patients()) == 1


def test_v47_retention_is_lowered_alone_with_the_code(tmp_path: Path) -> None:
    make_team(tmp_path, Anna=Role.CLINICIAN)
    with session(tmp_path) as owner:
        code = with_code(owner)
        with pytest.raises(UsageError):
            owner.set_retention(DataClass.RAW, 400)
        policy = owner.set_retention(DataClass.RAW, 400, recovery_code=code)
        assert policy.keep_days == 400
        (entry,) = [one for one in owner.audit_entries(None) if one.action == "retention.set"]
        assert "confirmed by Owner by recovery code" in entry.detail


def test_v47_restoring_over_takes_two_admins(tmp_path: Path) -> None:
    make_team(tmp_path, Adam=Role.ADMIN)
    with session(tmp_path) as owner:
        owner.add_patient("Before")
        name = owner.back_up().name
        backup = owner.backup_folder() / name
        owner.add_patient("After")
        for _ in range(2):
            with pytest.raises(UsageError) as caught:
                owner.restore_over(backup)
            assert caught.value.code == "restore.two_people"
        assert len(owner.patients()) == 2
    with session(tmp_path, "Adam") as adam:
        done = adam.restore_over(backup)
        assert done.kept is not None
        assert adam.verify_audit().chain_ok
        gap = next(one for one in adam.audit_entries(None) if one.action == "audit.gap")
        assert "confirmed by Owner" in gap.detail
    with session(tmp_path) as owner:
        assert [one.name for one in owner.patients()] == ["Before"]
        # The request is spent: what was restored knows nothing of it.
        with pytest.raises(UsageError):
            owner.restore_over(backup)


def test_v47_restoring_over_alone_takes_the_code(tmp_path: Path) -> None:
    make_team(tmp_path)
    with session(tmp_path) as alone:
        alone.add_patient("Before")
        backup = alone.backup_folder() / alone.back_up().name
        with pytest.raises(UsageError) as caught:
            alone.restore_over(backup)
        assert caught.value.code == "restore.needs_code"
        code = with_code(alone)
        alone.restore_over(backup, recovery_code=code)
        assert [one.name for one in alone.patients()] == ["Before"]
