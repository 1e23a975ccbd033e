"""The model of the patient list: one row a person, its short view filled in as the answers arrive."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from clarity_desktop.app import PatientSummary
from clarity_desktop.domain.errors import ClarityError
from clarity_desktop.domain.people import Patient
from clarity_desktop.ui.qt import QAbstractTableModel, QModelIndex, QPersistentModelIndex, QSortFilterProxyModel, Qt

__all__ = ["COLUMNS", "SORT_ROLE", "SUMMARY_ROLE", "PatientFilter", "PatientRows", "last_data_words"]

COLUMNS = ("Name", "Id", "Age", "Tags", "Last data", "Wear, last 28 days", "Valid days", "Data")
_RIGHT = {2, 6}
SUMMARY_ROLE = Qt.ItemDataRole.UserRole
SORT_ROLE = Qt.ItemDataRole.UserRole + 1
_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip

_Index = QModelIndex | QPersistentModelIndex


def last_data_words(last_local: str, today: date) -> str:
    """When data last came, by the recording's own clock: ``today, 09:38``, ``yesterday``, ``2 April`` or with year."""
    if not last_local:
        return "none yet"
    at = datetime.fromisoformat(last_local)
    # Data that ends at midnight belongs to the day that ends there.
    day = (at - timedelta(seconds=1)).date()
    if day == today:
        return f"today, {at:%H:%M}"
    if (today - day).days == 1:
        return "yesterday"
    words = f"{day.day} {_MONTHS[day.month - 1]}"
    return words if day.year == today.year else f"{words} {day.year}"


class PatientRows(QAbstractTableModel):
    """People in the order of the vault; sorting and filtering are the proxy's."""

    def __init__(self) -> None:
        super().__init__()
        self._people: list[Patient] = []
        self._summaries: dict[str, PatientSummary] = {}
        self._errors: dict[str, ClarityError] = {}
        self.today = datetime.now(tz=UTC).astimezone().date()

    def show(self, people: list[Patient]) -> None:
        """Show other people; short views of those who stay are kept."""
        self.beginResetModel()
        self._people = people
        self.endResetModel()

    def set_summary(self, summary: PatientSummary) -> None:
        """Fill in the short view of one person."""
        self._errors.pop(summary.patient.id, None)
        self._summaries[summary.patient.id] = summary
        self._renew(summary.patient.id)

    def set_error(self, patient_id: str, error: ClarityError) -> None:
        """Say in the row that the data of one person could not be read; the others are not touched."""
        self._errors[patient_id] = error
        self._summaries.pop(patient_id, None)
        self._renew(patient_id)

    def error(self, patient_id: str) -> ClarityError | None:
        """Why there is no short view of a person, when reading it ended with an error."""
        return self._errors.get(patient_id)

    def _renew(self, patient_id: str) -> None:
        for row, patient in enumerate(self._people):
            if patient.id == patient_id:
                self.dataChanged.emit(self.index(row, 0), self.index(row, len(COLUMNS) - 1))

    def summary(self, patient_id: str) -> PatientSummary | None:
        """The short view of a person, once it has arrived."""
        return self._summaries.get(patient_id)

    def patient_at(self, row: int) -> Patient:
        """The person of a row."""
        return self._people[row]

    def row_of(self, patient_id: str) -> int | None:
        """The row of a person."""
        return next((row for row, one in enumerate(self._people) if one.id == patient_id), None)

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._people)

    def columnCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(COLUMNS)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> object | None:
        if orientation is not Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return COLUMNS[section]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            side = Qt.AlignmentFlag.AlignRight if section in _RIGHT else Qt.AlignmentFlag.AlignLeft
            return side | Qt.AlignmentFlag.AlignVCenter
        return None

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> object | None:
        patient = self._people[index.row()]
        summary = self._summaries.get(patient.id)
        if role == SUMMARY_ROLE:
            return (patient, summary)
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return self._words(patient, summary, index.column())
        if role == SORT_ROLE:
            return self._order(patient, summary, index.column())
        if role == Qt.ItemDataRole.TextAlignmentRole:
            side = Qt.AlignmentFlag.AlignRight if index.column() in _RIGHT else Qt.AlignmentFlag.AlignLeft
            return side | Qt.AlignmentFlag.AlignVCenter
        if role == Qt.ItemDataRole.ToolTipRole and index.column() == 4 and summary is not None and summary.last_local:
            return f"Last sample ends {summary.last_local}"
        return None

    def _words(self, patient: Patient, summary: PatientSummary | None, column: int) -> str:
        if column < 4:
            age = patient.age_on(self.today)
            return (patient.name, patient.code, "–" if age is None else str(age), ", ".join(patient.tags))[column]
        if summary is None:
            return "not readable" if column == 4 and patient.id in self._errors else ""
        if column == 4:
            return last_data_words(summary.last_local, self.today)
        if column == 5:
            known = [share for share in summary.coverage_28d if share is not None]
            return f"worn {sum(known) / len(known):.0%} of {len(known)} days" if known else "no recording yet"
        if column == 6:
            return "–" if summary.valid_days is None else f"{summary.valid_days[0]}/{summary.valid_days[1]}"
        return "Simulated" if patient.simulated else "Local only"

    def _order(self, patient: Patient, summary: PatientSummary | None, column: int) -> str | float:
        if column == 2:
            return float(patient.age_on(self.today) or -1)
        if column == 4:
            return float(summary.last or 0) if summary is not None else 0.0
        if column == 5:
            shares = [share or 0.0 for share in summary.coverage_28d] if summary is not None else []
            return sum(shares)
        if column == 6:
            return float(summary.valid_days[0]) if summary is not None and summary.valid_days is not None else -1.0
        return self._words(patient, summary, column).casefold()


class PatientFilter(QSortFilterProxyModel):
    """Keeps people whose name, id or tag holds every word that was typed."""

    def __init__(self, rows: PatientRows) -> None:
        super().__init__()
        self._words: tuple[str, ...] = ()
        self._rows = rows
        self.setSourceModel(rows)
        self.setSortRole(SORT_ROLE)
        self.sort(0)

    def search(self, text: str) -> None:
        """Filter by words."""
        self._words = tuple(text.casefold().split())
        self.invalidate()

    def filterAcceptsRow(self, source_row: int, source_parent: _Index) -> bool:
        patient = self._rows.patient_at(source_row)
        text = " ".join((patient.name, patient.code, *patient.tags)).casefold()
        return all(word in text for word in self._words)

    def patient_at(self, row: int) -> Patient:
        """The person of a visible row."""
        return self._rows.patient_at(self.mapToSource(self.index(row, 0)).row())
