"""Jobs of a server: finished once by whatever tells first; whole events update rows, fragments ask by id."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clarity_desktop.cloud.realtime import ChannelLimits, Fetched, Frame, JobRow, ResultBook

WHOLE = {"analysis_id": "a1", "status": "completed", "result": {"sleep_efficiency": 81.5, "ok": True}}
FRAGMENT = {"analysis_id": "a1", "status": "completed"}


class Server:
    """Answers for one job: ``processing`` until it was asked so often."""

    def __init__(self, done_after: int = 1) -> None:
        self.asked: list[tuple[str, str]] = []
        self.done_after = done_after

    async def fetch(self, kind: str, job_id: str) -> Fetched:
        self.asked.append((kind, job_id))
        if len(self.asked) < self.done_after:
            return Fetched("processing")
        return Fetched("completed", {"sleep_efficiency": 81.5})


def book(server: Server, told: list[JobRow] | None = None) -> ResultBook:
    return ResultBook(server.fetch, (told if told is not None else []).append)


async def settled() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


def test_l64_a_whole_event_updates_its_row_without_asking() -> None:
    async def main() -> None:
        server, told = Server(), []
        one = book(server, told)
        one.begin("analysis", "a1")
        one.on_frame(Frame("analysis_complete", WHOLE))
        await settled()
        [row] = one.rows()
        assert (row.status, dict(row.values), row.finished_by) == ("completed", {"sleep_efficiency": 81.5}, "event")
        assert server.asked == []
        assert told == [row]

    asyncio.run(main())


def test_l64_a_fragment_asks_for_its_id_alone_and_once() -> None:
    async def main() -> None:
        server = Server()
        one = book(server)
        for _ in range(5):
            one.on_frame(Frame("analysis_update", FRAGMENT))
        await settled()
        assert server.asked == [("analysis", "a1")]
        assert one.rows()[0].finished_by == "event"
        # Events without an id are counted, and nothing is fetched for them.
        one.on_frame(Frame("analysis_update", {"progress": 40}))
        one.on_frame(Frame("system", {"content": "somebody joined"}))
        await settled()
        assert (one.nameless, len(server.asked)) == (1, 1)

    asyncio.run(main())


def test_l64_progress_moves_the_row_without_asking() -> None:
    async def main() -> None:
        server, told = Server(), []
        one = book(server, told)
        for progress in (10, 55, 230):
            one.on_frame(Frame("analysis_update", {"analysis_id": "a1", "progress": progress, "status": "processing"}))
        await settled()
        assert server.asked == []
        assert one.rows()[0].progress == 100
        assert len(told) == 3
        assert not one.rows()[0].is_over

    asyncio.run(main())


@pytest.mark.parametrize("order", list(itertools.permutations(("answer", "event", "asking"))))
def test_l68_a_job_finishes_exactly_once_whatever_comes_first(order: tuple[str, ...]) -> None:
    async def main() -> None:
        server, told = Server(), []
        one = book(server, told)
        row = one.begin("analysis", "a1")

        async def answer() -> None:
            one.finish("analysis", "a1", "completed", {"sleep_efficiency": 81.5}, "", by="answer")

        async def event() -> None:
            one.on_frame(Frame("analysis_complete", WHOLE))

        ways: dict[str, Callable[[], Awaitable[Any]]] = {"answer": answer, "event": event, "asking": one.refresh}
        for way in order:
            await ways[way]()
            await settled()
        assert row.finished_by == order[0]
        assert [one.finished_by for one in told] == [order[0]]
        assert len(server.asked) <= 1

    asyncio.run(main())


def test_l68_waiting_ends_with_the_event_and_asks_no_more() -> None:
    async def main() -> None:
        server = Server(done_after=100)
        one = book(server)
        waiting = asyncio.ensure_future(one.wait("analysis", "a1"))
        await asyncio.sleep(0.05)
        one.on_frame(Frame("analysis_complete", WHOLE))
        row = await asyncio.wait_for(waiting, 2)
        assert (row.finished_by, server.asked) == ("event", [])

    asyncio.run(main())


def test_a_job_that_fails_is_over_without_values() -> None:
    async def main() -> None:
        server = Server()
        one = book(server)
        one.on_frame(Frame("analysis_update", {"job_id": "j", "status": "failed"}))
        [row] = one.rows()
        assert (row.has_failed, row.progress, server.asked) == (True, None, [])

    asyncio.run(main())


def test_an_insight_arrives_as_text() -> None:
    async def main() -> None:
        one = book(Server())
        one.on_frame(Frame("insight_generated", {"insight_id": "i1", "narrative": "Sleep was regular."}))
        [row] = one.rows()
        assert (row.kind, row.text, row.finished_by) == ("insight", "Sleep was regular.", "event")

    asyncio.run(main())


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["analysis_update", "analysis_complete", "insight_generated", "typing"]),
            st.dictionaries(
                st.sampled_from(["analysis_id", "job_id", "insight_id", "id", "status", "progress", "result", "text"]),
                st.one_of(
                    st.none(), st.integers(-5, 500), st.sampled_from(["a", "completed", "failed", "processing", ""])
                ),
            ),
        ),
        max_size=30,
    )
)
def test_l68_no_row_finishes_twice_whatever_arrives(frames: list[tuple[str, dict[str, Any]]]) -> None:
    async def main() -> None:
        server = Server()
        told: list[tuple[str, str]] = []
        one = ResultBook(server.fetch, lambda row: told.append((row.kind, row.id)) if row.is_over else None)
        for kind, fields in frames:
            one.on_frame(Frame(kind, fields))
        await settled()
        assert len(told) == len(set(told))
        assert len(server.asked) == len(set(server.asked))

    asyncio.run(main())


@pytest.mark.parametrize(
    ("told", "frame_bytes", "per_minute"),
    [
        ({}, 1024, 10),
        ({"max_message_size": 65_536, "messages_per_minute": 60}, 65_536, 60),
        ({"max_message_size": 10**9}, 65_536, 10),
        ({"max_message_size": -4, "rate_limit": True}, 1024, 10),
        ({"max_message_size": "much"}, 1024, 10),
    ],
)
def test_l61_limits_are_learned_and_sense_is_kept(told: dict[str, Any], frame_bytes: int, per_minute: int) -> None:
    limits = ChannelLimits()
    limits.learn(told)
    assert (limits.frame_bytes, limits.per_minute) == (frame_bytes, per_minute)
    limits.refused(900)
    assert limits.frame_bytes == min(frame_bytes, 899)
