"""The part of the services that asks a server for what it holds and knows: account, uploads, texts, model."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

from clarity_desktop.app.cloud_live import CloudLiveServices
from clarity_desktop.app.permissions import needs
from clarity_desktop.domain.changes import Change
from clarity_desktop.domain.errors import ClarityError, NotFoundError, UsageError
from clarity_desktop.domain.users import Right

if TYPE_CHECKING:
    from clarity_desktop.cloud.api import AccountApi, AccountFacts, CloudInsight

__all__ = ["CloudServices", "CloudUpload"]

_T = TypeVar("_T")
_MOST_UPLOADS: Final = 1000
_MOST_NAME: Final = 100


@dataclass(frozen=True, slots=True)
class CloudUpload:
    """An upload as the server lists it."""

    processing_id: str
    types: tuple[str, ...]
    """The server's names of what was sent, each once."""
    metrics: int


class CloudServices(CloudLiveServices):
    """Asking. Part of ``Services``; its calls wait, so make them from a worker. Each download is an entry (L-53)."""

    # -- the account --------------------------------------------------------------------------------------------

    @needs(Right.SEND_INSIGHT, Right.SET_POLICY)
    def cloud_me(self) -> AccountFacts:
        """What the server says of the current account."""
        return self._asked("account", lambda api: self._net.run(api.account_facts()))

    @needs(Right.SEND_INSIGHT, Right.SET_POLICY)
    def cloud_rename(self, display_name: str) -> None:
        """Set the name that the server shows for the account; the e-mail address is never sent (D7).

        Raises
        ------
        UsageError
            ``cloud.display_name`` for none, or more than 100 letters.
        """
        name = display_name.strip()
        if not 0 < len(name) <= _MOST_NAME:
            raise UsageError(
                "cloud.display_name", "A name has 1 to 100 letters.", remedy="Write it shorter, or write one."
            )
        self._require_sending()
        account = self._account(None)
        server = self._server(account.server)
        self._told("cloud.rename", server, lambda: self._net.run(self._cloud_api(account).update_me(name)))
        self._note("cloud.rename", server, "ok", "")
        self._announce(Change.SETTINGS)

    @needs(Right.SEND_INSIGHT, Right.SET_POLICY)
    def cloud_counts(self) -> Mapping[str, float]:
        """Numbers that the server keeps of the account, by its own names; a server without them says so."""
        return self._asked("counts", lambda api: self._net.run(api.user_counts()))

    # -- what lies there ----------------------------------------------------------------------------------------

    @needs(Right.SEND_INSIGHT)
    def cloud_uploads(self) -> tuple[CloudUpload, ...]:
        """Uploads of the current account, as the server lists them; an empty list proves nothing (D9)."""

        async def read(api: AccountApi) -> tuple[CloudUpload, ...]:
            found: list[CloudUpload] = []
            async for one in api.list_uploads():
                types = tuple(sorted({metric.metric_type for metric in one.metrics}))
                found.append(CloudUpload(one.processing_id, types, len(one.metrics)))
                if len(found) >= _MOST_UPLOADS:
                    break
            return tuple(found)

        return self._asked("uploads", lambda api: self._net.run(read(api)))

    @needs(Right.SEND_INSIGHT)
    def cloud_upload_status(self, processing_id: str) -> str:
        """What the server says of one upload: that it is stored, not that it is whole (D14).

        Raises
        ------
        NotFoundError
            ``cloud.upload`` when the server knows no such one.
        """
        found = self._asked("upload state", lambda api: self._net.run(api.processing_status(processing_id.strip())))
        if found is None:
            raise NotFoundError(
                "cloud.upload",
                "The server knows no upload of this name.",
                remedy="List the uploads; what was deleted or has expired is not among them.",
            )
        return found.status

    # -- texts and the model ------------------------------------------------------------------------------------

    @needs(Right.SEND_INSIGHT, Right.SET_POLICY)
    def cloud_models(self) -> Mapping[str, object]:
        """What the current account's server says of its model; a readiness it claims is not checked (D21)."""
        return self._asked("model", lambda api: self._net.run(api.pat_models()))

    @needs(Right.SEND_INSIGHT)
    def cloud_insight_history(self, limit: int = 20) -> Sequence[CloudInsight]:
        """Previews of earlier texts of the current account's server, newest first as it lists them."""
        return self._asked("texts", lambda api: self._net.run(api.insight_history(limit)))

    @needs(Right.SEND_INSIGHT)
    def cloud_insight(self, insight_id: str) -> CloudInsight:
        """One text of the server by its id; nobody here has checked it.

        Raises
        ------
        NotFoundError
            ``cloud.insight``: the observed server finds none of its own (D17).
        """
        found = self._asked("text", lambda api: self._net.run(api.insight(insight_id.strip())))
        if found is None:
            raise NotFoundError(
                "cloud.insight",
                "The server finds no text of this name.",
                remedy="The texts that were made here are kept here: see the person's insights.",
            )
        return found

    @needs(Right.SEND_INSIGHT, Right.SET_POLICY)
    def cloud_insight_service(self) -> bool:
        """Whether the server's text service answers; raises :class:`CloudError` where it does not."""
        return self._asked("text service", lambda api: self._net.run(api.insight_service()))

    def _asked(self, what: str, ask: Callable[[AccountApi], _T]) -> _T:
        """Ask, and record what was fetched or that it was not."""
        self._require_sending()
        account = self._account(None)
        server = self._server(account.server)
        try:
            found = ask(self._cloud_api(account))
        except ClarityError as error:
            self._note("cloud.read", server, "refused", f"{what}: {error.code}")
            raise
        self._note("cloud.read", server, "ok", what)
        return found
