"""The summary of a person in sections of plain lines, for paper and for the terminal."""

from __future__ import annotations

from clarity_desktop.clinic.keeping import KeptLine
from clarity_desktop.clinic.summary import ClinicSummary, KeyFinding, Paperwork, Window
from clarity_desktop.domain.findings import METRICS
from clarity_desktop.domain.time import format_instant
from clarity_desktop.reports.cited_text import CitedText
from clarity_desktop.reports.plain_pages import TextSection
from clarity_desktop.reports.words import interval_text, number_text, value_text

__all__ = ["NOTHING_TO_SAY", "summary_identity", "summary_sections"]

NOTHING_TO_SAY = "There is nothing to put into words: no measurements are stored, and nothing was sent."


def summary_identity(summary: ClinicSummary) -> str:
    """Who it is about in one line, as far as the role sees it."""
    who = summary.who
    age = who.age_band or ("age unknown" if who.sees_identity else "age not shown to this role")
    name = (who.name,) if who.sees_identity else ()
    return ", ".join((*name, who.code, age, who.sex.replace("_", " ")))


def summary_sections(summary: ClinicSummary, words: CitedText | None = None) -> tuple[TextSection, ...]:
    """All sections in the order of the page; one that holds nothing says so.

    Parameters
    ----------
    words:
        The sentences about the person with their notes; ``None`` where there are none.
    """
    who, window = summary.who, summary.window
    simulated = ("Simulated person.",) if who.simulated else ()
    zone = f"Home zone {who.home_zone}." if who.home_zone else "Home zone not stated."
    return (
        TextSection("Who", (summary_identity(summary), zone, *simulated)),
        TextSection("Data held", _held(summary)),
        TextSection("Latest findings", _findings(summary.findings, window)),
        TextSection("In words", _words(words, has_data=summary.has_measurements)),
        TextSection("Diary and notes", _diary(summary)),
        *_paperwork(summary.paperwork),
        TextSection("Imports", _troubles(summary)),
    )


def _held(summary: ClinicSummary) -> tuple[str, ...]:
    lines = []
    for one in summary.held:
        period = f"{(one.first or '')[:10]} to {(one.last or '')[:10]}" if one.first else "no sample"
        sources = ", ".join(one.sources) or "source not named"
        lines.append(f"{one.title}: {number_text(one.samples, 0)} samples, {period}, {sources}.")
    return tuple(lines) or ("No recording is stored.",)


def _findings(found: tuple[KeyFinding, ...], window: Window | None) -> tuple[str, ...]:
    if window is None:
        return ("Nothing to compute from.",)
    head = (
        f"{window.first} to {window.last}, {window.zone}; {window.valid_days} of {window.days} days valid, "
        f"worn {100 * window.worn_share:.0f} %."
    )
    return (head, *(_finding(one) for one in found))


def _finding(one: KeyFinding) -> str:
    if one.value is None:
        return f"{one.title}: no value. {one.insufficient}"
    metric = METRICS[one.metric]
    interval = "" if one.interval is None else f" (95 % {interval_text(metric, one.interval)})"
    rests = "" if one.n is None else f", {one.n} {one.rests_on}"
    return f"{one.title}: {value_text(metric, one.value)}{interval}{rests}. Chart: {one.page} page."


def _words(words: CitedText | None, *, has_data: bool) -> tuple[str, ...]:
    if words is None:
        return (NOTHING_TO_SAY if not has_data else "There are not enough valid days to say something.",)
    return (*words.sentences, *words.notes, words.origin, words.notice)


def _diary(summary: ClinicSummary) -> tuple[str, ...]:
    diary = summary.diary
    lines = []
    if diary.nights:
        lines.append(f"Sleep diary of {diary.nights} nights, {diary.first_night} to {diary.last_night}.")
    if diary.entries:
        lines.append(f"{diary.entries} entries by hand; the latest events and notes:")
    lines += [f"{one.at.replace('T', ' ')}  {one.kind}  {one.words}".rstrip() for one in diary.latest]
    return tuple(lines) or ("Nothing was written by hand.",)


def _paperwork(found: Paperwork | None) -> tuple[TextSection, ...]:
    if found is None:
        return (TextSection("Consents, retention and documents", ("Your role does not show these.",)),)
    consents = [
        f"{one.purpose}: {one.state}, of {one.dated}, {'no end' if one.expires is None else f'to {one.expires}'}, "
        f"text {one.text_version}."
        for one in found.consents
    ]
    kept = [_kept(one) for one in found.kept]
    kept += [f"Legal hold: {reason}" for reason in found.holds]
    kept += [f"Erasure was asked for: {found.erasure_asked}."] if found.erasure_asked else []
    filed = [
        f"{one.name}, {one.media_type}, {number_text(one.size, 0)} bytes, filed {format_instant(one.added)}."
        for one in found.documents
    ]
    return (
        TextSection("Consents", tuple(consents) or ("No consent is recorded.",)),
        TextSection("Retention", tuple(kept)),
        TextSection("Documents", tuple(filed) or ("No document is filed.",)),
    )


def _kept(one: KeptLine) -> str:
    time = "kept without an end" if one.keep_days is None else f"{one.keep_days} days"
    return f"{one.data_class.replace('_', ' ')}: {time}" + (f" (study {one.study})." if one.study else ".")


def _troubles(summary: ClinicSummary) -> tuple[str, ...]:
    lines = [f"{one.file}, {one.outcome}: {' '.join(one.sentences)}" for one in summary.troubles]
    return tuple(lines) or ("Nothing is open.",)
