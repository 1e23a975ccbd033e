"""How sync stands, in words: one state for the whole, and the five questions (Y-59, Y-60, Y-75)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from clarity_desktop.app.sync_status import SyncStatus
from clarity_desktop.domain.sync import Operation, OperationState, SyncReason
from clarity_desktop.ui.pages.security.loaded import count_words, when

if TYPE_CHECKING:
    from clarity_desktop.domain.conditions import CloudCondition

__all__ = [
    "BADGES",
    "READ_BACK",
    "Told",
    "answers",
    "name_of",
    "overall",
    "reason_words",
    "since_words",
    "stopped_words",
    "waits_until",
]

_S = OperationState
_OFFLINE: Final = frozenset({"cloud.unreachable", "cloud.portal", "cloud.timeout"})
_FRESH_S: Final = 86_400
BADGES: Final = {
    "here": ("This machine only", "hard-drive", "neutral", "Nothing of this person goes to a server."),
    "waiting": ("Waiting to send", "hourglass", "info", "Some of this person's data has not reached the server yet."),
    "sent": ("Sent", "upload", "info", "Received by the server; not all of it could be read back."),
    "verified": ("Read back equal", "circle-check", "ok", "All that was sent was read back and equals what is here."),
}
"""Word, icon, tone and tip of where a person's data are (Y-61)."""
READ_BACK: Final = {
    "full": "Everything that was taken can be read back",
    "status": "It says that it has an upload, and does not show it",
    "none": "It shows nothing of what it took",
    "unknown": "Not known before the first upload",
}
"""What a server gives back, in words."""
_STOPPED: Final = {
    "cloud.limit": "the own limit of uploads was reached",
    "cloud.paused": "calls pause after failures",
    "cloud.unreachable": "the server was not reached",
    "cloud.portal": "a page of the network came in its place",
    "cloud.timeout": "the server took too long",
    "cloud.signed_out": "nobody is signed in",
    "cloud.certificate": "the server could not prove itself",
    "cloud.sending_off": "sending is switched off",
    "cloud.capability": "the server does not offer this",
    "sync.epoch": "the server may be another one",
    "sync.clone": "this copy belongs to another machine",
    "sync.breaker": "a removal waits for an answer",
    "sync.paused": "it was paused",
    "sync.direction": "its direction is not chosen yet",
}
_REASONS: Final = {
    SyncReason.GAVE_UP: "twelve tries did not get through",
    SyncReason.SERVER_REFUSED: "the server refused it",
    SyncReason.SERVER_FAILS_ON_IT: "the server fails on this record",
    SyncReason.NOT_SENDABLE: "no samples to send",
    SyncReason.DIFFERS: "what came back differs from what was sent",
    SyncReason.CANNOT_BE_CHECKED: "received, cannot be checked",
    SyncReason.PERHAPS_RECEIVED: "perhaps received, cannot be checked; sending it again may double it",
}
_NAMES: Final = {
    "heart_rate": "Heart rate",
    "heart_rate_variability": "Heart rate variability",
    "blood_pressure": "Blood pressure",
    "blood_oxygen": "Blood oxygen",
    "respiratory_rate": "Breathing rate",
    "sleep_analysis": "Sleep",
    "activity_level": "Activity and what rides with it",
    "environmental": "Sound and light",
    "body_temperature": "Temperature",
    "blood_glucose": "Glucose",
}


@dataclass(frozen=True, slots=True)
class Told:
    """One line: icon, colour token, and words."""

    icon: str
    tone: str
    words: str
    question: str = ""


def name_of(metric_type: str) -> str:
    """A type as people call it."""
    return _NAMES.get(metric_type, metric_type.replace("_", " ").capitalize())


def reason_words(one: Operation) -> str:
    """Why an operation stopped."""
    known = {reason.value: words for reason, words in _REASONS.items()}
    return known.get(one.reason, f"the server refused it ({one.reason})" if one.reason else "it stopped")


def stopped_words(code: str) -> str:
    """Why a cycle stopped; a code that is not known stands as it is."""
    return _STOPPED.get(code, code)


def since_words(seconds: float) -> str:
    """How long ago, in the largest unit that fits: ``40 s``, ``3 min``, ``2 h``, ``5 days``."""
    whole = max(int(seconds), 0)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min"
    if whole < 2 * _FRESH_S:
        return f"{whole // 3600} h"
    return f"{whole // _FRESH_S} days"


_HOLDS_BACK: Final = {
    "battery": "When the battery is charged, or at Sync now",
    "metered": "On a connection that is not metered, or at Sync now",
}


def next_try_words(status: SyncStatus, now: int) -> str:
    """When something is tried next, or what it waits for."""
    if not status.waiting:
        return "Nothing waits"
    if status.holds_back is not None and status.mode != "on_demand":
        return _HOLDS_BACK[status.holds_back]
    tries = [one.next_try for one in status.states if one.next_try and one.next_try > now]
    return when(min(tries)) if tries else "With the next cycle"


def waits_until(status: SyncStatus, condition: CloudCondition | None, now: int) -> tuple[float | None, str]:
    """When sending goes on by itself, and in which words; ``None`` while nothing has to be waited for (Y-32, L-23)."""
    found: list[tuple[float, str]] = []
    if condition is not None:
        if condition.breaker.until is not None:
            found.append((condition.breaker.until, "Paused after failures. One call tries"))
        upload = next((one for one in condition.limits if one.name == "upload"), None)
        if upload is not None and upload.wait_s > 0:
            is_own = upload.used >= upload.most
            words = f"{upload.used} of {upload.most} uploads used. It goes on" if is_own else "The server asks to wait"
            found.append((now + upload.wait_s, words if is_own else f"{words}. It goes on"))
    last = status.last
    if last is not None and last.get("waits_s") and not found:
        own = last.get("stopped") == "cloud.limit"
        words = "The own limit is reached. It goes on" if own else "The server asked to wait. It goes on"
        found.append((int(last["at"]) + float(last["waits_s"]), words))
    late = max(found, default=None)
    return (None, "") if late is None or late[0] <= now else late


def counts(status: SyncStatus) -> dict[OperationState, int]:
    """Operations by state, all states named."""
    return dict.fromkeys(_S, 0) | {one.state: one.count for one in status.states}


def is_offline(status: SyncStatus) -> bool:
    """Whether the last cycle did not reach the server."""
    return status.last is not None and str(status.last.get("stopped", "")) in _OFFLINE


def overall(status: SyncStatus, now: int) -> Told:
    """The one state of sync; "up to date" only after a cycle of the last day that reached the server (Y-60)."""
    waiting = status.waiting
    rest = f": {waiting} to send" if waiting else ""
    if not status.account:
        return Told("circle-help", "neutral", "Not signed in")
    if status.needs_person:
        return Told("triangle-alert", "warn", f"Needs attention{rest}")
    if is_offline(status):
        return Told("cloud-off", "neutral", f"Offline{rest}")
    if status.paused:
        return Told("lock", "neutral", f"Paused{rest}")
    if waiting:
        return Told("hourglass", "info", f"Waiting{rest}")
    last = status.last
    if last is None or last.get("stopped") or now - int(last["at"]) > _FRESH_S:
        return Told("circle-help", "neutral", "Unknown: the server was not asked today")
    if not status.patients:
        return Told("circle-dashed", "neutral", "Nobody's data is switched on")
    found = counts(status)
    if found[_S.UNVERIFIED]:
        return Told("eye-off", "info", "Received, cannot be checked")
    return Told("circle-check", "ok", "Up to date")


def answers(status: SyncStatus, now: int) -> tuple[Told, ...]:
    """The five questions with their answers."""
    return (_saved(), _on_server(status), _waiting(status), _needs(status), _read_back(status, now))


def _saved() -> Told:
    words = "Yes. Every change is in the vault on this machine before anything is sent."
    return Told("circle-check", "ok", words, "Is everything saved here?")


def _on_server(status: SyncStatus) -> Told:
    question = "Is everything on the server?"
    found = counts(status)
    if not status.account:
        return Told("cloud-off", "text_muted", "No. Nobody is signed in, so nothing leaves.", question)
    parts = [f"{found[_S.VERIFIED]} read back equal"]
    received = found[_S.ACCEPTED] + found[_S.PROCESSING]
    if received:
        parts.append(f"{received} received")
    if found[_S.UNVERIFIED]:
        parts.append(f"{found[_S.UNVERIFIED]} received, cannot be checked")
    if found[_S.SENT_UNKNOWN]:
        parts.append(f"{found[_S.SENT_UNKNOWN]} with an unknown outcome")
    waiting = found[_S.NEW] + found[_S.BATCHED] + found[_S.SENDING]
    if waiting:
        parts.append(f"{waiting} wait")
    if found[_S.REJECTED]:
        parts.append(f"{found[_S.REJECTED]} were refused")
    words = ", ".join(parts) + "."
    if not status.patients and not found[_S.VERIFIED]:
        return Told("circle-dashed", "text_muted", "Nobody's data is switched on, so nothing is sent.", question)
    if is_offline(status):
        return Told("cloud-off", "text_muted", f"The server was not reached. Last known: {words}", question)
    if status.waiting or found[_S.REJECTED]:
        return Told("hourglass", "info", f"Not yet. {words}", question)
    if found[_S.UNVERIFIED]:
        return Told("eye-off", "info", f"Received. {words}", question)
    return Told("circle-check", "ok", f"Yes. {words}", question)


def _waiting(status: SyncStatus) -> Told:
    question = "What is waiting?"
    if not status.waiting:
        return Told("circle-check", "ok", "Nothing.", question)
    oldest = [one.oldest for one in status.states if one.oldest and one.state in (_S.NEW, _S.BATCHED)]
    words = count_words(status.waiting, "change")
    if oldest:
        words += f", oldest from {when(min(oldest))}"
    if status.finish is not None and not status.paused:
        words += f". Estimated finish {when(status.finish)} at the limit of {status.uploads_limit} uploads an hour"
    if status.paused:
        words += ". Sync is paused"
    return Told("clock", "info", words + ".", question)


def _needs(status: SyncStatus) -> Told:
    question = "What needs me?"
    if not status.needs_person:
        return Told("circle-check", "ok", "Nothing.", question)
    parts = []
    if status.rejected_or_given_up:
        parts.append(f"{count_words(status.rejected_or_given_up, 'record')} did not go. They are safe here.")
    questions = len(status.notices) + status.is_foreign + status.asks_direction
    if questions:
        parts.append(f"{count_words(questions, 'question')} about the server.")
    return Told("triangle-alert", "warn", " ".join(parts) + " See the list.", question)


def _read_back(status: SyncStatus, now: int) -> Told:
    question = "When was it last read back?"
    check = status.self_check
    if check is None:
        if status.last is None or not status.last.get("verified"):
            return Told("circle-help", "text_muted", "Not yet.", question)
        words = f"{when(int(status.last['at']))}: {status.last['verified']} compared and equal."
        return Told("circle-check", "ok", words, question)
    compared = check["equal"] + check["missing"] + check["different"]
    words = (
        f"{when(int(check['at']))}: {compared} compared, {check['equal']} equal, {check['missing']} not on the server, "
        f"{check['different']} different."
    )
    if not check["readable"]:
        return Told("eye-off", "info", f"{words} This server shows nothing of what it holds.", question)
    is_old = now - int(check["at"]) > 8 * _FRESH_S
    is_whole = check["equal"] == compared and not is_old
    return Told("circle-check" if is_whole else "circle-alert", "ok" if is_whole else "warn", words, question)
