"""Removing what is at a server: the breaker against mass deletion (Y-38, Y-39, Y-69), and proof (Y-45, Y-76)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Final

from clarity_desktop.cloud.api.capabilities import CloudApi

__all__ = ["DAY_S", "DeletionBreaker", "ErasureProof", "erase_uploads"]

DAY_S: Final = 86_400
_LEAST: Final = 20
_SHARE_DIVISOR: Final = 20
"""One twentieth, five percent."""
_WHOLE_SCOPE: Final = 5
_IDLE_ROUNDS: Final = 3
"""Rounds in a row that removed nothing, after which the server is taken at its word."""


@dataclass(slots=True)
class DeletionBreaker:
    """Counts what deletions would remove, over a rolling day; it cannot be switched off.

    Parameters
    ----------
    done:
        Wall time and count of the deletions of the last day.
    """

    done: list[tuple[int, int]] = field(default_factory=list)

    @staticmethod
    def limit(scope: int) -> int:
        """Most that may go from a scope of this many records without asking: 20, or 5 % where that is more."""
        return max(_LEAST, scope // _SHARE_DIVISOR)

    def asks(self, count: int, scope: int, now: int) -> bool:
        """Whether removing ``count`` of ``scope`` records needs the typed count first."""
        if count <= 0:
            return False
        recent = sum(size for at, size in self.done if now - at < DAY_S)
        is_whole = count >= scope >= _WHOLE_SCOPE
        # What went already belongs to the scope that is judged.
        return is_whole or recent + count > self.limit(scope + recent)

    def note(self, count: int, now: int) -> None:
        """Remember a deletion; older than a day is forgotten."""
        self.done = [(at, size) for at, size in self.done if now - at < DAY_S]
        self.done.append((now, count))


@dataclass(frozen=True, slots=True)
class ErasureProof:
    """What a server was asked to delete, and what it was shown to have deleted."""

    confirmed: tuple[str, ...]
    """Processing ids that the server knew before and knows no more."""
    not_confirmed: tuple[str, ...]
    """Requested, not confirmed: the server shows nothing that would prove it (Y-76)."""
    left: tuple[str, ...]
    """Still there after all rounds."""

    @property
    def is_complete(self) -> bool:
        """Whether everything is proved to be gone."""
        return not self.not_confirmed and not self.left


async def _listed(api: CloudApi, wanted: Collection[str], op_ids: Collection[str]) -> dict[str, int]:
    """Uploads of these ids or with these operations that the server shows, with the number of their metrics."""
    return {
        upload.processing_id: len(upload.metrics)
        async for upload in api.list_uploads()
        if upload.processing_id in wanted or any(metric.metric_id in op_ids for metric in upload.metrics)
    }


async def erase_uploads(api: CloudApi, processing_ids: Sequence[str], op_ids: Collection[str] = ()) -> ErasureProof:
    """Delete uploads and read again until none remains. A deletion's own word of success proves nothing (D15).

    Parameters
    ----------
    processing_ids:
        Every one that is known.
    op_ids:
        Operations that may have arrived under ids nobody knows; they are looked for in the list.
    """
    wanted = set(processing_ids)
    seen: set[str] = set()
    left: set[str] = set()
    listed = await _listed(api, wanted, op_ids)
    idle = 0
    while True:
        wanted |= listed.keys()
        seen |= listed.keys()
        before = (left, sum(listed.values()))
        todo = wanted if not left else left | listed.keys()
        left = set()
        for one in sorted(todo):
            if one not in seen and await api.processing_status(one) is not None:
                seen.add(one)
            if not await api.delete_upload(one):
                left.add(one)
        if listed:
            # One deletion may stop after its first page, and the list is the only one to tell.
            listed = await _listed(api, wanted, op_ids)
            left |= listed.keys()
        idle = idle + 1 if (left, sum(listed.values())) == before else 0
        if not left or idle >= _IDLE_ROUNDS:
            break
    gone = wanted - left
    return ErasureProof(tuple(sorted(gone & seen)), tuple(sorted(gone - seen)), tuple(sorted(left)))
