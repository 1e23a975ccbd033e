"""The periodogram: power against period, with the line of significance, 24 h, and the peak with its width."""

from __future__ import annotations

import numpy as np

from clarity_desktop.app.rhythm import ALPHA, PowerSpectrum
from clarity_desktop.ui import theme
from clarity_desktop.ui.charts.figure import ChartTable
from clarity_desktop.ui.charts.paint import ReadOut, tint
from clarity_desktop.ui.charts.plotting import PlotFigure, ValueAxis, label_item, pg, points_item
from clarity_desktop.ui.charts.valuescale import round_step
from clarity_desktop.ui.charts.wording import interval, number
from clarity_desktop.ui.qt import QBrush, QPen, Qt, QWidget

__all__ = ["PeriodogramChart"]


class PeriodogramChart(PlotFigure):
    """Share of variance by a sine of each period from 16 to 32 h."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(
            "Periodogram",
            ValueAxis("bottom", steps=(0.1, 0.25, 0.5, 1.0, 2.0, 4.0)),
            ValueAxis("left", most=3),
            height=190,
            parent=parent,
        )
        self._spectrum: PowerSpectrum | None = None
        self._why = "No activity in this window."
        self.refresh()

    def show_spectrum(self, spectrum: PowerSpectrum | None, why: str = "", *, simulated: bool = False) -> None:
        """Show a spectrum, or why there is none."""
        self._spectrum, self._why, self.simulated = spectrum, why or self._why, simulated
        if spectrum is not None:
            top = 1.12 * max(spectrum.power, spectrum.significant_power)
            step = round_step(top, 3)
            self.set_ranges((float(spectrum.periods_h[0]), float(spectrum.periods_h[-1])), (0.0, max(top, step * 1.02)))
        self.refresh()

    def message(self) -> str:
        return "" if self._spectrum is not None else self._why

    def units(self) -> str:
        return "share of variance against period in hours"

    def verdict(self) -> str:
        """Whether 24 h lies in the width of the peak, for the title line."""
        found = self._spectrum
        if found is None:
            return ""
        return "24 h within width" if found.holds_24h else "24 h outside width"

    def summary(self) -> str:
        found = self._spectrum
        if found is None:
            return self.message()
        low, high = found.half_power_h
        above = "above" if found.power > found.significant_power else "below"
        return (
            f"Lomb–Scargle periodogram of {number(found.n)} hourly bins. The peak lies at {number(found.period_h, 2)} "
            f"hours and explains {number(100 * found.power)} percent of the variance; its width at half power is "
            f"{number(low, 2)} to {number(high, 2)} hours, {self.verdict()}. It lies {above} the line that noise "
            f"reaches with chance {ALPHA:g}."
        )

    def table(self) -> ChartTable | None:
        found = self._spectrum
        if found is None:
            return None
        rows = zip(found.periods_h.tolist(), found.powers.tolist(), strict=True)
        return ChartTable(("Period, h", "Power, share of variance"), tuple((f"{p:.2f}", number(v, 4)) for p, v in rows))

    def build(self) -> None:
        found, now = self._spectrum, theme.current()
        if found is None:
            return
        width = pg.LinearRegionItem(
            found.half_power_h,
            movable=False,
            brush=QBrush(tint(now.data["activity_soft"], 0.28)),
            pen=QPen(Qt.PenStyle.NoPen),
        )
        width.setZValue(-10)
        self.add(width)
        self.add(pg.InfiniteLine(24.0, angle=90, pen=self.pen(now.ui["axis"], 1.0, (1.5, 3))))
        line = pg.InfiniteLine(found.significant_power, angle=0, pen=self.pen(now.ui["text_muted"], 1.0, (4, 3)))
        self.add(line)
        # The words stand at the end of the axis where the curve is lower.
        end = max(1, found.powers.size // 4)
        at_right = float(found.powers[-end:].max()) < float(found.powers[:end].max())
        words = label_item(f"p {ALPHA:g}", now.ui["text_muted"], anchor=(1.0 if at_right else 0.0, 1.0))
        self.add(words).setPos(float(found.periods_h[-1 if at_right else 0]), float(found.significant_power))
        self.add(
            pg.PlotCurveItem(
                found.periods_h,
                found.powers,
                pen=self.pen(now.data["activity"], 1.25),
                connect="finite",
                antialias=True,
            )
        )
        peak = np.array([found.period_h]), np.array([found.power])
        self.add(points_item(*peak, now.data["activity"], size=6))
        right = found.period_h < 26
        at = label_item(
            f"{number(found.period_h, 2)} h", now.ui["text"], anchor=(0.0 if right else 1.0, 0.5), strong=True
        )
        self.add(at).setPos(float(found.period_h) + (0.25 if right else -0.25), float(found.power))

    def sample_x(self, x: float) -> float:
        found = self._spectrum
        return x if found is None else float(found.periods_h[int(np.abs(found.periods_h - x).argmin())])

    def read_out_at(self, x: float) -> ReadOut | None:
        found = self._spectrum
        if found is None:
            return None
        index = int(np.abs(found.periods_h - x).argmin())
        low, high = (number(end, 2) for end in found.half_power_h)
        rows = (
            ("Power", number(float(found.powers[index]), 3)),
            (f"Noise, p {ALPHA:g}", number(found.significant_power, 3)),
            ("Half-power width", f"{interval(low, high)} h"),
        )
        return ReadOut(f"{number(float(found.periods_h[index]), 2)} h", "period", rows)
