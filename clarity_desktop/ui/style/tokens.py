"""The design tokens of ``resources/tokens.json`` as frozen values: colours, type scale, colour maps."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from clarity_desktop.assets import asset
from clarity_desktop.ui.qt import QColor

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["MONO_FAMILY", "THEME_NAMES", "UI_FAMILY", "SourceStyle", "Theme", "TypeStyle", "colour_map", "load_theme"]

THEME_NAMES = ("light", "dark", "high_contrast")
UI_FAMILY = "Inter"
MONO_FAMILY = "JetBrains Mono"


@dataclass(frozen=True, slots=True)
class SourceStyle:
    """How one source of data is told from others: colour, marker and dash together, for the life of a patient."""

    colour: QColor
    marker: str
    """``circle``, ``square``, ``triangle-up``, ``diamond``, ``cross`` or ``hexagon``."""
    dash: tuple[float, ...]
    """Lengths in pixels of dash and gap by turns; empty for a solid line."""


@dataclass(frozen=True, slots=True)
class TypeStyle:
    """One step of the type scale."""

    px: float
    line: float
    weight: int


@dataclass(frozen=True, slots=True)
class Theme:
    """All colours of one theme. Charts and delegates take colours from here and keep none of their own."""

    name: str
    """``light``, ``dark`` or ``high_contrast``."""
    ui: Mapping[str, QColor]
    data: Mapping[str, QColor]
    source: tuple[SourceStyle, ...]

    @property
    def is_dark(self) -> bool:
        """Whether the ground is darker than the ink."""
        return self.name != "light"


@lru_cache(maxsize=1)
def _document() -> dict[str, Any]:
    document = json.loads(asset("resources/tokens.json").read_text("utf-8"))
    assert isinstance(document, dict)
    return document


def _dash(text: str) -> tuple[float, ...]:
    return () if text == "solid" else tuple(float(part) for part in text.split())


@lru_cache(maxsize=len(THEME_NAMES))
def load_theme(name: str) -> Theme:
    """The theme of one of :data:`THEME_NAMES`."""
    tokens = _document()["theme"][name]
    return Theme(
        name,
        MappingProxyType({key: QColor(value) for key, value in tokens["ui"].items()}),
        MappingProxyType({key: QColor(value) for key, value in tokens["data"].items()}),
        tuple(SourceStyle(QColor(row["hex"]), row["marker"], _dash(row["dash"])) for row in tokens["source"]),
    )


@lru_cache(maxsize=1)
def type_scale() -> Mapping[str, TypeStyle]:
    """The type scale by token, in logical pixels at 100 %."""
    scale = {key: TypeStyle(row["px"], row["line"], row["weight"]) for key, row in _document()["type"].items()}
    scale["body_medium"] = TypeStyle(scale["body"].px, scale["body"].line, 500)
    scale["micro_strong"] = TypeStyle(scale["micro"].px, scale["micro"].line, 600)
    return MappingProxyType(scale)


@lru_cache(maxsize=8)
def colour_map(name: str, dark: bool) -> NDArray[np.uint8]:
    """256 RGBA entries, shape (256, 4), between the 17 stops of a map (stops are equally far apart in OKLab).

    Between two neighbouring stops colours are mixed in linear light, where the difference to OKLab is below one step
    of an 8-bit channel.

    Raises
    ------
    KeyError
        When the map is none of ``dusk``, ``dawn``, ``diverge``.
    """
    import numpy as np

    stops = _document()["map"][f"{name}_{'dark' if dark else 'light'}"]["stops_17"]
    codes = np.array([[colour.red(), colour.green(), colour.blue()] for colour in map(QColor, stops)], dtype=np.float64)
    unit = codes / 255
    linear = np.where(unit <= 0.04045, unit / 12.92, ((unit + 0.055) / 1.055) ** 2.4)
    at = np.linspace(0, len(stops) - 1, 256)
    mixed = np.column_stack([np.interp(at, np.arange(len(stops)), linear[:, channel]) for channel in range(3)])
    back = np.where(mixed <= 0.0031308, mixed * 12.92, 1.055 * mixed ** (1 / 2.4) - 0.055)
    table = np.full((256, 4), 255, dtype=np.uint8)
    table[:, :3] = np.rint(back * 255).astype(np.uint8)
    return table
