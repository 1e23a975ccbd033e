"""The simulated people, and the parameters that a simulation needs to make one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from clarity_desktop.domain.people import Sex

__all__ = ["DEMO_DAYS", "DEMO_SEED", "LAST_DAY", "PEOPLE", "OffWrist", "SimulatedPerson", "Stay", "WorkHours"]

LAST_DAY = date(2025, 4, 6)
"""Last local day of every demo recording. Europe moves its clocks forward on 30 March 2025."""
DEMO_DAYS = 28
DEMO_SEED = 20250406


@dataclass(frozen=True, slots=True)
class Stay:
    """From noon UTC of the day ``days_before_end`` before the last one, the person's clock follows ``zone``."""

    days_before_end: int
    zone: str


@dataclass(frozen=True, slots=True)
class WorkHours:
    """Hours of one kind of work day, local clock; ``stop_h`` above 24 ends on the next day."""

    code: str
    """The letter that stands for it in :attr:`SimulatedPerson.work_pattern`."""
    start_h: float
    stop_h: float


@dataclass(frozen=True, slots=True)
class OffWrist:
    """A stretch without the watch: begins ``start_h`` (local clock) on the day ``days_before_end`` before the last."""

    days_before_end: int
    start_h: float
    length_h: float


_OFFICE = (WorkHours("D", 9.0, 17.0),)
_SHIFTS = (WorkHours("E", 6.0, 14.0), WorkHours("L", 14.0, 22.0), WorkHours("N", 22.0, 30.0))


@dataclass(frozen=True, slots=True)
class SimulatedPerson:
    """One person who does not exist: who they are said to be, and the parameters of the simulation.

    Sleep timing follows the two-process model (Borbély 1982; Daan 1984): sleep begins where sleep pressure meets the
    upper threshold and ends where it meets the lower one; both follow the circadian phase, and work limits both.
    """

    name: str
    code: str
    birth_date: date
    sex: Sex = Sex.NOT_STATED
    home_zone: str = "Europe/Berlin"
    locale: str = "de_DE"
    """Sets units and the form of beat times in the export, as a phone's region does."""
    stays: tuple[Stay, ...] = ()

    free_midsleep_h: float = 3.6
    """Mid-sleep on days without obligations, local clock: the chronotype."""
    period_h: float = 24.0
    """Circadian period. Other than 24 the phase drifts against the clock (no entrainment)."""
    advance_h_per_day: float = 1.0
    delay_h_per_day: float = 1.5
    """Largest daily shifts of the phase toward a new zone."""
    upper_threshold: float = 0.67
    lower_threshold: float = 0.19
    """Means of the two thresholds of sleep pressure, 0…1; a lower ``lower_threshold`` makes longer sleep."""
    bed_jitter_min: float = 20.0
    """Night to night SD of sleep onset."""
    sleep_latency_min: float = 13.0
    work_pattern: str = "DDDDD--"
    """One letter a day; seven letters begin on Monday, other lengths repeat through the calendar; ``-`` is free."""
    work_hours: tuple[WorkHours, ...] = _OFFICE
    alarm_lead_h: float = 1.75
    """The alarm rings this long before work."""
    wind_down_h: float = 1.5
    """No sleep in this time after work."""

    wakes_per_h: float = 1.1
    """Awakenings per hour of sleep."""
    wake_median_min: float = 1.5
    disturbed_share: float = 0.02
    """Share of nights with long wake, beside those named in ``disturbed``."""
    disturbed: tuple[tuple[int, float], ...] = ()
    """(days before the last one, minutes awake after onset) of nights that are known to be disturbed, by wake day."""
    nap_share: float = 0.08
    """Share of days with a nap."""
    nap_median_min: float = 28.0

    activity: float = 1.0
    """Factor on activity counts."""
    steps_per_day: float = 8000.0
    workouts_per_week: float = 2.5
    workout: str = "Running"
    """Name of the workout type, without the prefix that an export writes."""
    resting_rate: float = 56.0
    """Heart rate at rest and asleep, 1/min."""
    hrv_ms: float = 52.0
    body_mass_kg: float = 74.0
    off_wrist: tuple[OffWrist, ...] = ()
    actigraph: bool = False
    """Wears a research actigraph (counts and light) on the other wrist."""


PEOPLE: tuple[SimulatedPerson, ...] = (
    SimulatedPerson(
        name="Demo · Regular sleeper",
        code="D-0001",
        birth_date=date(1990, 9, 12),
        sex=Sex.FEMALE,
        disturbed=((18, 117.0), (17, 154.0), (16, 100.0)),
        off_wrist=(OffWrist(15, 13.1, 14.0),),
        actigraph=True,
    ),
    SimulatedPerson(
        name="Demo · Shift worker",
        code="D-0002",
        birth_date=date(1995, 6, 3),
        sex=Sex.MALE,
        free_midsleep_h=4.4,
        work_pattern="EE-LLNN--NNN--",
        work_hours=_SHIFTS,
        alarm_lead_h=1.0,
        wind_down_h=1.0,
        bed_jitter_min=35.0,
        nap_share=0.2,
        wakes_per_h=1.8,
        steps_per_day=9500.0,
        resting_rate=61.0,
        hrv_ms=41.0,
        body_mass_kg=86.0,
        off_wrist=(OffWrist(9, 9.0, 20.0), OffWrist(4, 15.0, 6.0)),
        actigraph=True,
    ),
    SimulatedPerson(
        name="Demo · Delayed phase",
        code="D-0003",
        birth_date=date(2003, 1, 27),
        sex=Sex.FEMALE,
        home_zone="America/New_York",
        locale="en_US",
        free_midsleep_h=7.8,
        lower_threshold=0.165,
        work_pattern="D-D-D--",
        work_hours=(WorkHours("D", 11.0, 17.0),),
        alarm_lead_h=1.5,
        bed_jitter_min=40.0,
        sleep_latency_min=38.0,
        steps_per_day=6200.0,
        workouts_per_week=1.0,
        workout="Cycling",
        resting_rate=63.0,
        hrv_ms=64.0,
        body_mass_kg=61.0,
        actigraph=True,
    ),
    SimulatedPerson(
        name="Demo · Fragmented sleep",
        code="D-0004",
        birth_date=date(1957, 11, 8),
        sex=Sex.MALE,
        home_zone="Europe/London",
        locale="en_GB",
        free_midsleep_h=2.9,
        work_pattern="-------",
        bed_jitter_min=40.0,
        sleep_latency_min=28.0,
        wakes_per_h=3.6,
        wake_median_min=4.2,
        disturbed_share=0.12,
        nap_share=0.65,
        nap_median_min=42.0,
        activity=0.75,
        steps_per_day=4800.0,
        workouts_per_week=1.5,
        workout="Walking",
        resting_rate=66.0,
        hrv_ms=28.0,
        body_mass_kg=81.0,
        off_wrist=(OffWrist(20, 8.5, 30.0),),
    ),
    SimulatedPerson(
        name="Demo · Traveller",
        code="D-0005",
        birth_date=date(1984, 5, 17),
        stays=(Stay(23, "Asia/Tokyo"), Stay(14, "Asia/Kolkata"), Stay(9, "Europe/Berlin")),
        bed_jitter_min=30.0,
        nap_share=0.15,
        steps_per_day=9000.0,
        resting_rate=54.0,
        hrv_ms=58.0,
        body_mass_kg=70.0,
    ),
)
"""The five people of the demo vault."""
