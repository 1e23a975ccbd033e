"""Model phase of a light protocol, as ``phase-model`` prints it. A model estimate, never a measurement."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from clarity_desktop.circadian.phase_models import FORGER99, HANNAY19, LightBlock, light_of_blocks, simulate
from clarity_desktop.domain.errors import InputError

__all__ = ["phase_model_document"]

_LAST: Final = 5
_MOST_DAYS: Final = 3660
_FIELDS: Final = 5


def _block(number: int, row: Any) -> LightBlock:
    numbers = (
        isinstance(row, list | tuple)
        and len(row) == _FIELDS
        and all(isinstance(value, int | float) and not isinstance(value, bool) for value in row)
    )
    if numbers:
        days, on, off, bright, dim = row
        if days == int(days) and days > 0 and 0 <= on <= 24 and 0 <= off <= 24 and bright >= 0 and dim >= 0:
            return LightBlock(int(days), float(on), float(off), float(bright), float(dim))
    raise InputError(
        "phase.block",
        "A block of the light protocol is not of the form days, on, off, lux on, lux off.",
        remedy="Give whole days, clock hours from 0 to 24 and lux of 0 or more.",
        detail=f"block {number}",
    )


def phase_model_document(protocol: Mapping[str, Any]) -> dict[str, Any]:
    """Last five modelled temperature minima, in hours from the protocol's start, of both models (RH-59, RH-60).

    Parameters
    ----------
    protocol:
        ``blocks``: rows ``[days, on_h, off_h, lux_on, lux_off]``; light is on from ``on_h`` to ``off_h``, over
        midnight when ``on_h`` is the later one.

    Raises
    ------
    InputError
        ``phase.block`` or ``phase.protocol`` for a protocol of another form, an empty or an endless one.
    """
    rows = protocol.get("blocks")
    blocks = [_block(number, row) for number, row in enumerate(rows)] if isinstance(rows, list) else []
    if not 0 < sum(block.days for block in blocks) <= _MOST_DAYS:
        raise InputError(
            "phase.protocol",
            "The light protocol has no days, or more than ten years.",
            remedy="Give a list named blocks with at least one block.",
        )
    lux = light_of_blocks(blocks)
    document: dict[str, Any] = {"estimate": "model estimate", "unit": "h from the start of the protocol"}
    for model in (FORGER99, HANNAY19):
        document[f"{model.id}_cbtmin_h"] = simulate(model, lux).cbtmin_h[-_LAST:].tolist()
    return document
