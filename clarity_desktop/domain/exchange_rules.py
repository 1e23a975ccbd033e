"""What a record comes to when both sides wrote it, by its class (sync §3); pure, and the same on every device."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from clarity_desktop.domain.exchange import ExchangeRecord, RecordClass, RecordVersion
from clarity_desktop.domain.text_merge import merged_text

__all__ = [
    "Sample",
    "Settled",
    "Transition",
    "joined_samples",
    "joined_segments",
    "kept_results",
    "replayed",
    "settled",
]

Sample = tuple[str, str, int, int, float]
"""Source, type, start, end, value."""
Transition = tuple[str, str]
"""State before, state after."""
_HELD: Final = "held"
_EXPIRES: Final = "expires"


@dataclass(frozen=True, slots=True)
class Settled:
    """What a record says now."""

    fields: Mapping[str, Any] | None
    """``None`` where it is removed."""
    asks: bool = False
    """Whether a person is asked about it."""
    shown: RecordVersion | None = None
    """The version that it follows; ``None`` where it was joined of several."""
    beside: tuple[RecordVersion, ...] = ()
    """Versions that differ from it: shown beside it, and kept."""
    is_erased: bool = False


def settled(record: ExchangeRecord) -> Settled:
    """What a record says, and whether a person is asked.

    Raises
    ------
    ValueError
        For classes that are joined by other functions of this module: samples, workflow states, audit segments.
    """
    rule = _RULES.get(record.record_class)
    if rule is None:
        raise ValueError(f"{record.record_class.value} has a rule of its own")
    return rule(_distinct(record.versions))


def _distinct(versions: Sequence[RecordVersion]) -> tuple[RecordVersion, ...]:
    """Versions that say different things, each by the latest that says it, sorted by stamp."""
    found: list[RecordVersion] = []
    for version in reversed(versions):
        if all(version.fields != other.fields for other in found):
            found.append(version)
    return tuple(reversed(found))


def _note(versions: tuple[RecordVersion, ...]) -> Settled:
    """Both are kept: joined where both changes fit, else one beside the other; an edit outlives a removal."""
    edits = tuple(one for one in versions if not one.is_removal)
    removed = tuple(one for one in versions if one.is_removal)
    if not edits:
        return Settled(None, shown=versions[-1])
    latest = edits[-1]
    if len(edits) > 1:
        joined = _joined_fields(edits)
        if joined is not None:
            return Settled(joined, bool(removed), None, removed)
        return Settled(latest.fields, True, latest, (*edits[:-1], *removed))
    return Settled(latest.fields, bool(removed), latest, removed)


def _joined_fields(edits: Sequence[RecordVersion]) -> Mapping[str, Any] | None:
    """Fields of all edits over what they came from; ``None`` where two changed the same thing in two ways."""
    base = edits[0].base
    if base is None or any(one.base != base for one in edits):
        return None
    found = dict(edits[0].fields or {})
    for version in edits[1:]:
        theirs = version.fields or {}
        for name in sorted({*found, *theirs, *base}):
            mine, other, before = found.get(name), theirs.get(name), base.get(name)
            if mine == other or other == before:
                continue
            if mine == before:
                found[name] = other
                continue
            texts = all(isinstance(one, str) for one in (mine, other, before))
            joined = merged_text(str(before), str(mine), str(other)) if texts else None
            if joined is None:
                return None
            found[name] = joined
    return found


def _later_wins(versions: tuple[RecordVersion, ...]) -> Settled:
    """The later stamp wins; what it outdid stays in sight."""
    latest = versions[-1]
    return Settled(latest.fields, len(versions) > 1, latest, versions[:-1])


def _setting(versions: tuple[RecordVersion, ...]) -> Settled:
    return Settled(versions[-1].fields, False, versions[-1])


def _consent(versions: tuple[RecordVersion, ...]) -> Settled:
    """The most restrictive wins: withdrawn over given, and the earlier end over the later."""
    stated = [one for one in versions if one.fields is not None]
    if not stated:
        return Settled(None, shown=versions[-1])
    refused = [one for one in stated if not (one.fields or {}).get(_HELD)]
    if refused or len(stated) < len(versions):
        shown = refused[-1] if refused else stated[-1]
        fields = {**(shown.fields or {}), _HELD: False}
        return Settled(fields, False, shown, tuple(one for one in versions if one is not shown))
    ends = sorted(str((one.fields or {})[_EXPIRES]) for one in stated if (one.fields or {}).get(_EXPIRES))
    latest = stated[-1]
    fields = {**(latest.fields or {}), _EXPIRES: ends[0] if ends else None}
    return Settled(fields, False, latest, tuple(stated[:-1]))


def _erasure(versions: tuple[RecordVersion, ...]) -> Settled:
    return Settled(None, False, versions[-1], is_erased=True)


def _results(versions: tuple[RecordVersion, ...]) -> Settled:
    """Nothing is joined: the latest is shown, and others with another provenance stay until it is computed anew."""
    return Settled(versions[-1].fields, False, versions[-1], versions[:-1])


_RULES: Final[Mapping[RecordClass, Callable[[tuple[RecordVersion, ...]], Settled]]] = {
    RecordClass.NOTE: _note,
    RecordClass.DELETION: _note,
    RecordClass.DEMOGRAPHICS: _later_wins,
    RecordClass.CONSENT: _consent,
    RecordClass.ERASURE: _erasure,
    RecordClass.SETTING: _setting,
    RecordClass.RESULT: _results,
}


def joined_samples(mine: Iterable[Sample], theirs: Iterable[Sample]) -> frozenset[Sample]:
    """Raw samples of both sides: equal ones are one, and none is ever changed by another."""
    return frozenset(mine) | frozenset(theirs)


def kept_results(mine: Mapping[str, Any], theirs: Mapping[str, Any]) -> dict[str, Any]:
    """Derived results by the hash of what they rest on: both sides' are kept, equal provenance is one result."""
    return {name: mine.get(name, theirs.get(name)) for name in sorted({*mine, *theirs})}


def replayed(
    state: str,
    transitions: Iterable[tuple[Any, Transition]],
    legal: Callable[[str, str], bool],
) -> tuple[str, tuple[Transition, ...]]:
    """A workflow's state after both sides' transitions, in the order of their stamps.

    Parameters
    ----------
    state:
        Where both sides were.
    transitions:
        ``(stamp, (before, after))``.
    legal:
        Whether a state may follow another.

    Returns
    -------
    The state that is reached, and the transitions that were no longer legal there: a person is asked about those.
    """
    refused: list[Transition] = []
    for _, (before, after) in sorted(set(transitions)):
        if state == after:
            continue
        if legal(state, after):
            state = after
        else:
            refused.append((before, after))
    return state, tuple(refused)


def joined_segments(
    mine: Mapping[str, tuple[bytes, ...]], theirs: Mapping[str, tuple[bytes, ...]]
) -> dict[str, tuple[bytes, ...]]:
    """Sealed audit segments by device: chains are never joined, the longer copy of a device's own chain is kept.

    Raises
    ------
    ValueError
        When two copies of one device's chain say different things.
    """
    found: dict[str, tuple[bytes, ...]] = {}
    for device in sorted({*mine, *theirs}):
        copies = sorted((mine.get(device, ()), theirs.get(device, ())), key=len)
        if copies[1][: len(copies[0])] != copies[0]:
            raise ValueError("two chains under one device's name")
        found[device] = copies[1]
    return found
