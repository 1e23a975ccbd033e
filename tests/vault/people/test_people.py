"""Several people on one vault: their ways in, their keys, and what becomes of them."""

from __future__ import annotations

import json
import shutil
import statistics
import time
import unicodedata
from pathlib import Path

import pytest

from clarity_desktop.domain.errors import (
    ConflictError,
    InputError,
    IntegrityError,
    LockedError,
    NotFoundError,
    UsageError,
)
from clarity_desktop.domain.users import FOUNDER_ROLES, Role
from clarity_desktop.vault import KdfParameters, Vault
from clarity_desktop.vault.keys.header import KeyHeader
from clarity_desktop.vault.keys.tries import Tries
from clarity_desktop.vault.store.circumstances import Circumstances
from clarity_desktop.vault.store.engine import connector
from tests.memory_keychain import MemoryKeychain

CHEAP = KdfParameters.for_tests()
OWNER = "a passphrase for tests"
ANNA = "grey otters sing at noon"
BEN = "nine lamps over a river"


def open_as(directory: Path, person: str | None, passphrase: str) -> Vault:
    return Vault.open(directory, passphrase, person=person, kdf_floor=CHEAP)


@pytest.fixture
def team(vault: Vault) -> Vault:
    """Owner (admin, clinician), Anna (clinician), Ben (researcher)."""
    vault.people.add("Anna", ANNA, {Role.CLINICIAN})
    vault.people.add("Ben", BEN, {Role.RESEARCHER})
    return vault


def actions(vault: Vault) -> list[str]:
    return [entry.action for entry in vault.audit.entries(limit=None)]


def database(vault: Vault) -> bytes:
    with vault._store.reading() as connection:
        connection.exec_driver_sql("SELECT 1")
    return (vault.directory / "vault.db").read_bytes()[:4096]


def test_v48_the_first_person_is_admin_and_clinician(vault: Vault) -> None:
    (owner,) = vault.people.everybody()
    assert owner.name == "Owner"
    assert owner.roles == FOUNDER_ROLES == {Role.ADMIN, Role.CLINICIAN}
    assert vault.people.me() == owner


def test_v6_each_person_opens_with_an_own_passphrase_and_name(team: Vault) -> None:
    directory = team.directory
    patient = team.patients.add("Someone")
    team.close()
    for name, passphrase in (("Owner", OWNER), ("Anna", ANNA), ("BEN", BEN), (" anna ", ANNA)):
        with open_as(directory, name, passphrase) as opened:
            assert opened.people.me().name == name.strip().title()
            assert opened.who == name.strip().title()
            assert [one.id for one in opened.patients.list()] == [patient.id]
            assert opened.patients.list()[0].name == ("P-0001" if opened.who == "Ben" else "Someone")
            last = opened.audit.entries(limit=1)[0]
            assert (last.action, last.who) == ("vault.open", name.strip().title())
            assert last.role
    for name, passphrase in (("Anna", BEN), ("Ben", ANNA), ("Owner", ANNA)):
        with pytest.raises(LockedError):
            open_as(directory, name, passphrase)


def test_v6_adding_changing_and_removing_leaves_data_and_others_alone(team: Vault) -> None:
    directory = team.directory
    header, _ = KeyHeader.read(directory / "vault.keys")
    owners = [slot for slot in header.slots if slot.user == team.people.me().id]
    key, pages = team.data_key(), database(team)
    ben = team.people.find("Ben")
    team.people.rename(ben.id, "Benjamin")
    team.people.remove(ben.id)
    after, _ = KeyHeader.read(directory / "vault.keys")
    assert [slot for slot in after.slots if slot.user == team.people.me().id] == owners
    assert team.data_key() == key
    assert database(team)[:16] == pages[:16], "the salt of the database stays"
    assert actions(team)[:4] == ["people.remove", "people.rename", "people.add", "people.add"]
    removed = next(user for user in team.people.everybody() if user.id == ben.id)
    assert (removed.name, removed.removed is not None) == ("Benjamin", True)
    team.close()
    open_as(directory, "Anna", ANNA).close()
    with pytest.raises(LockedError):
        open_as(directory, "Benjamin", BEN)


def test_several_people_without_a_name_are_asked_who(team: Vault) -> None:
    team.close()
    with pytest.raises(UsageError) as caught:
        Vault.open(team.directory, OWNER, kdf_floor=CHEAP)
    assert caught.value.code == "vault.whose"
    assert Vault.names(team.directory) == ("Owner", "Anna", "Ben")


def test_names_are_unique_and_given(team: Vault) -> None:
    for name in ("anna", " ANNA ", unicodedata.normalize("NFD", "Änna").replace("\u0308", "")):
        with pytest.raises(ConflictError) as caught:
            team.people.add(name, "another passphrase here", {Role.CLINICIAN})
        assert caught.value.code == "people.name_taken"
    for name in ("", "  ", "Emergency access"):
        with pytest.raises(InputError):
            team.people.add(name, "another passphrase here", {Role.CLINICIAN})
    with pytest.raises(InputError) as refused:
        team.people.add("Carl", "another passphrase here", set())
    assert refused.value.code == "people.no_role"
    with pytest.raises(InputError):
        team.people.add("Carl", "short", {Role.CLINICIAN})
    assert len(team.people.everybody()) == 3
    team.people.remove(team.people.find("Ben").id)
    with pytest.raises(ConflictError):
        team.people.add("Ben", "another passphrase here", {Role.CLINICIAN})


def test_the_last_admin_stays(team: Vault) -> None:
    me = team.people.me()
    for act in (lambda: team.people.remove(me.id), lambda: team.people.set_roles(me.id, {Role.CLINICIAN})):
        with pytest.raises(UsageError) as caught:
            act()
        assert caught.value.code == "people.last_admin"
    team.people.set_roles(team.people.find("Anna").id, {Role.ADMIN, Role.CLINICIAN})
    team.people.set_roles(me.id, {Role.CLINICIAN})
    assert team.people.me().roles == {Role.CLINICIAN}


def test_v10_the_last_passphrase_of_a_person_stays(team: Vault) -> None:
    for slot in team.people.slots():
        with pytest.raises(UsageError) as caught:
            team.people.remove_slot(slot.id)
        assert caught.value.code == "vault.last_passphrase"


def test_only_an_admins_keys_can_add_people(team: Vault) -> None:
    team.close()
    with open_as(team.directory, "Anna", ANNA) as vault:
        for act in (
            lambda: vault.people.add("Carl", "another passphrase here", {Role.CLINICIAN}),
            lambda: vault.people.set_roles(vault.people.me().id, {Role.ADMIN}),
            lambda: vault.people.reset_passphrase(vault.people.find("Ben").id, "another passphrase here"),
        ):
            with pytest.raises(LockedError) as caught:
                act()
            assert caught.value.code == "people.no_admin_key"
        assert not vault._keys.admin


def test_v42_a_researcher_holds_no_identity_key(team: Vault) -> None:
    identity = bytes(team._keys.identity)
    team.close()
    with open_as(team.directory, "Ben", BEN) as ben:
        assert not ben._keys.identity
        assert not ben._keys.admin
    with open_as(team.directory, "Anna", ANNA) as anna:
        assert bytes(anna._keys.identity) == identity
    with open_as(team.directory, "Owner", OWNER) as owner:
        owner.people.set_roles(owner.people.find("Anna").id, {Role.RESEARCHER})
    with open_as(team.directory, "Anna", ANNA) as anna:
        assert not anna._keys.identity


def test_v46_role_changes_and_removal_reach_open_sessions(team: Vault) -> None:
    with open_as(team.directory, "Anna", ANNA) as anna:
        team.people.set_roles(anna.people.me().id, {Role.READ_ONLY})
        assert anna.people.me().roles == {Role.READ_ONLY}
        team.people.remove(anna.people.me().id)
        with pytest.raises(LockedError) as caught:
            anna.people.me()
        assert caught.value.code == "people.removed"


def test_v11_changing_a_passphrase(team: Vault) -> None:
    directory = team.directory
    team.close()
    new = "wholly other words now"
    with open_as(directory, "Anna", ANNA) as anna:
        with pytest.raises(LockedError) as caught:
            anna.people.change_passphrase("not the present one", new)
        assert caught.value.code == "vault.wrong_passphrase"
        with pytest.raises(InputError):
            anna.people.change_passphrase(ANNA, "passwordpassword")
        anna.people.change_passphrase(ANNA, new)
    open_as(directory, "Anna", new).close()
    with pytest.raises(LockedError):
        open_as(directory, "Anna", ANNA)
    open_as(directory, "Ben", BEN).close()
    with open_as(directory, "Owner", OWNER) as owner:
        assert "passphrase.change" in actions(owner)
        owner.people.reset_passphrase(owner.people.find("Anna").id, ANNA)
    open_as(directory, "Anna", ANNA).close()


def test_v8_a_raised_cost_renews_a_slot_at_its_next_unlock(team: Vault) -> None:
    directory = team.directory
    dearer = KdfParameters(2, 2048, 1, for_testing=True)
    team.people.raise_cost(dearer)
    team.close()

    def cost(person: str) -> tuple[int, int]:
        header, _ = KeyHeader.read(directory / "vault.keys")
        user = header.named(person)
        assert user is not None
        (slot,) = header.slots_of(user.id, "passphrase")
        assert slot.kdf is not None
        return slot.kdf.time_cost, slot.kdf.memory_kib

    assert cost("Anna") == (1, 1024)
    with open_as(directory, "Anna", ANNA) as anna:
        assert actions(anna)[0] == "slot.renew"
    assert cost("Anna") == (2, 2048)
    assert cost("Ben") == (1, 1024)
    with open_as(directory, "Anna", ANNA) as anna:
        assert actions(anna)[0] == "vault.open"


def test_v15_each_person_has_an_own_keychain_slot(team: Vault, keychain: MemoryKeychain) -> None:
    directory = team.directory
    team.add_keychain_slot("This computer")
    team.close()
    with open_as(directory, "Anna", ANNA) as anna:
        anna.add_keychain_slot("Laptop")
    with Vault.open_with_keychain(directory, person="Anna") as opened:
        assert opened.who == "Anna"
    with Vault.open_with_keychain(directory, person="Owner") as opened:
        assert opened.who == "Owner"
    with pytest.raises(LockedError) as caught:
        Vault.open_with_keychain(directory, person="Ben")
    assert caught.value.code == "keychain.no_slot"
    with open_as(directory, "Owner", OWNER) as owner:
        owner.people.remove(owner.people.find("Anna").id)
    with pytest.raises(LockedError):
        Vault.open_with_keychain(directory, person="Anna")


def answers_for(pending: object) -> dict[int, str]:
    groups = pending.text.split("-")  # type: ignore[attr-defined]
    return {number: groups[number - 1] for number in pending.asked}  # type: ignore[attr-defined]


def test_v12_a_recovery_code_opens_nothing_before_it_is_typed_back(vault: Vault) -> None:
    pending = vault.new_code()
    with pytest.raises(InputError):
        vault.people.keep_recovery_code(pending, {})
    assert [slot.kind for slot in vault.people.slots()] == ["passphrase"]
    vault.close()
    with pytest.raises(LockedError) as caught:
        Vault.open_with_recovery_code(vault.directory, pending.text, "wholly other words now")
    assert caught.value.code == "vault.wrong_code"


def test_v13_the_recovery_code_forces_a_new_passphrase_and_is_spent(team: Vault) -> None:
    directory, new = team.directory, "wholly other words now"
    team.close()
    with open_as(directory, "Anna", ANNA) as anna:
        pending = anna.new_code()
        anna.people.keep_recovery_code(pending, answers_for(pending))
    with pytest.raises(InputError):
        Vault.open_with_recovery_code(directory, pending.text, "short", kdf=CHEAP)
    with Vault.open_with_recovery_code(directory, pending.text.lower(), new, kdf=CHEAP) as recovered:
        assert recovered.who == "Anna"
        assert actions(recovered)[:2] == ["recovery.use", "vault.open"]
        again = recovered.new_code()
        recovered.people.keep_recovery_code(again, answers_for(again))
    with pytest.raises(LockedError):
        open_as(directory, "Anna", ANNA)
    open_as(directory, "Anna", new).close()
    with pytest.raises(LockedError) as caught:
        Vault.open_with_recovery_code(directory, pending.text, ANNA, kdf=CHEAP)
    assert caught.value.code == "vault.wrong_code"
    with Vault.open_with_recovery_code(directory, again.text, ANNA, kdf=CHEAP) as recovered:
        assert recovered.who == "Anna"
    open_as(directory, "Owner", OWNER).close()


def test_v14_the_emergency_code_needs_a_reason_and_marks_every_action(team: Vault) -> None:
    directory = team.directory
    pending = team.new_code()
    team.people.keep_emergency_code(pending, answers_for(pending))
    assert Vault.names(directory) == ("Owner", "Anna", "Ben")
    team.close()
    with pytest.raises(InputError) as caught:
        Vault.open_with_emergency_code(directory, pending.text, " x ")
    assert caught.value.code == "emergency.reason"
    with Vault.open_with_emergency_code(directory, pending.text, "All clinicians ill, night duty") as opened:
        assert opened.people.me().emergency
        assert opened.people.me().roles == {Role.CLINICIAN}
        opened.patients.add("Someone")
    with open_as(directory, "Owner", OWNER) as owner:
        marked = [entry for entry in owner.audit.entries(limit=None) if entry.who == "Emergency access"]
        assert [entry.action for entry in marked] == ["patient.add", "emergency.open", "vault.open"]
        assert marked[1].detail == "All clinicians ill, night duty"
        newer = owner.new_code()
        owner.people.keep_emergency_code(newer, answers_for(newer))
    with pytest.raises(LockedError):
        Vault.open_with_emergency_code(directory, pending.text, "All clinicians ill, night duty")


def test_v26_wrong_tries_become_entries_at_the_next_unlock(team: Vault) -> None:
    directory, anna = team.directory, team.people.find("Anna").id
    team.close()
    for person, passphrase in (("Anna", "wrong wrong wrong"), ("Anna", "wrong again here"), ("Nobody", ANNA)):
        with pytest.raises(LockedError):
            open_as(directory, person, passphrase)
    with open_as(directory, "Ben", BEN) as ben:
        refused = [entry for entry in ben.audit.entries(limit=None) if entry.action == "unlock.refused"]
        assert [entry.outcome for entry in refused] == ["refused"] * 3
        assert [entry.detail.split()[1] == anna for entry in reversed(refused)] == [True, True, False]
        assert all(entry.detail.startswith("20") for entry in refused)
        assert not any(ANNA in entry.detail or "Nobody" in entry.detail for entry in refused)
    with open_as(directory, "Ben", BEN) as ben:
        assert actions(ben).count("unlock.refused") == 3


def test_v26_a_missing_count_is_noticed(team: Vault) -> None:
    team.close()
    (team.directory / "vault.tries").unlink()
    with open_as(team.directory, "Ben", BEN) as ben:
        # The right try made the file anew; what was in it is gone, which a copy of the whole folder cannot show.
        assert Tries(team.directory / "vault.tries").exists()
        assert "unlock.count_missing" in actions(ben)


def test_v26_a_lowered_count_becomes_an_entry_at_the_next_unlock(team: Vault) -> None:
    path = team.directory / "vault.tries"
    team.close()
    for _ in range(3):
        with pytest.raises(LockedError):
            open_as(team.directory, "Anna", "wrong wrong wrong")
    document = json.loads(path.read_bytes())
    document["log"].pop()
    document["counts"] = {user: [2, *rest] for user, (_, *rest) in document["counts"].items()}
    path.write_text(json.dumps(document))
    with open_as(team.directory, "Ben", BEN) as ben:
        (altered,) = [one for one in ben.audit.entries(limit=None) if one.action == "unlock.count_altered"]
        assert (altered.outcome, altered.who) == ("noticed", "Ben")
        assert "missing or altered" in altered.detail
    for _ in range(2):
        with open_as(team.directory, "Ben", BEN) as ben:
            assert actions(ben).count("unlock.count_altered") == 1


def test_v26_an_older_count_put_back_shortens_no_pause(team: Vault, tmp_path: Path) -> None:
    path, around = team.directory / "vault.tries", Circumstances(state=tmp_path / "state")
    team.close()
    Vault.open(team.directory, BEN, person="Ben", kdf_floor=CHEAP, circumstances=around).close()
    older = path.read_bytes()
    for _ in range(5):
        with pytest.raises(LockedError) as caught:
            Vault.open(team.directory, "wrong wrong", person="Anna", kdf_floor=CHEAP, circumstances=around)
        assert caught.value.code == "vault.wrong_passphrase"
    path.write_bytes(older)
    assert 0 < Vault.wait_s(team.directory, "Anna", state=tmp_path / "state") <= 5
    with pytest.raises(LockedError) as caught:
        Vault.open(team.directory, ANNA, person="Anna", kdf_floor=CHEAP, circumstances=around)
    assert caught.value.code == "vault.wait"


def test_a_right_passphrase_for_a_vault_that_does_not_open_is_no_wrong_try(team: Vault) -> None:
    key = team.data_key()
    team.close()
    connection = connector(team.directory / "vault.db", key)()
    connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    for _ in range(2):
        with pytest.raises(ConflictError) as caught:
            open_as(team.directory, "Ben", BEN)
        assert caught.value.code == "vault.schema_newer"
    assert Tries(team.directory / "vault.tries").untold() == ((), 0)


def test_v24_the_vault_refuses_tries_within_the_pause(team: Vault) -> None:
    for _ in range(5):
        with pytest.raises(LockedError):
            open_as(team.directory, "Anna", "wrong wrong wrong")
    with pytest.raises(LockedError) as caught:
        open_as(team.directory, "Anna", ANNA)
    assert caught.value.code == "vault.wait"
    assert 0 < Vault.wait_s(team.directory, "Anna") <= 5
    assert 0 < Vault.wait_s(team.directory, "Ben") <= 5


def test_v27_unknown_people_and_wrong_passphrases_get_the_same_answer_in_the_same_time(tmp_path: Path) -> None:
    cost = KdfParameters(3, 16 * 1024, 1, for_testing=True)
    Vault.create(tmp_path / "v", OWNER, kdf=cost).close()
    said: dict[str, set[str]] = {}
    taken: dict[str, list[float]] = {}
    for _ in range(5):
        for person in ("Owner", "Nobody"):
            (tmp_path / "v" / "vault.tries").unlink()
            Tries(tmp_path / "v" / "vault.tries").make()
            began = time.perf_counter()
            with pytest.raises(LockedError) as caught:
                Vault.open(tmp_path / "v", "wrong wrong wrong", person=person, kdf_floor=CHEAP)
            taken.setdefault(person, []).append(time.perf_counter() - began)
            said.setdefault(person, set()).add(f"{caught.value.code} {caught.value.message} {caught.value.remedy}")
    assert said["Owner"] == said["Nobody"]
    assert abs(statistics.median(taken["Owner"]) - statistics.median(taken["Nobody"])) < 0.05


def test_an_own_passphrase_under_an_unknown_name_does_not_open(vault: Vault) -> None:
    vault.close()
    with pytest.raises(LockedError):
        open_as(vault.directory, "Nobody", OWNER)


def test_grants_cannot_be_moved_between_people(team: Vault) -> None:
    path = team.directory / "vault.keys"
    team.close()
    document = json.loads(path.read_text("utf-8"))
    _, anna, ben = document["users"]
    ben["identity"] = anna["identity"]
    path.write_text(json.dumps(document), "utf-8")
    with pytest.raises(IntegrityError) as caught:
        open_as(team.directory, "Ben", BEN)
    assert caught.value.code == "vault.key_file_altered"


def test_a_job_works_in_its_users_name_without_admin_keys(team: Vault) -> None:
    team.close()
    with open_as(team.directory, "Anna", ANNA) as anna:
        key = anna.job_key()
        assert anna.data_key().hex().encode() in key
    with Vault.open_with_key(team.directory, key) as job:
        assert job.who == "Anna"
        assert job.people.me().roles == {Role.CLINICIAN}
        with pytest.raises(LockedError):
            job.people.add_keychain_slot("This computer")
    for wrong in (key[:-1], b"{}", key.replace(b'"user": "', b'"user": "x')):
        with pytest.raises(LockedError):
            Vault.open_with_key(team.directory, wrong)


def test_v32_without_its_entry_nobody_is_added(vault: Vault) -> None:
    before = (vault.directory / "vault.keys").read_bytes()
    with vault._store.staging() as connection:
        connection.exec_driver_sql("ALTER TABLE audit RENAME TO audit_elsewhere")
    with pytest.raises(Exception, match="no such table"):
        vault.people.add("Anna", ANNA, {Role.CLINICIAN})
    assert (vault.directory / "vault.keys").read_bytes() == before
    assert len(vault.people.everybody()) == 1


def test_keys_and_table_are_brought_together_after_a_crash_between_them(team: Vault) -> None:
    directory = team.directory
    before = (directory / "vault.keys").read_bytes()
    team.people.remove(team.people.find("Ben").id)
    anna = team.people.find("Anna").id
    team.close()
    # As if the program had ended after the database and before the file, which its order does not do, or a copy of
    # the file had been put back: Ben has keys and no row.
    (directory / "vault.keys").write_bytes(before)
    with pytest.raises(LockedError) as caught:
        open_as(directory, "Ben", BEN)
    assert caught.value.code == "people.removed"
    with open_as(directory, "Owner", OWNER) as owner:
        assert "people.repair" in actions(owner)
        assert [user.id for user in owner.people.everybody() if user.removed is None and user.name == "Anna"] == [anna]
    assert Vault.names(directory) == ("Owner", "Anna")


def test_unknown_people_are_said(vault: Vault) -> None:
    for act in (
        lambda: vault.people.find("Nobody"),
        lambda: vault.people.remove("no-such-id"),
        lambda: vault.people.rename("no-such-id", "New"),
    ):
        with pytest.raises((NotFoundError, UsageError)):
            act()


def test_a_key_file_of_the_first_format_is_written_anew(tmp_path: Path, passphrase: str) -> None:
    stored = Path(__file__).parents[2] / "data" / "vault" / "revision-0001"
    if not (stored / "vault.keys").is_file():
        pytest.fail("the stored vault of revision 0001 is missing")
    shutil.copytree(stored, tmp_path / "v")
    first = json.loads((tmp_path / "v" / "vault.keys").read_text("utf-8"))
    assert first["format"] == 1
    with pytest.raises(LockedError) as caught:
        Vault.open(tmp_path / "v", "not its passphrase", kdf_floor=CHEAP)
    assert caught.value.code == "vault.wrong_passphrase"
    assert json.loads((tmp_path / "v" / "vault.keys").read_text("utf-8")) == first
    with Vault.open(tmp_path / "v", passphrase, kdf_floor=CHEAP) as vault:
        (owner,) = vault.people.everybody()
        assert owner.roles == FOUNDER_ROLES
        assert "people.add" in actions(vault)
        vault.people.add("Anna", ANNA, {Role.CLINICIAN})
        people = vault.patients.list()
        assert vault.verify().ok
    second = json.loads((tmp_path / "v" / "vault.keys").read_text("utf-8"))
    assert (second["format"], second["vault"]) == (2, first["vault"])
    with open_as(tmp_path / "v", "Anna", ANNA) as vault:
        assert vault.patients.list() == people
    with open_as(tmp_path / "v", owner.name, passphrase) as vault:
        assert vault.people.me() == owner
