"""Pauses after wrong passphrases: how long, for whom, and what does not shorten them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from clarity_desktop.domain.errors import LockedError
from clarity_desktop.vault.keys.tries import DELAYS_S, Tries, unknown_name


@dataclass
class HandClock:
    """A clock that tests set."""

    time: float = 1_000_000.0
    since_start: float = 500.0
    start: str = "first start"

    def wall(self) -> float:
        return self.time

    def uptime(self) -> float:
        return self.since_start

    def boot(self) -> str:
        return self.start

    def later(self, seconds: float) -> None:
        self.time += seconds
        self.since_start += seconds


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


def fail(path: Path, clock: HandClock, user: str, times: int) -> None:
    for _ in range(times):
        clock.later(Tries(path, clock).wait_s(user))
        Tries(path, clock).begin(user)


def test_v24_pauses_grow_and_stay_at_fifteen_minutes(tmp_path: Path, clock: HandClock) -> None:
    waits = []
    for _ in range(11):
        tries = Tries(tmp_path / "tries", clock)
        clock.later(tries.wait_s("a"))
        tries.begin("a")
        waits.append(tries.wait_s("a"))
    assert waits == [0, 0, 0, 0, 5, 15, 60, 300, 900, 900, 900]
    assert DELAYS_S == (0, 0, 0, 0, 5, 15, 60, 300, 900)


def test_v24_a_try_within_the_pause_is_refused_and_not_counted(tmp_path: Path, clock: HandClock) -> None:
    tries = Tries(tmp_path / "tries", clock)
    fail(tmp_path / "tries", clock, "a", 6)
    with pytest.raises(LockedError) as caught:
        tries.begin("a")
    assert caught.value.code == "vault.wait"
    assert caught.value.detail == "wait_s=15"
    assert "15 seconds" in caught.value.message
    assert tries.count("a") == 6
    clock.later(15)
    tries.begin("a")


def test_v24_the_pause_survives_a_restart(tmp_path: Path, clock: HandClock) -> None:
    fail(tmp_path / "tries", clock, "a", 8)
    clock.later(100)
    clock.start, clock.since_start = "second start", 3.0
    assert Tries(tmp_path / "tries", clock).wait_s("a") == 200


@pytest.mark.parametrize("by", [-86_400.0, -1.0, 86_400.0, 900.0])
def test_v24_setting_the_clock_changes_nothing(tmp_path: Path, clock: HandClock, by: float) -> None:
    fail(tmp_path / "tries", clock, "a", 9)
    clock.time += by
    assert Tries(tmp_path / "tries", clock).wait_s("a") == 900
    clock.later(899)
    assert Tries(tmp_path / "tries", clock).wait_s("a") == 1


def test_v24_a_clock_set_back_over_a_restart_begins_the_pause_anew_and_no_longer(
    tmp_path: Path, clock: HandClock
) -> None:
    fail(tmp_path / "tries", clock, "a", 9)
    clock.time -= 10 * 365 * 86_400
    clock.start = "second start"
    tries = Tries(tmp_path / "tries", clock)
    assert tries.wait_s("a") == 900
    with pytest.raises(LockedError):
        tries.begin("a")
    clock.later(900)
    assert tries.wait_s("a") == 0


def test_v24_without_a_mark_of_the_start_the_time_of_day_counts(tmp_path: Path, clock: HandClock) -> None:
    clock.start = ""
    fail(tmp_path / "tries", clock, "a", 6)
    clock.later(10)
    assert Tries(tmp_path / "tries", clock).wait_s("a") == 5


def test_v25_others_wait_fifteen_seconds_at_most(tmp_path: Path, clock: HandClock) -> None:
    fail(tmp_path / "tries", clock, "a", 12)
    tries = Tries(tmp_path / "tries", clock)
    assert tries.wait_s("a") == 900
    assert tries.wait_s("b") == 15
    clock.later(15)
    tries.begin("b")
    tries.succeeded("b")
    assert tries.wait_s("a") == 885


def test_v25_tries_on_many_names_bring_a_pause_too(tmp_path: Path, clock: HandClock) -> None:
    tries = Tries(tmp_path / "tries", clock)
    for name in ("a", "b", "c", "d", "e"):
        tries.begin(name)
    assert tries.wait_s("f") == 5


def test_a_right_try_clears_its_own_count_only(tmp_path: Path, clock: HandClock) -> None:
    tries = Tries(tmp_path / "tries", clock)
    fail(tmp_path / "tries", clock, "a", 3)
    fail(tmp_path / "tries", clock, "b", 2)
    tries.succeeded("a")
    assert (tries.count("a"), tries.count("b")) == (0, 2)
    failed, omitted = tries.untold()
    assert [one.user for one in failed] == ["a", "a", "b", "b"]
    assert omitted == 0
    tries.told(4)
    assert tries.untold() == ((), 0)
    assert tries.count("b") == 2


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"counts": 3}', b'{"counts": {"a": [1]}}', b"\xff"])
def test_a_spoilt_file_is_read_as_many_wrong_tries(tmp_path: Path, clock: HandClock, content: bytes) -> None:
    (tmp_path / "tries").write_bytes(content)
    tries = Tries(tmp_path / "tries", clock)
    with pytest.raises(LockedError):
        tries.begin("a")
    clock.later(15)
    tries.begin("a")
    tries.succeeded("a")
    assert tries.wait_s("a") == 0


def test_the_list_for_the_audit_is_bounded(tmp_path: Path, clock: HandClock) -> None:
    fail(tmp_path / "tries", clock, "a", 520)
    failed, omitted = Tries(tmp_path / "tries", clock).untold()
    assert len(failed) + omitted == 520
    assert omitted == 20


def test_a_name_nobody_has_is_kept_as_sixteen_bits() -> None:
    assert len(unknown_name("vault", "a passphrase typed into the wrong field")) == len("name-") + 4
