"""``pat weeks``, ``similar``, ``trajectory``, ``pretrain``, ``finetune`` and ``evaluate``: PAT over the vault."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from clarity_desktop.cli.commands.pat import (
    Device,
    FillChoice,
    Normal,
    Patient,
    Signal,
    Size,
    Strict,
    Weights,
    Zone,
    app,
    checked_size,
    day_of_text,
    model_document,
    pat_request,
    week_rows,
)
from clarity_desktop.cli.output import table
from clarity_desktop.cli.session import Session, session_of
from clarity_desktop.domain.errors import NotFoundError
from clarity_desktop.domain.pat import DEFAULT_GATE, RESEARCH_NOTICE, Fill
from clarity_desktop.domain.pat_results import HeadView, NormalisationChoice, PatRequest, PatResult
from clarity_desktop.domain.time import date_of_day
from clarity_desktop.domain.work import CancelToken

__all__ = ["app"]


@app.command("weeks")
def weeks(
    context: typer.Context,
    patient: Patient,
    signal: Signal = None,
    strict: Strict = False,
    zone: Zone = None,
) -> None:
    """List every week of a recording with its minutes counted; runs no model."""
    session = session_of(context)
    services = session.unlocked()
    owner = services.open_patient(services.patient(patient).id).id
    request = pat_request(
        None, signal, strict=strict, fill=Fill.OWN_MEDIAN, normalisation=NormalisationChoice.AUTO, zone=zone
    )
    found, clock = services.pat_weeks(owner, request)
    rows = week_rows(found, clock, None)
    text = table(
        [(str(row["day"]), row["worn_min"], row["not_worn_min"], row["no_sample_min"], row["reason"]) for row in rows],
        ("first day", "worn of 10080", "not worn", "no sample", "reason"),
    )
    session.output.answer({"gate": request.gate, "windows": rows}, text)


def _embedded(
    session: Session, patient: str, weights: str | None, size: str | None, request: PatRequest, cancel: CancelToken
) -> tuple[str, PatResult]:
    services = session.unlocked()
    owner = services.open_patient(services.patient(patient).id).id
    one = services.pat_choose(weights, checked_size(size))
    asked = replace(request, model=one.id)
    return owner, services.pat_embed(owner, asked, progress=session.output.progress, cancel=cancel)


@app.command("similar")
def similar(
    context: typer.Context,
    patient: Patient,
    day: Annotated[str, typer.Option(help="First day of the week, such as 2025-03-31.")],
    count: Annotated[int, typer.Option(min=1, max=50, help="How many weeks.")] = 5,
    everyone: Annotated[bool, typer.Option("--everyone", help="Look among everyone's computed weeks too.")] = False,
    weights: Weights = None,
    size: Size = None,
    signal: Signal = None,
    strict: Strict = False,
    fill: FillChoice = Fill.OWN_MEDIAN,
    normalisation: Normal = NormalisationChoice.AUTO,
    zone: Zone = None,
    device: Device = "auto",
) -> None:
    """Name the weeks nearest to one week, of the person or of everyone, made in the same way."""
    session = session_of(context)
    request = pat_request(None, signal, strict=strict, fill=fill, normalisation=normalisation, zone=zone, device=device)
    with session.cancellable() as cancel:
        owner, result = _embedded(session, patient, weights, size, request, cancel)
        found = session.services.pat_similar(owner, day_of_text(day), result, count=count, everyone=everyone)
    codes = {one.id: one.code for one in session.services.patients()}
    rows: list[dict[str, Any]] = [
        {
            "patient": codes.get(one.patient_id, one.patient_id),
            "own": one.patient_id == owner,
            "day": date_of_day(one.day),
            "distance": one.distance,
            "cosine": one.cosine,
            "coverage": one.coverage,
        }
        for one in found
    ]
    text = table(
        [(row["patient"], str(row["day"]), row["distance"], row["cosine"]) for row in rows],
        ("person", "first day", "distance", "cosine"),
    )
    session.output.answer({**_said(result), "similar": rows}, text or "No other week is computed in this way.")


@app.command("trajectory")
def trajectory(
    context: typer.Context,
    patient: Patient,
    out: Annotated[Path | None, typer.Option(help="Write the embeddings as CSV here.", dir_okay=False)] = None,
    weights: Weights = None,
    size: Size = None,
    signal: Signal = None,
    strict: Strict = False,
    fill: FillChoice = Fill.OWN_MEDIAN,
    normalisation: Normal = NormalisationChoice.AUTO,
    zone: Zone = None,
    device: Device = "auto",
) -> None:
    """Place a person's weeks on their principal components, with the distance to their own first weeks."""
    session = session_of(context)
    request = pat_request(None, signal, strict=strict, fill=fill, normalisation=normalisation, zone=zone, device=device)
    with session.cancellable() as cancel:
        owner, result = _embedded(session, patient, weights, size, request, cancel)
        view = session.services.pat_trajectory(owner, result)
        if out is not None:
            session.services.pat_export(owner, result, out)
    rows = [
        {"day": date_of_day(int(day)), "place": place, "baseline_distance": distance}
        for day, place, distance in zip(view.day.tolist(), view.places, view.distance, strict=True)
    ]
    document = {
        **_said(result),
        "weeks": rows,
        "explained": view.explained,
        "baseline_weeks": view.baseline_weeks,
        "baseline_spread": view.baseline_spread,
        "change_days": [date_of_day(day) for day in view.change_days],
    }
    text = table(
        [(str(row["day"]), *map(float, row["place"]), float(row["baseline_distance"])) for row in rows],
        ("first day", *(f"component {k + 1}" for k in range(view.places.shape[1])), "distance to first weeks"),
    )
    session.output.answer(document, text)


@app.command("pretrain")
def pretrain(
    context: typer.Context,
    size: Annotated[str, typer.Option(help="s, m or l.")] = "s",
    name: Annotated[str, typer.Option(help="What the checkpoint is called here.")] = "own",
    minutes: Annotated[float, typer.Option(min=0.01, help="Time at most.")] = 10.0,
    seed: Annotated[int, typer.Option(help="Of weights, order and masks.")] = 0,
    signal: Signal = None,
    strict: Strict = False,
    zone: Zone = None,
) -> None:
    """Train a checkpoint on the vault's recordings, with people held out."""
    from clarity_desktop.analysis.weeks.pretraining import PretrainOrder

    session = session_of(context)
    services = session.unlocked()
    request = pat_request(
        None, signal, strict=strict, fill=Fill.AVERAGE, normalisation=NormalisationChoice.AUTO, zone=zone
    )
    order = PretrainOrder(checked_size(size) or "s", name, minutes, seed, request)
    with session.cancellable() as cancel:
        card, metrics = services.pat_pretrain(order, progress=session.output.progress, cancel=cancel)
    document = {"checkpoint": card["id"], "card": card, "metrics": metrics}
    session.output.answer(document, f"{card['id']}: validation loss {metrics['validation_loss']}")


@app.command("finetune")
def finetune(
    context: typer.Context,
    label: Annotated[str, typer.Option(help="Name of the label.")],
    labels: Annotated[
        Path | None, typer.Option(help="CSV of person,label to take first; people by code.", dir_okay=False)
    ] = None,
    head: Annotated[Literal["linear", "mlp"], typer.Option(help="Linear, or one hidden layer.")] = "linear",
    seed: Annotated[int, typer.Option(help="Of folds and permutations.")] = 0,
    weights: Weights = None,
    size: Size = None,
    signal: Signal = None,
    strict: Strict = False,
    fill: FillChoice = Fill.OWN_MEDIAN,
    normalisation: Normal = NormalisationChoice.AUTO,
    device: Device = "auto",
) -> None:
    """Train a local head on own labels: cross-validated by person, calibrated, tested against shuffled labels."""
    session = session_of(context)
    services = session.unlocked()
    if labels is not None:
        services.pat_import_labels(labels, label)
    one = services.pat_choose(weights, checked_size(size))
    request = pat_request(
        one.id, signal, strict=strict, fill=fill, normalisation=normalisation, zone=None, device=device
    )
    with session.cancellable() as cancel:
        view = services.pat_train_head(
            label, request, kind=head, seed=seed, progress=session.output.progress, cancel=cancel
        )
    session.output.answer(_head_document(view), _head_text(view))


@app.command("evaluate")
def evaluate(
    context: typer.Context,
    head: Annotated[str | None, typer.Argument(help="Id of a head; its own report when no label is named.")] = None,
    label: Annotated[
        str | None, typer.Option(help="Ask about the people with this label that the head was not trained on.")
    ] = None,
    strict: Strict = False,
) -> None:
    """Say how heads do: the cross-validated report, or new people."""
    session = session_of(context)
    services = session.unlocked()
    heads = services.pat_heads()
    if head is None:
        text = "\n".join(_head_text(one) for one in heads) or "No head is trained here."
        session.output.answer(
            {"checkpoint": None, "card": None, "metrics": [_head_document(one) for one in heads]}, text
        )
        return
    view = next((one for one in heads if one.id == head), None)
    if view is None:
        raise NotFoundError("pat.no_head", f"There is no head “{head}” here.", remedy="List them with: pat evaluate")
    if label is None:
        session.output.answer(_head_document(view), _head_text(view))
        return
    metrics = services.pat_evaluate_head(head, label, 1.0 if strict else DEFAULT_GATE)
    auc = metrics["auc"]
    session.output.answer(
        {**_head_document(view), "metrics": metrics},
        f"AUC {auc['value']:.2f} ({auc['low']:.2f} – {auc['high']:.2f}) in {metrics['people']} new people",
    )


def _said(result: PatResult) -> dict[str, Any]:
    from clarity_desktop.app.pat import result_head

    return {**result_head(result), "model": model_document(result.checkpoint)}


def _head_document(view: HeadView) -> dict[str, Any]:
    card = {
        "id": view.id,
        "label": view.label,
        "model": view.model,
        "signal": view.signal,
        "recipe": view.recipe,
        "created": view.created,
        "people_now": view.people_now,
        "notice": f"{view.notice} {RESEARCH_NOTICE}".strip(),
        "clinical": False,
    }
    return {"checkpoint": view.id, "card": card, "metrics": view.report}


def _head_text(view: HeadView) -> str:
    auc = view.report["auc"]
    return (
        f"{view.id}  {view.label}: AUC {auc['value']:.2f} ({auc['low']:.2f} – {auc['high']:.2f}), "
        f"Brier {view.report['brier']:.3f} against {view.report['brier_of_share']:.3f}, "
        f"p {view.report['p_value']:.3f}, {view.report['people']} people. {view.report['verdict']}"
    )
