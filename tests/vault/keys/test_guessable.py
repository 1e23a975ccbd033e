"""Passphrases that everybody thinks of."""

from __future__ import annotations

from pathlib import Path

import pytest

from clarity_desktop.domain.errors import InputError
from clarity_desktop.vault import KdfParameters, Vault
from clarity_desktop.vault.keys.guessable import is_guessable, strength_words


@pytest.mark.parametrize(
    "passphrase",
    [
        "passwordpassword",
        "Correct Horse Battery Staple",
        "qwertyuiopasdfghjkl",
        "P4ssw0rdP4ssw0rd",
        "iloveyouiloveyou",
        "123456789012",
        "aaaaaaaaaaaaaaa",
        "abcabcabcabcabc",
        "September2024",
        "Welcome12345678",
        "letmein-letmein!",
        "Clarity Desktop 2026",
    ],
)
def test_v9_common_passphrases_are_refused(passphrase: str, tmp_path: Path) -> None:
    assert is_guessable(passphrase)
    with pytest.raises(InputError) as caught:
        Vault.create(tmp_path / "v", passphrase, kdf=KdfParameters.for_tests())
    assert caught.value.code == "vault.passphrase_common"
    assert not Vault.exists(tmp_path / "v")


@pytest.mark.parametrize(
    "passphrase",
    [
        "seven quiet herons",
        "a passphrase for tests",
        "Zürich größer Ångström",
        "four unrelated winter spoons",
        "ein kluger Dachs",
    ],
)
def test_v9_others_are_taken_without_rules_of_composition(passphrase: str) -> None:
    assert not is_guessable(passphrase)


def test_v9_strength_in_words() -> None:
    assert strength_words("passwordpassword") == "guessable"
    assert strength_words("mmnnmmbbvvcc") in {"weak", "guessable"}
    assert strength_words("grey otters sing at noon") == "strong"
