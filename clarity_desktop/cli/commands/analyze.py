"""``analyze``: the circadian and sleep panel of a person or of a file."""

from __future__ import annotations

import json
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from clarity_desktop.cli.commands.series import whole_span
from clarity_desktop.cli.output import table
from clarity_desktop.cli.period import span_between
from clarity_desktop.cli.session import Session, session_of
from clarity_desktop.cli.truth import true_sleep_of
from clarity_desktop.domain.errors import InputError, NotFoundError, UsageError
from clarity_desktop.domain.findings import METRICS
from clarity_desktop.domain.kinds import ACTIVITY_COUNTS, STEPS, kind_of
from clarity_desktop.domain.panel import Panel
from clarity_desktop.domain.series import Series
from clarity_desktop.domain.time import UNKNOWN_ZONE, Span, ZoneTimeline, zone_of_name
from clarity_desktop.domain.work import CancelToken

if TYPE_CHECKING:
    from clarity_desktop.app import Services
    from clarity_desktop.domain.epochs import Epochs

_NO_ZONE = "none"


def analyze(
    context: typer.Context,
    file: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="Any supported file, or a CSV of timestamp,value.")
    ] = None,
    patient: Annotated[str | None, typer.Option(help="Id, code or exact name, instead of FILE.")] = None,
    first: Annotated[str | None, typer.Option("--from", help="First day or instant.")] = None,
    last: Annotated[str | None, typer.Option("--to", help="Last day (included) or instant.")] = None,
    zone: Annotated[
        str | None, typer.Option(help="Zone of the clock; “none” for a fixed offset that nobody knows.")
    ] = None,
    metrics: Annotated[str | None, typer.Option(help="Only these metrics, separated by commas.")] = None,
    epoch: Annotated[int, typer.Option(min=1, max=3600, help="Length of an epoch in seconds.")] = 60,
    everything: Annotated[bool, typer.Option("--all", help="Every metric of the reference, for checking.")] = False,
    nights: Annotated[
        Path | None, typer.Option(help="With --all: JSON list of nights as epoch indices.", dir_okay=False)
    ] = None,
) -> None:
    """Compute the circadian and sleep panel of a person, or of a file that stays outside the vault."""
    session = session_of(context)
    if (file is None) == (patient is None):
        raise UsageError(
            "analyze.what", "One recording is analysed at a time.", remedy="Give either a FILE or --patient."
        )
    if nights is not None and not everything:
        raise UsageError("analyze.nights", "--nights belongs to --all.", remedy="Add --all.")
    zone_name = _zone_name(zone)
    chosen = _chosen(metrics)
    with (
        session.cancellable() as cancel,
        opened_recording(session, file, patient, zone_name, cancel) as (services, owner),
    ):
        clock = services.zone_timeline(owner) if zone_name is None else ZoneTimeline.single(zone_name, origin="--zone")
        span = span_between(first, last, clock, whole_span(services.series(owner)))
        if everything:
            epochs = _epochs(services, owner, clock, epoch)
            document = {"zone": clock.periods[-1].zone, "metrics": _reference(epochs, nights, file)}
            session.output.answer(document, json.dumps(sorted(document["metrics"])))
            return
        if span is None and file is not None:
            span = _from_first_to_last(services.series(owner))
        panel = services.panel(
            owner, span, zone=zone_name, epoch_s=epoch, details=True, progress=session.output.progress, cancel=cancel
        )
        if chosen is not None and chosen - {finding.metric for finding in panel.findings}:
            # Beats and models take longer than everything else: they are asked for by name.
            further = services.beyond_panel(
                owner, span, zone=zone_name, progress=session.output.progress, cancel=cancel
            )
            panel = replace(panel, findings=(*panel.findings, *further))
    from clarity_desktop.analysis.documents import panel_document

    session.output.answer(panel_document(panel, chosen), _panel_text(panel, chosen))


def _zone_name(zone: str | None) -> str | None:
    if zone is None:
        return None
    if zone.lower() == _NO_ZONE:
        return UNKNOWN_ZONE
    zone_of_name(zone)
    return zone


def _chosen(metrics: str | None) -> set[str] | None:
    """The ids asked for.

    Raises
    ------
    UsageError
        ``analyze.metric`` when one is not known.
    """
    if metrics is None:
        return None
    # The metrics declare themselves when the rooms that compute them are imported.
    import_module("clarity_desktop.analysis.study")
    chosen = {name.strip() for name in metrics.split(",") if name.strip()}
    unknown = sorted(name for name in chosen if name not in METRICS)
    if unknown:
        raise UsageError(
            "analyze.metric",
            f"There is no metric called “{unknown[0]}”.",
            remedy="Known: " + ", ".join(metric.id for metric in METRICS),
        )
    return chosen


@contextmanager
def opened_recording(
    session: Session, file: Path | None, patient: str | None, zone: str | None, cancel: CancelToken
) -> Iterator[tuple[Services, str]]:
    """Services and the person to analyse: from the vault, or from a file in a vault that lives for this command."""
    if file is None:
        services = session.unlocked()
        yield services, services.open_patient(services.patient(patient or "").id).id
        return
    from clarity_desktop.app import open_services
    from clarity_desktop.vault import KdfParameters, Vault

    with tempfile.TemporaryDirectory(prefix="clarity-") as folder:
        home = Path(folder)
        services = open_services(home, home / "vault")
        # The passphrase is random and forgotten at once, so what a killed process leaves behind stays sealed for ever.
        vault = Vault.create(home / "vault", secrets.token_urlsafe(32), kdf=KdfParameters.floor())
        key = vault.job_key()
        vault.close()
        try:
            services.unlock_with_key(key)
            report = services.import_file(
                file,
                new_name="Recording",
                zone=None if zone == UNKNOWN_ZONE else zone,
                progress=session.output.progress,
                cancel=cancel,
            )
            yield services, report.patient_id or ""
        finally:
            services.close()


def _from_first_to_last(series: list[Series]) -> Span | None:
    whole = whole_span(series)
    return None if whole is None else Span(whole.start, max(whole.stop - 1, whole.start + 1))


def _epochs(services: Services, owner: str, zone: ZoneTimeline, step_s: int) -> Epochs:
    """The activity signal as regular epochs from the first to the last sample, nothing masked but what is missing."""
    from clarity_desktop.signals.epochs import to_epochs

    series = services.series(owner)
    kind = next((name for name in (ACTIVITY_COUNTS, STEPS) if any(one.kind == name for one in series)), None)
    chosen = [one for one in series if one.kind == kind]
    span = _from_first_to_last(chosen)
    if kind is None or span is None:
        raise NotFoundError(
            "analyze.no_activity",
            "The recording holds no activity signal.",
            remedy="Choose a recording with activity counts or steps.",
        )
    parts = [(services.samples(one.id), kind_of(kind, one.unit)) for one in chosen]
    return to_epochs(parts, span, zone, step_s)


def _reference(epochs: Epochs, nights: Path | None, file: Path | None) -> dict[str, Any]:
    from clarity_desktop.analysis.golden import reference_values

    truth = None if file is None else true_sleep_of(file, len(epochs))
    return reference_values(epochs, _nights(nights), true_sleep=truth)


def _nights(path: Path | None) -> list[dict[str, Any]] | None:
    if path is None:
        return None
    found = read_json(path)
    if not isinstance(found, list):
        raise InputError(
            "analyze.nights_file", "The file of nights does not hold a list.", remedy="Give a JSON list of nights."
        )
    return found


def read_json(path: Path) -> Any:
    """The JSON value of a file.

    Raises
    ------
    NotFoundError
        ``input.not_found``.
    InputError
        ``input.not_json``.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise NotFoundError(
            "input.not_found", f"There is no file “{path.name}” here.", remedy="Check the name and the folder."
        ) from error
    except (OSError, ValueError) as error:
        raise InputError(
            "input.not_json", f"“{path.name}” cannot be read as JSON.", remedy="Check the file.", detail=str(error)
        ) from error


def _panel_text(panel: Panel, chosen: set[str] | None) -> str:
    coverage = panel.coverage
    lines = [
        f"{panel.zone.format(panel.span.start)} to {panel.zone.format(panel.span.stop)}",
        f"Zone: {panel.zone.zone_at(panel.span.start).zone}",
        f"{coverage.valid_days} valid days of {coverage.days}; worn {coverage.worn_share:.0%}",
        panel.signal_note,
        "",
    ]
    rows = []
    for finding in panel.findings:
        if chosen is not None and finding.metric not in chosen:
            continue
        metric = METRICS[finding.metric]
        if finding.value is None:
            rows.append((metric.title, finding.insufficient or "–", ""))
        elif metric.clock_hour:
            minutes = round(finding.value * 60) % 1440
            rows.append((metric.title, f"{minutes // 60:02d}:{minutes % 60:02d}", "local"))
        else:
            rows.append((metric.title, f"{finding.value:.{metric.decimals}f}", finding.unit))
    lines.append(table(rows, ("metric", "value", "unit")))
    lines += ["", f"{len(panel.nights)} nights", *panel.notes]
    return "\n".join(lines)
