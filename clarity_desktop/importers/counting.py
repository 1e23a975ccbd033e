"""A sink that stores nothing and counts distinct samples by 64-bit hashes: what inspection uses."""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

from clarity_desktop.domain.importing import Element, ImportReport, SampleBatch, SetAside, SinkCounts, ZoneFound

__all__ = ["CountingSink", "sample_hashes"]

_COMPACT_AT = 1 << 18
_MIX = (np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))


def _mixed(words: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The finaliser of SplitMix64 (Steele et al. 2014), in place."""
    words ^= words >> np.uint64(30)
    words *= _MIX[1]
    words ^= words >> np.uint64(27)
    words *= _MIX[2]
    words ^= words >> np.uint64(31)
    return words


def sample_hashes(batch: SampleBatch) -> NDArray[np.uint64]:
    """One 64-bit hash a sample over (start, length, value); category values count by their label's text.

    Shape (N,). Within one (kind, unit, source) equal hashes are taken as equal samples; among ten million samples
    the chance of one collision is 3 in a million.
    """
    if batch.labels:
        by_label = np.array([_text_hash(label) for label in batch.labels], dtype=np.uint64)
        values = by_label[batch.value.astype(np.intp)]
    else:
        values = (batch.value + 0.0).view(np.uint64)
    words = _mixed(batch.start.astype(np.uint64) * _MIX[0] + batch.length_s.astype(np.uint64))
    return _mixed(words + values * _MIX[0])


def _text_hash(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")


class _Distinct:
    """A set of 64-bit hashes in sorted arrays: 8 bytes each."""

    def __init__(self) -> None:
        self._known = np.empty(0, np.uint64)
        self._pending: list[NDArray[np.uint64]] = []
        self._size = 0

    def add(self, hashes: NDArray[np.uint64]) -> None:
        self._pending.append(hashes)
        self._size += hashes.size
        if self._size > max(_COMPACT_AT, self._known.size // 2):
            self._compact()

    def _compact(self) -> None:
        # Sorting is some times faster here than the hash table behind numpy.unique.
        joined = np.concatenate([self._known, *self._pending])
        joined.sort()
        first = np.ones(joined.size, np.bool_)
        np.not_equal(joined[1:], joined[:-1], out=first[1:])
        self._known = joined[first]
        self._pending.clear()
        self._size = 0

    def __len__(self) -> int:
        self._compact()
        return int(self._known.size)


class CountingSink:
    """Counts what is distinct, by kind, and keeps nothing else."""

    def __init__(self) -> None:
        self._samples: dict[tuple[str, str, str], _Distinct] = {}
        self._elements: dict[str, set[int]] = {}

    def samples(self, batch: SampleBatch) -> None:
        """Count a batch of samples."""
        key = (batch.kind, batch.unit, batch.source)
        self._samples.setdefault(key, _Distinct()).add(sample_hashes(batch))

    def element(self, element: Element) -> None:
        """Count an element."""
        self._elements.setdefault(element.kind, set()).add(_text_hash(element.key))

    def set_aside(self, record: SetAside) -> None:
        """Nothing to keep: the tally has counted it."""
        del record

    def zones(self, found: tuple[ZoneFound, ...]) -> None:
        """Nothing to keep: the report holds the zones."""
        del found

    def finish(self, report: ImportReport) -> dict[str, SinkCounts]:
        """Distinct samples and elements by kind; ``stored_new`` is ``None`` throughout."""
        del report
        counts: dict[str, SinkCounts] = {}
        for (kind, _, _), distinct in self._samples.items():
            before = counts[kind].unique if kind in counts else 0
            counts[kind] = SinkCounts(before + len(distinct), None)
        for kind, keys in self._elements.items():
            counts[kind] = SinkCounts(len(keys), None)
        return counts

    def abandon(self) -> None:
        """Forget everything."""
        self._samples.clear()
        self._elements.clear()
