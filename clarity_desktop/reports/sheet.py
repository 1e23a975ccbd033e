"""A sheet of paper to draw on: the PDF canvas with the report's fonts, colours, text wrapping and hatches."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clarity_desktop.assets import asset
from clarity_desktop.domain.time import Instant, format_instant
from clarity_desktop.reports.palette import Colour, colour

__all__ = ["BOLD", "PAGE_HEIGHT", "PAGE_WIDTH", "REGULAR", "Sheet"]

PAGE_WIDTH, PAGE_HEIGHT = 595.28, 841.89
"""A4 in points. All lengths here are points, the origin is at the lower left."""
REGULAR, BOLD = "InterTabular-Regular", "InterTabular-SemiBold"
_FONTS = {
    REGULAR: "resources/fonts/InterTabular-Regular.ttf",
    BOLD: "resources/fonts/InterTabular-SemiBold.ttf",
}


def _register_fonts() -> None:
    from reportlab import rl_config
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFont

    rl_config.useA85 = 0  # streams stay binary: a quarter smaller, and faster to write
    for name, path in _FONTS.items():
        if name not in pdfmetrics.getRegisteredFontNames():
            pdfmetrics.registerFont(TTFont(name, str(asset(path))))


class Sheet:
    """One PDF in the making. Equal drawing gives equal bytes.

    Parameters
    ----------
    title, subject:
        Document metadata. They must not name the person.
    generated:
        UTC instant printed as the date of the document.
    measuring:
        Lay text out but draw no shapes: enough to count the pages.
    """

    def __init__(self, title: str, subject: str, generated: Instant, *, measuring: bool = False) -> None:
        from reportlab.pdfgen.canvas import Canvas

        _register_fonts()
        self._measuring = measuring
        self._bookmarks = 0
        self._buffer = io.BytesIO()
        stamp = format_instant(generated)[:19].replace("-", "").replace(":", "").replace("T", "")
        self._canvas: Any = Canvas(
            self._buffer, pagesize=(PAGE_WIDTH, PAGE_HEIGHT), invariant=1, lang="en-GB", initialFontName=REGULAR
        )
        self._canvas.setDateFormatter(lambda *_parts: f"D:{stamp}+00'00'")
        self._canvas.setTitle(title)
        self._canvas.setSubject(subject)
        self._canvas.setAuthor("Clarity Desktop")
        self._canvas.setCreator("Clarity Desktop")

    def finish(self) -> bytes:
        """The bytes of the whole document."""
        self._canvas.save()
        return self._buffer.getvalue()

    def next_page(self) -> None:
        """End this page and begin another."""
        self._canvas.showPage()

    def bookmark(self, title: str) -> None:
        """Name this page in the document's outline, so that a reader can jump to it."""
        self._bookmarks += 1
        key = f"part-{self._bookmarks}"
        self._canvas.bookmarkPage(key)
        self._canvas.addOutlineEntry(title, key, level=0)

    # -- text -----------------------------------------------------------------------------------------------

    def width_of(self, text: str, size: float, *, bold: bool = False) -> float:
        """Width of a line of text."""
        return float(self._canvas.stringWidth(text, BOLD if bold else REGULAR, size))

    def text(
        self,
        x: float,
        y: float,
        text: str,
        size: float,
        token: str = "text",
        *,
        bold: bool = False,
        align: str = "left",
    ) -> float:
        """Write one line with its base line at ``y``; ``align`` says what ``x`` is. Answers the width."""
        width = self.width_of(text, size, bold=bold)
        left = {"left": x, "right": x - width, "centre": x - width / 2}[align]
        self._canvas.setFillColorRGB(*colour(token))
        self._canvas.setFont(BOLD if bold else REGULAR, size)
        self._canvas.drawString(left, y, text)
        return width

    def wrap(self, text: str, width: float, size: float, *, bold: bool = False) -> list[str]:
        """Lines of at most ``width``, broken at ordinary spaces."""
        lines: list[str] = []
        line = ""
        for word in text.split(" "):
            longer = f"{line} {word}" if line else word
            if line and self.width_of(longer, size, bold=bold) > width:
                lines.append(line)
                line = word
            else:
                line = longer
        return [*lines, line]

    def paragraph(
        self, x: float, y: float, width: float, text: str, size: float, leading: float, token: str = "text"
    ) -> float:
        """Write wrapped lines downward from the first base line ``y``; answer the base line after the last."""
        for line in self.wrap(text, width, size):
            self.text(x, y, line, size, token)
            y -= leading
        return y

    # -- shapes ---------------------------------------------------------------------------------------------

    def line(
        self,
        x0: float,
        y0: float,
        x1: float,
        y1: float,
        ink: Colour | str,
        width: float = 0.5,
        dash: Sequence[float] = (),
        *,
        round_ends: bool = False,
    ) -> None:
        """A straight line."""
        if self._measuring:
            return
        self._pen(ink, width, dash)
        self._canvas.setLineCap(1 if round_ends else 0)
        self._canvas.line(x0, y0, x1, y1)
        self._canvas.setLineCap(0)

    def box(
        self,
        x: float,
        y: float,
        width: float,
        height: float,
        *,
        fill: Colour | str | None = None,
        stroke: Colour | str | None = None,
        pen: float = 0.5,
        dash: Sequence[float] = (),
        radius: float = 0.0,
    ) -> None:
        """A rectangle, with round corners where ``radius`` is given."""
        if self._measuring:
            return
        if fill is not None:
            self._canvas.setFillColorRGB(*_rgb(fill))
        if stroke is not None:
            self._pen(stroke, pen, dash)
        arguments = {"fill": int(fill is not None), "stroke": int(stroke is not None)}
        if radius:
            self._canvas.roundRect(x, y, width, height, radius, **arguments)
        else:
            self._canvas.rect(x, y, width, height, **arguments)

    def polyline(
        self,
        x: NDArray[np.float64],
        y: NDArray[np.float64],
        ink: Colour | str,
        width: float,
        dash: Sequence[float] = (),
    ) -> None:
        """A line through points; it breaks where ``y`` is not finite."""
        if self._measuring:
            return
        self._pen(ink, width, dash)
        self._canvas.setLineJoin(1)
        for part in _finite_runs(y):
            path = self._canvas.beginPath()
            path.moveTo(float(x[part][0]), float(y[part][0]))
            for px, py in zip(x[part][1:].tolist(), y[part][1:].tolist(), strict=True):
                path.lineTo(px, py)
            self._canvas.drawPath(path, stroke=1, fill=0)
        self._canvas.setLineJoin(0)

    def area(
        self, x: NDArray[np.float64], low: NDArray[np.float64], high: NDArray[np.float64], ink: Colour | str
    ) -> None:
        """The fill between two lines; it breaks where either is not finite."""
        if self._measuring:
            return
        self._canvas.setFillColorRGB(*_rgb(ink))
        for part in _finite_runs(low + high):
            forward = list(zip(x[part].tolist(), high[part].tolist(), strict=True))
            back = list(zip(x[part][::-1].tolist(), low[part][::-1].tolist(), strict=True))
            self._polygon([*forward, *back])

    def columns(
        self, left: NDArray[np.float64], width: float, base: float, height: NDArray[np.float64], ink: Colour | str
    ) -> None:
        """Bars on one base line as one shape per run of adjacent bars; bars of no height are left out."""
        if self._measuring:
            return
        self._canvas.setFillColorRGB(*_rgb(ink))
        shown = np.where(np.isfinite(height) & (height > 0), height, np.nan)
        breaks = np.flatnonzero(np.diff(left) > width * 1.01) + 1
        for piece in np.split(np.arange(left.size), breaks):
            for part in _finite_runs(shown[piece]):
                rows = piece[part]
                x = np.stack([left[rows], left[rows] + width], axis=1).ravel()
                y = base + np.repeat(shown[rows], 2)
                points = list(zip(x.tolist(), y.tolist(), strict=True))
                self._polygon([(float(x[0]), base), *points, (float(x[-1]), base)])

    def _polygon(self, points: Sequence[tuple[float, float]]) -> None:
        path = self._canvas.beginPath()
        path.moveTo(*points[0])
        for point in points[1:]:
            path.lineTo(*point)
        path.close()
        self._canvas.drawPath(path, stroke=0, fill=1)

    def hatch(self, x: float, y: float, width: float, height: float, *, missing: bool = False) -> None:
        """Not worn: rising lines on a tint. Missing: falling lines, thinner, without fill. Both read in grey."""
        if self._measuring or width <= 0 or height <= 0:
            return
        if not missing:
            self.box(x, y, width, height, fill="sunken")
        with self.clipped(x, y, width, height):
            self._pen("hatch", 0.45 if missing else 0.7, ())
            period = 3.4
            offset = -(x % period) if not missing else -((x + height) % period)
            for start in np.arange(x + offset - height, x + width + height, period).tolist():
                if missing:
                    self._canvas.line(start, y + height, start + height, y)
                else:
                    self._canvas.line(start, y, start + height, y + height)

    def circle(self, x: float, y: float, radius: float, ink: Colour | str, pen: float = 0.9) -> None:
        """An outlined circle."""
        self._pen(ink, pen, ())
        self._canvas.circle(x, y, radius, stroke=1, fill=0)

    def flask(self, x: float, y: float, size: float, ink: Colour | str) -> None:
        """The mark of simulated data: a conical flask in a square of ``size``."""
        self._pen(ink, 0.9, ())
        self._canvas.setLineJoin(1)
        path = self._canvas.beginPath()
        outline = [(0.42, 1.0), (0.42, 0.62), (0.14, 0.12), (0.22, 0.0), (0.78, 0.0), (0.86, 0.12), (0.58, 0.62)]
        path.moveTo(x + outline[0][0] * size, y + outline[0][1] * size)
        for right, up in [*outline[1:], (0.58, 1.0)]:
            path.lineTo(x + right * size, y + up * size)
        self._canvas.drawPath(path, stroke=1, fill=0)
        self._canvas.setLineJoin(0)
        self.line(x + 0.32 * size, y + size, x + 0.68 * size, y + size, ink, 0.9)
        self.line(x + 0.27 * size, y + 0.34 * size, x + 0.73 * size, y + 0.34 * size, ink, 0.9)

    @contextmanager
    def clipped(self, x: float, y: float, width: float, height: float) -> Iterator[None]:
        """Draw inside a rectangle only."""
        self._canvas.saveState()
        path = self._canvas.beginPath()
        path.rect(x, y, width, height)
        self._canvas.clipPath(path, stroke=0, fill=0)
        try:
            yield
        finally:
            self._canvas.restoreState()

    def _pen(self, ink: Colour | str, width: float, dash: Sequence[float]) -> None:
        self._canvas.setStrokeColorRGB(*_rgb(ink))
        self._canvas.setLineWidth(width)
        self._canvas.setDash(list(dash))


def _rgb(ink: Colour | str) -> Colour:
    return colour(ink) if isinstance(ink, str) else ink


def _finite_runs(values: NDArray[np.float64]) -> list[slice]:
    """Slices of the maximal runs of finite values, at least one long."""
    finite = np.concatenate([[False], np.isfinite(values), [False]])
    edge = np.flatnonzero(np.diff(finite.astype(np.int8)))
    return [slice(int(begin), int(stop)) for begin, stop in zip(edge[::2], edge[1::2], strict=True)]
