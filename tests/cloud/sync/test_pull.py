"""Reading pieces back: parts in any order, copies, gaps named by range, foreign and damaged items, bounded memory."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clarity_desktop.app import Services
from clarity_desktop.cloud.api.values import StoredMetric, StoredUpload
from clarity_desktop.cloud.sync.packing import MOST_ITEM_BYTES, Channel, PackedPart, pack, peek, unpack
from clarity_desktop.cloud.sync.pull import PieceReader, read_index
from clarity_desktop.domain.errors import CancelledError, IntegrityError
from clarity_desktop.domain.series import Samples
from clarity_desktop.domain.work import CancelToken, Progress
from tests.app.test_sync_pull import Desk, desk, person, replica, samples
from tests.cloud.sync.conftest import HEART, MONTH, START, USER, fill
from tests.servers.replica import Replica

__all__ = ["desk", "replica"]


def channel(size: int, seed: int, person: str = "p" * 32) -> Channel:
    """Samples of noise, which no compression makes small."""
    draw = np.random.default_rng(seed)
    start = np.cumsum(draw.integers(1, 90, size)).astype(np.int64) + START
    held = Samples(start, np.zeros(size, np.int32), draw.normal(60, 9, size), np.zeros(size, np.uint8), "count/min", ())
    return Channel("ActivityCounts", "count", "Europe/Berlin", "s00000001", "raw/1", held, person)


class Shelf:
    """The list of a server, in whatever order."""

    def __init__(self, entries: list[tuple[str, dict[str, Any]]]) -> None:
        self.entries, self.walks = entries, 0

    async def list_uploads(self, data_type: str | None = None, *, page_size: int = 25) -> AsyncIterator[StoredUpload]:
        del data_type, page_size
        self.walks += 1
        for number, (metric_id, document) in enumerate(self.entries):
            yield StoredUpload(f"u{number}", (StoredMetric(metric_id, "heart_rate", document),))


def entries_of(*channels: Channel) -> list[tuple[str, dict[str, Any]]]:
    return [(f"{number}-{part.part}", part.document()) for number, one in enumerate(channels) for part in pack([one])]


async def read_all(shelf: Shelf) -> list[list[Channel]]:
    index = await read_index(shelf)  # type: ignore[arg-type]
    reader = PieceReader(shelf, [one.group for one in index.pieces.values() if one.is_complete])  # type: ignore[arg-type]
    found = []
    while page := await reader.some(2):
        found += [channels for _, channels in page]
    assert reader.damaged == []
    return found


@settings(max_examples=5, deadline=None)
@given(st.randoms(use_true_random=False), st.integers(1, 3))
def test_y21_parts_come_in_any_order_and_twice(dice: random.Random, copies: int) -> None:
    big, small = channel(60_000, 1), channel(300, 2)
    entries = entries_of(big, small) * copies
    assert len(pack([big])) >= 2
    dice.shuffle(entries)
    found = asyncio.run(read_all(Shelf(entries)))
    assert sorted(len(one[0].samples) for one in found) == [300, 60_000]
    whole = next(one[0] for one in found if len(one[0].samples) == 60_000)
    assert np.array_equal(whole.samples.value, big.samples.value)
    assert whole.person == "p" * 32


def test_a_piece_that_waits_is_read_again_when_memory_is_short(monkeypatch: pytest.MonkeyPatch) -> None:
    entries = entries_of(*(channel(60_000, seed) for seed in range(4)))
    entries.sort(key=lambda entry: entry[1]["part"])
    monkeypatch.setattr("clarity_desktop.cloud.sync.pull._MOST_WAITING", MOST_ITEM_BYTES)
    shelf = Shelf(entries)
    found = asyncio.run(read_all(shelf))
    assert len(found) == 4
    assert shelf.walks > 2, "the index, and more than one walk"


def test_y22_what_is_missing_is_named_by_range() -> None:
    entries = entries_of(channel(200_000, 3))
    parts = len(entries)
    assert parts >= 5
    index = asyncio.run(read_index(Shelf([entries[0], entries[-1]])))  # type: ignore[arg-type]
    (piece,) = index.pieces.values()
    assert not piece.is_complete
    assert piece.missing().startswith(f"parts 2–{parts - 1} of {parts}")


def test_foreign_and_damaged_items_are_left() -> None:
    (entry,) = entries_of(channel(10, 4))
    changed = entry[1] | {"data": entry[1]["data"][:-8] + "AAAAAAA="}
    newer = entry[1] | {"clarity_pack": "9"}
    text = entry[1] | {"data": "bm90aGluZw==", "sha256": "d35be99c8d93f4c8fa3a3f1b8c1a8a3b"}
    entries = [entry, ("x", {"value": 3}), ("y", changed), ("z", newer), ("w", text)]
    index = asyncio.run(read_index(Shelf(entries)))  # type: ignore[arg-type]
    assert len(index.pieces) == 1
    assert index.damaged == 3


def test_the_first_version_stays_readable_and_names_nobody() -> None:
    old = channel(10, 5, person="")
    (part,) = pack([old])
    document = part.document()
    assert document["clarity_pack"] == "1"
    (found,) = unpack([PackedPart.from_document(document)])
    assert np.array_equal(found.samples.value, old.samples.value)
    assert peek(part.text)[0] == ""
    (new,) = pack([channel(10, 5)])
    assert new.document()["clarity_pack"] == "2"
    assert peek(new.text)[0] == "p" * 32
    with pytest.raises(IntegrityError):
        peek("bm90aGluZw==")


def test_cancelling_ends_between_pages_and_the_next_pull_goes_on(
    desk: Desk, replica: Replica, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("clarity_desktop.app.sync_pull._PAGE_PIECES", 1)
    here, there = desk("here"), desk("there")
    mine = person(here)
    for month in range(4):
        fill(here.vault, HEART, START + month * MONTH, np.full(20, 60.0), mine)
    here.enable_sync(mine)
    here.sync_now()
    there.choose_direction("both")
    theirs = there.link_remote(there.remote_summary().people[0].remote_id, None)
    token = CancelToken()

    def stop(progress: Progress) -> None:
        if progress.done == 2:
            token.cancel()

    with pytest.raises(CancelledError):
        there.pull_now(token, stop)
    ((_, rows),) = samples(there, theirs).items()
    assert len(rows) == 40, "two pages are there, whole"
    report = there.pull_now()
    assert (report.read, report.new) == (2, 40)
    assert isinstance(there, Services)
    uploads = replica.state.uploads()
    replica.state.delete(USER, uploads[0]["processing_id"])
    assert there.pull_now().new == 0
    ((_, rows),) = samples(there, theirs).items()
    assert len(rows) == 80, "what the server lets go stays here"
