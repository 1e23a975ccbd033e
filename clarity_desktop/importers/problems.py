"""The catalogue of everything a reader may have to say about a file: stable code, sentence, and its weight."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

__all__ = ["PROBLEMS", "ProblemKind", "Weight"]


class Weight(Enum):
    """What a problem does to the outcome of an import."""

    NOTE = 0
    """Worth telling; nothing was repaired or left out."""
    REPAIR = 1
    """Something was read by a stated repair, or set aside: the outcome is *recovered*."""
    CUT = 2
    """Part of the file is missing: the outcome is *incomplete*."""


@dataclass(frozen=True, slots=True)
class ProblemKind:
    """One kind of trouble."""

    code: str
    weight: Weight
    sentence: str
    """For a person. ``{count}`` is filled in; ``{names}`` holds what is listed, if anything."""


_N, _R, _C = Weight.NOTE, Weight.REPAIR, Weight.CUT

_DECLARED = (
    ProblemKind("file.cut", _C, "The file ends before its proper end. Everything whole before that is kept."),
    ProblemKind("file.stopped", _C, "Reading was stopped before the end of the file. Everything read before is kept."),
    ProblemKind("element.lost", _C, "{count} element was cut off by the end of the file and is not kept."),
    ProblemKind("file.changed", _N, "The file has changed since it was read in part; it was read from its beginning."),
    ProblemKind("archive.cut", _C, "The end of the archive is missing; whole elements before the cut are kept."),
    ProblemKind("archive.two_exports", _R, "The archive holds {count} exports of one person; all were read: {names}."),
    ProblemKind("archive.outside_name", _N, "{count} archive member points outside the archive and was left alone."),
    ProblemKind("archive.nested", _N, "The export was found inside another archive: {names}."),
    ProblemKind("content.route_missing", _N, "{count} workout route file named in the export is missing."),
    ProblemKind("content.clinical_missing", _N, "{count} clinical documents named in the export are missing."),
    ProblemKind("content.clinical_unnamed", _N, "{count} clinical documents are named by no record and were left out."),
    ProblemKind("content.not_joined", _N, "{count} clinical records are kept without their documents."),
    ProblemKind("content.cda", _N, "The clinical-document copy of the data was left alone; it repeats the export."),
    ProblemKind("content.unreadable", _R, "{count} files beside the export cannot be read; they are set aside."),
    ProblemKind("content.too_large", _R, "{count} files beside the export are too large and were left out: {names}."),
    ProblemKind("dtd.broken", _R, "The document type definition is broken; it was skipped as text."),
    ProblemKind("dtd.entities", _R, "{count} entity definitions were left unexpanded."),
    ProblemKind("text.control", _R, "{count} control characters were removed."),
    ProblemKind("text.utf8", _R, "{count} places with damaged characters were marked with a replacement character."),
    ProblemKind("text.entity", _R, "{count} unknown entity references were kept as text."),
    ProblemKind("markup.repeated_attribute", _R, "{count} attributes were given twice."),
    ProblemKind("markup.raw_less_than", _R, "{count} values hold an unescaped “<”."),
    ProblemKind("markup.raw_ampersand", _R, "{count} values hold an unescaped “&”."),
    ProblemKind("markup.damaged", _R, "{count} elements are damaged beyond reading and were set aside."),
    ProblemKind("markup.unclosed", _R, "{count} elements had no closing tag."),
    ProblemKind("markup.stray", _R, "{count} stretches of text between elements were skipped."),
    ProblemKind("markup.trailing", _R, "There is data after the end of the document; it was left out."),
    ProblemKind("markup.too_large", _R, "{count} elements are larger than any real one and were set aside."),
    ProblemKind("format.old", _R, "{count} records use the layout of iOS 8 and were read by its rules."),
    ProblemKind("date.twelve_hour", _R, "{count} records print times with a 12-hour clock."),
    ProblemKind("date.other_form", _R, "{count} records print times in an unusual form."),
    ProblemKind("date.impossible", _R, "{count} records hold a date or time that does not exist; they are set aside."),
    ProblemKind("date.missing", _R, "{count} records have no date; they are set aside."),
    ProblemKind("date.reversed", _R, "{count} records end before they start; they are set aside."),
    ProblemKind("date.too_long", _R, "{count} records last longer than 68 years; they are set aside."),
    ProblemKind("value.not_a_number", _R, "{count} records have no usable number; they are set aside."),
    ProblemKind("value.decimal_comma", _R, "{count} values use a decimal comma."),
    ProblemKind("value.implausible", _N, "{count} values lie outside the plausible range; they are kept and flagged."),
    ProblemKind("type.missing", _R, "{count} records do not say what they are; they are set aside."),
    ProblemKind("type.unlisted", _N, "{count} record types are kept under their own names: {names}."),
    ProblemKind("unit.missing", _N, "{count} values have no unit; they are kept and flagged."),
    ProblemKind("unit.unlisted", _N, "{count} units are kept as written and not converted: {names}."),
    ProblemKind("unit.percent", _N, "{count} values in percent were brought to fractions, as the phone exports them."),
    ProblemKind("sleep.totals_only", _N, "{count} nights tell totals and no stages; they are kept as totals."),
    ProblemKind("sleep.unlisted", _N, "{count} sleep values are kept and not counted as sleep: {names}."),
    ProblemKind("element.unlisted", _N, "{count} kinds of element are not known and were not kept: {names}."),
    ProblemKind("element.repeated", _N, "{count} elements repeat what is there already: {names}."),
    ProblemKind("beats.unreadable", _N, "{count} beat times cannot be read; their rate is kept."),
    ProblemKind("zone.unlisted", _N, "{count} records name a time zone that this machine does not know: {names}."),
    ProblemKind("zone.none", _N, "The file states no time zone; its clock times are kept as they stand."),
    ProblemKind("row.unreadable", _R, "{count} rows cannot be read; they are set aside."),
    ProblemKind("row.missing", _N, "{count} rows have no value: they count as missing."),
    ProblemKind("column.ignored", _N, "{count} columns are not read: {names}."),
    ProblemKind("column.assumed", _N, "The value column has no known name; it is read as activity counts: {names}."),
    ProblemKind("time.fraction", _N, "{count} times carry fractions of a second, which are left out."),
    ProblemKind("channel.unlisted", _N, "{count} further channel is kept under its own name: {names}."),
)

PROBLEMS: dict[str, ProblemKind] = {kind.code: kind for kind in _DECLARED}
"""All kinds by code."""
