"""``compare`` and ``sleep agreement``: two windows of a person, and two accounts of the same nights."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from clarity_desktop.cli.commands.series import whole_span
from clarity_desktop.cli.output import table
from clarity_desktop.cli.period import span_between
from clarity_desktop.cli.session import session_of
from clarity_desktop.domain.errors import UsageError
from clarity_desktop.domain.time import date_of_day, day_of_date

if TYPE_CHECKING:
    from clarity_desktop.analysis.comparison import Comparison, DayRange
    from clarity_desktop.analysis.methods import MethodPair
    from clarity_desktop.sleep.agreement import EpochAgreement

_Patient = Annotated[str, typer.Argument(help="Id, code or exact name.")]


def compare(
    context: typer.Context,
    patient: _Patient,
    event: Annotated[str | None, typer.Option(help="Identifier of an event, or its date.")] = None,
    days: Annotated[int, typer.Option(min=1, max=366, help="Days on each side of the event.")] = 14,
    washout: Annotated[int, typer.Option(min=0, max=366, help="Days after the event that count to neither side.")] = 0,
    a: Annotated[str | None, typer.Option("--a", help="First window: 2024-05-01..2024-05-14.")] = None,
    b: Annotated[str | None, typer.Option("--b", help="Second window.")] = None,
    zone: Annotated[str | None, typer.Option(help="Zone of the clock, in place of the person's.")] = None,
) -> None:
    """Compare the days before and after an event, or two windows: B minus A, with interval, effect size and n."""
    session = session_of(context)
    services = session.unlocked()
    found = services.patient(patient)
    if (event is None) == (a is None or b is None):
        raise UsageError(
            "compare.what", "Two windows are compared at a time.", remedy="Give --event, or both --a and --b."
        )
    if event is not None:
        clock = services.zone_timeline(found.id)
        day = _event_day(event)
        if day is None:
            start = services.annotation(found.id, event).start
            day = day_of_local(clock.format(start))
        comparison = services.compare_event(
            found.id, date_of_day(day), days_each_side=days, washout_days=washout, zone=zone
        )
    else:
        comparison = services.compare_windows(found.id, _range(a or ""), _range(b or ""), zone=zone)
    rows = [
        (
            one.title,
            one.unit,
            one.a,
            one.b,
            one.difference,
            "" if one.interval is None else f"{one.interval[0]:.2f} to {one.interval[1]:.2f}",
            one.hedges_g,
            f"{one.n_a}, {one.n_b}",
            one.insufficient or "",
        )
        for one in comparison.measures
    ]
    text = table(rows, ("measure", "unit", "A", "B", "difference", "95 %", "g", "n", ""))
    session.output.answer(_document(comparison), text or "There is nothing to compare.")


def day_of_local(text: str) -> int:
    """Local day (days since 1970-01-01) of an ISO time."""
    from datetime import date

    return day_of_date(date.fromisoformat(text[:10]))


def _event_day(text: str) -> int | None:
    try:
        return day_of_local(text) if len(text) == 10 else None
    except ValueError:
        return None


def _range(text: str) -> DayRange:
    from clarity_desktop.analysis.comparison import DayRange

    first, dots, last = text.partition("..")
    try:
        if not dots:
            raise ValueError(text)
        return DayRange(day_of_local(first), day_of_local(last))
    except ValueError:
        raise UsageError(
            "usage.window", f"“{text}” is not a window of days.", remedy="Write 2024-05-01..2024-05-14."
        ) from None


def _days(found: DayRange) -> dict[str, Any]:
    return {"from": date_of_day(found.first), "to": date_of_day(found.last), "days": len(found)}


def _document(found: Comparison) -> dict[str, Any]:
    left = ("values_a", "values_b")
    return {
        "a": _days(found.a),
        "b": _days(found.b),
        "washout_days": found.washout_days,
        "zone": found.zone.periods[-1].zone,
        "simulated": found.simulated,
        "measures": [
            {name: value for name, value in asdict(one).items() if name not in left} for one in found.measures
        ],
    }


def agreement(
    context: typer.Context,
    patient: _Patient,
    first: Annotated[str | None, typer.Option("--from", help="First day or instant.")] = None,
    last: Annotated[str | None, typer.Option("--to", help="Last day (included) or instant.")] = None,
    zone: Annotated[str | None, typer.Option(help="Zone of the clock, in place of the person's.")] = None,
) -> None:
    """How far stages, scored activity and diary agree: per night, and in sum with bias and limits of agreement."""
    session = session_of(context)
    services = session.unlocked()
    found = services.patient(patient)
    clock = services.zone_timeline(found.id)
    span = span_between(first, last, clock, whole_span(services.series(found.id)))
    methods = services.sleep_methods(found.id, span, zone=zone)
    rows = [
        (f"{pair.other} − {pair.reference}", bias.measure, bias.mean, bias.sd, bias.low, bias.high, bias.n)
        for pair in methods.pairs
        for bias in pair.biases
        if bias.n
    ]
    lines = [table(rows, ("methods", "measure", "bias", "SD", "low", "high", "nights"))]
    for pair in methods.pairs:
        both = pair.epochs
        lines.append(
            f"{pair.other} and {pair.reference}: {_share(both.share)} of {both.epochs} minutes equal, "
            f"kappa {'–' if both.kappa is None else f'{both.kappa:.2f}'}"
        )
    document = {
        "nights": {name: len(nights) for name, nights in methods.nights.items()},
        "scorer": methods.scorer or None,
        "insufficient": methods.missing or None,
        "unit": "min",
        "pairs": [_pair(pair) for pair in methods.pairs],
    }
    session.output.answer(document, methods.missing or "\n".join(lines))


def _share(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.0f} %"


def _epochs(found: EpochAgreement) -> dict[str, Any]:
    return {
        "minutes": found.epochs,
        "equal_share": found.share,
        "kappa": found.kappa,
        "sensitivity": found.sensitivity,
        "specificity": found.specificity,
    }


def _pair(pair: MethodPair) -> dict[str, Any]:
    return {
        "reference": pair.reference,
        "other": pair.other,
        "n": len(pair.nights),
        "only_reference": pair.only_reference,
        "only_other": pair.only_other,
        "bias": {
            one.measure: {
                "n": one.n,
                "mean": one.mean,
                "sd": one.sd,
                "limits": None if one.low is None else [one.low, one.high],
            }
            for one in pair.biases
        },
        "epochs": _epochs(pair.epochs),
        "nights": [{"date": one.date, **dict(one.differences), "epochs": _epochs(one.epochs)} for one in pair.nights],
    }
