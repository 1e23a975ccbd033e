"""The list of every metric with its page, written from the registry."""

from __future__ import annotations

import sys
from importlib import import_module
from itertools import groupby
from pathlib import Path
from typing import Final

from clarity_desktop.domain.findings import METRICS, Metric

__all__ = ["metric_list"]

_FAMILIES: Final = {
    "circadian": "Rest and activity",
    "complexity": "Complexity",
    "sleep": "Sleep",
    "heart": "Heart rate",
    "variability": "Variability from beats",
    "light": "Light",
    "model": "Model estimates, not measured",
    "wear": "Wear",
}
"""Families in the order of the list."""
_HEAD: Final = """# Metrics

Every number that a panel holds, with its unit, the paper it follows, and the least it needs; below that the answer is
*insufficient*, with the reason. Each page says what the metric means, how it is computed, and where its limits lie.
The list is made from the program's registry: `python -m clarity_desktop.analysis.metric_list docs/metrics/README.md`.
"""
_FURTHER: Final = """## What many of them share

- [Sleep from stage records](sleep-stages.md)
- [Scoring sleep from activity](sleep-scoring.md)
- [Agreement of stages, scored activity and diary](agreement.md)
- [Intervals](intervals.md)
- [Change over time](trends.md)
- [Published ranges](reference-ranges.md)
"""


def metric_list() -> str:
    """The list as Markdown, by family and acceptance row."""
    import_module("clarity_desktop.analysis.study")
    order = list(_FAMILIES)
    # Declared as modules are imported, hence in no order that stays.
    metrics = sorted(METRICS, key=lambda one: (order.index(one.family), int(one.row.removeprefix("RH-")), one.id))
    parts = [_HEAD]
    for family, members in groupby(metrics, key=lambda one: one.family):
        rows = "\n".join(_row(one) for one in members)
        head = "| metric | id | unit | follows | at least | row |\n|---|---|---|---|---|---|"
        parts.append(f"## {_FAMILIES[family]}\n\n{head}\n{rows}\n")
    return "\n".join([*parts, _FURTHER])


def _row(metric: Metric) -> str:
    unit = "clock hour" if metric.clock_hour else metric.unit or "–"
    rests_on = metric.rests_on.removesuffix("s") if metric.minimum == 1 else metric.rests_on
    least = f"{metric.minimum} {rests_on}" if metric.minimum else "counts what there is"
    cells = (f"[{metric.title}]({metric.id}.md)", f"`{metric.id}`", unit, metric.reference, least, metric.row)
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(metric_list(), encoding="utf-8")
