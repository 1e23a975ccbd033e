"""Tokens, contrast, maps, fonts and icons of the theme."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

from clarity_desktop.assets import asset
from clarity_desktop.ui import theme
from clarity_desktop.ui.qt import QApplication, QColor, QFontInfo, QFontMetricsF
from clarity_desktop.ui.style.icons import icon_names, render_icon
from clarity_desktop.ui.style.sheet import style_sheet
from clarity_desktop.ui.style.tokens import THEME_NAMES, colour_map, load_theme

UI = Path(theme.__file__).parent
TOKENS = json.loads(asset("resources/tokens.json").read_text("utf-8"))
GRAPHICS = {"border_strong", "axis", "focus", "hatch"}


def luminance(colour: QColor) -> float:
    parts = []
    for code in (colour.redF(), colour.greenF(), colour.blueF()):
        parts.append(code / 12.92 if code <= 0.04045 else ((code + 0.055) / 1.055) ** 2.4)
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def contrast(one: QColor, other: QColor) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("name", THEME_NAMES)
def test_every_stated_pair_has_its_stated_contrast(name: str) -> None:
    colours = load_theme(name).ui
    for pair, stated in TOKENS["theme"][name]["contrast"].items():
        ink, ground = pair.split("/")
        measured = contrast(colours[ink], colours[ground])
        assert measured == pytest.approx(stated, abs=0.02), pair
        assert measured >= (3.0 if ink in GRAPHICS else 4.5), pair


@pytest.mark.parametrize("name", THEME_NAMES)
def test_data_colours_stand_out_from_the_plot(name: str) -> None:
    one = load_theme(name)
    for token, colour in one.data.items():
        assert contrast(colour, one.ui["plot"]) >= 3.0, token
    for style in one.source:
        assert contrast(style.colour, one.ui["plot"]) >= 3.0


@pytest.mark.parametrize("name", THEME_NAMES)
def test_the_style_sheet_names_known_tokens_only(name: str) -> None:
    sheet = style_sheet(load_theme(name))
    assert "@" not in sheet
    assert load_theme(name).ui["focus"].name() in sheet


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("name", ["dusk", "dawn"])
def test_maps_grow_in_one_direction(name: str, dark: bool) -> None:
    table = colour_map(name, dark)
    assert table.shape == (256, 4)
    assert table.dtype == np.uint8
    light = [luminance(QColor(*(int(part) for part in row[:3]))) for row in table]
    steps = np.diff(light)
    # One step of an 8-bit channel may turn a flat place the other way.
    assert (steps * (1 if dark else -1) > -0.004).all()
    assert (light[-1] > light[0]) == dark
    stops = TOKENS["map"][f"{name}_{'dark' if dark else 'light'}"]["stops_17"]
    assert tuple(table[0, :3]) == QColor(stops[0]).getRgb()[:3]
    assert tuple(table[255, :3]) == QColor(stops[-1]).getRgb()[:3]


def test_figures_are_tabular(qapp: QApplication) -> None:
    theme.install(qapp)
    for token in ("display", "body", "body_strong", "micro"):
        font = theme.font(token)
        assert QFontInfo(font).family().startswith("Inter")
        metrics = QFontMetricsF(font)
        assert metrics.horizontalAdvance("1111") == pytest.approx(metrics.horizontalAdvance("0000"))


def test_a_change_of_theme_is_announced_once(qapp: QApplication) -> None:
    theme.install(qapp, "light")
    heard: list[str] = []

    def hear() -> None:
        heard.append(theme.current().name)

    theme.notifier.changed.connect(hear)
    theme.set_theme("dark")
    theme.set_theme("dark")
    theme.set_theme("high_contrast")
    theme.notifier.changed.disconnect(hear)
    assert heard == ["dark", "high_contrast"]
    assert qapp.palette().window().color() == theme.current().ui["app"]
    with pytest.raises(ValueError, match="sepia"):
        theme.set_theme("sepia")
    theme.set_theme("light")


def test_icons_take_the_colour_asked_for(qapp: QApplication) -> None:
    red = render_icon("circle-check", 24, QColor(200, 10, 20), 2.0)
    assert (red.width(), red.devicePixelRatio()) == (48, 2.0)
    image = red.toImage()
    opaque = [image.pixelColor(x, y) for x in range(48) for y in range(48) if image.pixelColor(x, y).alpha() == 255]
    assert opaque
    assert all(abs(colour.red() - 200) < 3 for colour in opaque)


def test_hatches_differ(qapp: QApplication) -> None:
    images = {kind: theme.hatch(kind).texture().toImage() for kind in ("not_worn", "missing", "excluded")}  # type: ignore[arg-type]
    assert images["not_worn"] != images["missing"]
    assert images["missing"] != images["excluded"]


def test_every_icon_named_in_the_window_ships_with_it() -> None:
    shipped = set(icon_names())
    named = set()
    for path in UI.rglob("*.py"):
        source = path.read_text("utf-8")
        named |= set(re.findall(r'icon(?:_name)?(?:: ClassVar\[str\])? ?= ?"([a-z0-9-]+)"', source))
        named |= set(re.findall(r'(?:Icon|IconButton|theme\.icon|theme\.pixmap|EmptyState)\(\s*"([a-z0-9-]+)"', source))
    assert named
    assert named <= shipped, named - shipped


def test_colours_live_in_the_theme_only() -> None:
    for path in [*UI.rglob("*.py"), *UI.rglob("*.qss")]:
        assert not re.search(r"#[0-9A-Fa-f]{3,8}\b", path.read_text("utf-8")), path.name


def test_nothing_in_the_window_blocks_it() -> None:
    for path in UI.rglob("*.py"):
        source = path.read_text("utf-8")
        calls = re.findall(r"(\w+)\.exec(?:_)?\(", source)
        assert [name for name in calls if name != "application"] == [], path.name
        assert path.name == "qt.py" or "PySide6" not in source, path.name
