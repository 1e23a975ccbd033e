"""The part of the services that speaks with the cloud."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from clarity_desktop.app.cloud_accounts import CloudAccountServices
from clarity_desktop.app.permissions import needs
from clarity_desktop.domain.users import Right

if TYPE_CHECKING:
    from clarity_desktop.cloud.api import CloudInsight

__all__ = ["CloudServices"]


class CloudServices(CloudAccountServices):
    """Servers, accounts and what they offer. Part of ``Services``; its calls wait, so make them from a worker."""

    @needs(Right.SEND_INSIGHT, Right.SET_POLICY)
    def cloud_models(self) -> Mapping[str, object]:
        """What the current account's server says of its model; a readiness it claims is not checked (D21)."""
        self._require_sending()
        return self._net.run(self._cloud_api(self._account(None)).pat_models())

    @needs(Right.SEND_INSIGHT)
    def cloud_insight_history(self, limit: int = 20) -> Sequence[CloudInsight]:
        """Previews of earlier texts of the current account's server, newest first as it lists them."""
        self._require_sending()
        return self._net.run(self._cloud_api(self._account(None)).insight_history(limit))
