"""The summary of one person: assembled from what the vault holds, and saying so where it holds nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Final

from clarity_desktop.clinic.keeping import ConsentLine, KeptLine, consent_lines, kept_lines
from clarity_desktop.clinic.troubles import ImportTrouble, import_troubles
from clarity_desktop.domain.annotations import KIND_WORDS, Annotation, AnnotationKind
from clarity_desktop.domain.findings import METRICS
from clarity_desktop.domain.importing import ImportReport, UnfinishedImport
from clarity_desktop.domain.kinds import kind_of
from clarity_desktop.domain.panel import Panel
from clarity_desktop.domain.people import Patient, age_band
from clarity_desktop.domain.series import Series
from clarity_desktop.domain.sleep_diary import DiaryNight
from clarity_desktop.domain.time import Instant, Span, ZoneTimeline, format_instant

if TYPE_CHECKING:
    from clarity_desktop.vault.attachments.attachments import Attachment
    from clarity_desktop.vault.consent.records import Consent
    from clarity_desktop.vault.consent.retention import Policy
    from clarity_desktop.vault.erasure.holds import Hold

__all__ = [
    "KEY_FINDINGS",
    "ClinicSummary",
    "DiaryPart",
    "DocumentLine",
    "HeldLine",
    "KeyFinding",
    "NoteLine",
    "Paperwork",
    "Who",
    "Window",
    "clinic_summary",
    "key_findings",
    "paperwork_of",
]

KEY_FINDINGS: Final[Mapping[str, tuple[str, str]]] = {
    "tst_min": ("trends", "tst_min"),
    "se_pct": ("trends", "se_pct"),
    "waso_min": ("trends", "waso_min"),
    "midsleep_h": ("trends", "midsleep_h"),
    "midpoint_sd_h": ("trends", "midsleep_h"),
    "sri": ("circadian", "regularity"),
    "is": ("trends", "rolling_is"),
    "iv": ("trends", "rolling_iv"),
    "ra": ("circadian", "average_day"),
    "resting_hr": ("trends", "resting_hr"),
}
"""Measures of the summary in order, each with the page and chart that its samples are on."""
_MOST_NOTES: Final = 5
_NOT_MEASURED: Final = "Nothing in this vault measures it in this window."


@dataclass(frozen=True, slots=True)
class Who:
    """Who the summary is about, as far as the reader's role may see."""

    code: str
    name: str
    """The code where the role sees no name."""
    sees_identity: bool
    age_band: str | None
    """``30–39``; ``None`` without a date of birth, or where the role does not see it. There is no default age."""
    sex: str
    home_zone: str | None
    simulated: bool
    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class HeldLine:
    """All series of one kind."""

    kind: str
    title: str
    sources: tuple[str, ...]
    samples: int
    first: str | None
    """Local ISO time with offset; ``None`` for a series without a sample."""
    last: str | None


@dataclass(frozen=True, slots=True)
class KeyFinding:
    """One measure of the panel's window with what it rests on and where its samples are shown."""

    metric: str
    title: str
    value: float | None
    unit: str
    decimals: int
    clock_hour: bool
    interval: tuple[float, float] | None
    n: int | None
    rests_on: str
    """What ``n`` counts: nights, days or pairs."""
    insufficient: str
    """Why there is no value; empty with one."""
    method: str
    page: str
    chart: str
    span: Span


@dataclass(frozen=True, slots=True)
class Window:
    """The days that the key findings are of."""

    span: Span
    first: str
    """Local ISO date."""
    last: str
    zone: str
    valid_days: int
    days: int
    worn_share: float
    """0–1."""
    signal_note: str
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NoteLine:
    """One entry written by hand; its words are empty where the role does not see them."""

    kind: str
    at: str
    words: str
    author: str


@dataclass(frozen=True, slots=True)
class DiaryPart:
    """What was written by hand: how much, and the latest of it."""

    nights: int
    first_night: date | None
    last_night: date | None
    entries: int
    latest: tuple[NoteLine, ...]
    """Events and notes, newest first."""


@dataclass(frozen=True, slots=True)
class DocumentLine:
    """A filed document. Nothing of its content is in the summary."""

    id: str
    name: str
    media_type: str
    size: int
    sha256: str
    added: Instant


@dataclass(frozen=True, slots=True)
class Paperwork:
    """Consents, retention and documents; only roles that see identity have it."""

    consents: tuple[ConsentLine, ...]
    kept: tuple[KeptLine, ...]
    holds: tuple[str, ...]
    """Reasons of the legal holds in force."""
    documents: tuple[DocumentLine, ...]
    erasure_asked: str
    """Who asked for erasure and when; empty when nobody did, or the role does not see it."""


@dataclass(frozen=True, slots=True)
class ClinicSummary:
    """Everything the summary says. Each part is empty where the vault holds nothing for it."""

    made: Instant
    who: Who
    held: tuple[HeldLine, ...]
    window: Window | None
    """``None`` when there is nothing to compute from."""
    findings: tuple[KeyFinding, ...]
    diary: DiaryPart
    paperwork: Paperwork | None
    """``None`` where the role does not see it."""
    troubles: tuple[ImportTrouble, ...]

    @property
    def has_measurements(self) -> bool:
        """Whether there is anything to put into words (B-84)."""
        return self.window is not None


def clinic_summary(
    patient: Patient,
    *,
    made: Instant,
    today: date,
    sees_identity: bool,
    zone: ZoneTimeline,
    series: Sequence[Series],
    panel: Panel | None,
    annotations: Sequence[Annotation] = (),
    nights: Sequence[DiaryNight] = (),
    imports: Sequence[ImportReport] = (),
    unfinished: Sequence[UnfinishedImport] = (),
    paperwork: Paperwork | None = None,
) -> ClinicSummary:
    """Put a summary together; nothing is computed anew and nothing is filled in.

    Parameters
    ----------
    patient:
        As the role may see them: without a name and a date of birth where it does not.
    made, today:
        UTC instant of the summary, and the local date on which the age is told.
    panel:
        Findings of the last days with data; ``None`` when there are none.
    paperwork:
        From :func:`paperwork_of`; ``None`` where the role does not see it.
    """
    return ClinicSummary(
        made,
        Who(
            patient.code,
            patient.name,
            sees_identity,
            age_band(patient.age_on(today)),
            patient.sex.value,
            patient.home_zone,
            patient.simulated,
            patient.tags,
        ),
        _held(series, zone),
        None if panel is None else _window(panel),
        () if panel is None else key_findings(panel),
        _diary(annotations, nights, zone),
        paperwork,
        import_troubles(imports, unfinished),
    )


def paperwork_of(
    consents: Sequence[Consent],
    policies: Sequence[Policy],
    tags: Sequence[str],
    holds: Sequence[Hold],
    documents: Sequence[Attachment],
    *,
    today: date,
    erasure_asked: tuple[str, Instant] | None = None,
) -> Paperwork:
    """Consents, retention and documents as the summary shows them."""
    asked = "" if erasure_asked is None else f"{erasure_asked[0]}, {format_instant(erasure_asked[1])}"
    filed = sorted(documents, key=lambda one: one.added, reverse=True)
    return Paperwork(
        consent_lines(consents, today),
        kept_lines(policies, tags),
        tuple(one.reason for one in holds if one.released is None),
        tuple(DocumentLine(one.id, one.name, one.media_type, one.size, one.sha256, one.added) for one in filed),
        asked,
    )


def key_findings(panel: Panel) -> tuple[KeyFinding, ...]:
    """The measures of :data:`KEY_FINDINGS` as a panel has them; one without a value says why."""
    found = []
    for name, (page, chart) in KEY_FINDINGS.items():
        metric, finding = METRICS[name], panel.finding(name)
        value = None if finding is None else finding.value
        reason = "" if value is not None else (finding.insufficient if finding is not None else None) or _NOT_MEASURED
        own = None if finding is None else finding.provenance
        found.append(
            KeyFinding(
                name,
                metric.title,
                value,
                metric.unit if finding is None else finding.unit,
                metric.decimals,
                metric.clock_hour,
                None if finding is None or value is None else finding.interval,
                None if finding is None else finding.n,
                metric.rests_on,
                reason,
                "" if own is None else f"{own.algorithm} {own.version}",
                page,
                chart,
                panel.span if finding is None else finding.span,
            )
        )
    return tuple(found)


def _window(panel: Panel) -> Window:
    span, zone = panel.span, panel.zone
    last = max(span.start, span.stop - 1)
    return Window(
        span,
        zone.format(span.start)[:10],
        zone.format(last)[:10],
        zone.zone_at(last).zone,
        panel.coverage.valid_days,
        panel.coverage.days,
        panel.coverage.worn_share,
        panel.signal_note,
        panel.notes,
    )


def _held(series: Sequence[Series], zone: ZoneTimeline) -> tuple[HeldLine, ...]:
    by_kind: dict[str, list[Series]] = {}
    for one in series:
        by_kind.setdefault(one.kind, []).append(one)
    lines = []
    for kind, group in by_kind.items():
        firsts = [one.first for one in group if one.first is not None]
        lasts = [one.last for one in group if one.last is not None]
        lines.append(
            HeldLine(
                kind,
                kind_of(kind).title,
                tuple(sorted({one.source for one in group if one.source})),
                sum(one.n for one in group),
                zone.format(min(firsts)) if firsts else None,
                zone.format(max(lasts)) if lasts else None,
            )
        )
    return tuple(sorted(lines, key=lambda line: (-line.samples, line.title)))


def _diary(annotations: Sequence[Annotation], nights: Sequence[DiaryNight], zone: ZoneTimeline) -> DiaryPart:
    spoken = [one for one in annotations if one.kind.is_event or one.kind is AnnotationKind.NOTE]
    newest = sorted(spoken, key=lambda one: (one.start, one.at), reverse=True)[:_MOST_NOTES]
    days = [night.date for night in nights]
    return DiaryPart(
        len(days),
        min(days, default=None),
        max(days, default=None),
        len(annotations),
        tuple(NoteLine(KIND_WORDS[one.kind], zone.format(one.start)[:16], one.title, one.author) for one in newest),
    )
