"""Tokens of an identity pool at the replica: it checks what the original checks."""

from __future__ import annotations

from typing import Any

import jwt

from clarity_desktop.cloud.auth import Pool

__all__ = ["PoolTokens"]


class PoolTokens:
    """Takes access tokens that the pool has signed for the client."""

    def __init__(self, pool: Pool, keys: dict[str, Any]) -> None:
        self._pool = pool
        self._keys = {one["kid"]: jwt.PyJWK(one).key for one in keys["keys"]}

    def user_of(self, token: str) -> str | None:
        """The user id of a token that holds, else ``None``."""
        try:
            key = self._keys[jwt.get_unverified_header(token)["kid"]]
            claims = jwt.decode(token, key, algorithms=["RS256"], issuer=self._pool.issuer)
        except (jwt.PyJWTError, KeyError):
            return None
        return str(claims["sub"]) if claims.get("client_id") == self._pool.client_id else None
