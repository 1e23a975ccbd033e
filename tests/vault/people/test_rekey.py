"""New keys for a whole vault."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from clarity_desktop.domain.errors import CancelledError, ConflictError, IntegrityError, LockedError
from clarity_desktop.domain.users import Role
from clarity_desktop.domain.work import CancelToken, Progress
from clarity_desktop.vault import KdfParameters, Vault
from clarity_desktop.vault.people.rekey import rekeyed

CHEAP = KdfParameters.for_tests()
OWNER = "a passphrase for tests"
ANNA = "grey otters sing at noon"
BEN = "nine lamps over a river"


@pytest.fixture
def filled(vault: Vault, batch_of: Callable[..., object], bring_in: Callable[..., object]) -> Vault:
    vault.people.add("Anna", ANNA, {Role.CLINICIAN})
    vault.people.add("Ben", BEN, {Role.RESEARCHER})
    patient = vault.patients.add("Ada")
    bring_in(vault, patient.id, batch_of([(60 * at, 60, 60.0 + at, None) for at in range(500)]))
    return vault


def values(vault: Vault) -> list[float]:
    (patient,) = vault.patients.list()
    (series,) = vault.series.list(patient.id)
    return [float(value) for value in vault.series.read(series.id).value]


def test_everything_is_as_before_under_new_keys(filled: Vault) -> None:
    directory, old_key, before = filled.directory, filled.data_key(), values(filled)
    steps: list[Progress] = []
    with rekeyed(filled, progress=steps.append) as vault:
        assert vault.data_key() != old_key
        assert values(vault) == before
        assert vault.verify().ok
        assert "vault.rekey" in [entry.action for entry in vault.audit.entries(limit=None)]
    assert len(steps) == 5
    assert not (directory / "rekey").exists()
    with pytest.raises(LockedError):
        Vault.open_with_key(directory, old_key)
    for name, passphrase in (("Owner", OWNER), ("Anna", ANNA), ("Ben", BEN)):
        with Vault.open(directory, passphrase, person=name, kdf_floor=CHEAP) as again:
            assert values(again) == before
    with Vault.open(directory, OWNER, person="Owner", kdf_floor=CHEAP) as owner:
        owner.people.add("Carl", "another passphrase here", {Role.CLINICIAN})


def test_who_was_removed_has_nothing_that_opens_the_new_files(filled: Vault, tmp_path: Path) -> None:
    directory = filled.directory
    shutil.copy(directory / "vault.keys", tmp_path / "vault.keys")
    filled.people.remove(filled.people.find("Ben").id)
    rekeyed(filled).close()
    # With a copy of the old key file and the own passphrase, Ben still gets the old data key, which opens nothing.
    new_keys = (directory / "vault.keys").read_bytes()
    shutil.copy(tmp_path / "vault.keys", directory / "vault.keys")
    with pytest.raises(LockedError) as caught:
        Vault.open(directory, BEN, person="Ben", kdf_floor=CHEAP)
    assert caught.value.code == "vault.wrong_key"
    (directory / "vault.keys").write_bytes(new_keys)
    Vault.open(directory, ANNA, person="Anna", kdf_floor=CHEAP).close()


def test_only_admins_can(filled: Vault) -> None:
    filled.close()
    with Vault.open(filled.directory, ANNA, person="Anna", kdf_floor=CHEAP) as anna:
        with pytest.raises(LockedError) as caught:
            rekeyed(anna)
        assert caught.value.code == "people.no_admin_key"


def test_not_while_somebody_else_has_it_open(filled: Vault) -> None:
    with Vault.open(filled.directory, ANNA, person="Anna", kdf_floor=CHEAP) as anna:
        before = values(anna)
        with pytest.raises(ConflictError) as caught:
            rekeyed(filled)
        assert caught.value.code == "vault.busy"
        assert values(anna) == before
    Vault.open(filled.directory, OWNER, person="Owner", kdf_floor=CHEAP).close()


def test_an_altered_audit_is_not_signed_anew(filled: Vault) -> None:
    with filled._store.staging() as connection:
        connection.exec_driver_sql("UPDATE audit SET detail = 'else' WHERE seq = 2")
    with pytest.raises(IntegrityError):
        rekeyed(filled)


def test_stopping_leaves_the_vault_as_before(filled: Vault) -> None:
    before = values(filled)
    token = CancelToken()

    def stop(step: Progress) -> None:
        if step.done == 3:
            token.cancel()

    with pytest.raises(CancelledError):
        rekeyed(filled, progress=stop, cancel=token)
    assert not (filled.directory / "rekey").exists()
    with Vault.open(filled.directory, OWNER, person="Owner", kdf_floor=CHEAP) as again:
        assert values(again) == before


_REKEY = """
import sys
from pathlib import Path
from clarity_desktop.vault import KdfParameters, Vault
from clarity_desktop.vault.people.rekey import rekeyed
vault = Vault.open(Path(sys.argv[1]), sys.argv[2], person="Owner", kdf_floor=KdfParameters.for_tests())
print("ready", flush=True)
while True:
    vault = rekeyed(vault)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is a POSIX matter")
def test_no_kill_loses_the_vault(filled: Vault) -> None:
    directory, before = filled.directory, values(filled)
    filled.close()
    for number in range(8):
        process = subprocess.Popen(
            [sys.executable, "-c", _REKEY, str(directory), OWNER], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        time.sleep(0.02 + 0.045 * number)
        process.kill()
        process.communicate()
        for name, passphrase in (("Owner", OWNER), ("Anna", ANNA)):
            with Vault.open(directory, passphrase, person=name, kdf_floor=CHEAP) as vault:
                assert values(vault) == before
                assert vault.verify().ok
        assert not (directory / "rekey").exists()
