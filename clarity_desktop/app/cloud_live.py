"""The part of the services for the live channel: what is typed to a server's assistant, and what comes back."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from clarity_desktop.app.cloud_results import CloudResultServices
from clarity_desktop.app.permissions import needs
from clarity_desktop.domain.errors import ClarityError, ConflictError, InputError, NotFoundError
from clarity_desktop.domain.time import Instant
from clarity_desktop.domain.users import Right

if TYPE_CHECKING:
    from clarity_desktop.app.cloud_sessions import CloudAccount
    from clarity_desktop.cloud.realtime import Channel, Frame, JobRow, UnsentText

__all__ = ["CloudLiveServices", "LiveJob", "LiveMessage", "LiveView"]

_NOTICE: Final = "cloud.live_notice"
_MOST_MESSAGES: Final = 500
_MOST_LETTERS: Final = 2000
_ROOM, _STREAM, _ANALYSES = "ws_room", "ws_stream", "ws_analysis"
"""Channels by capability: the assistant's, the one that is both, and that of analyses."""


@dataclass(frozen=True, slots=True)
class LiveMessage:
    """A line of the live channel. It is in memory alone, and gone with the lock."""

    id: int
    at: Instant
    """When it was typed or came, UTC seconds."""
    who: str
    """``you``, ``server`` or ``channel``."""
    text: str = field(repr=False)
    state: str
    """``unsent``, ``unclear`` (it left, no answer came), ``too_large``, ``refused``, ``sent``, or ``received``."""


@dataclass(frozen=True, slots=True)
class LiveJob:
    """A job of the server that the live channel has told of."""

    kind: str
    id: str
    status: str
    progress: int | None
    """Of 100."""
    finished_by: str


@dataclass(frozen=True, slots=True)
class LiveView:
    """How the live channel stands."""

    account: str
    """E-mail of the account; empty without one."""
    server: str
    state: str
    """``closed``, ``connecting``, ``live``, ``waiting`` (it comes back by itself) or ``off``."""
    reason: str
    """Why it is off; empty otherwise."""
    analyses: str
    """How the channel of analyses stands, in the same words."""
    messages: tuple[LiveMessage, ...]
    jobs: tuple[LiveJob, ...]
    most_bytes: int
    per_minute: int
    unknown: int
    """Frames of kinds that nobody here knows; counted, and nothing else (L-63)."""
    unsolicited: int
    reconnects: int
    notice_accepted: bool


class _Talk:
    """What is shown of one account's channel; written by the network's loop, read by anybody."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.messages: list[dict[str, Any]] = []
        self.room: Channel | None = None
        self.analyses: Channel | None = None
        self.is_both = False
        """Whether the one channel carries messages and analyses."""
        self.next_id = 1
        self.changed: Callable[[], None] = lambda: None

    def add(self, who: str, text: str, unsent: UnsentText | None = None) -> int:
        with self.lock:
            number, self.next_id = self.next_id, self.next_id + 1
            self.messages.append({"id": number, "at": int(time.time()), "who": who, "text": text, "unsent": unsent})
            del self.messages[:-_MOST_MESSAGES]
        self.changed()
        return number

    def shown(self) -> tuple[LiveMessage, ...]:
        room = self.room
        waiting = () if room is None else tuple(room.unsent)
        with self.lock:
            return tuple(
                LiveMessage(
                    one["id"], one["at"], one["who"], one["text"], _state_of(one["unsent"], one["who"], waiting)
                )
                for one in self.messages
            )

    def unsent(self, number: int) -> dict[str, Any]:
        waiting = () if self.room is None else tuple(self.room.unsent)
        with self.lock:
            found = next((one for one in self.messages if one["id"] == number), None)
        if found is None or not any(found["unsent"] is one for one in waiting):
            raise NotFoundError(
                "cloud.live_message", "This message does not wait any more.", remedy="Look at the list again."
            )
        return found


def _state_of(unsent: UnsentText | None, who: str, waiting: tuple[UnsentText, ...]) -> str:
    if who != "you":
        return "received"
    if unsent is None or not any(unsent is one for one in waiting):
        return "sent"
    if unsent.refused:
        return "refused"
    return "too_large" if unsent.too_large else "unclear" if unsent.maybe_sent else "unsent"


class CloudLiveServices(CloudResultServices):
    """Part of ``Services``; its calls wait, so make them from a worker.

    What is typed goes to the server as it stands. It is about nobody: no patient belongs to the channel, nothing of a
    patient is put in by the program, and a text that could name one is refused.
    """

    _cloud_talks: dict[str, _Talk]

    def _begin_cloud(self) -> None:
        super()._begin_cloud()
        self._cloud_talks = {}

    def _drop(self, key: str) -> None:
        """Sockets close with their account, at sign-out and at the lock, and what was said goes with them (L-59)."""
        talk = self._cloud_talks.pop(key, None)
        super()._drop(key)
        if talk is not None:
            with talk.lock:
                talk.messages.clear()
            talk.changed()

    # -- opening ------------------------------------------------------------------------------------------------

    @needs(Right.SEND_INSIGHT)
    def accept_live_notice(self) -> None:
        """Keep that the user knows that what is typed goes to the current account's server; asked for once each."""
        account = self._account(None)
        held = dict(self.vault.outbox.recall(_NOTICE, {}))
        held[f"{self.user().id}/{account.key}"] = int(time.time())
        self.vault.outbox.remember(_NOTICE, held)
        self._note("cloud.live_notice", self._server(account.server), "ok", "")

    @needs(Right.SEND_INSIGHT)
    def open_live(self, changed: Callable[[], None] = lambda: None) -> LiveView:
        """Open the channel of the assistant and that of analyses; one that is open already stays.

        Parameters
        ----------
        changed:
            Told that :meth:`live_view` has something new; called in any thread.

        Raises
        ------
        NotPermittedError
            ``cloud.sending_off``.
        ConflictError
            ``cloud.live_notice`` before the user has read where it goes.
        CloudError
            ``cloud.signed_out``, ``cloud.capability``, ``cloud.channel_off``.
        """
        self._require_sending()
        account = self._account(None)
        if not self._knows_notice(account):
            raise ConflictError(
                "cloud.live_notice",
                "What is typed here goes to the server, as it stands.",
                remedy="Confirm that you have read this, and write about nobody by name.",
            )
        live = self._live_account(account)
        talk = self._cloud_talks.setdefault(account.key, _Talk())
        talk.changed = changed
        if talk.room is not None and talk.room.state.value not in ("off", "closed"):
            return self._view_of(account)

        async def both() -> None:
            # What was typed before the channel went off goes with the new one.
            waiting = [] if talk.room is None else list(talk.room.unsent)
            # A server with one channel for everything tells of analyses there as well.
            profile = live.api.detection.profile
            is_both = profile is not None and profile.endpoint(_ROOM) is None and profile.endpoint(_STREAM) is not None

            def heard(frame: Frame) -> None:
                if is_both:
                    live.results.on_frame(frame)
                self._heard(talk, frame)

            fill = live.results.refresh if is_both else None
            room = live.sockets.open(_STREAM if is_both else _ROOM, heard, fill_gap=fill)
            room.unsent.extend(waiting)
            room.moved = lambda: talk.changed()
            talk.room, talk.is_both = room, is_both
            if is_both:
                talk.analyses = room
            elif _ANALYSES not in live.sockets.channels():
                try:
                    talk.analyses = live.sockets.open(_ANALYSES, live.results.on_frame, fill_gap=live.results.refresh)
                except ClarityError:
                    # The assistant works without it, and jobs are asked for.
                    talk.analyses = None

        server = self._server(account.server)
        self._told("cloud.live_open", server, lambda: self._net.run(both()))
        self._note("cloud.live_open", server, "ok", "")
        return self._view_of(account)

    @needs(Right.SEND_INSIGHT)
    def close_live(self) -> None:
        """Close both channels; what was said stays on the page until the lock."""
        account = self._account(None)
        live, talk = self._cloud_live.get(account.key), self._cloud_talks.get(account.key)
        if live is None or talk is None:
            return

        async def both() -> None:
            for capability in (_ROOM, _STREAM, _ANALYSES):
                await live.sockets.close_one(capability)

        self._net.run(both())
        talk.analyses = None
        self._note("cloud.live_close", self._server(account.server), "ok", "")

    @needs(Right.SEND_INSIGHT)
    def live_view(self) -> LiveView:
        """How the channel of the current account stands, and what was said. Asks no server."""
        return self._view_of(self.cloud_account())

    # -- typing -------------------------------------------------------------------------------------------------

    @needs(Right.SEND_INSIGHT)
    def send_live(self, text: str) -> int:
        """Send a text, now or when there is a connection again; answers its number in the list (L-67).

        Raises
        ------
        InputError
            ``cloud.live_text`` for none or more than 2000 letters; ``cloud.frame_size``, with the size.
        ConflictError
            ``cloud.live_names`` for a text that could name somebody; ``cloud.live_closed``.
        NotPermittedError
            ``cloud.sending_off``.
        """
        self._require_sending()
        said = text.strip()
        if not 0 < len(said) <= _MOST_LETTERS:
            raise InputError(
                "cloud.live_text", "A message has 1 to 2000 letters.", remedy="Write it shorter, or in several."
            )
        account = self._account(None)
        talk = self._cloud_talks.get(account.key)
        if talk is None or talk.room is None:
            raise ConflictError("cloud.live_closed", "The live channel is not open.", remedy="Connect first.")
        found = self._what_could_name(said)
        if found:
            self._note("cloud.live_send", self._server(account.server), "refused", "could name somebody")
            raise ConflictError(
                "cloud.live_names",
                f"This text could name somebody: it holds {found}.",
                remedy="Take that out. Nothing of a patient goes through this channel.",
            )
        room = talk.room

        async def send() -> int:
            # In one step of the loop, so that no answer stands before what it answers.
            if talk.is_both:
                return talk.add("you", said, room.send("chat_message", message=said, context={}))
            return talk.add("you", said, room.send("message", content=said, user_id=account.user_id))

        number = self._net.run(send())
        size = len(said.encode())
        self._note("cloud.live_send", self._server(account.server), "ok", f"{size} bytes")
        return number

    @needs(Right.SEND_INSIGHT)
    def discard_live(self, number: int) -> None:
        """Take back a message that was not sent, or that may not have been; raises ``cloud.live_message``."""
        talk = self._talk()
        held = talk.unsent(number)
        room = talk.room
        assert room is not None

        async def discard() -> None:
            room.discard(held["unsent"])

        self._net.run(discard())
        with talk.lock:
            talk.messages.remove(held)
        talk.changed()

    @needs(Right.SEND_INSIGHT)
    def send_live_again(self, number: int) -> None:
        """Send a message once more whose arrival is unclear; raises ``cloud.live_message``."""
        self._require_sending()
        talk = self._talk()
        held = talk.unsent(number)
        room = talk.room
        assert room is not None

        async def again() -> None:
            room.send_again(held["unsent"])

        self._net.run(again())
        account = self._account(None)
        self._note("cloud.live_send", self._server(account.server), "ok", "once more")
        talk.changed()

    # -- inside -------------------------------------------------------------------------------------------------

    def _talk(self) -> _Talk:
        found = self._cloud_talks.get(self._account(None).key)
        if found is None or found.room is None:
            raise ConflictError("cloud.live_closed", "The live channel is not open.", remedy="Connect first.")
        return found

    def _knows_notice(self, account: CloudAccount) -> bool:
        return f"{self.user().id}/{account.key}" in self.vault.outbox.recall(_NOTICE, {})

    def _what_could_name(self, text: str) -> str:
        """What of a text could name one of the vault's people, in words; empty for nothing.

        Of names the whole one counts: with a thousand people each first name would be somebody's.
        """
        from clarity_desktop.insights.identifiers import KnownPerson, find_identifiers

        people = self.vault.patients.list()
        known = KnownPerson((), tuple(one.code for one in people if one.code))
        kinds = {hit.what for hit in find_identifiers(text, known)}
        folded = " ".join(text.casefold().split())
        if any(len(one.name) > 3 and " ".join(one.name.casefold().split()) in folded for one in people):
            kinds.add("name")
        return ", ".join(f"a {kind}" for kind in sorted(kinds))

    def _heard(self, talk: _Talk, frame: Frame) -> None:
        """A frame of the assistant's room; called in the network's loop."""
        if frame.kind in ("message", "chat_message"):
            text = frame.text("content") or frame.text("message")
            # The server repeats what was typed; only what others say is new.
            if text and frame.text("user_id") == "AI":
                talk.add("server", text)
        elif frame.kind == "error":
            talk.add("channel", f"The server did not take it: {frame.text('error_code')[:60].lower() or 'no reason'}.")
        talk.changed()

    def _job_moved(self, row: JobRow) -> None:
        super()._job_moved(row)
        for talk in tuple(self._cloud_talks.values()):
            talk.changed()

    def _view_of(self, account: CloudAccount | None) -> LiveView:
        talk = None if account is None else self._cloud_talks.get(account.key)
        live = None if account is None else self._cloud_live.get(account.key)
        room = None if talk is None else talk.room
        jobs = () if live is None else live.results.rows()
        return LiveView(
            "" if account is None else account.email or account.user_id,
            "" if account is None else urlsplit(account.server).netloc,
            "closed" if room is None else room.state.value,
            "" if room is None else room.reason,
            _state_words(talk),
            () if talk is None else talk.shown(),
            tuple(LiveJob(one.kind, one.id, one.status, one.progress, one.finished_by) for one in jobs),
            1024 if live is None else live.sockets.limits.frame_bytes,
            10 if live is None else live.sockets.limits.per_minute,
            0 if room is None else sum(room.counts.unknown.values()),
            0 if room is None else room.counts.unsolicited,
            0 if room is None else room.counts.reconnects,
            account is not None and self._knows_notice(account),
        )


def _state_words(talk: _Talk | None) -> str:
    if talk is None or talk.analyses is None:
        return "closed"
    return talk.analyses.state.value
