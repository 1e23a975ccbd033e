"""Carries the six values of a cloud insight through the account that is signed in; what returns is untrusted text."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from clarity_desktop.domain.errors import ClarityError

if TYPE_CHECKING:
    from collections.abc import Callable

    from clarity_desktop.app.cloud_sessions import CloudAccount
    from clarity_desktop.cloud.api import CloudApi
    from clarity_desktop.cloud.network import Network

__all__ = ["AccountTransport"]

_QUOTA: Final = ("cloud.limit", "cloud.paused", "cloud.status_429")


class AccountTransport:
    """One account's way to the insights of its server.

    Parameters
    ----------
    api:
        Answers what the account may call; raises when it is signed out.
    """

    def __init__(self, account: CloudAccount, api: Callable[[], CloudApi], network: Network) -> None:
        self.host = urlsplit(account.server).netloc
        """Part of the consent's purpose: another server asks again."""
        self._api, self._network = api, network

    def generate(self, body: bytes) -> bytes:
        """Send the values of a body and answer the prose, without the server's own confidence.

        Raises
        ------
        ProviderError
            Whatever the account or its server says no to.
        """
        from clarity_desktop.insights.providers.provider import ProviderError, ProviderFailure

        values = json.loads(body)["analysis_results"]
        try:
            found = self._network.run(self._api().insight_generate(values))
        except ClarityError as error:
            failure = ProviderFailure.SERVER
            if error.code in _QUOTA:
                failure = ProviderFailure.QUOTA
            elif error.code == "cloud.timeout":
                failure = ProviderFailure.TIMEOUT
            elif error.code == "cloud.unreachable":
                failure = ProviderFailure.OFFLINE
            elif error.code in ("cloud.signed_out", "cloud.capability", "cloud.insight_values"):
                failure = ProviderFailure.REFUSED
            raise ProviderError(failure, error.message, remedy=error.remedy) from error
        document = {
            "narrative": found.narrative,
            "key_insights": list(found.key_insights),
            "recommendations": list(found.recommendations),
        }
        return json.dumps(document).encode()
