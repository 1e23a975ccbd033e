"""However the bytes are cut, and whichever way they are read, the result is the same."""

from __future__ import annotations

import string
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

DATA = Path(__file__).resolve().parent.parent / "data" / "healthkit"
XML = sorted(path.name for path in DATA.glob("*.xml") if path.stat().st_size > 100 and "utf16" not in path.name)
XML = [name for name in XML if name != "bad_not_health.xml"]


@pytest.mark.parametrize("name", XML)
def test_both_ways_agree_on_every_sample(name: str, read_document: Any, eager: Any) -> None:
    data = (DATA / name).read_bytes().removeprefix(b"\xef\xbb\xbf")
    assert read_document([data], fast=eager).essence() == read_document([data]).essence()


@pytest.mark.parametrize("name", XML)
def test_small_pieces_change_nothing(name: str, read_document: Any, eager: Any, cut: Callable[..., Any]) -> None:
    data = (DATA / name).read_bytes().removeprefix(b"\xef\xbb\xbf")
    whole = read_document([data]).essence()
    for size in (97, 1000):
        assert read_document(cut(data, size)).essence() == whole
        assert read_document(cut(data, size), fast=eager).essence() == whole


@pytest.mark.parametrize("size", [16_384, 65_536, 8 << 20])
def test_sizes_of_pieces_on_a_real_sample(
    size: int, sample_xml: bytes, read_document: Any, eager: Any, cut: Callable[..., Any], whole_sample: Any
) -> None:
    assert read_document(cut(sample_xml, size), fast=eager, flush_rows=1000).essence() == whole_sample


@pytest.mark.slow
def test_pieces_of_a_thousand_bytes_on_a_real_sample(
    sample_xml: bytes, read_document: Any, eager: Any, cut: Callable[..., Any], whole_sample: Any
) -> None:
    assert read_document(cut(sample_xml, 1000), fast=eager).essence() == whole_sample


@pytest.fixture(scope="module")
def whole_sample(sample_xml: bytes, read_document: Any) -> Any:
    return read_document([sample_xml]).essence()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["bad_layout.xml", "trap_correlation.xml", "trap_workout.xml", "trap_beats.xml"])
def test_a_border_at_every_byte(name: str, read_document: Any, eager: Any) -> None:
    data = (DATA / name).read_bytes()
    whole = read_document([data]).essence()
    for at in range(1, len(data)):
        assert read_document([data[:at], data[at:]], fast=eager).essence() == whole, at


def test_a_border_at_every_byte_of_repairs(read_document: Any) -> None:
    data = (DATA / "bad_rawlt.xml").read_bytes()
    whole = read_document([data]).essence()
    for at in range(1, len(data), 3):
        assert read_document([data[:at], data[at:]]).essence() == whole, at


def test_the_fast_way_is_taken(sample_xml: bytes, read_document: Any, eager: Any, monkeypatch: Any) -> None:
    from clarity_desktop.importers.healthkit import handler

    taken = 0
    real = handler.Handler.rows

    def counting(self: Any, template: Any, columns: Any, positions: Any) -> None:
        nonlocal taken
        taken += positions.size
        real(self, template, columns, positions)

    monkeypatch.setattr(handler.Handler, "rows", counting)
    read = read_document([sample_xml], fast=eager)
    records = sum(count.records for count in read.report.types.values())
    assert taken > 0.9 * records


# Generated documents: rows that nearly fit one template, oddities between them.
_NAMES = st.sampled_from(["Robin’s Apple\u00a0Watch", "Scale &amp; Body", "iPhone", "A 'B'", "x=&quot;y&quot;"])
_KINDS = st.sampled_from(
    [
        ("HKQuantityTypeIdentifierHeartRate", "count/min"),
        ("HKQuantityTypeIdentifierStepCount", "count"),
        ("HKQuantityTypeIdentifierBodyMass", "kg"),
        ("HKQuantityTypeIdentifierUnheardOf", "zz"),
        ("HKCategoryTypeIdentifierSleepAnalysis", ""),
        ("HKCategoryTypeIdentifierMindfulSession", ""),
        ("HKDataTypeSleepDurationGoal", "hr"),
    ]
)
_NUMBERS = st.one_of(
    st.integers(0, 300).map(str),
    st.decimals(0, 5000, places=3, allow_nan=False).map(str),
    st.floats(-10, 1e6, allow_nan=False).map(repr),
    st.sampled_from(["", "71,5", "1e3", "abc", "-5", "-0", "007.50", "123456789.0123456789", ".5", "5."]),
)
_DAYS = st.sampled_from(
    ["2024-02-29", "2023-02-29", "2024-03-31", "2024-13-01", "2024-06-10", "0000-01-01", "2024-00-10"]
)
_CLOCKS = st.sampled_from(["08:00:00", "23:59:59", "24:00:00", "08:60:00", "8:00:00", "02:30:00", "ab:00:00"])
_OFFSETS = st.sampled_from(["+0200", "-0500", "+0545", "-0000", "+2500"])
_METADATA = st.lists(
    st.tuples(
        st.sampled_from(["HKTimeZone", "HKWasUserEntered", "note", "HKMetadataKeyHeartRateMotionContext"]),
        st.sampled_from(
            ["0", "1", "2", "Europe/Berlin", "Asia/Tokyo", "No/Where", "a &lt; b", "größer", "back\\slash", ""]
        ),
    ),
    max_size=3,
)


@st.composite
def _records(draw: Any) -> str:
    kind, unit = draw(_KINDS)
    day, offset = draw(_DAYS), draw(_OFFSETS)
    rows = []
    metadata = draw(_METADATA)
    head = f'type="{kind}" sourceName="{draw(_NAMES)}" sourceVersion="10.{draw(st.integers(0, 12))}"'
    pointers = st.sampled_from(["0x2819e9770", "0x30abcdef1", "0xXYZ", "0x1"])
    category = draw(st.sampled_from(["AsleepCore", "Asleep", "Awake", "1", "Odd"]))
    has_device, created = draw(st.booleans()), draw(st.booleans())
    for _ in range(draw(st.integers(1, 5))):
        start, end = draw(_CLOCKS), draw(_CLOCKS)
        device = (
            f' device="&lt;&lt;HKDevice: {draw(pointers)}&gt;, name:Apple Watch, hardware:Watch6,7&gt;"'
            if has_device
            else ""
        )
        if kind.startswith("HKCategory"):
            value = f' value="HKCategoryValueSleepAnalysis{category}"' if "Sleep" in kind else ""
        else:
            value = f' unit="{unit}" value="{draw(_NUMBERS)}"'
        dates = f' creationDate="{day} {end} {offset}"' if created else ""
        dates += f' startDate="{day} {start} {offset}" endDate="{day} {end} {offset}"'
        if metadata:
            inside = "".join(f'\n  <MetadataEntry key="{key}" value="{text}"/>' for key, text in metadata)
            rows.append(f" <Record {head}{device}{dates}{value}>{inside}\n </Record>\n")
        else:
            rows.append(f" <Record {head}{device}{dates}{value}/>\n")
    return "".join(rows)


_BEATS = st.lists(
    st.tuples(
        st.integers(0, 220),
        st.sampled_from(["08:34:05.10", "8:34:06,20", "6:14:48.94 PM", "6:14:48.94\u202fpm", "25:00:00.00", "x"]),
    ),
    min_size=1,
    max_size=4,
)


@st.composite
def _beat_record(draw: Any) -> str:
    beats = "".join(f'   <InstantaneousBeatsPerMinute bpm="{bpm}" time="{time}"/>\n' for bpm, time in draw(_BEATS))
    metadata = '  <MetadataEntry key="HKAlgorithmVersion" value="2"/>\n' if draw(st.booleans()) else ""
    return (
        ' <Record type="HKQuantityTypeIdentifierHeartRateVariabilitySDNN" sourceName="Watch" unit="ms"'
        ' startDate="2024-06-10 08:34:05 +0200" endDate="2024-06-10 08:35:05 +0200" value="41.5">\n'
        f"{metadata}  <HeartRateVariabilityMetadataList>\n{beats}  </HeartRateVariabilityMetadataList>\n </Record>\n"
    )


_DATES = 'startDate="2024-06-10 08:00:00 +0200" endDate="2024-06-10 08:00:00 +0200"'
_CORRELATION = f""" <Correlation type="C" sourceName="Cuff" {_DATES}>
 <Record type="HKQuantityTypeIdentifierBloodPressureSystolic" sourceName="Cuff" unit="mmHg" {_DATES} value="122"/>
 </Correlation>
"""
_WORKOUT = f""" <Workout workoutActivityType="Run" sourceName="w" {_DATES}>
  <MetadataEntry key="HKTimeZone" value="Asia/Tokyo"/>
 </Workout>
"""
_SINGLE_QUOTED = f""" <Record type='HKQuantityTypeIdentifierStepCount' sourceName='s' unit='count' value='5' {_DATES}/>
"""
_MANY_LINES = f""" <Record
   type="HKQuantityTypeIdentifierStepCount" value="6" unit="count" sourceName="s"
   {_DATES}></Record>\r
"""
_ODD = st.sampled_from(
    [
        '<!-- <Record type="x"/> -->\n',
        "<!--\n <Record type='HKQuantityTypeIdentifierStepCount' value='1'/>\n-->\n",
        _CORRELATION,
        _WORKOUT,
        ' <ActivitySummary dateComponents="2024-06-10" activeEnergyBurned="5"/>\n',
        "  <FutureThing a='1'><Inner/></FutureThing>\n",
        "\n\n     \n",
        "stray text\n",
        _SINGLE_QUOTED,
        _MANY_LINES,
    ]
)
_BODY = st.lists(st.one_of(_records(), _records(), _beat_record(), _ODD), max_size=12)


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(parts=_BODY, sizes=st.integers(60, 4000), closed=st.booleans(), flush=st.integers(1, 40))
def test_both_ways_agree_on_generated_documents(
    parts: list[str], sizes: int, closed: bool, flush: int, read_document: Any, eager: Any, cut: Callable[..., Any]
) -> None:
    text = (
        '<?xml version="1.0"?>\n<HealthData locale="en_US">\n' + "".join(parts) + ("</HealthData>\n" if closed else "")
    )
    data = text.encode()
    whole = read_document([data]).essence()
    assert read_document([data], fast=eager).essence() == whole
    assert read_document(cut(data, sizes), fast=eager, flush_rows=flush).essence() == whole


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_bytes_make_the_reader_fall(data: Any, read_document: Any, eager: Any, sample_xml: bytes) -> None:
    """Bytes changed, cut out or doubled at random: a reading or a stated error, and the equation holds."""
    begin = data.draw(st.integers(0, 40_000))
    body = bytearray(b"<HealthData>\n" + sample_xml[begin : begin + 6000] + b"\n</HealthData>")
    for _ in range(data.draw(st.integers(1, 8))):
        at = data.draw(st.integers(13, len(body) - 1))
        what = data.draw(st.sampled_from(["flip", "cut", "double", "quote", "less", "text"]))
        if what == "flip":
            body[at] = data.draw(st.integers(0, 255))
        elif what == "cut":
            del body[at : at + data.draw(st.integers(1, 400))]
        elif what == "double":
            body[at:at] = body[at : at + 300]
        else:
            body[at:at] = {"quote": b'"', "less": b"<", "text": string.printable.encode()}[what]
        if len(body) < 20:
            return
    for fast in (None, eager):
        read = read_document([bytes(body)], fast=fast)
        for kind, count in read.report.types.items():
            assert count.records == count.unique + count.duplicates + count.rejected, kind
            assert len(read.sink.all_rows(kind)) == count.records - count.rejected
