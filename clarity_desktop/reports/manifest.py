"""The reproducibility manifest: what a report was made from and by what, so that it can be made again and compared."""

from __future__ import annotations

import hashlib
import json
import platform
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from clarity_desktop.domain.errors import InputError
from clarity_desktop.domain.findings import Provenance
from clarity_desktop.domain.panel import Panel
from clarity_desktop.domain.time import Instant, format_instant
from clarity_desktop.reports.files import ReportFile, sha256_of

__all__ = ["check_manifest", "complete_manifest", "manifest_bytes", "manifest_id", "manifest_of_panel"]

_FORMAT = "clarity-desktop/manifest/1"
_PACKAGES = ("numpy", "polars", "reportlab", "scipy", "tzdata")


def manifest_of_panel(
    panel: Panel, *, program_version: str, generated: Instant, subject: str, kind: str, parameters: Mapping[str, str]
) -> dict[str, Any]:
    """The manifest of something made from a panel, still without its outputs.

    Parameters
    ----------
    subject:
        Code or pseudonym of the person; never the name.
    kind:
        What was made: ``report.pdf``, ``table.csv`` …
    parameters:
        Choices that change the output.
    """
    provenances = {finding.provenance for finding in panel.findings} | {panel.provenance}
    return {
        "format": _FORMAT,
        "kind": kind,
        "subject": subject,
        "simulated": panel.simulated,
        "generated": format_instant(generated),
        "window": {
            "start": panel.zone.format(panel.span.start),
            "stop": panel.zone.format(panel.span.stop),
            "zones": [
                {"from": period.from_utc, "zone": period.zone, "certainty": period.certainty.value}
                for period in panel.zone.periods
            ],
            "epoch_s": panel.epochs.step_s,
            "signal": panel.signal,
            "wear_rule": panel.wear_rule,
        },
        "coverage": asdict(panel.coverage),
        "provenance": sorted((_provenance(one) for one in provenances), key=lambda row: json.dumps(row)),
        "inputs": sorted({one.input_hash for one in provenances}),
        "program": {"name": "Clarity Desktop", "version": program_version},
        "environment": {
            "python": platform.python_version(),
            "system": sys.platform,
            "packages": {name: _package(name) for name in _PACKAGES},
        },
        "parameters": dict(sorted(parameters.items())),
    }


def _provenance(provenance: Provenance) -> dict[str, Any]:
    row = asdict(provenance)
    row["parameters"] = dict(provenance.parameters)
    return row


def _package(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def manifest_id(manifest: Mapping[str, Any]) -> str:
    """SHA-256 of the manifest without ``id`` and ``outputs``: what a printed page can name before it is written."""
    core = {name: value for name, value in manifest.items() if name not in ("id", "outputs")}
    text = json.dumps(core, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def complete_manifest(manifest: Mapping[str, Any], outputs: Iterable[ReportFile]) -> dict[str, Any]:
    """The manifest with its id and the hashes of what was written."""
    files: Sequence[dict[str, str]] = [{"file": one.path.name, "sha256": one.sha256} for one in outputs]
    return {**manifest, "id": manifest_id(manifest), "outputs": files}


def manifest_bytes(manifest: Mapping[str, Any]) -> bytes:
    """The manifest as a JSON document for people and programs."""
    return (json.dumps(manifest, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n").encode()


def check_manifest(path: Path) -> tuple[str, ...]:
    """Compare a manifest with its own id and with the files beside it; answer what differs, in sentences.

    Raises
    ------
    InputError
        ``manifest.not_readable`` when the file is no manifest.
    """
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        listed = [(row["file"], row["sha256"]) for row in manifest["outputs"]]
        stated = manifest["id"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            "manifest.not_readable",
            f"“{path.name}” is not a manifest of Clarity Desktop.",
            remedy="Choose the file that was written beside the report.",
            detail=type(error).__name__,
        ) from error
    problems = []
    if manifest_id(manifest) != stated:
        problems.append("The manifest was changed after it was written.")
    for name, digest in listed:
        file = path.parent / Path(name).name
        if not file.is_file():
            problems.append(f"“{name}” is not beside the manifest.")
        elif sha256_of(file) != digest:
            problems.append(f"“{name}” was changed after it was written.")
    return tuple(problems)
