"""A diagnosis as rows of tables, in words for a person."""

from __future__ import annotations

from typing import Final

from clarity_desktop.domain.conditions import BreakerCondition, CloudCondition
from clarity_desktop.domain.diagnosis import Diagnosis
from clarity_desktop.domain.program import ProgramIdentity
from clarity_desktop.ui.components.record_table import Column, Record
from clarity_desktop.ui.pages.cloud import condition_words
from clarity_desktop.ui.pages.security.loaded import when

__all__ = [
    "BUILD",
    "CHECKS",
    "FEATURES",
    "LEARNED",
    "PARTS",
    "SERVICES",
    "build_rows",
    "check_rows",
    "feature_rows",
    "learned_rows",
    "part_rows",
    "service_rows",
]

BUILD: Final = (Column("Part", 130), Column("What"))
CHECKS: Final = (Column("Check", 150), Column("How it stands"))
SERVICES: Final = (
    Column("Server"),
    Column("Calls", 150),
    Column("Attempts", 80, right=True),
    Column("Without answer", 120, right=True),
    Column("Median, ms", 100, right=True),
    Column("95 of 100 within, ms", 150, right=True),
    Column("Counted since", 180),
)
PARTS: Final = (
    Column("Part", 130),
    Column("Answer", 190),
    Column("Took, ms", 90, right=True),
    Column("Asked", 180),
    Column("Server"),
)
LEARNED: Final = (Column("What", 330), Column("Found", 90), Column("Learned", 180), Column("Detail"))
FEATURES: Final = (
    Column("Feature", 260),
    Column("Name", 190),
    Column("Is", 70),
    Column("Because of", 150),
    Column("Decided by", 110),
    Column("Owner"),
)
_STATES = {"ok": ("circle-check", "ok"), "warn": ("triangle-alert", "warn"), "fail": ("circle-x", "danger")}
_NAMES = {
    "vault": "Vault",
    "schema": "Schema",
    "home": "Home folder",
    "disk": "Disk",
    "models": "Models",
    "keychain": "Keychain",
    "servers": "Servers",
}
_BECAUSE = {
    "default": "its default",
    "this workstation": "this workstation",
    "the vault's rule": "the vault's rule",
    "packaged program": "the packaged program",
}
_SHORT: Final = 16


def build_rows(found: ProgramIdentity) -> list[Record]:
    """What build this is, a row a part; also what the About window shows."""
    contract, build = found.api_contract, found.build
    lines = [
        ("Version", found.app),
        ("Schema", found.schema),
        ("Server contract", f"{contract['version']}, {contract['sha256'][:_SHORT]}, profiles {contract['profiles']}"),
        *(("Model", f"{one.id}, {one.sha256[:_SHORT]}") for one in found.models),
        ("Source", f"{build['source_sha256'][:_SHORT]}, {build['kind']}"),
        ("Commit", build["commit"][:_SHORT] or "not known"),
        ("Runs on", f"Python {build['python']}, {build['platform']}"),
    ]
    return [Record(f"{number}", line) for number, line in enumerate(lines)]


def check_rows(found: Diagnosis) -> list[Record]:
    """What work needs, and how each stands."""
    return [
        Record(
            one.name,
            (_NAMES.get(one.name, one.name), f"{one.detail}. {one.remedy}" if one.remedy else one.detail),
            *_STATES[one.state],
        )
        for one in found.readiness
    ]


def service_rows(services: tuple[CloudCondition, ...]) -> list[Record]:
    """Servers with their calls, durations and pauses."""
    rows = []
    for one in services:
        figures = one.figures
        words, icon, tone = _calls(one.breaker)
        cells = (
            ("–", "–", "–", "–", "no call yet")
            if figures is None
            else (
                str(figures.calls),
                str(figures.errors),
                _ms(figures.p50_ms),
                _ms(figures.p95_ms),
                when(figures.since),
            )
        )
        rows.append(Record(one.service, (one.host, words, *cells), icon, tone))
    return rows


def part_rows(services: tuple[CloudCondition, ...]) -> list[Record]:
    """The last answer of each part of each server."""
    rows = []
    for one in services:
        for probe in one.probes:
            words, icon, tone = condition_words.ANSWERS[probe.outcome]
            took = "–" if probe.took_ms is None else str(probe.took_ms)
            cells = (condition_words.PARTS[probe.part], words, took, when(probe.at), one.host)
            rows.append(Record(f"{one.service} {probe.part}", cells, icon, tone))
    return rows


def learned_rows(one: CloudCondition) -> list[Record]:
    """What was learned of a server, and what is off because its description lacks it."""
    off = {feature.capability: feature for feature in one.features_off}
    rows = []
    for able in one.learned:
        words, icon, tone = condition_words.FOUND[able.found]
        kind, _, name = able.name.partition(":")
        reason = off[name].reason if kind == "route" and name in off else able.detail
        title = able.title or condition_words.ABILITIES.get(kind) or f"Takes {name.replace('_', ' ')}"
        learned = when(able.at) if able.at else "not asked yet"
        rows.append(Record(able.name, (title, words, learned, reason), icon, tone))
    return rows


def feature_rows(found: Diagnosis) -> list[Record]:
    """Features on trial."""
    return [
        Record(
            one.name,
            (one.title, one.name, "on" if one.is_on else "off", _BECAUSE[one.because], one.expires, one.owner),
            "check" if one.is_on else "ban",
            "ok" if one.is_on else "text_muted",
        )
        for one in found.flags
    ]


def _calls(breaker: BreakerCondition) -> tuple[str, str, str]:
    if breaker.state == "open":
        until = "" if breaker.until is None else f" until {when(breaker.until)[11:16]}"
        return f"Paused{until}", "hourglass", "warn"
    if breaker.state == "probing":
        return "Tried again now", "refresh-cw", "info"
    if breaker.features:
        return "Paused in part", "hourglass", "warn"
    return "Pass", "circle-check", "ok"


def _ms(value: float | None) -> str:
    return "–" if value is None else f"{value:.0f}"
