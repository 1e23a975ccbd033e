"""The part of the services that speaks with the cloud."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clarity_desktop.app.network import NetworkServices
from clarity_desktop.app.permissions import open_to_all

if TYPE_CHECKING:
    from clarity_desktop.cloud.contract import ContractReport

__all__ = ["CloudServices"]


class CloudServices(NetworkServices):
    """Servers, accounts and sync. Part of ``Services``; its calls wait, so make them from a worker."""

    @open_to_all
    def check_cloud(self, url: str) -> tuple[bool, ContractReport]:
        """Ask a server for its document and compare it with the profiles; sends nothing of anyone.

        Returns
        -------
        Whether the server serves a document, and the report.

        Raises
        ------
        UsageError
            ``cloud.address`` or ``cloud.plain_http`` for an address that may not be spoken to.
        CloudError
            When the server cannot be reached.
        """
        from clarity_desktop.cloud.client import CloudClient, Service
        from clarity_desktop.cloud.contract import compare_contract
        from clarity_desktop.cloud.contract.asking import ask_document

        client = CloudClient(Service(url))

        async def ask() -> tuple[bool, ContractReport]:
            async with client:
                document = await ask_document(client)
                return document is not None, compare_contract(document or {"paths": {}})

        return self._net.run(ask())
