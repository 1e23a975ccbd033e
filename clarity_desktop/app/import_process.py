"""An import in a process of its own, so that the window stays free; the key travels by pipe only."""

from __future__ import annotations

import multiprocessing
import threading
from dataclasses import asdict, dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from clarity_desktop.domain import errors
from clarity_desktop.domain.errors import CancelledError, ClarityError
from clarity_desktop.domain.importing import ImportReport
from clarity_desktop.domain.work import CancelToken, CancelWay, Progress, ProgressListener

__all__ = ["ImportOrder", "run_import_process"]

_POLL_S = 0.05


@dataclass(frozen=True, slots=True)
class ImportOrder:
    """What the child needs to know. It is pickled into the pipe, never into arguments or the environment."""

    home: str
    vault: str
    key: bytes
    path: str
    patient_id: str | None
    new_name: str | None
    zone: str | None
    format: str | None
    origin: str = "API"
    owner: str = ""
    """The ownership token of the process that sends the order."""
    confirmed: bool = False

    def __repr__(self) -> str:
        return "ImportOrder(…)"


def run_import_process(order: ImportOrder, progress: ProgressListener, cancel: CancelToken) -> ImportReport:
    """Run an import in a spawned process and wait for it, passing progress on.

    Raises
    ------
    ClarityError
        Whatever the import raised, rebuilt on this side; ``import.process_ended`` when the process died.
    """
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe(duplex=True)
    process = context.Process(target=_serve, args=(there,), name="clarity-import", daemon=True)
    process.start()
    there.close()
    try:
        here.send(order)
        asked_to_stop = False
        while True:
            if cancel.cancelled and not asked_to_stop:
                here.send(cancel.way.value)
                asked_to_stop = True
            if not here.poll(_POLL_S):
                if process.is_alive():
                    continue
                if not here.poll(0):
                    raise _process_ended(process.exitcode)
            kind, content = here.recv()
            if kind == "progress":
                progress(Progress(**content))
            elif kind == "report":
                return _as_report(content)
            else:
                raise _rebuilt(content)
    except (EOFError, BrokenPipeError, ConnectionResetError) as error:
        process.join(5)
        raise _process_ended(process.exitcode) from error
    finally:
        here.close()
        process.join(10)
        if process.is_alive():
            process.terminate()
            process.join()
        process.close()


def _process_ended(exit_code: int | None) -> ClarityError:
    return ClarityError(
        "import.process_ended",
        "The import stopped before its end. Nothing of it is visible.",
        remedy="Import the file again: it goes on where it was. If it stops again, save a diagnostic report.",
        detail=f"import process ended with exit code {exit_code}",
    )


def _as_report(content: object) -> ImportReport:
    if not isinstance(content, ImportReport):
        raise TypeError(f"the import process answered {type(content).__name__}")
    return content


def _rebuilt(content: dict[str, Any]) -> ClarityError:
    kind = getattr(errors, content["kind"], ClarityError)
    if kind is CancelledError:
        return CancelledError()
    error = kind(content["code"], content["message"], remedy=content["remedy"], detail=content["detail"])
    return error if isinstance(error, ClarityError) else ClarityError(content["code"], content["message"])


def _serve(pipe: Connection) -> None:
    """Child side: take the order, import, answer."""
    from clarity_desktop.app.services import open_services

    order = pipe.recv()
    cancel = CancelToken()
    lock = threading.Lock()

    def listen() -> None:
        try:
            way = CancelWay(pipe.recv())
        except (EOFError, OSError):
            # The parent is gone, perhaps by force: what was read so far waits to be taken up again.
            way = CancelWay.PAUSE
        cancel.cancel(way)

    def answer(kind: str, content: object) -> None:
        with lock:
            pipe.send((kind, content))

    threading.Thread(target=listen, name="import-cancel", daemon=True).start()
    services = open_services(Path(order.home), Path(order.vault), origin=order.origin)
    try:
        services.unlock_with_key(order.key, owner=order.owner)
        report = services.import_file(
            Path(order.path),
            patient_id=order.patient_id,
            new_name=order.new_name,
            zone=order.zone,
            format=order.format,
            progress=lambda step: answer("progress", asdict(step)),
            cancel=cancel,
            confirmed=order.confirmed,
        )
        answer("report", report)
    except ClarityError as error:
        answer("error", {"kind": type(error).__name__, **error.as_document()})
    finally:
        services.close()
