"""Everything that is held of a person as one ZIP of CSV and JSON that opens without this program (V-67)."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import numpy as np

from clarity_desktop import __version__
from clarity_desktop.domain.errors import InputError
from clarity_desktop.domain.exchange_form import record_document
from clarity_desktop.domain.free_days import WEEKDAYS
from clarity_desktop.domain.importing import NO_INSTANT
from clarity_desktop.domain.sleep_diary import NIGHT_COLUMNS, night_row
from clarity_desktop.domain.spreadsheet import neutralise
from clarity_desktop.domain.time import Instant, ZoneTimeline, format_instant
from clarity_desktop.domain.work import CancelToken, Progress, ProgressListener, ignore_progress
from clarity_desktop.reports.disclosure.access import access_report
from clarity_desktop.reports.files import ReportFile, sha256_of
from clarity_desktop.reports.table import findings_columns, samples_columns

if TYPE_CHECKING:
    from clarity_desktop.domain.panel import Panel
    from clarity_desktop.domain.people import PatientId
    from clarity_desktop.domain.series import Series
    from clarity_desktop.vault import Vault

__all__ = ["SCHEMA", "write_personal_export"]

_BLOCK: Final = 1 << 20
SCHEMA: Final[Mapping[str, Mapping[str, str]]] = {
    "report.pdf": {"": "The latest findings for reading, where there are any."},
    "person.json": {"": "Who the data is about, as the record states it."},
    "series/*.csv": {
        "start": "Beginning, ISO 8601 UTC.",
        "stop": "End, ISO 8601 UTC; equal to start for a point.",
        "start_local": "Beginning by the person's own clock, with its offset.",
        "value": "As the source wrote it; the label for categories.",
        "unit": "Unit as the source wrote it.",
        "type": "Name of the type in the source's own words.",
        "source": "Name of the device or app.",
        "flags": "What is known about the sample: user_entered, implausible, repaired, unit_missing, gone.",
        "created": "When the source wrote the sample, ISO 8601 UTC; empty when it does not say.",
        "device": "Device text of the source.",
        "version": "Software version of the device.",
        "extra": "Everything else that the source says about the sample, as JSON.",
    },
    "series.csv": {"file": "Name of the series' file.", "samples": "Number of its rows."},
    "elements.json": {"": "Workouts and other things that are kept whole; payload is what the source says."},
    "annotations.json": {"": "Events, notes and stretches entered by hand, with author and reason."},
    "sleep_diary.csv": {
        "date": "Local date of waking.",
        "in_bed": "Clock time of going to bed, as it was written down.",
        "tried": "Clock time of trying to sleep.",
        "final_awakening": "Clock time of the final awakening.",
        "out_of_bed": "Clock time of getting up.",
    },
    "free_days.json": {"": "Free weekdays, and dates that differ from them."},
    "diary_history.json": {"": "Every version of what was entered by hand: who, when, what it said."},
    "other_devices.json": {"": "What other devices of a cloud account wrote: numbers, versions, and what they asked."},
    "drafts.json": {"": "Texts that were not saved when the vault locked: field, time, what they say."},
    "zones.json": {"": "The zones that the person's clock followed, with the evidence."},
    "by_hand.json": {"": "Zones and orders of sources that were set by hand."},
    "imports.json": {"": "Each file that was read, and what it came to."},
    "set_aside.csv": {"text": "Records that could not be read, as they stood in the file."},
    "findings.csv": {"algorithm": "The method of each finding.", "input": "Hash of what it was computed from."},
    "pat_labels.json": {"": "Labels that were given to the person for research heads of PAT."},
    "pat_embeddings.csv": {
        "recipe": "Weights, signal, normalisation and fill, as a hash: only equal recipes are alike.",
        "start": "Beginning of the week, ISO 8601 UTC.",
        "worn_min": "Worn minutes of 10 080.",
        "sensitivity": "Distance to the embedding under the other fill.",
        "embedding": "96 numbers with spaces between; research use, no medical finding.",
    },
    "insights.json": {"": "Texts that were made about the person, with their facts and what users thought of them."},
    "insight_sends.json": {"": "Each request that left for such a text: to whom, when, and its exact bytes."},
    "consents.json": {"": "What the person agreed to, and withdrawals."},
    "access.json": {"": "Purposes, recipients, retention, and each time something was sent."},
    "shares.json": {"": "With which colleagues the record was shared, by whom and until when."},
    "documents/*": {"": "Documents as they were added."},
}
"""What each file holds, by file and column; ``""`` is about the whole file."""

_README: Final = """Your data

This archive holds everything that is stored of one person. It opens with any program for ZIP files; the tables are CSV
in UTF-8 with commas (a spreadsheet opens them), the rest is JSON (a text editor shows it).

{files}

Times end in Z for UTC. An apostrophe stands before texts that a spreadsheet would otherwise take for a formula; it is
not part of the text. schema.json says the same for programs.
{simulated}"""


def write_personal_export(
    path: Path,
    vault: Vault,
    patient_id: PatientId,
    panel: Panel | None,
    *,
    generated: Instant,
    progress: ProgressListener = ignore_progress,
    cancel: CancelToken | None = None,
) -> ReportFile:
    """Write the archive, readable by its owner only; it appears under its name when it is whole.

    Series are written stretch by stretch, so memory stays bounded.

    Parameters
    ----------
    panel:
        The findings to include with their methods; ``None`` when there is no data to compute from.

    Raises
    ------
    InputError
        ``export.not_writable``.
    CancelledError
        When stopped; nothing is left then.
    """
    partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}.partial")
    try:
        try:
            descriptor = os.open(partial, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600)
            with os.fdopen(descriptor, "w+b") as handle:
                with ZipFile(handle, "w", ZIP_DEFLATED) as archive:
                    writer = _Archive(archive, vault, patient_id, generated)
                    writer.write(panel, progress, cancel or CancelToken())
                handle.flush()
                os.fsync(handle.fileno())
            partial.replace(path)
        except OSError as error:
            raise InputError(
                "export.not_writable",
                f"“{path.name}” could not be written. Nothing was changed.",
                remedy="Choose a folder with free space that you may write to.",
                detail=type(error).__name__,
            ) from error
    finally:
        partial.unlink(missing_ok=True)
    return ReportFile(path, sha256_of(path))


class _Archive:
    """The archive while it is written."""

    def __init__(self, archive: ZipFile, vault: Vault, patient_id: PatientId, generated: Instant) -> None:
        self._archive = archive
        self._vault = vault
        self._patient = vault.patients.get(patient_id)
        self._generated = generated
        self._zone = vault.zones.get(patient_id) or ZoneTimeline.unknown()

    def write(self, panel: Panel | None, progress: ProgressListener, cancel: CancelToken) -> None:
        patient_id = self._patient.id
        self._text("README.txt", self._readme())
        self._json("schema.json", SCHEMA)
        if panel is not None:
            from clarity_desktop.reports.pdf import report_pages

            free = self._vault.diary.free_days(patient_id)
            pages, _ = report_pages(self._patient, panel, version=__version__, generated=self._generated, free=free)
            with self._member("report.pdf") as raw:
                raw.write(pages)
        self._json("person.json", asdict(self._patient))
        series = self._vault.series.list(patient_id)
        names = [f"series/{number:03d}-{_plain(one.kind)}.csv" for number, one in enumerate(series, 1)]
        self._table(
            "series.csv",
            ("file", "type", "unit", "source", "device", "samples", "first", "last"),
            ((name, s.kind, s.unit, s.source, s.device, s.n, _utc(s.first), _utc(s.last))
             for name, s in zip(names, series, strict=True)),
        )  # fmt: skip
        for done, (name, one) in enumerate(zip(names, series, strict=True)):
            progress(Progress("Writing series", done, len(series)))
            self._series(name, one, cancel)
        self._json("elements.json", (asdict(one) for one in self._vault.elements.list(patient_id, with_gone=True)))
        self._diary()
        drafts = self._vault.drafts.about(patient_id)
        self._json("drafts.json", ({"field": one.place, "at": _utc(one.at), "text": one.text} for one in drafts))
        self._json("zones.json", (asdict(one) for one in self._vault.zones.found(patient_id)))
        by_hand: list[dict[str, Any]] = [
            {"zone": one.zone, "from": _utc(one.from_utc), "until": _utc(one.until_utc)}
            for one in self._vault.zone_corrections.list(patient_id)
        ]
        orders = self._vault.source_orders.get(patient_id)
        by_hand += [{"type": kind, "order": list(order)} for kind, order in orders.items()]
        self._json("by_hand.json", by_hand)
        imports = self._vault.imports.list(patient_id)
        self._json("imports.json", (asdict(one) for one in imports))
        self._table(
            "set_aside.csv",
            ("file", "type", "offset", "code", "text"),
            ((one.file, aside.kind, aside.offset, aside.code, aside.text)
             for one in imports if one.import_id is not None
             for aside in self._vault.imports.set_aside(one.import_id)),
        )  # fmt: skip
        columns = {} if panel is None else findings_columns(panel.findings, panel.zone)
        self._table("findings.csv", tuple(columns), zip(*columns.values(), strict=True))
        self._pat()
        self._insights()
        report = access_report(self._vault, patient_id, generated=self._generated)
        self._json("consents.json", report.as_document()["purposes"])
        self._json("access.json", report.as_document())
        users = {one.id: one.name for one in self._vault.people.everybody()}
        shares = (
            {"colleague": users[one.user_id], "granted": _utc(one.granted), "granted_by": one.granted_by,
             "until": _utc(one.until), "ended": None if one.ended is None else _utc(one.ended)}
            for one in self._vault.sharing.shares(patient_id)
        )  # fmt: skip
        self._json("shares.json", shares)
        self._text("access.txt", report.as_text())
        self._documents(cancel)

    def _pat(self) -> None:
        """Labels and embeddings of weeks."""
        from clarity_desktop.analysis.weeks.codec import decode_week

        patient_id, table = self._patient.id, self._vault.pat
        labels = table.labels_of(patient_id)
        self._json(
            "pat_labels.json",
            ({"name": one.name, "has": one.positive, "from": one.first, "to": one.last} for one in labels),
        )
        kept = (decode_week(blob) for blob in table.all_embeddings(patient_id))
        self._table(
            "pat_embeddings.csv",
            tuple(SCHEMA["pat_embeddings.csv"]),
            (
                (one.recipe, _utc(one.week.start), one.week.minutes.worn, one.week.sensitivity,
                 " ".join(f"{value:.7g}" for value in one.week.pooled.tolist()))
                for one in kept
                if one is not None
            ),
        )  # fmt: skip

    def _insights(self) -> None:
        """Texts with their facts and feedback, and what was sent for them."""
        table, patient_id = self._vault.insights, self._patient.id
        self._json(
            "insights.json",
            (
                {"id": one.id, "made": _utc(one.made), "by": one.provider, "topic": one.topic, **one.document,
                 "feedback": [{"sentence": number, "who": who, **held}
                              for (number, who), held in table.feedback(one.id).items()]}
                for one in table.list(patient_id)
            ),
        )  # fmt: skip
        self._json(
            "insight_sends.json",
            (
                {**asdict(one), "at": _utc(one.at), "request": table.sent_bytes(one.id).decode("utf-8")}
                for one in table.sends(patient_id)
            ),
        )

    def _other_devices(self) -> dict[str, Any]:
        vault, person = self._vault, self._patient.id
        return {
            "numbers": {account: list(ids) for account, ids in vault.exchange.numbers_of(person).items()},
            "records": [record_document(one.record) for one in vault.records.state(person).values()],
            "conflicts": [{**asdict(one), "opened": _utc(one.opened)} for one in vault.conflicts.list(person)],
        }

    def _diary(self) -> None:
        """What was entered by hand, and its history."""
        diary, patient_id = self._vault.diary, self._patient.id
        self._json(
            "annotations.json",
            (
                {**asdict(one), "kind": one.kind.value, "start": _utc(one.start), "stop": _utc(one.stop),
                 "asleep": _utc(one.asleep), "wake": _utc(one.wake), "at": _utc(one.at)}
                for one in diary.annotations(patient_id)
            ),
        )  # fmt: skip
        self._table(
            "sleep_diary.csv",
            NIGHT_COLUMNS,
            (tuple(row.values()) for row in map(night_row, diary.nights(patient_id))),
        )
        free = diary.free_days(patient_id)
        dates = {day.isoformat(): is_free for day, is_free in sorted(free.exceptions.items())}
        weekdays = [WEEKDAYS[day] for day in sorted(free.weekdays)]
        self._json("free_days.json", {"free_weekdays": weekdays, "entered": free.stated, "dates": dates})
        self._json("other_devices.json", self._other_devices())
        self._json("diary_history.json", ({**asdict(one), "at": _utc(one.at)} for one in diary.history(patient_id)))

    def _series(self, name: str, series: Series, cancel: CancelToken) -> None:
        head = tuple(SCHEMA["series/*.csv"])
        origins = self._vault.series.origins(series.id)
        with self._member(name) as raw, io.TextIOWrapper(raw, "utf-8", newline="") as stream:
            rows = csv.writer(stream, lineterminator="\n")
            rows.writerow(head)
            for samples, created, origin, extra in self._vault.series.whole(series.id):
                cancel.check()
                columns = samples_columns(series, samples, self._zone)
                columns["created"] = _created(created)
                columns["device"] = [origins[key].device for key in origin]
                columns["version"] = [origins[key].version for key in origin]
                columns["extra"] = extra
                cells = (_cells(columns[column]) for column in head)
                rows.writerows(zip(*cells, strict=True))

    def _documents(self, cancel: CancelToken) -> None:
        for number, document in enumerate(self._vault.attachments.list(self._patient.id), 1):
            with (
                self._vault.attachments.open(document.id) as reader,
                self._member(f"documents/{number:03d}-{_plain(document.name)}") as raw,
            ):
                while block := reader.read(_BLOCK):
                    cancel.check()
                    raw.write(block)

    def _table(self, name: str, head: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        with self._member(name) as raw, io.TextIOWrapper(raw, "utf-8", newline="") as stream:
            table = csv.writer(stream, lineterminator="\n")
            table.writerow(head)
            table.writerows([_cell(value) for value in row] for row in rows)

    def _json(self, name: str, value: Any) -> None:
        plain = value if isinstance(value, (Mapping, list)) else list(value)
        self._text(name, json.dumps(plain, ensure_ascii=False, indent=1, default=str))

    def _text(self, name: str, text: str) -> None:
        with self._member(name) as raw:
            raw.write(text.encode("utf-8", "backslashreplace"))

    def _member(self, name: str) -> IO[bytes]:
        info = ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
        info.compress_type = ZIP_DEFLATED
        info.external_attr = 0o600 << 16
        return self._archive.open(info, "w", force_zip64=True)

    def _readme(self) -> str:
        files = "\n".join(
            f"{name}\n" + "\n".join(f"    {column + ': ' if column else ''}{text}" for column, text in columns.items())
            for name, columns in SCHEMA.items()
        )
        simulated = "\nThis person is simulated.\n" if self._patient.simulated else ""
        made = f"\nMade {format_instant(self._generated)} for {self._patient.code}.\n"
        return _README.format(files=files, simulated=simulated) + made


def _created(created: np.ndarray[Any, np.dtype[np.int64]]) -> list[str]:
    texts = np.asarray(np.where(created == NO_INSTANT, 0, created), "datetime64[s]").astype(str).tolist()
    return ["" if absent else f"{text}Z" for text, absent in zip(texts, (created == NO_INSTANT).tolist(), strict=True)]


def _cells(column: Any) -> Sequence[object]:
    """A column as it is written: numbers as they are, equal texts neutralised once."""
    if isinstance(column, np.ndarray):
        numbers: list[object] = column.tolist()
        return ["" if number != number else number for number in numbers]
    known: dict[str, str] = {text: neutralise(text) for text in set(column)}
    return [known[text] for text in column]


def _cell(value: object) -> object:
    return neutralise(value) if isinstance(value, str) else "" if value is None else value


def _utc(instant: Instant | None) -> str:
    return "" if instant is None else format_instant(instant)


def _plain(name: str) -> str:
    """A name that is safe as that of a file anywhere."""
    return re.sub(r"[^A-Za-z0-9._-]+", "_", name).lstrip(".")[-80:] or "unnamed"
