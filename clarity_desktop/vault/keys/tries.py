"""Wrong passphrases: counted in a small file beside the vault, answered by growing pauses, told to the audit later.

Whoever may write to the vault's folder may also delete or rewrite this file: it has to change while no key is at
hand, so no MAC can protect it. It slows down somebody at the keyboard; against somebody who has copied the files only
the cost of Argon2id stands. A file that has vanished is noticed at the next unlock and becomes an audit entry.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Final

from clarity_desktop.domain.errors import LockedError
from clarity_desktop.vault.keys.clock import Clock, SystemClock
from clarity_desktop.vault.store.failures import file_failures
from clarity_desktop.vault.store.layout import write_atomically

__all__ = ["CODES", "DELAYS_S", "MOST_FOR_OTHERS_S", "FailedTry", "Tries", "unknown_name"]

DELAYS_S: Final = (0, 0, 0, 0, 5, 15, 60, 300, 900)
"""Pause in seconds after the first, second, … wrong try; the last one stays (V-24)."""
MOST_FOR_OTHERS_S: Final = 15
"""Longest pause that wrong tries of others impose (V-25)."""
CODES: Final = "codes"
"""What wrong printed codes are counted under, because a code says whose it is only when it is right."""
_KEPT: Final = 500
_MOST_COUNTS: Final = 400
_SPOILT: Final = "spoilt file"


def unknown_name(vault_id: str, name: str) -> str:
    """What a name that nobody has is counted under: 16 bits of a hash, lest a passphrase typed there be kept."""
    return "name-" + hashlib.sha256(f"{vault_id}/{name}".encode()).hexdigest()[:4]


@dataclass(frozen=True, slots=True)
class FailedTry:
    """One wrong try that the audit does not know of yet."""

    at: int
    """Unix seconds by the clock of then."""
    user: str
    """Id of the user, or a mark for a name nobody has."""


@dataclass(frozen=True, slots=True)
class _Count:
    n: int
    wall: float
    uptime: float
    boot: str


@dataclass(slots=True)
class _State:
    counts: dict[str, _Count] = field(default_factory=dict)
    failed: list[FailedTry] = field(default_factory=list)
    omitted: int = 0
    spoilt: bool = False
    vanished: bool = False
    """The file was not there when a try began."""


class Tries:
    """The counters of one vault. May be used from several processes at once.

    Parameters
    ----------
    path:
        The file; made when it is missing.
    """

    def __init__(self, path: Path, clock: Clock | None = None) -> None:
        self._path = path
        self._clock = clock or SystemClock()

    def exists(self) -> bool:
        """Whether the file is there."""
        return self._path.is_file()

    def has_vanished(self) -> bool:
        """Whether the file was gone, and the audit does not know of it yet."""
        return self._read().vanished

    def wait_s(self, user: str) -> float:
        """Seconds until this user may try (again)."""
        return self._wait_s(self._read(), user)

    def count(self, user: str) -> int:
        """Wrong tries of this user since the last right one."""
        count = self._read().counts.get(user)
        return 0 if count is None else count.n

    def begin(self, user: str) -> None:
        """Count a try as wrong before it is made, so that stopping the program in the middle gains nothing.

        Raises
        ------
        LockedError
            ``vault.wait`` while the pause lasts; ``detail`` says ``wait_s=…``.
        """
        with self._changing() as state:
            left = self._wait_s(state, user)
            if left > 0:
                raise _wait(left)
            before = state.counts.get(user)
            state.counts[user] = self._now(1 if before is None else before.n + 1)
            while len(state.counts) > _MOST_COUNTS:
                state.counts.pop(min(state.counts, key=lambda one: state.counts[one].n))
            state.failed.append(FailedTry(int(self._clock.wall()), user))
            if len(state.failed) > _KEPT:
                del state.failed[0]
                state.omitted += 1

    def succeeded(self, user: str) -> None:
        """Take back what :meth:`begin` counted: the try was right."""
        with self._changing() as state:
            state.counts.pop(user, None)
            state.counts.pop(_SPOILT, None)
            mine = [at for at, one in enumerate(state.failed) if one.user == user]
            if mine:
                del state.failed[mine[-1]]

    def untold(self) -> tuple[tuple[FailedTry, ...], int]:
        """Wrong tries that the audit does not know of, and how many more were too many to keep."""
        state = self._read()
        return tuple(state.failed), state.omitted

    def told(self, n: int) -> None:
        """Forget the first ``n`` wrong tries of :meth:`untold`; the audit has them now. The counters stay."""
        with self._changing() as state:
            del state.failed[:n]
            state.omitted = 0
            state.vanished = False

    def make(self) -> None:
        """Make the file when it is missing."""
        if not self.exists():
            with self._changing() as state:
                state.vanished = False

    def _now(self, n: int) -> _Count:
        return _Count(n, self._clock.wall(), self._clock.uptime(), self._clock.boot())

    def _wait_s(self, state: _State, user: str) -> float:
        own = state.counts.get(user)
        waits = [0.0 if own is None else _delay(own.n) - self._since(own)]
        if state.counts:
            total = sum(one.n for one in state.counts.values())
            latest = min(self._since(one) for one in state.counts.values())
            waits.append(min(_delay(total), MOST_FOR_OTHERS_S) - latest)
        return max(0.0, *waits)

    def _since(self, count: _Count) -> float:
        """Seconds since a try. Setting the clock changes nothing until the machine is started again.

        After a restart only the clock can tell; one that stands before the try says nothing, so no time has passed.
        """
        boot = self._clock.boot()
        if boot and count.boot == boot:
            return max(0.0, self._clock.uptime() - count.uptime)
        return max(0.0, self._clock.wall() - count.wall)

    def _settled(self, state: _State) -> None:
        """Begin a pause anew when the clock stands before its try: else it would last until the clock gets there."""
        for user, count in state.counts.items():
            if count.boot != (self._clock.boot() or None) and self._clock.wall() < count.wall:
                state.counts[user] = self._now(count.n)

    def _read(self) -> _State:
        try:
            document = json.loads(self._path.read_bytes())
            return _State(
                {str(user): _count_of(one) for user, one in document["counts"].items()},
                [FailedTry(int(at), str(user)) for at, user in document["failed"]],
                int(document["omitted"]),
                vanished=bool(document["vanished"]),
            )
        except FileNotFoundError:
            return _State(vanished=True)
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            # Somebody spoilt the file: read as many wrong tries of others, just now, until the next right one.
            return _State({_SPOILT: self._now(len(DELAYS_S))}, spoilt=True)

    @contextmanager
    def _changing(self) -> Iterator[_State]:
        with file_failures():
            lock = self._path.with_name(self._path.name + ".lock")
            lock.touch(mode=0o600, exist_ok=True)
            with lock.open("r+b") as handle:
                _hold(handle)
                state = self._read()
                before = _document(state)
                self._settled(state)
                try:
                    yield state
                finally:
                    after = _document(state)
                    if after != before or state.spoilt or not self.exists():
                        write_atomically(self._path, json.dumps(after).encode())


def _delay(n: int) -> float:
    return float(DELAYS_S[min(n, len(DELAYS_S)) - 1]) if n > 0 else 0.0


def _document(state: _State) -> dict[str, Any]:
    return {
        "format": 1,
        "counts": {user: [one.n, one.wall, one.uptime, one.boot] for user, one in state.counts.items()},
        "failed": [[one.at, one.user] for one in state.failed],
        "omitted": state.omitted,
        "vanished": state.vanished,
    }


def _count_of(values: list[Any]) -> _Count:
    n, wall, uptime, boot = values
    return _Count(int(n), float(wall), float(uptime), str(boot))


def _wait(left: float) -> LockedError:
    seconds = max(1, round(left + 0.49))
    return LockedError(
        "vault.wait",
        f"After several wrong passphrases there is a pause: {_in_words(seconds)} left.",
        remedy="Wait, then type the passphrase again.",
        detail=f"wait_s={seconds}",
    )


def _in_words(seconds: int) -> str:
    if seconds < 60:
        return "1 second" if seconds == 1 else f"{seconds} seconds"
    minutes = -(-seconds // 60)
    return "1 minute" if minutes == 1 else f"{minutes} minutes"


def _hold(handle: IO[bytes]) -> None:
    """Wait for the lock of a file; the system lets go of it when the handle is closed."""
    try:
        import fcntl
    except ImportError:
        import msvcrt

        msvcrt.locking(handle.fileno(), msvcrt.LK_LOCK, 1)  # type: ignore[attr-defined,unused-ignore]
        return
    fcntl.flock(handle.fileno(), fcntl.LOCK_EX)
