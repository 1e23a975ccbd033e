"""What a provider is: a stream of text pieces for a request, how it ended, and what it used."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from clarity_desktop.domain.errors import ClarityError
from clarity_desktop.domain.work import CancelToken
from clarity_desktop.insights.request import InsightRequest

__all__ = ["AnswerPiece", "Finish", "ModelProvider", "ProviderError", "ProviderFailure", "Usage"]


class Finish(StrEnum):
    """How an answer ended."""

    COMPLETE = "complete"
    DECLINED = "declined"
    """The provider's own safety rules stopped it; shown as "provider declined" (I-65)."""
    CUT = "cut"
    """Too long, or the stream broke: what arrived is incomplete."""
    EMPTY = "empty"


class ProviderFailure(StrEnum):
    """Why there is no answer; the value is the code that panel and audit name (I-39)."""

    OFFLINE = "offline"
    WRONG_KEY = "wrong_key"
    QUOTA = "quota"
    TIMEOUT = "timeout"
    RETIRED = "model_retired"
    SERVER = "server"
    REFUSED = "request_refused"
    NOT_INSTALLED = "not_installed"
    NOT_AS_SHOWN = "not_as_shown"
    """The bytes about to leave differ from those that were shown; nothing was sent (I-1, I-9)."""


class ProviderError(ClarityError):
    """A provider gave no answer; rules speak instead."""

    def __init__(self, failure: ProviderFailure, message: str, *, remedy: str, detail: str = "") -> None:
        super().__init__(f"insights.{failure.value}", message, remedy=remedy, detail=detail)
        self.failure = failure


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens that a request used, as the provider counts them."""

    tokens_in: int = 0
    tokens_out: int = 0


@dataclass(frozen=True, slots=True)
class AnswerPiece:
    """A piece of an answer; the last one says how it ended and what it used."""

    text: str = ""
    finish: Finish | None = None
    usage: Usage | None = None


class ModelProvider(Protocol):
    """A language model somewhere else."""

    name: str
    """``gemini`` or ``cloud``."""
    model: str
    host: str

    def preview(self, request: InsightRequest) -> bytes:
        """The exact body that :meth:`answer` would send; nothing is sent."""

    def answer(self, request: InsightRequest, cancel: CancelToken) -> Iterator[AnswerPiece]:
        """Send a request and yield its answer as it comes.

        Raises
        ------
        ProviderError
            With the cause, when there is no answer or none any more.
        CancelledError
            When cancelled; the connection is closed.
        """
