"""The one place colours, fonts, icons and hatches come from; a change of theme is one signal."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from clarity_desktop.assets import asset
from clarity_desktop.ui.qt import (
    QApplication,
    QBrush,
    QColor,
    QFont,
    QFontDatabase,
    QGuiApplication,
    QIcon,
    QObject,
    QPalette,
    QPixmap,
    Qt,
    Signal,
)
from clarity_desktop.ui.style.hatching import HatchKind, hatch_brush
from clarity_desktop.ui.style.icons import render_icon
from clarity_desktop.ui.style.sheet import style_sheet
from clarity_desktop.ui.style.tokens import (
    MONO_FAMILY,
    THEME_NAMES,
    UI_FAMILY,
    SourceStyle,
    Theme,
    colour_map,
    load_theme,
    type_scale,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = [
    "CHOICES",
    "SourceStyle",
    "Theme",
    "choice",
    "colormap",
    "colour",
    "current",
    "font",
    "hatch",
    "icon",
    "install",
    "line_height",
    "notifier",
    "pixmap",
    "scrim",
    "set_theme",
]

CHOICES = (*THEME_NAMES, "system")
"""What a person may choose; ``system`` follows the desktop between light and dark."""

_FONT_FILES = ("Inter-Regular.otf", "Inter-Medium.otf", "Inter-SemiBold.otf", "JetBrainsMono-Regular.ttf")


class _Notifier(QObject):
    """Announces that the theme changed; everything drawn takes its colours anew."""

    changed = Signal()


notifier = _Notifier()
_choice = "light"
_theme: Theme | None = None


def current() -> Theme:
    """The theme in force."""
    return _theme or load_theme("light")


def choice() -> str:
    """What the person chose, one of :data:`CHOICES`."""
    return _choice


def _system_theme() -> str:
    hints = QGuiApplication.styleHints()
    return "dark" if hints.colorScheme() == Qt.ColorScheme.Dark else "light"


def set_theme(name: str) -> None:
    """Change the theme of the whole window, live.

    Raises
    ------
    ValueError
        When ``name`` is not one of :data:`CHOICES`.
    """
    global _choice, _theme
    if name not in CHOICES:
        raise ValueError(f"no theme is called {name}")
    _choice = name
    chosen = load_theme(_system_theme() if name == "system" else name)
    if chosen is _theme:
        return
    _theme = chosen
    application = QApplication.instance()
    if isinstance(application, QApplication):
        application.setPalette(_palette(chosen))
        application.setStyleSheet(style_sheet(chosen))
    notifier.changed.emit()


def install(application: QApplication, name: str = "light") -> None:
    """Give the application its fonts, base style and theme. Called once, before the first window."""
    _load_fonts()
    application.setStyle("Fusion")
    application.setFont(font("body"))
    application.styleHints().colorSchemeChanged.connect(_follow_system)
    global _theme
    _theme = None
    set_theme(name)


def _follow_system() -> None:
    if _choice == "system":
        set_theme("system")


@lru_cache(maxsize=1)
def _load_fonts() -> None:
    for name in _FONT_FILES:
        QFontDatabase.addApplicationFont(str(asset(f"resources/fonts/{name}")))


def _palette(theme: Theme) -> QPalette:
    palette = QPalette()
    role = QPalette.ColorRole
    for which, token in (
        (role.Window, "app"),
        (role.WindowText, "text"),
        (role.Base, "surface"),
        (role.AlternateBase, "sunken"),
        (role.Text, "text"),
        (role.Button, "surface"),
        (role.ButtonText, "text"),
        (role.BrightText, "danger"),
        (role.Highlight, "selected"),
        (role.HighlightedText, "text"),
        (role.ToolTipBase, "raised"),
        (role.ToolTipText, "text"),
        (role.PlaceholderText, "text_faint"),
        (role.Link, "accent"),
        (role.LinkVisited, "accent"),
        (role.Accent, "accent"),
        (role.Light, "surface"),
        (role.Midlight, "hover"),
        (role.Mid, "border"),
        (role.Dark, "border_strong"),
        (role.Shadow, "border_strong"),
    ):
        palette.setColor(which, theme.ui[token])
    for which in (role.WindowText, role.Text, role.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, which, theme.ui["text_faint"])
    return palette


@lru_cache(maxsize=32)
def _font(token: str) -> QFont:
    style = type_scale()[token]
    made = QFont([MONO_FAMILY if token == "mono" else UI_FAMILY])
    made.setPixelSize(round(style.px))
    made.setWeight(QFont.Weight(style.weight))
    made.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
    if token == "mono":
        made.setFeature(QFont.Tag("calt"), 0)
    else:
        made.setFeature(QFont.Tag("tnum"), 1)
    return made


def font(token: str) -> QFont:
    """The font of a step of the type scale, figures tabular.

    Parameters
    ----------
    token:
        ``display``, ``title``, ``dialog_title``, ``body``, ``body_medium``, ``body_strong``, ``small``, ``micro``,
        ``micro_strong`` or ``mono``.
    """
    _load_fonts()
    return QFont(_font(token))


def line_height(token: str) -> int:
    """Height of one line of a step of the type scale, in logical pixels."""
    return round(type_scale()[token].line)


def colour(token: str) -> QColor:
    """A colour of the theme in force by token; interface tokens win over data tokens."""
    theme = current()
    return QColor(theme.ui[token] if token in theme.ui else theme.data[token])


def scrim() -> QColor:
    """What lies between a dialog and the window beneath it."""
    return QColor(4, 8, 12, 143)


def pixmap(name: str, size: int = 16, colour_token: str = "text", ratio: float = 1.0) -> QPixmap:
    """An icon as a pixmap of ``size`` logical pixels, in a colour of the theme in force."""
    return render_icon(name, size, colour(colour_token), ratio)


def icon(name: str, size: int = 16, colour_token: str = "text") -> QIcon:
    """An icon in a colour of the theme in force; disabled, it takes ``text_faint``. Make it anew at a theme change."""
    made = QIcon()
    for ratio in (1.0, 1.5, 2.0):
        made.addPixmap(pixmap(name, size, colour_token, ratio))
        made.addPixmap(pixmap(name, size, "text_faint", ratio), QIcon.Mode.Disabled)
    return made


def hatch(kind: HatchKind, ratio: float = 1.0, *, small: bool = False) -> QBrush:
    """The brush of a state that is not data: ``not_worn``, ``missing`` (no sample) or ``excluded`` (left out)."""
    theme = current()
    if kind == "not_worn":
        return hatch_brush(kind, theme.ui["hatch"], theme.ui["sunken"], ratio, small=small)
    line = theme.ui["text_muted" if kind == "excluded" else "hatch"]
    return hatch_brush(kind, line, QColor(0, 0, 0, 0), ratio, small=small)


def colormap(name: str) -> NDArray[np.uint8]:
    """256 RGBA entries, shape (256, 4), of ``dusk``, ``dawn`` or ``diverge`` for the theme in force."""
    return colour_map(name, current().is_dark)
