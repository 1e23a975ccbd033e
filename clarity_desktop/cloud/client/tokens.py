"""Where the client takes access tokens from."""

from __future__ import annotations

from typing import Protocol

__all__ = ["TokenSource"]


class TokenSource(Protocol):
    """One account's tokens. Both methods raise :class:`CloudError` (``cloud.signed_out``) without a sign-in."""

    async def access_token(self) -> str:
        """An access token that holds for some minutes yet; refreshed ahead of its end."""

    async def renew(self, refused: str) -> str:
        """Another token than the one that a server refused; one refresh serves all who ask at once."""

    def server_time(self, skew_s: float) -> None:
        """How far the server's clock is ahead of this machine's, told by each answer's ``Date``."""
