"""Makes the modules of this folder importable, and gives an empty vault."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from clarity_desktop.vault import KdfParameters, Vault

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[Vault]:
    with Vault.create(tmp_path / "vault", "a long passphrase", kdf=KdfParameters.for_tests()) as opened:
        yield opened
