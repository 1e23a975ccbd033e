"""About: version, schema, contract, models with hashes, build, folders, features that are on, licences (L-50, U-74)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from clarity_desktop.domain.program import ProgramIdentity
from clarity_desktop.ui.components.record_table import Record, RecordTable
from clarity_desktop.ui.components.text import Label
from clarity_desktop.ui.dialogs.sheet import Sheet
from clarity_desktop.ui.jobs import run_query
from clarity_desktop.ui.pages.diagnostics.rows import BUILD, build_rows
from clarity_desktop.ui.qt import QGuiApplication, QWidget

if TYPE_CHECKING:
    from clarity_desktop.app import Services
    from clarity_desktop.app.flags import FlagState

__all__ = ["AboutSheet"]

_LICENCES: Final = (
    "Licence Apache-2.0. Fonts Inter and JetBrains Mono under the SIL Open Font License 1.1, icons Lucide under the "
    "ISC licence, Qt under the LGPL 3.\n\nResearch software. Not a diagnosis."
)


class AboutSheet(Sheet):
    """Reads what build this is in a worker; the version and the folders stand there at once."""

    def __init__(self, window: QWidget, services: Services) -> None:
        super().__init__(window, "Clarity Desktop", width=620)
        self._services = services
        self.table = RecordTable("What this program is", BUILD, most=14)
        self.body.addWidget(self.table)
        self.body.addWidget(Label(_LICENCES, "body", "muted", wrap=True, selectable=True))
        self.copy = self.add_button("Copy", "quiet")
        self.copy.clicked.connect(lambda _=False: QGuiApplication.clipboard().setText(self.as_text()))
        close = self.add_button("Close", "primary")
        close.clicked.connect(lambda _=False: self.dismiss())
        self._show([_row("Version", services.version)], [])

        def read() -> tuple[ProgramIdentity, tuple[FlagState, ...]]:
            return services.identity(), services.flags()

        run_query(self, read, self._arrived, lambda _: None)

    def _arrived(self, found: tuple[ProgramIdentity, tuple[FlagState, ...]]) -> None:
        identity, flags = found
        features = [
            _row("Feature", f"{one.flag.name} is {'on' if one.is_on else 'off'} by {one.because}")
            for one in flags
            if one.is_on or one.is_on != one.flag.default
        ]
        self._show(build_rows(identity), features or [_row("Features", "none on trial is on")])

    def _show(self, build: list[Record], features: list[Record]) -> None:
        services = self._services
        places = [_row("Data folder", str(services.home)), _row("Vault", str(services.vault_directory))]
        self.table.show_records([*build, *features, *places])
        self._settle()

    def as_text(self) -> str:
        """Everything as text, for a letter to support."""
        lines = ["Clarity Desktop", *(f"{one.cells[0]}: {one.cells[1]}" for one in self.table.records)]
        return "\n".join(lines)


def _row(name: str, value: str) -> Record:
    return Record(f"{name} {value}", (name, value))
