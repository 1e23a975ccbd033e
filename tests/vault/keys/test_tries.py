"""Pauses after wrong passphrases: how long, for whom, and what does not shorten them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from clarity_desktop.domain.errors import LockedError
from clarity_desktop.vault.keys.tries import DELAYS_S, Tries, unknown_name

KEY = bytes(range(32))


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
    assert tries.untold("b")[0] == failed[:3]
    tries.told(4, KEY)
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


def sealed(path: Path, clock: HandClock, wrong: int = 6) -> Tries:
    """A count with a seal, and wrong tries after it."""
    Tries(path, clock).make()
    Tries(path, clock).told(0, KEY)
    fail(path, clock, "a", wrong)
    assert Tries(path, clock).verdict(KEY) == ""
    return Tries(path, clock)


def edited(path: Path, change: Callable[[dict[str, Any]], object]) -> None:
    document = json.loads(path.read_bytes())
    change(document)
    path.write_text(json.dumps(document))


CHANGES: dict[str, Callable[[dict[str, Any]], object]] = {
    "a count lowered": lambda one: one["counts"]["a"].__setitem__(0, 1),
    "a count removed": lambda one: one["counts"].clear(),
    "the last entry and count removed": lambda one: (one["log"].pop(), one["counts"]["a"].__setitem__(0, 5)),
    "all entries removed": lambda one: (one["log"].clear(), one["counts"].clear()),
    "entries called too many": lambda one: (one["log"].clear(), one["counts"].clear(), one.update(omitted=6)),
    "another user named": lambda one: one["log"][2].__setitem__(1, "b"),
    "another time": lambda one: one["log"][2].__setitem__(0, 5),
    "two entries exchanged": lambda one: one["log"].insert(1, one["log"].pop(0)),
    "the seal removed": lambda one: (one.update(sealed=""), one["log"].clear(), one["counts"].clear()),
    "another key": lambda one: one.update(key="00" * 32),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_v26_every_lowering_of_the_count_is_found_at_the_next_unlock(
    tmp_path: Path, clock: HandClock, change: Callable[[dict[str, Any]], object]
) -> None:
    tries = sealed(tmp_path / "tries", clock)
    edited(tmp_path / "tries", change)
    assert tries.verdict(KEY)
    tries.told(0, KEY)
    assert tries.verdict(KEY) == ""


def test_v26_a_taking_back_that_anybody_could_write_is_found(tmp_path: Path, clock: HandClock) -> None:
    """Whoever reads the file has the key for the next entry, so an entry more is genuine; it is named all the same."""
    tries = sealed(tmp_path / "tries", clock)
    tries.succeeded("a")
    assert tries.count("a") == 0
    assert "taken back" in tries.verdict(KEY)


def test_v26_an_older_copy_of_the_file_is_found_before_anybody_unlocks(tmp_path: Path, clock: HandClock) -> None:
    path, outside = tmp_path / "tries", tmp_path / "state" / "tries.count"
    tries = sealed(path, clock, 0)
    older = path.read_bytes()
    for _ in range(9):
        clock.later(Tries(path, clock, outside).wait_s("a"))
        Tries(path, clock, outside).begin("a")
    for put_back in (lambda: path.write_bytes(older), path.unlink):
        put_back()
        assert Tries(path, clock).wait_s("a") == 0  # without the second record nothing tells
        guarded = Tries(path, clock, outside)
        assert (guarded.count("a"), guarded.wait_s("a")) == (9, 900)
        with pytest.raises(LockedError):
            guarded.begin("a")
    assert "older than" in Tries(path, clock, outside).verdict(KEY)
    clock.later(900)
    Tries(path, clock, outside).begin("a")
    assert Tries(path, clock).count("a") == 10
    assert "older than" in tries.verdict(KEY)
    tries.told(1, KEY, "a")
    assert Tries(path, clock, outside).verdict(KEY) == ""
    assert Tries(path, clock, outside).wait_s("a") == 0


def test_v26_the_key_of_an_earlier_entry_is_nowhere_in_the_file(tmp_path: Path, clock: HandClock) -> None:
    seen = set()
    sealed(tmp_path / "tries", clock, 0)
    for _ in range(4):
        fail(tmp_path / "tries", clock, "a", 1)
        content = (tmp_path / "tries").read_text()
        assert not any(key in content for key in seen)
        seen.add(json.loads(content)["key"])
    assert len(seen) == 4


def test_v26_new_keys_of_the_vault_take_the_count_along(tmp_path: Path, clock: HandClock) -> None:
    tries = sealed(tmp_path / "tries", clock)
    tries.rekey(KEY, bytes(32))
    assert tries.verdict(KEY)
    assert tries.verdict(bytes(32)) == ""
    assert len(tries.untold()[0]) == tries.count("a") == 6


def test_v26_more_tries_than_are_kept_still_fit(
    tmp_path: Path, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("clarity_desktop.vault.keys.tries._KEPT", 20)
    tries = sealed(tmp_path / "tries", clock, 0)
    for number in range(30):
        clock.later(900)
        tries.begin(f"u{number}")
    assert tries.verdict(KEY) == ""
    edited(tmp_path / "tries", lambda one: one.update(omitted=one["omitted"] - 1))
    assert tries.verdict(KEY)


def test_v26_a_file_of_the_first_format_keeps_its_counts_and_is_sealed(tmp_path: Path, clock: HandClock) -> None:
    counts = {"a": [6, clock.time, clock.since_start, clock.start]}
    document = {"format": 1, "counts": counts, "failed": [[5, "a"]] * 6, "omitted": 0, "vanished": False}
    (tmp_path / "tries").write_text(json.dumps(document))
    tries = Tries(tmp_path / "tries", clock)
    assert (tries.count("a"), tries.wait_s("a"), len(tries.untold()[0])) == (6, 15, 6)
    assert "no seal" in tries.verdict(KEY)
    tries.told(6, KEY)
    assert (tries.verdict(KEY), tries.count("a")) == ("", 6)


def test_a_name_nobody_has_is_kept_as_sixteen_bits() -> None:
    assert len(unknown_name("vault", "a passphrase typed into the wrong field")) == len("name-") + 4
