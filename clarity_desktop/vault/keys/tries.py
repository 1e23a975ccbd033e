"""Wrong passphrases: counted in a small file beside the vault, answered by growing pauses, told to the audit later.

The file has to change while no key is at hand. Its entries are a forward-secure chain (:mod:`.tries_chain`): a lowered
count, a removed or an altered entry is found at the next unlock and becomes an entry of the audit. An older copy of the
whole file is found by comparison with a second record in this account's own folder, before anybody unlocks: the higher
count holds then. Who can put back both, or works on another machine, is slowed by the cost of Argon2id alone.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

from clarity_desktop.domain.errors import LockedError
from clarity_desktop.vault.keys.clock import Clock, SystemClock
from clarity_desktop.vault.keys.tries_chain import Beginning, Chain, Entry, replayed
from clarity_desktop.vault.keys.tries_state import (
    SPOILT,
    FailedTry,
    TriesState,
    TryCount,
    count_of,
    counts_document,
    document_of,
    state_of,
)
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


def unknown_name(vault_id: str, name: str) -> str:
    """What a name that nobody has is counted under: 16 bits of a hash, lest a passphrase typed there be kept."""
    return "name-" + hashlib.sha256(f"{vault_id}/{name}".encode()).hexdigest()[:4]


class Tries:
    """The counters of one vault. May be used from several processes at once.

    Parameters
    ----------
    path:
        The file; made when it is missing.
    outside:
        This account's own record of the counts, away from the vault's folder; ``None`` for none.
    """

    def __init__(self, path: Path, clock: Clock | None = None, outside: Path | None = None) -> None:
        self._path = path
        self._clock = clock or SystemClock()
        self._outside = outside

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
            left_over = {one: count.n for one, count in state.counts.items()}
            _trim(left_over)
            state.counts = {one: count for one, count in state.counts.items() if one in left_over}
            state.log.append(state.chain.sign(Entry(int(self._clock.wall()), user, right=False)))
            state.serial += 1
            if len(state.log) > _KEPT:
                del state.log[0]
                state.omitted += 1
        self._note_outside(state)

    def succeeded(self, user: str) -> None:
        """Take back what :meth:`begin` counted: the try was right, and the vault is not opened by it.

        An opening takes it back by :meth:`told`, with the key at hand; a taking back without it is named by
        :meth:`verdict`, because anybody could write it.
        """
        if user:
            with self._changing(durable=False) as state:
                state.take_back(user, int(self._clock.wall()))

    def untold(self, right: str = "") -> tuple[tuple[FailedTry, ...], int]:
        """Wrong tries that the audit does not know of, and how many more were too many to keep.

        Parameters
        ----------
        right:
            Whose last try was right, which is no wrong one.
        """
        state = self._read()
        if right:
            state.take_back(right, 0)
        return tuple(state.failed()), state.omitted

    def verdict(self, data_key: bytes) -> str:
        """What differs from what the program wrote, as a sentence; empty where nothing does, or no file is there."""
        state = self._read()
        said: list[str] = []
        if state.set_back:
            said.append("The count of wrong tries is older than this account's own record of it.")
        beginning = state.chain.beginning(data_key)
        if beginning is None:
            if not state.vanished:
                said.append("The count of wrong tries bears no seal of this vault.")
        elif state.vanished:
            pass
        elif (state.omitted and len(state.log) < _KEPT) or not state.chain.is_sound(
            beginning, state.log, state.omitted
        ):
            said.append("An entry of the count of wrong tries is missing or altered.")
        elif any(entry.right for entry in state.log):
            said.append("A wrong try was taken back, and the vault was not opened by it.")
        elif not self._adds_up(state, beginning.counts):
            said.append("The count of wrong tries is not what its entries add up to.")
        return " ".join(said)

    def told(self, n: int, data_key: bytes, right: str = "") -> None:
        """Forget the first ``n`` wrong tries of :meth:`untold`, which the audit has now, and seal the counts anew.

        Parameters
        ----------
        data_key:
            Seals the beginning of the next chain.
        right:
            Whose last try was right: their count begins anew. The others' stay.
        """
        with self._changing(durable=False) as state:
            self._seal(state, n, data_key, right)

    def rekey(self, old: bytes, new: bytes) -> None:
        """Seal the counts with another data key. What was not sound stays as it is, for the next unlock to name."""
        if self.exists() and not self.verdict(old):
            with self._changing() as state:
                self._seal(state, 0, new, "")

    def _seal(self, state: TriesState, n: int, data_key: bytes, right: str) -> None:
        if right:
            state.take_back(right, int(self._clock.wall()))
        left = state.failed()[n:]
        least = Counter(one.user for one in left)
        for user, entries in least.items():
            # Somebody has lowered the count below what the entries say.
            if user not in state.counts or state.counts[user].n < entries:
                state.counts[user] = self._now(entries)
        before = {user: count.n - least[user] for user, count in state.counts.items()}
        state.chain = Chain.begun(data_key, {user: count for user, count in before.items() if count})
        state.log = [state.chain.sign(Entry(one.at, one.user, right=False)) for one in left]
        state.omitted, state.vanished, state.set_back, state.spoilt = 0, False, False, False

    def _adds_up(self, state: TriesState, counts: dict[str, int]) -> bool:
        expected = replayed(counts, state.log, _trim)
        found = {user: count.n for user, count in state.counts.items()}
        if state.omitted:
            # Of what was let go only the number is known, so the counts may be higher than what is left adds up to.
            return all(found.get(user, 0) >= count for user, count in replayed({}, state.log, _trim).items())
        return found == expected

    def _note_outside(self, state: TriesState) -> None:
        if self._outside is not None:
            document = {"serial": state.serial, "counts": counts_document(state)}
            with contextlib.suppress(OSError):
                # A second record that cannot be kept leaves the first one as it is.
                self._outside.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                write_atomically(self._outside, json.dumps(document).encode(), durable=False)

    def _compared(self, state: TriesState) -> TriesState:
        """The state, with the counts of this account's own record where that one is later."""
        if self._outside is None:
            return state
        try:
            document = json.loads(self._outside.read_bytes())
            serial = int(document["serial"])
            counts = {str(user): count_of(one) for user, one in document["counts"].items()}
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return state
        if serial > state.serial:
            state.serial, state.set_back = serial, True
            for user, count in counts.items():
                if user not in state.counts or state.counts[user].n < count.n:
                    state.counts[user] = count
        return state

    def make(self) -> None:
        """Make the file when it is missing."""
        if not self.exists():
            with self._changing() as state:
                state.vanished = state.set_back = False

    def _now(self, n: int) -> TryCount:
        return TryCount(n, self._clock.wall(), self._clock.uptime(), self._clock.boot())

    def _wait_s(self, state: TriesState, user: str) -> float:
        own = state.counts.get(user)
        waits = [0.0 if own is None else _delay(own.n) - self._since(own)]
        if state.counts:
            total = sum(one.n for one in state.counts.values())
            latest = min(self._since(one) for one in state.counts.values())
            waits.append(min(_delay(total), MOST_FOR_OTHERS_S) - latest)
        return max(0.0, *waits)

    def _since(self, count: TryCount) -> float:
        """Seconds since a try. Setting the clock changes nothing until the machine is started again.

        After a restart only the clock can tell; one that stands before the try says nothing, so no time has passed.
        """
        boot = self._clock.boot()
        if boot and count.boot == boot:
            return max(0.0, self._clock.uptime() - count.uptime)
        return max(0.0, self._clock.wall() - count.wall)

    def _settled(self, state: TriesState) -> None:
        """Begin a pause anew when the clock stands before its try: else it would last until the clock gets there."""
        for user, count in state.counts.items():
            if count.boot != (self._clock.boot() or None) and self._clock.wall() < count.wall:
                state.counts[user] = self._now(count.n)

    def _read(self) -> TriesState:
        return self._compared(self._held())

    def _held(self) -> TriesState:
        try:
            return state_of(json.loads(self._path.read_bytes()))
        except FileNotFoundError:
            return TriesState(vanished=True)
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            # Somebody spoilt the file: read as many wrong tries of others, just now, until the next right one.
            return TriesState({SPOILT: self._now(len(DELAYS_S))}, spoilt=True)

    @contextmanager
    def _changing(self, *, durable: bool = True) -> Iterator[TriesState]:
        with file_failures():
            lock = self._path.with_name(self._path.name + ".lock")
            lock.touch(mode=0o600, exist_ok=True)
            with lock.open("r+b") as handle:
                _hold(handle)
                state = self._read()
                before = document_of(state)
                self._settled(state)
                try:
                    yield state
                finally:
                    after = document_of(state)
                    if after != before or state.spoilt or not self.exists():
                        write_atomically(self._path, json.dumps(after).encode(), durable=durable)


def _delay(n: int) -> float:
    return float(DELAYS_S[min(n, len(DELAYS_S)) - 1]) if n > 0 else 0.0


def _is_whole(state: TriesState, beginning: Beginning) -> bool:
    """Whether no entry is missing or altered; entries are let go only where as many are kept as can be."""
    fits = not state.omitted or len(state.log) >= _KEPT
    return fits and state.chain.is_sound(beginning, state.log, state.omitted)


def _trim(counts: dict[str, int]) -> None:
    """Forget the least counts where there are too many."""
    while len(counts) > _MOST_COUNTS:
        counts.pop(min(counts, key=counts.__getitem__))


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
