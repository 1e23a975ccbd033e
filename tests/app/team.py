"""A vault with one user for each role, and sessions of them, for tests of rights and second people."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from clarity_desktop.app import Services, open_services
from clarity_desktop.domain.users import Role
from clarity_desktop.vault import KdfParameters, Vault

CHEAP = KdfParameters.for_tests()
OWNER = "seven quiet herons"


def words_of(name: str) -> str:
    return f"own words of {name.casefold()}"


def make_team(home: Path, **people: Role) -> None:
    """A vault in ``home`` whose founder is Owner (admin and clinician), with further people by name."""
    with Vault.create(home / "vault", OWNER, kdf=CHEAP) as vault:
        for name, role in people.items():
            vault.people.add(name, words_of(name), {role})


@contextmanager
def session(home: Path, name: str = "Owner") -> Iterator[Services]:
    """Services that this person has unlocked."""
    services = open_services(home)
    passphrase = OWNER if name == "Owner" else words_of(name)
    services._adopt(Vault.open(home / "vault", passphrase, person=name, kdf_floor=CHEAP))
    try:
        yield services
    finally:
        services.close()
