"""Draws the losses of a pretraining run as a small SVG figure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from clarity_desktop.pat.pretraining import Epoch

__all__ = ["drawn_curves"]

_WIDTH: Final = 640
_HEIGHT: Final = 340
_LEFT: Final = 64
_RIGHT: Final = 20
_TOP: Final = 40
_BOTTOM: Final = 48
_INK: Final = "#33415c"
_GRID: Final = "#d9dee8"
_TRAINING: Final = "#8a94a6"
_VALIDATION: Final = "#1f6feb"
_FONT: Final = 'font-family="sans-serif" font-size="12"'
_MEASURE: Final = "mean squared error, standard deviations²"


def drawn_curves(epochs: Sequence[Epoch], best: int, label: str) -> str:
    """Training and validation loss by epoch, an SVG text; ``best`` is the epoch whose weights were kept."""
    losses = np.array([[one.training_loss, one.validation_loss] for one in epochs], dtype=np.float64)
    low = float(np.floor(np.nanmin(losses) * 20) / 20)
    high = float(np.ceil(np.nanmax(losses) * 20) / 20)
    high = max(high, low + 0.05)
    last = max(len(epochs), 2)

    def x_of(epoch: float) -> float:
        return _LEFT + (_WIDTH - _LEFT - _RIGHT) * (epoch - 1) / (last - 1)

    def y_of(loss: float) -> float:
        return _TOP + (_HEIGHT - _TOP - _BOTTOM) * (high - loss) / (high - low)

    def line(column: int, colour: str, pattern: str) -> str:
        known = [(epoch, value) for epoch, value in enumerate(losses[:, column], 1) if np.isfinite(value)]
        points = " ".join(f"{x_of(epoch):.1f},{y_of(value):.1f}" for epoch, value in known)
        return f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"{pattern}/>'

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" {_FONT} fill="{_INK}">',
        f"<title>Loss of {label} by epoch</title>",
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#ffffff"/>',
    ]
    step = 0.05 if high - low < 0.3 else 0.1
    for loss in np.arange(low, high + step / 2, step):
        y = y_of(float(loss))
        parts.append(f'<line x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="{_GRID}"/>')
        parts.append(f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{loss:.2f}</text>')
    for epoch in sorted({1, *range(5, last + 1, max(5, 5 * (last // 40)))}):
        parts.append(f'<text x="{x_of(epoch):.1f}" y="{_HEIGHT - _BOTTOM + 18}" text-anchor="middle">{epoch}</text>')
    middle = (_TOP + _HEIGHT - _BOTTOM) / 2
    parts += [
        f'<text x="{(_LEFT + _WIDTH - _RIGHT) / 2}" y="{_HEIGHT - 10}" text-anchor="middle">epoch</text>',
        f'<text transform="translate(16 {middle}) rotate(-90)" text-anchor="middle">{_MEASURE}</text>',
        line(0, _TRAINING, ' stroke-dasharray="5 4"'),
        line(1, _VALIDATION, ""),
        f'<circle cx="{x_of(best):.1f}" cy="{y_of(losses[best - 1, 1]):.1f}" r="4" fill="{_VALIDATION}"/>',
        f'<text x="{_LEFT}" y="22" fill="{_VALIDATION}">validation (dot: epoch kept)</text>',
        f'<text x="{_LEFT + 200}" y="22">training, dropout active (dashed)</text>',
        "</svg>",
    ]
    return "\n".join(parts) + "\n"
