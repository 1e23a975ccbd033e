"""Gemini through Google's own SDK: streamed, cancellable, and unable to send a byte that was not shown."""

from __future__ import annotations

import queue
import socket
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from clarity_desktop.domain.errors import CancelledError
from clarity_desktop.domain.work import CancelToken
from clarity_desktop.insights.providers.provider import AnswerPiece, Finish, ProviderError, ProviderFailure, Usage
from clarity_desktop.insights.request import InsightRequest

if TYPE_CHECKING:
    import httpx
    from google.genai import types

__all__ = ["GEMINI_HOST", "GeminiProvider"]

GEMINI_HOST: Final = "generativelanguage.googleapis.com"
_TIMEOUT_S: Final = 30.0
_POLL_S: Final = 0.05
_MOST_TOKENS: Final = 2048
_DECLINED: Final = frozenset({"SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII"})


class _CapturedError(Exception):
    """Carries a request's body out of the library without sending it."""

    def __init__(self, body: bytes) -> None:
        super().__init__()
        self.body = body


class _NotAsShownError(Exception):
    """The library was about to send something else than what was shown."""


class GeminiProvider:
    """One key and model. Safe to use from worker threads; each answer has a connection of its own.

    Parameters
    ----------
    key:
        From the keychain; it travels in one header and stands nowhere else.
    model:
        Name of the model, a setting.
    base_url:
        Another address for tests and proxies; the real one when ``None``.
    """

    name = "gemini"

    def __init__(self, key: str, model: str, *, base_url: str | None = None, timeout_s: float = _TIMEOUT_S) -> None:
        self._key = key
        self.model = model
        self._base_url = base_url
        self._timeout_s = timeout_s
        self.host = GEMINI_HOST if base_url is None else base_url.split("://", 1)[-1].split("/", 1)[0]

    def preview(self, request: InsightRequest) -> bytes:
        """The exact body that :meth:`answer` sends; made by the same code, stopped before the first byte leaves."""
        with _Line(None, self._timeout_s) as line:
            try:
                for _ in self._stream(line.client, request):
                    break
            except _CapturedError as captured:
                return captured.body
        raise ProviderError(
            ProviderFailure.NOT_AS_SHOWN,
            "What would be sent could not be made.",
            remedy="Use insights by rules; the reference helps to find out why.",
        )

    def test_key(self) -> None:
        """Ask for the model's description, which holds no content; raises :class:`ProviderError` when refused."""
        import httpx
        from google.genai import errors

        with _Line(b"", self._timeout_s) as line:
            try:
                self._client(line.client).models.get(model=self.model)
            except errors.APIError as error:
                raise _refused(error.code, str(error.status)) from error
            except httpx.HTTPError as error:
                raise _unreachable(error) from error

    def answer(self, request: InsightRequest, cancel: CancelToken) -> Iterator[AnswerPiece]:
        """Send a request and yield its answer as it comes; see :class:`ModelProvider`."""
        expected = self.preview(request)
        pieces: queue.Queue[AnswerPiece | BaseException | None] = queue.Queue()
        with _Line(expected, self._timeout_s) as line:
            reader = threading.Thread(
                target=self._read, args=(line, request, pieces), name="insight-stream", daemon=True
            )
            reader.start()
            try:
                yield from _until_done(pieces, cancel)
            finally:
                line.hang_up()
                reader.join(timeout=1.0)

    def _read(
        self, line: _Line, request: InsightRequest, pieces: queue.Queue[AnswerPiece | BaseException | None]
    ) -> None:
        """Runs in a thread of its own: what goes wrong there is handed over, and raised where the answer is read."""
        import httpx
        from google.genai import errors

        try:
            finished = False
            for chunk in self._stream(line.client, request):
                piece = _piece(chunk)
                finished = finished or piece.finish is not None
                pieces.put(piece)
            if not finished:
                pieces.put(AnswerPiece(finish=Finish.CUT))
        except errors.APIError as error:
            pieces.put(_refused(error.code, str(error.status)))
        except (httpx.HTTPError, OSError) as error:
            # After the first text a broken stream is an answer cut short, not a lack of one.
            pieces.put(_unreachable(error))
        except (_NotAsShownError, ValueError) as error:
            pieces.put(
                ProviderError(
                    ProviderFailure.NOT_AS_SHOWN if isinstance(error, _NotAsShownError) else ProviderFailure.SERVER,
                    "The provider's answer could not be used.",
                    remedy="Use insights by rules, or try again later.",
                    detail=type(error).__name__,
                )
            )
        finally:
            pieces.put(None)

    def _client(self, http: httpx.Client) -> Any:
        from google import genai
        from google.genai import types

        options = types.HttpOptions(
            base_url=self._base_url, httpx_client=http, timeout=int(self._timeout_s * 1000), api_version="v1beta"
        )
        return genai.Client(api_key=self._key, vertexai=False, http_options=options)

    def _stream(self, http: httpx.Client, request: InsightRequest) -> Iterator[types.GenerateContentResponse]:
        from google.genai import types

        config = types.GenerateContentConfig(
            system_instruction=request.instruction,
            temperature=0.2,
            max_output_tokens=_MOST_TOKENS,
            response_mime_type="application/json",
            response_schema=request.schema,
        )
        yield from self._client(http).models.generate_content_stream(
            model=self.model, contents=request.content, config=config
        )


class _Line:
    """One connection that lets pass only the body it was told, and can be hung up from another thread.

    Parameters
    ----------
    expected:
        The body that may leave; ``None`` lets nothing leave and hands the body over.
    """

    def __init__(self, expected: bytes | None, timeout_s: float) -> None:
        import httpx

        self._expected = expected
        self._sockets: list[socket.socket] = []
        self.client = httpx.Client(
            event_hooks={"request": [self._check]}, timeout=httpx.Timeout(timeout_s, connect=5.0), trust_env=True
        )

    def __enter__(self) -> _Line:
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()

    def _check(self, request: httpx.Request) -> None:
        body = request.read()
        if self._expected is None:
            raise _CapturedError(body)
        if body != self._expected:
            raise _NotAsShownError
        request.extensions["trace"] = self._note

    def _note(self, event: str, info: dict[str, Any]) -> None:
        if event in ("connection.connect_tcp.complete", "connection.start_tls.complete"):
            found = info["return_value"].get_extra_info("socket")
            if found is not None:
                self._sockets.append(found)

    def hang_up(self) -> None:
        """End the connection at once, also while another thread waits for its next byte."""
        for one in self._sockets:
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                # It is closed already, which is what was wanted.
                continue


def _until_done(pieces: queue.Queue[AnswerPiece | BaseException | None], cancel: CancelToken) -> Iterator[AnswerPiece]:
    has_text = False
    while True:
        if cancel.cancelled:
            raise CancelledError
        try:
            piece = pieces.get(timeout=_POLL_S)
        except queue.Empty:
            continue
        if piece is None:
            return
        if isinstance(piece, BaseException):
            is_cut = isinstance(piece, ProviderError) and piece.failure in _CUTS
            if has_text and is_cut:
                yield AnswerPiece(finish=Finish.CUT)
                return
            raise piece
        has_text = has_text or bool(piece.text)
        yield piece


_CUTS: Final = frozenset({ProviderFailure.OFFLINE, ProviderFailure.TIMEOUT, ProviderFailure.SERVER})


def _piece(chunk: types.GenerateContentResponse) -> AnswerPiece:
    used = chunk.usage_metadata
    usage = None if used is None else Usage(used.prompt_token_count or 0, used.candidates_token_count or 0)
    candidates = chunk.candidates or []
    if not candidates:
        blocked = chunk.prompt_feedback is not None and chunk.prompt_feedback.block_reason is not None
        return AnswerPiece(finish=Finish.DECLINED if blocked else Finish.EMPTY, usage=usage)
    parts = (candidates[0].content.parts or []) if candidates[0].content is not None else []
    text = "".join(part.text or "" for part in parts if not part.thought)
    reason = candidates[0].finish_reason
    finish = None if reason is None else _FINISHES.get(reason.name)
    if reason is not None and finish is None:
        finish = Finish.DECLINED if reason.name in _DECLINED else Finish.CUT
    return AnswerPiece(text, finish, usage)


_FINISHES: Final = {"STOP": Finish.COMPLETE, "MAX_TOKENS": Finish.CUT}


def _refused(code: int, status: str) -> ProviderError:
    failure, message, remedy = _BY_CODE.get(code, _BY_CODE[500] if code >= 500 else _BY_CODE[400])
    return ProviderError(failure, message, remedy=remedy, detail=f"{code} {status}"[:80])


_BY_CODE: Final[dict[int, tuple[ProviderFailure, str, str]]] = {
    400: (ProviderFailure.REFUSED, "The provider did not take the request.", "Use insights by rules."),
    401: (ProviderFailure.WRONG_KEY, "The provider does not know this key.", "Enter the key again in the settings."),
    403: (ProviderFailure.WRONG_KEY, "The provider does not accept this key.", "Enter the key again in the settings."),
    404: (
        ProviderFailure.RETIRED,
        "The provider no longer serves the chosen model.",
        "Choose another model in the settings.",
    ),
    408: (ProviderFailure.TIMEOUT, "The provider took too long.", "Try again later."),
    429: (ProviderFailure.QUOTA, "The provider's quota is used up for now.", "Try again later."),
    500: (ProviderFailure.SERVER, "The provider has a fault of its own.", "Try again later."),
    504: (ProviderFailure.TIMEOUT, "The provider took too long.", "Try again later."),
}


def _unreachable(error: Exception) -> ProviderError:
    import httpx

    if isinstance(error, httpx.TimeoutException):
        return ProviderError(ProviderFailure.TIMEOUT, "The provider took too long.", remedy="Try again later.")
    return ProviderError(
        ProviderFailure.OFFLINE,
        "The provider could not be reached.",
        remedy="Check the network connection; insights by rules need none.",
        detail=type(error).__name__,
    )
