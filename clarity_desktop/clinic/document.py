"""The summary of a person as the document that scripts read; field names here are fixed."""

from __future__ import annotations

from typing import Any

from clarity_desktop.clinic.summary import ClinicSummary, KeyFinding, Paperwork, Window
from clarity_desktop.domain.time import format_instant

__all__ = ["summary_document"]


def summary_document(summary: ClinicSummary) -> dict[str, Any]:
    """Every part of the summary; what the role does not see is ``null``, what is not there an empty list."""
    who, diary = summary.who, summary.diary
    return {
        "made": format_instant(summary.made),
        "who": {
            "code": who.code,
            "name": who.name if who.sees_identity else None,
            "age_band": who.age_band,
            "sex": who.sex,
            "home_zone": who.home_zone,
            "simulated": who.simulated,
            "tags": list(who.tags) if who.sees_identity else None,
        },
        "data": [
            {
                "type": line.kind,
                "title": line.title,
                "sources": list(line.sources),
                "n": line.samples,
                "first": line.first,
                "last": line.last,
            }
            for line in summary.held
        ],
        "window": None if summary.window is None else _window(summary.window),
        "findings": [_finding(one, summary.window) for one in summary.findings],
        "diary": {
            "nights": diary.nights,
            "first_night": diary.first_night,
            "last_night": diary.last_night,
            "entries": diary.entries,
            "latest": [
                {"kind": one.kind, "at": one.at, "words": one.words, "author": one.author} for one in diary.latest
            ],
        },
        **_paperwork(summary.paperwork),
        "imports": [
            {"id": one.import_id, "file": one.file, "outcome": one.outcome, "problems": list(one.sentences)}
            for one in summary.troubles
        ],
    }


def _window(window: Window) -> dict[str, Any]:
    return {
        "period": f"{window.first}/{window.last}",
        "zone": window.zone,
        "valid_days": window.valid_days,
        "days": window.days,
        "coverage": round(window.worn_share, 4),
        "notes": [window.signal_note, *window.notes],
    }


def _finding(one: KeyFinding, window: Window | None) -> dict[str, Any]:
    return {
        "metric": one.metric,
        "title": one.title,
        "value": one.value,
        "unit": one.unit,
        "interval": None if one.interval is None else list(one.interval),
        "n": one.n,
        "rests_on": one.rests_on,
        "insufficient": one.insufficient or None,
        "period": None if window is None else f"{window.first}/{window.last}",
        "coverage": None if window is None else round(window.worn_share, 4),
        "method": one.method or None,
        "citation": {
            "page": one.page,
            "chart": one.chart,
            "start": format_instant(one.span.start),
            "stop": format_instant(one.span.stop),
        },
    }


def _paperwork(found: Paperwork | None) -> dict[str, Any]:
    if found is None:
        return {"consents": None, "retention": None, "holds": None, "erasure_asked": None, "documents": None}
    return {
        "consents": [
            {
                "id": one.id,
                "purpose": one.purpose,
                "state": one.state,
                "dated": one.dated,
                "expires": one.expires,
                "text_version": one.text_version,
            }
            for one in found.consents
        ],
        "retention": [
            {"class": one.data_class, "keep_days": one.keep_days, "study": one.study or None} for one in found.kept
        ],
        "holds": list(found.holds),
        "erasure_asked": found.erasure_asked or None,
        "documents": [
            {
                "id": one.id,
                "name": one.name,
                "type": one.media_type,
                "bytes": one.size,
                "sha256": one.sha256,
                "added": format_instant(one.added),
            }
            for one in found.documents
        ],
    }
