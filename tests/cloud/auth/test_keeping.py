"""Refresh tokens in a keychain: in parts where long, whole after every break, in memory without a keychain."""

from __future__ import annotations

from itertools import count

import pytest

from clarity_desktop.cloud.auth.keeping import RefreshKeeper
from clarity_desktop.domain.errors import LockedError

LONG, OTHER = "a" * 1800, "b" * 2400


class Keychain:
    """Entries of at most 1,280 letters, as Windows has; breaks at a chosen call."""

    def __init__(self) -> None:
        self.entries: dict[str, str] = {}
        self.breaks_at: int | None = None
        self.calls = 0

    def _call(self) -> None:
        if self.breaks_at is not None and self.calls >= self.breaks_at:
            raise LockedError("keychain.unavailable", "Gone.")
        self.calls += 1

    def keep(self, purpose: str, secret: str) -> None:
        self._call()
        assert len(secret) <= 1280
        self.entries[purpose] = secret

    def find(self, purpose: str) -> str | None:
        return self.entries.get(purpose)

    def forget(self, purpose: str) -> None:
        self._call()
        self.entries.pop(purpose, None)


@pytest.mark.parametrize("token", ["short", LONG, OTHER])
def test_l14_a_long_token_goes_in_parts_and_comes_back(token: str) -> None:
    keychain = Keychain()
    assert RefreshKeeper(keychain).keep("a", token)
    again = RefreshKeeper(keychain)
    assert again.find("a") == token
    assert again.find("b") is None
    again.keep("a", OTHER)
    again.keep("a", "short")
    assert RefreshKeeper(keychain).find("a") == "short"
    again.forget("a")
    assert keychain.entries == {}


def test_l15_a_write_that_breaks_off_leaves_a_whole_token() -> None:
    for step in count():
        keychain = Keychain()
        RefreshKeeper(keychain).keep("a", LONG)
        keychain.calls, keychain.breaks_at = 0, step
        done = RefreshKeeper(keychain).keep("a", OTHER)
        keychain.breaks_at = None
        assert RefreshKeeper(keychain).find("a") in (LONG, OTHER)
        if done:
            assert step >= 4
            return


def test_without_a_keychain_memory_holds_it_and_says_so() -> None:
    keychain = Keychain()
    keychain.breaks_at = 0
    keeper = RefreshKeeper(keychain)
    assert keeper.keep("a", "token") is False
    assert keeper.find("a") == "token"
    keeper.close()
    assert keeper.find("a") is None
    keeper.forget("a")
