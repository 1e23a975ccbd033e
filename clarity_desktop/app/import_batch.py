"""The part of the services that imports a folder of many people's files as one job."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from clarity_desktop.app.permissions import needs, open_to_all
from clarity_desktop.app.recordings import RecordingServices
from clarity_desktop.domain.errors import CancelledError, ClarityError, NotFoundError
from clarity_desktop.domain.importing import ImportOutcome, ImportReport
from clarity_desktop.domain.users import Right
from clarity_desktop.domain.work import CancelToken, Progress, ProgressListener, ignore_progress

if TYPE_CHECKING:
    from clarity_desktop.importers.batch import BatchItem

__all__ = ["BatchServices", "BatchState", "BatchStep"]


class BatchState(StrEnum):
    """What became of one file of a batch."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    ALREADY = "already"
    """It was imported before."""
    INCOMPLETE = "incomplete"
    NOT_DONE = "not_done"
    """It could not be imported; the error says why. The others went on."""


@dataclass(frozen=True, slots=True)
class BatchStep:
    """One file of a batch and how far it is."""

    path: Path
    person: str
    zone: str | None
    why: str
    state: BatchState = BatchState.WAITING
    report: ImportReport | None = None
    error: ClarityError | None = None


class BatchServices(RecordingServices):
    """Batches. Part of ``Services``."""

    @open_to_all
    def plan_batch(self, folder: Path) -> list[BatchStep]:
        """Whose the files of a folder are; nothing is read but their beginnings. Raises :class:`InputError`."""
        from clarity_desktop.importers.batch import plan_batch

        return [_step(item) for item in plan_batch(folder)]

    @needs(Right.CHANGE_DATA)
    def import_batch(
        self,
        steps: Sequence[BatchStep],
        *,
        changed: Callable[[int, BatchStep], None] | None = None,
        progress: ProgressListener = ignore_progress,
        cancel: CancelToken | None = None,
        separate: bool = False,
    ) -> list[BatchStep]:
        """Import all files of a plan, each for its person; people who are not here yet are added.

        One file that cannot be imported does not stop the rest. Called again with the same plan, files that were
        imported are passed over, and one that was interrupted goes on where it was.

        Parameters
        ----------
        changed:
            Told the number and new state of each step.
        separate:
            Read each file in a process of its own, as the window does.

        Raises
        ------
        CancelledError
            When stopped; what was imported by then stays.
        """
        token = cancel or CancelToken()
        people = {patient.name: patient.id for patient in reversed(self.vault.patients.list())}
        done = list(steps)
        importer = self.import_in_process if separate else self.import_file

        def tell(number: int, step: BatchStep) -> None:
            done[number] = step
            if changed is not None:
                changed(number, step)

        for number, step in enumerate(steps):
            token.check()
            tell(number, replace(step, state=BatchState.RUNNING))
            known = people.get(step.person)

            def passed_on(told: Progress, number: int = number, step: BatchStep = step) -> None:
                note = f"{number + 1} of {len(steps)}, {step.person}"
                progress(replace(told, note=f"{note}: {told.note}" if told.note else note))

            try:
                if not step.path.exists():
                    raise NotFoundError(
                        "import.not_found", "The file is no longer here.", remedy="Check the folder and plan again."
                    )
                report = importer(
                    step.path,
                    patient_id=known,
                    new_name=None if known is not None else step.person,
                    zone=step.zone,
                    progress=passed_on,
                    cancel=token,
                )
            except CancelledError:
                tell(number, replace(step, state=BatchState.WAITING))
                raise
            except ClarityError as error:
                tell(number, replace(step, state=BatchState.NOT_DONE, error=error))
                continue
            if report.patient_id is not None:
                people[step.person] = report.patient_id
            tell(number, replace(step, state=_state_of(report), report=report))
        return done


def _step(item: BatchItem) -> BatchStep:
    return BatchStep(item.path, item.person, item.zone, item.why)


def _state_of(report: ImportReport) -> BatchState:
    if report.outcome is ImportOutcome.ALREADY:
        return BatchState.ALREADY
    return BatchState.DONE if report.complete else BatchState.INCOMPLETE
