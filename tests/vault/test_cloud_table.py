"""What the client keeps in the vault: times of calls, and answers under a cap, by account."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from clarity_desktop.vault import KdfParameters, Vault
from clarity_desktop.vault.tables.cloud import CloudTable


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[Vault]:
    with Vault.create(tmp_path / "vault", "seven quiet herons", kdf=KdfParameters.for_tests()) as made:
        yield made


def test_times_of_calls_are_kept(vault: Vault) -> None:
    assert vault.cloud.times("a") == ()
    vault.cloud.keep_times("a", (1.5, 2.5))
    vault.cloud.keep_times("a", (2.5, 3.5))
    assert vault.cloud.times("a") == (2.5, 3.5)
    assert vault.cloud.times("b") == ()


def test_l32_answers_belong_to_an_account(vault: Vault) -> None:
    vault.cloud.keep_body("ada", "r", '"1"', {"n": 1}, 10)
    vault.cloud.keep_body("ada", "r", '"2"', {"n": 2}, 20)
    assert vault.cloud.body("ada", "r") == ('"2"', {"n": 2}, 20)
    assert vault.cloud.body("bob", "r") is None
    vault.cloud.keep_body("bob", "r", '"1"', {}, 30)
    assert vault.cloud.forget_bodies("ada") == 1
    assert vault.cloud.body("ada", "r") is None
    assert vault.cloud.body("bob", "r") is not None
    assert vault.cloud.forget_bodies() == 1


def test_l32_the_least_used_answers_go_first(vault: Vault) -> None:
    table = CloudTable(vault._store, most_kept=150)
    for number in range(3):
        table.keep_body("ada", str(number), '"1"', list(range(20 * number, 20 * number + 14)), 10)
    table.touch("ada", "0")
    table.keep_body("ada", "3", '"1"', list(range(60, 74)), 10)
    kept = {name for name in "0123" if table.body("ada", name) is not None}
    assert "0" in kept
    assert "3" in kept
    assert "1" not in kept
    table.keep_body("ada", "large", '"1"', [hash(str(n)) for n in range(500)], 10)
    assert table.body("ada", "large") is None
