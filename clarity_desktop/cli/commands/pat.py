"""``pat``: checkpoints and their cards, windows to embeddings, weeks of a person."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import typer
from numpy.typing import NDArray

from clarity_desktop.cli.commands.analyze import opened_recording
from clarity_desktop.cli.output import table
from clarity_desktop.cli.session import Session, session_of
from clarity_desktop.domain.errors import InputError, NotFoundError, UsageError
from clarity_desktop.domain.pat import (
    ATTRIBUTION,
    DEFAULT_GATE,
    RESEARCH_NOTICE,
    STRICT_GATE,
    Checkpoint,
    Fill,
    WeekSignal,
)
from clarity_desktop.domain.pat_results import NormalisationChoice, PatRequest, PatResult, WeekStatus
from clarity_desktop.domain.time import ZoneTimeline, date_of_day, day_of_date
from clarity_desktop.domain.work import CancelToken

if TYPE_CHECKING:
    from clarity_desktop.app import Services
    from clarity_desktop.pat.inference import Embeddings

__all__ = ["app", "model_document", "pat_request"]

app = typer.Typer(help="The Pretrained Actigraphy Transformer. Research use.", no_args_is_help=True)

Weights = Annotated[str | None, typer.Option("--weights", help="Id of a checkpoint, or a published .h5 file.")]
Size = Annotated[str | None, typer.Option("--size", help="s, m or l; must agree with the weights.")]
Patient = Annotated[str, typer.Option(help="Id, code or exact name.")]
Signal = Annotated[WeekSignal | None, typer.Option(help="What is fed; counts where there are any, else steps.")]
Strict = Annotated[bool, typer.Option("--strict", help="Ask for 100 % worn minutes in place of 90 %.")]
FillChoice = Annotated[Fill, typer.Option("--fill", help="What stands in for minutes that were not worn.")]
Normal = Annotated[NormalisationChoice, typer.Option("--normalisation", help="How minutes are standardised.")]
Device = Annotated[str, typer.Option(help="cpu, cuda, mps, or auto.")]
Zone = Annotated[str | None, typer.Option(help="Zone of the clock, in place of the person's own.")]


@app.callback()
def pat() -> None:
    """The Pretrained Actigraphy Transformer. Research use."""


@app.command("models")
def models(context: typer.Context) -> None:
    """List checkpoints with their cards; a self-test that never ran here runs now."""
    session = session_of(context)
    found = session.services.pat_models(check=True)
    rows = [
        (one.id, one.label, one.origin.value, "yes" if one.verified else "no", one.sha256[:16], one.notice)
        for one in found
    ]
    text = table(rows, ("id", "model", "origin", "verified", "sha256", "note")) or "No PAT weights are installed."
    problems = [f"{one.id}: {one.problem}" for one in found if one.problem]
    session.output.answer({"models": [model_document(one) for one in found]}, "\n".join([text, *problems]))


@app.command("verify")
def verify(
    context: typer.Context,
    weights: Annotated[str | None, typer.Argument(help="Id of a checkpoint, or a file; all when left out.")] = None,
) -> None:
    """Check checkpoints against their cards and run their self-test now."""
    session = session_of(context)
    services = session.services
    if weights is None:
        found = tuple(services.pat_verify(one.id) for one in services.pat_models())
    elif Path(weights).is_file():
        found = (services.pat_choose(weights),)
    else:
        found = (services.pat_verify(weights),)
    text = "\n".join(f"{one.id}: verified, {one.sha256}" for one in found) or "No PAT weights are installed."
    session.output.answer({"models": [model_document(one) for one in found]}, text)


@app.command("install")
def install(
    context: typer.Context,
    weights: Annotated[Path, typer.Argument(help="The weight file as it was downloaded.", dir_okay=False)],
    size: Size = None,
    conv: Annotated[bool, typer.Option("--conv", help="The file holds the convolutional variant.")] = False,
    name: Annotated[str | None, typer.Option(help="What the checkpoint is called here.")] = None,
) -> None:
    """Check a published weight file, run its self-test, and keep it."""
    session = session_of(context)
    one = session.services.pat_install(weights, size=checked_size(size), conv=conv, name=name)
    session.output.answer(
        {"models": [model_document(one)], "card": one.card},
        f"{one.id}: {one.label}, {one.bytes / 1e6:.1f} MB, verified\n{one.notice}\n{ATTRIBUTION}",
    )


@app.command("embed")
def embed(
    context: typer.Context,
    source: Annotated[
        Path | None, typer.Argument(metavar="[INPUT]", help="A recording, or an .npz with “windows” (N, 10080).")
    ] = None,
    weights: Weights = None,
    size: Size = None,
    out: Annotated[Path | None, typer.Option(help="Write tokens, pooled and attention here.", dir_okay=False)] = None,
    patient: Annotated[str | None, typer.Option(help="Id, code or exact name, instead of INPUT.")] = None,
    signal: Signal = None,
    strict: Strict = False,
    fill: FillChoice = Fill.OWN_MEDIAN,
    normalisation: Normal = NormalisationChoice.AUTO,
    zone: Zone = None,
    device: Device = "auto",
) -> None:
    """Turn windows into tokens, embeddings and attention profiles."""
    session = session_of(context)
    if (source is None) == (patient is None):
        raise UsageError("pat.what", "One input is embedded at a time.", remedy="Give either INPUT or --patient.")
    wanted = checked_size(size)
    with session.cancellable() as cancel:
        if source is not None and is_windows(source):
            windows = read_windows(source)
            one, made = session.services.pat_embed_windows(
                windows, weights, size=wanted, device=device, progress=session.output.progress, cancel=cancel
            )
            rows = [{"start": None, "coverage": None, "ok": True, "reason": ""} for _ in windows]
            document: dict[str, Any] = {
                "model": model_document(one),
                "windows": rows,
                "pooled_shape": list(made.pooled.shape),
                "notice": f"{one.notice} {RESEARCH_NOTICE}",
                "attribution": ATTRIBUTION,
            }
            starts = [""] * len(rows)
        else:
            request = pat_request(None, signal, strict=strict, fill=fill, normalisation=normalisation, zone=zone,
                                  device=device)  # fmt: skip
            document, made, starts, one = _of_recording(session, source, patient, weights, wanted, request, cancel)
    if out is not None:
        write_embeddings(out, made, starts, document)
        document["out"] = out
    session.output.answer(document, _embed_text(document, one))


def _of_recording(
    session: Session,
    source: Path | None,
    patient: str | None,
    weights: str | None,
    size: str | None,
    request: PatRequest,
    cancel: CancelToken,
) -> tuple[dict[str, Any], Embeddings, list[str], Checkpoint]:
    from dataclasses import replace

    from clarity_desktop.app.pat import result_head

    progress = session.output.progress
    with _opened(session, source, patient, request.zone, cancel) as (services, owner):
        one = services.pat_choose(weights, size)
        request = replace(request, model=one.id)
        result = services.pat_embed(owner, request, progress=progress, cancel=cancel)
        fed = services.pat_fed(owner, request)
        if not fed.shape[0]:
            fed = np.empty((0, 10_080), np.float32)
        _, made = services.pat_embed_windows(fed, one.id, device=request.device, progress=progress, cancel=cancel)
        starts = [result.zone.format(week.start) for week in result.embeddings]
    document = {
        **result_head(result),
        "model": model_document(one),
        "windows": week_rows(result.weeks, result.zone, result),
        "pooled_shape": list(made.pooled.shape),
        "signal_words": result.recipe.signal.words,
    }
    return document, made, starts, one


@contextmanager
def _opened(
    session: Session, source: Path | None, patient: str | None, zone: str | None, cancel: CancelToken
) -> Iterator[tuple[Services, str]]:
    """Services and the person, from the vault or from a file; a file's services use the checkpoints of this home."""
    with opened_recording(session, source, patient, zone, cancel) as (services, owner):
        if services is not session.services:
            services.pat_borrow_models(session.services)
        yield services, owner


def is_windows(path: Path) -> bool:
    """Whether a file is an ``.npz`` archive of arrays, by content."""
    try:
        with zipfile.ZipFile(path) as archive:
            return any(name.endswith(".npy") for name in archive.namelist())
    except (OSError, zipfile.BadZipFile):
        return path.suffix == ".npz"


def read_windows(path: Path) -> NDArray[np.float32]:
    """The array ``windows`` of an ``.npz``, float32 (N, 10080); nothing in the file is executed.

    Raises
    ------
    NotFoundError
        ``input.not_found``.
    InputError
        ``pat.windows_file`` naming what is wrong.
    """
    try:
        with np.load(path, allow_pickle=False) as held:
            if "windows" not in held.files:
                raise _no_windows(f"“{path.name}” holds no array “windows”.")
            windows = held["windows"]
    except FileNotFoundError as error:
        raise NotFoundError(
            "input.not_found", f"There is no file “{path.name}” here.", remedy="Check the name and the folder."
        ) from error
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise _no_windows(f"“{path.name}” cannot be read as an .npz of plain arrays.") from error
    if windows.ndim != 2 or windows.shape[1] != 10_080 or windows.dtype.kind != "f":
        raise _no_windows(f"“windows” has shape {windows.shape} and type {windows.dtype}; (N, 10080) float32 is taken.")
    return np.ascontiguousarray(windows, dtype=np.float32)


def _no_windows(message: str) -> InputError:
    return InputError("pat.windows_file", message, remedy="Give standardised minutes as “windows”, float32 (N, 10080).")


def write_embeddings(path: Path, made: Embeddings, starts: list[str], document: dict[str, Any]) -> None:
    """Write ``tokens`` (N, T, 96), ``pooled`` (N, 96) and ``attention`` (N, T) with what they are.

    Raises
    ------
    InputError
        ``export.not_writable``.
    """
    said = f"{document['notice']} Weights sha256 {document['model']['sha256']}. {ATTRIBUTION}"
    arrays = {"tokens": made.tokens, "pooled": made.pooled, "attention": made.attention}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            np.savez(file, start=np.array(starts), notice=np.array(said), **arrays)  # type: ignore[arg-type]
    except OSError as error:
        raise InputError(
            "export.not_writable", f"“{path.name}” could not be written.", remedy="Choose a folder you may write to."
        ) from error


def checked_size(size: str | None) -> str | None:
    """``s``, ``m`` or ``l`` in small letters.

    Raises
    ------
    UsageError
        ``pat.size``.
    """
    if size is None:
        return None
    small = size.lower().removeprefix("pat-")
    if small not in ("s", "m", "l"):
        raise UsageError("pat.size", f"There is no PAT size “{size}”.", remedy="Choose s, m or l.")
    return small


def pat_request(
    model: str | None,
    signal: WeekSignal | None,
    *,
    strict: bool,
    fill: Fill,
    normalisation: NormalisationChoice,
    zone: str | None,
    device: str = "auto",
) -> PatRequest:
    """The request that a command's options come to."""
    gate = STRICT_GATE if strict else DEFAULT_GATE
    return PatRequest(model, signal, gate, fill, normalisation, device, None if zone == "none" else zone)


def model_document(one: Checkpoint) -> dict[str, Any]:
    """A checkpoint as the contract has it, with its card's own words."""
    return {
        "id": one.id,
        "size": one.size,
        "origin": one.origin.value,
        "verified": one.verified,
        "sha256": one.sha256,
        "clinical": False,
        "label": one.label,
        "stored_sha256": one.stored_sha256,
        "trained_on": one.trained_on,
        "licence": one.licence,
        "random": one.random,
        "simulated": one.simulated,
        "notice": one.notice,
        "problem": one.problem,
        "cohort": one.cohort,
    }


def week_rows(weeks: tuple[WeekStatus, ...], zone: ZoneTimeline, result: PatResult | None) -> list[dict[str, Any]]:
    """Weeks as the contract has them, with what was filled and flagged."""
    rows = []
    for week in weeks:
        made = None if result is None else result.embedding_of(week.day)
        row: dict[str, Any] = {
            "start": zone.format(week.start),
            "day": date_of_day(week.day),
            "coverage": week.minutes.coverage,
            "ok": week.ok,
            "reason": week.reason,
            "worn_min": week.minutes.worn,
            "not_worn_min": week.minutes.not_worn,
            "no_sample_min": week.minutes.missing,
            "left_out_min": week.minutes.excluded,
            "clock_changes": [
                {"at": zone.format(one.at), "shift_min": one.shift_s / 60, "zone": one.zone, "travel": one.travel}
                for one in week.changes
            ],
        }
        if made is not None:
            row |= {
                "filled_own_median_min": made.own_median_filled,
                "filled_average_min": made.average_filled,
                "sensitivity": made.sensitivity,
                "neighbour_distance": made.neighbour_distance,
                "unreliable": made.unreliable,
            }
        rows.append(row)
    return rows


def day_of_text(text: str) -> int:
    """A local day from a date such as 2025-03-31.

    Raises
    ------
    UsageError
        ``pat.day``.
    """
    from datetime import date

    try:
        return day_of_date(date.fromisoformat(text))
    except ValueError as error:
        raise UsageError("pat.day", f"“{text}” is not a date.", remedy="Write it as 2025-03-31.") from error


def _embed_text(document: dict[str, Any], one: Checkpoint) -> str:
    computed = sum(bool(row["ok"]) for row in document["windows"])
    lines = [f"{one.label} “{one.id}”: {computed} of {len(document['windows'])} windows embedded", document["notice"]]
    for row in document["windows"]:
        if row["start"] is not None:
            lines.append(f"{row['start']}  {row['coverage']:.1%}  {row['reason'] or 'computed'}")
    return "\n".join(lines)
