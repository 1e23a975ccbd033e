"""One account's session: tokens in memory, renewed ahead of their end, once for all who ask (L-11 to L-16)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from clarity_desktop.cloud.auth.identity import TokenSet, refresh_at
from clarity_desktop.cloud.client.clock import Clock, SystemClock
from clarity_desktop.cloud.client.failures import signed_out

__all__ = ["Session"]

_MOST_SKEW_S: Final = 86_400.0


class Session:
    """A :class:`TokenSource`. Used from the network's loop.

    Parameters
    ----------
    renew:
        Exchanges a refresh token for new tokens; raises :class:`CloudError` when the service refuses.
    keep:
        Keeps a rotated refresh token before the old one is dropped (L-15).
    ended:
        Told once when the session is over; work that waits stays where it is.
    failed:
        Told the code of a renewal that came to nothing while the session goes on.
    renews:
        False for a token that nothing renews: it is used until its end (L-81).
    """

    def __init__(
        self,
        tokens: TokenSet | None,
        renew: Callable[[str], Awaitable[TokenSet]],
        *,
        keep: Callable[[TokenSet], Awaitable[None]] | None = None,
        ended: Callable[[], None] = lambda: None,
        failed: Callable[[str], None] = lambda _: None,
        clock: Clock | None = None,
        renews: bool = True,
    ) -> None:
        self._tokens = tokens
        self._renew, self._keep, self._ended = renew, keep, ended
        self._clock: Clock = clock or SystemClock()
        self._failed, self._renews = failed, renews
        self._skew_s = 0.0
        self._lock = asyncio.Lock()

    @property
    def tokens(self) -> TokenSet | None:
        """The tokens now; ``None`` when signed out."""
        return self._tokens

    def server_time(self, skew_s: float) -> None:
        """Take the server's clock for that of expiry; a difference of more than a day is not believed."""
        if abs(skew_s) <= _MOST_SKEW_S:
            self._skew_s = skew_s

    def _now(self) -> float:
        return self._clock.now() + self._skew_s

    def holds_s(self) -> float:
        """Seconds until the access token is to be renewed; 0 when it is time."""
        tokens = self._tokens
        return 0.0 if tokens is None else max(self._until(tokens) - self._now(), 0.0)

    def _until(self, tokens: TokenSet) -> float:
        return refresh_at(tokens.issued, tokens.expires) if self._renews else tokens.expires

    @property
    def ends(self) -> float | None:
        """When the session ends for good, by the server's clock; ``None`` for one that renews itself."""
        return None if self._renews or self._tokens is None else self._tokens.expires

    async def access_token(self) -> str:
        """An access token that holds for some minutes yet."""
        tokens = self._tokens
        if tokens is None:
            raise signed_out()
        if self._now() < self._until(tokens):
            return tokens.access
        return await self.renew(tokens.access)

    async def renew(self, refused: str) -> str:
        """Another token than ``refused``; whoever asks while one is fetched gets that one."""
        from clarity_desktop.cloud.client.exchange import CloudError

        async with self._lock:
            tokens = self._tokens
            if tokens is None:
                raise signed_out()
            if tokens.access != refused:
                return tokens.access
            if not self._renews:
                self.end()
                raise signed_out()
            try:
                renewed = await self._renew(tokens.refresh)
            except CloudError as error:
                if error.code == "cloud.signed_out":
                    self.end()
                else:
                    self._failed(error.code)
                if error.code != "cloud.signed_out" and self._now() < tokens.expires and not error.outcome_unknown:
                    # Ahead of its end the old one still holds; the next call tries again.
                    return tokens.access
                raise
            if self._keep is not None and renewed.refresh != tokens.refresh:
                await self._keep(renewed)
            self._tokens = renewed
            return renewed.access

    def end(self) -> None:
        """Forget the tokens."""
        was = self._tokens is not None
        self._tokens = None
        if was:
            self._ended()
