"""Real services over a real vault in a folder of the test's own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from clarity_desktop.app import Services, open_services
from clarity_desktop.vault import KdfParameters, Vault

PASSPHRASE = "seven quiet herons"


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    """Unlocked services; the vault's passphrase slot is cheap, as only tests may make it."""
    with Vault.create(tmp_path / "home" / "vault", PASSPHRASE, kdf=KdfParameters.for_tests()) as vault:
        key = vault.job_key()
    services = open_services(tmp_path / "home")
    services.unlock_with_key(key)
    yield services
    services.close()


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Nine days of counts per minute with a daily rhythm, as CSV with offsets."""
    path = tmp_path / "counts.csv"
    with path.open("w", encoding="utf-8") as stream:
        stream.write("timestamp,counts\n")
        for minute in range(9 * 1440):
            day, rest = divmod(minute, 1440)
            counts = (minute % 13 == 0) * 9 if rest < 420 else 120 + (minute * 7919) % 211
            stream.write(f"2024-05-{6 + day:02d}T{rest // 60:02d}:{rest % 60:02d}:00+02:00,{counts}\n")
    return path
