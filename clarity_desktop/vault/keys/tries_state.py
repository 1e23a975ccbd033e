"""What the file of wrong tries holds, as it is read and written."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from clarity_desktop.vault.keys.tries_chain import Chain, Entry

__all__ = ["SPOILT", "FailedTry", "TriesState", "TryCount", "count_of", "counts_document", "document_of", "state_of"]

SPOILT: Final = "spoilt file"
"""What a file is counted under that cannot be read."""
_FIRST_FORMAT: Final = 1
_FORMAT: Final = 2


@dataclass(frozen=True, slots=True)
class FailedTry:
    """One wrong try that the audit does not know of yet."""

    at: int
    """Unix seconds by the clock of then."""
    user: str
    """Id of the user, or a mark for a name nobody has."""


@dataclass(frozen=True, slots=True)
class TryCount:
    """Wrong tries of one user, and when the last one was by three clocks."""

    n: int
    wall: float
    uptime: float
    boot: str


@dataclass(slots=True)
class TriesState:
    """Counts, entries and chain of one vault."""

    counts: dict[str, TryCount] = field(default_factory=dict)
    log: list[Entry] = field(default_factory=list)
    omitted: int = 0
    """Entries let go because there were too many."""
    serial: int = 0
    """Tries ever; it grows only."""
    chain: Chain = field(default_factory=Chain.unsealed)
    spoilt: bool = False
    vanished: bool = False
    """The file was not there when a try began."""
    set_back: bool = False
    """This account's own record knew of later tries than the file."""

    def failed(self) -> list[FailedTry]:
        """The wrong tries of the log: those that were not taken back."""
        found: list[FailedTry | None] = []
        for entry in self.log:
            if not entry.right:
                found.append(FailedTry(entry.at, entry.user))
                continue
            for at in range(len(found) - 1, -1, -1):
                one = found[at]
                if one is not None and one.user == entry.user:
                    found[at] = None
                    break
        return [one for one in found if one is not None]

    def take_back(self, user: str, at: int) -> None:
        """Take back what was counted for a try that was right."""
        self.counts.pop(user, None)
        self.counts.pop(SPOILT, None)
        if any(not one.right and one.user == user for one in self.log):
            self.log.append(self.chain.sign(Entry(at, user, True)))


def state_of(document: dict[str, Any]) -> TriesState:
    """Read :func:`document_of` back; raises as Python does on other shapes."""
    if document["format"] == _FIRST_FORMAT:
        # Written before there was a chain; its wrong tries are kept, and the next unlock seals them.
        log = [Entry(int(at), str(user), right=False) for at, user in document["failed"]]
        chain, serial, set_back = Chain.unsealed(), len(log), False
    else:
        log = [Entry(int(at), str(user), bool(right), str(mac)) for at, user, right, mac in document["log"]]
        chain = Chain(bytes.fromhex(document["key"]), bytes.fromhex(document["sealed"]))
        serial, set_back = int(document["serial"]), bool(document["set_back"])
    return TriesState(
        {str(user): count_of(one) for user, one in document["counts"].items()},
        log,
        int(document["omitted"]),
        serial,
        chain,
        vanished=bool(document["vanished"]),
        set_back=set_back,
    )


def document_of(state: TriesState) -> dict[str, Any]:
    """The state as the file holds it."""
    return {
        "format": _FORMAT,
        "counts": counts_document(state),
        "log": [[one.at, one.user, one.right, one.mac] for one in state.log],
        "omitted": state.omitted,
        "serial": state.serial,
        "key": state.chain.key.hex(),
        "sealed": state.chain.sealed.hex(),
        "vanished": state.vanished,
        "set_back": state.set_back,
    }


def counts_document(state: TriesState) -> dict[str, list[Any]]:
    """The counts alone."""
    return {user: [one.n, one.wall, one.uptime, one.boot] for user, one in state.counts.items()}


def count_of(values: list[Any]) -> TryCount:
    """Read one of :func:`counts_document` back."""
    n, wall, uptime, boot = values
    return TryCount(int(n), float(wall), float(uptime), str(boot))
