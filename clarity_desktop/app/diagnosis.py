"""The part of the services that gathers a diagnosis, and writes it to a file with nothing of anyone in it (L-47)."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from clarity_desktop.app.cloud_contract import CloudContractServices
from clarity_desktop.app.permissions import needs, open_to_all
from clarity_desktop.app.readiness import ReadinessServices
from clarity_desktop.domain.changes import Change
from clarity_desktop.domain.diagnosis import CachedAnswers, ChannelCount, Diagnosis, FlagLine, LogState
from clarity_desktop.domain.errors import ClarityError
from clarity_desktop.domain.time import format_instant
from clarity_desktop.domain.users import Right
from clarity_desktop.domain.work import CancelToken
from clarity_desktop.logs import MOST_LOG_BYTES, log_files, scrub

__all__ = ["TELEMETRY", "DiagnosisServices", "diagnosis_document"]

TELEMETRY: Final = "None. This program has no part that sends anything about its use; these counts stay here."
_LOG_LINES: Final = 200
_MAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[\w.-]+")
_UUID = re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", re.IGNORECASE)
_LEAST_WORD: Final = 3


class DiagnosisServices(ReadinessServices, CloudContractServices):
    """Part of ``Services``."""

    @open_to_all
    def diagnosis(self, cancel: CancelToken | None = None, *, asks: bool = False) -> Diagnosis:
        """One look at everything; with a locked vault what lies in it is missing.

        Parameters
        ----------
        asks:
            Whether servers are asked now; else the last answers are told, with their time.
        """
        is_open = self._vault is not None
        readiness = self.readiness(cancel, asks=asks)
        files = log_files(self.home)
        return Diagnosis(
            int(time.time()),
            not is_open,
            self.identity(),
            tuple(
                FlagLine(
                    one.flag.name, one.flag.title, one.is_on, one.because, one.flag.owner, one.flag.expires.isoformat()
                )
                for one in self.flags()
            ),
            readiness,
            self.cloud_conditions() if is_open else (),
            self._channel_counts(),
            tuple(_plain(asdict(one)) for one in self.contract_disagreements()) if is_open else (),
            self.cached_answers() if is_open else (),
            LogState(len(files), sum(path.stat().st_size for path in files), MOST_LOG_BYTES),
            TELEMETRY,
        )

    def _channel_counts(self) -> tuple[ChannelCount, ...]:
        with self._lock:
            live = tuple(self._cloud_live.values())
        return tuple(
            ChannelCount(
                urlsplit(one.account.server).netloc,
                capability,
                channel.state.value,
                dict(channel.counts.unknown),
                channel.counts.unreadable,
                channel.counts.reconnects,
            )
            for one in live
            for capability, channel in one.sockets.channels().items()
        )

    @needs(Right.OWN_ACCESS)
    def cached_answers(self) -> tuple[CachedAnswers, ...]:
        """Kept answers of servers by account, with their ages. None is shown before the server said that it holds."""
        return tuple(CachedAnswers(*one) for one in self.vault.cloud.kept())

    @needs(Right.SEND_INSIGHT, Right.SET_POLICY)
    def clear_cached_answers(self) -> int:
        """Drop the kept answers of all accounts; they are fetched again when needed. Answers how many (L-32)."""
        done = self.vault.cloud.forget_bodies()
        self._announce(Change.SETTINGS)
        return done

    @open_to_all
    def diagnostic_text(self) -> str:
        """What a file for support holds, in full: the diagnosis and the end of the log, with nothing of anyone.

        Names, codes and ids of people, accounts, mail addresses and folders are taken out, whatever wrote them.
        """
        hidden = tuple(self._words_of_people())
        document = diagnosis_document(self.diagnosis())
        for service in document["services"]:
            service["service"] = service["host"]
        for one in document["cached"]:
            one["account"] = urlsplit(one["account"]).netloc
        lines: list[str] = []
        for path in log_files(self.home)[:1]:
            lines = path.read_text("utf-8", errors="replace").splitlines()[-_LOG_LINES:]
        document["log_end"] = [scrub(line) for line in lines]
        scrubbed = _scrubbed(document, hidden, str(self.home))
        return json.dumps(scrubbed, indent=1, ensure_ascii=False) + "\n"

    @open_to_all
    def save_diagnostics(self, path: Path, text: str) -> None:
        """Write the text that was shown, as it was shown; nothing is ever sent by itself (U-46).

        Raises
        ------
        ClarityError
            ``diagnostics.not_written``.
        """
        if self._vault is not None and not self.vault.is_read_only:
            self.vault.audit.append("diagnostics.save", detail=f"{len(text)} characters")
        try:
            path.write_text(text, "utf-8")
        except OSError as error:
            raise ClarityError(
                "diagnostics.not_written",
                "The file could not be written there.",
                remedy="Choose a folder that can be written to, with free space.",
                detail=type(error).__name__,
            ) from None

    def _words_of_people(self) -> Iterable[str]:
        if self._vault is None:
            return
        for patient in self.vault.patients.list():
            yield from (patient.name, patient.code, patient.id, *patient.name.split())
        for user in self.vault.people.everybody():
            yield user.name
        for account in self._accounts():
            yield from (account.user_id, account.email)


def diagnosis_document(found: Diagnosis) -> dict[str, Any]:
    """A diagnosis as commands and files give it; instants are ISO 8601 in UTC."""
    return {
        "at": format_instant(found.at),
        "locked": found.is_locked,
        "version": {
            "app": found.identity.app,
            "schema": found.identity.schema,
            "api_contract": dict(found.identity.api_contract),
            "models": [asdict(one) for one in found.identity.models],
            "build": dict(found.identity.build),
        },
        "flags": [asdict(one) for one in found.flags],
        "checks": [asdict(one) for one in found.readiness],
        "services": [_service(asdict(one)) for one in found.services],
        "channels": [asdict(one) for one in found.channels],
        "disagreements": [dict(one) for one in found.disagreements],
        "cached": [
            {**asdict(one), "oldest": format_instant(one.oldest), "newest": format_instant(one.newest)}
            for one in found.cached
        ],
        "log": asdict(found.log),
        "telemetry": found.telemetry,
    }


def _service(one: dict[str, Any]) -> dict[str, Any]:
    figures = one["figures"]
    if figures is not None:
        calls = figures["calls"]
        figures = {
            **figures,
            "since": format_instant(figures["since"]),
            "until": format_instant(figures["until"]),
            "error_rate": figures["errors"] / calls if calls else None,
        }
    until = one["breaker"]["until"]
    return {
        **one,
        "probes": [{**probe, "at": format_instant(probe["at"])} for probe in one["probes"]],
        "breaker": {**one["breaker"], "until": None if until is None else format_instant(until)},
        "figures": figures,
        "learned": [{**able, "at": _when(able["at"])} for able in one["learned"]],
        "learned_at": _when(one["learned_at"]),
    }


def _when(instant: int) -> str | None:
    return format_instant(instant) if instant else None


def _plain(document: Mapping[str, Any]) -> dict[str, str]:
    return {
        name: format_instant(value) if name == "at" and isinstance(value, int) else str(value)
        for name, value in document.items()
    }


def _scrubbed(value: Any, hidden: tuple[str, ...], home: str) -> Any:
    """The same document without words of people, mail addresses, ids, and folders; kinds named by a server too."""
    words = sorted({one for one in hidden if len(one) >= _LEAST_WORD}, key=len, reverse=True)
    pattern = re.compile("|".join(re.escape(one) for one in words), re.IGNORECASE) if words else None

    def clean(text: str) -> str:
        text = text.replace(home, "‹home›").replace(str(Path.home()), "~")
        text = _UUID.sub("‹id›", _MAIL.sub("‹e-mail›", text))
        return pattern.sub("‹hidden›", text) if pattern is not None else text

    def walk(one: Any, inside: str) -> Any:
        if isinstance(one, str):
            return clean(one)
        if isinstance(one, dict):
            # Names of our own fields stay, whatever somebody is called.
            return {(clean(name) if inside == "unknown" else name): walk(item, name) for name, item in one.items()}
        return [walk(item, inside) for item in one] if isinstance(one, (list, tuple)) else one

    return walk(value, "")
