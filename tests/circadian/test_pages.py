"""Every rhythm metric has its page in the manual, with the parts a reader needs."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

from clarity_desktop.domain.findings import METRICS

FAMILIES = (
    "nonparametric",
    "daily_windows",
    "cosinor",
    "sigmoid_cosinor",
    "fractal",
    "transitions",
    "periodogram",
    "light",
    "phase_models",
    "wear",
)
for family in FAMILIES:
    importlib.import_module(f"clarity_desktop.circadian.{family}")
DECLARED = sorted(metric.id for metric in METRICS if metric.family in ("circadian", "light", "model", "wear"))
PAGES = Path(__file__).parent.parent.parent / "docs" / "metrics"


@pytest.mark.parametrize("metric", DECLARED)
def test_a_metric_has_its_page(metric: str) -> None:
    text = (PAGES / f"{metric}.md").read_text("utf-8")
    assert f"`{metric}`" in text
    assert METRICS[metric].row in text
    for heading in (
        "What it says",
        "How it is computed",
        "Least data",
        "Limits",
        "Differences between packages",
        "Source",
    ):
        assert f"## {heading}" in text
