"""A session renews itself once for all who ask, ahead of its end, by the server's clock (L-11 to L-15)."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from clarity_desktop.cloud.auth import Session, TokenSet
from clarity_desktop.cloud.auth.identity import refresh_at
from clarity_desktop.cloud.client import CloudError
from clarity_desktop.cloud.client.failures import signed_out


class FakeClock:
    def __init__(self) -> None:
        self.time = 1_000_000.0

    def now(self) -> float:
        return self.time

    def steady(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.time += seconds

    def jitter(self, seconds: float, share: float) -> float:
        return seconds


def tokens(number: int, issued: float = 1_000_000.0, life: float = 3600.0) -> TokenSet:
    return TokenSet(f"access-{number}", "id", f"refresh-{number}", "sub", "a@b", "A", issued, issued + life)


class Service:
    """Gives new tokens and counts how often."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock, self.calls, self.fails = clock, 0, False
        self.kept: list[str] = []

    async def renew(self, refresh: str) -> TokenSet:
        self.calls += 1
        await asyncio.sleep(0.01)
        if self.fails:
            raise signed_out()
        return tokens(self.calls + 1, self.clock.now())

    async def keep(self, found: TokenSet) -> None:
        self.kept.append(found.refresh)


def test_l11_twenty_refusals_cause_one_renewal() -> None:
    async def main() -> None:
        clock = FakeClock()
        service = Service(clock)
        session = Session(tokens(1), service.renew, keep=service.keep, clock=clock)
        found = await asyncio.gather(*(session.renew("access-1") for _ in range(20)))
        assert set(found) == {"access-2"}
        assert service.calls == 1
        assert service.kept == ["refresh-2"]

    asyncio.run(main())


def test_l12_a_refused_refresh_token_ends_the_session_once() -> None:
    async def main() -> None:
        clock, ended = FakeClock(), []
        service = Service(clock)
        service.fails = True
        session = Session(tokens(1), service.renew, ended=lambda: ended.append(1), clock=clock)
        results = await asyncio.gather(*(session.renew("access-1") for _ in range(5)), return_exceptions=True)
        assert all(isinstance(one, CloudError) and one.code == "cloud.signed_out" for one in results)
        assert service.calls == 1
        assert ended == [1]
        with pytest.raises(CloudError):
            await session.access_token()

    asyncio.run(main())


@pytest.mark.parametrize("skew_s", [0.0, 3600.0, -3600.0, 86_000.0])
def test_l13_renewal_is_five_minutes_ahead_by_the_servers_clock(skew_s: float) -> None:
    async def main() -> None:
        clock = FakeClock()
        service = Service(clock)
        session = Session(tokens(1, clock.now() + skew_s), service.renew, clock=clock)
        session.server_time(skew_s)
        clock.time += 3600 - 301
        assert await session.access_token() == "access-1"
        clock.time += 2
        assert await session.access_token() == "access-2"

    asyncio.run(main())


def test_l13_short_lives_are_renewed_at_four_fifths() -> None:
    assert refresh_at(0, 3600) == 3300
    assert refresh_at(0, 600) == 480
    found = replace(tokens(1), access="secret-a", refresh="secret-r", id="secret-i")
    assert "secret" not in repr(found)


def test_l81_a_token_that_nothing_renews_is_used_until_its_end() -> None:
    async def main() -> None:
        clock, ended = FakeClock(), []
        service = Service(clock)
        held = replace(tokens(1, life=7 * 86_400.0), refresh="")
        session = Session(held, service.renew, ended=lambda: ended.append(1), clock=clock, renews=False)
        assert session.ends == held.expires
        # A renewing session would ask five minutes ahead of this moment.
        clock.time = held.expires - 10
        assert await session.access_token() == "access-1"
        assert session.holds_s() == 10
        clock.time = held.expires
        with pytest.raises(CloudError) as over:
            await session.access_token()
        assert over.value.code == "cloud.signed_out"
        assert (service.calls, ended, session.ends) == (0, [1], None)

    asyncio.run(main())


def test_l53_a_renewal_that_comes_to_nothing_is_told() -> None:
    async def main() -> None:
        clock, told = FakeClock(), []

        async def renew(refresh: str) -> TokenSet:
            raise CloudError("cloud.unreachable", "No way there.", remedy="", retryable=True)

        session = Session(tokens(1), renew, failed=told.append, clock=clock)
        clock.time += 3400
        # Ahead of its end the old one still serves; afterwards nothing does.
        assert await session.access_token() == "access-1"
        clock.time += 400
        with pytest.raises(CloudError):
            await session.access_token()
        assert told == ["cloud.unreachable", "cloud.unreachable"]

    asyncio.run(main())
