"""The part of the services that is about local heads: own labels, training, reports, and scores that may be shown."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from clarity_desktop.app.pat_models import PatModelServices
from clarity_desktop.app.permissions import needs
from clarity_desktop.domain.errors import NotFoundError
from clarity_desktop.domain.pat import DEFAULT_GATE
from clarity_desktop.domain.pat_results import HeadView, PatRequest, PatResult
from clarity_desktop.domain.users import Right
from clarity_desktop.domain.work import CancelToken, ProgressListener, ignore_progress

if TYPE_CHECKING:
    from clarity_desktop.pat.heads.fit import HeadKind

__all__ = ["PatHeadServices"]


class PatHeadServices(PatModelServices):
    """Labels and heads of the open vault. Part of ``Services``."""

    @needs(Right.READ_DATA)
    def pat_labels(self) -> dict[str, tuple[int, int]]:
        """Name of each label, with how many people have it and how many have not, among those the user may open."""
        visible = set(self._pat_visible())
        found: dict[str, list[int]] = {}
        for one in self.vault.pat.labels():
            if one.patient_id in visible:
                found.setdefault(one.name, [0, 0])[0 if one.positive else 1] += 1
        return {name: (counts[0], counts[1]) for name, counts in found.items()}

    @needs(Right.CHANGE_DATA)
    def pat_import_labels(self, path: Path, name: str) -> int:
        """Take labels from a CSV (person, label, and from, to where it speaks of a time); answers how many.

        Raises
        ------
        InputError
            ``pat.labels``; nothing is taken then.
        NotFoundError
            ``pat.labels_unknown`` when the file names people who are not here.
        """
        from clarity_desktop.analysis.weeks.heads import read_labels
        from clarity_desktop.vault.tables.pat import StoredLabel

        rows = read_labels(path)
        visible = set(self._pat_visible())
        people = {}
        for one in self.vault.patients.list():
            if one.id in visible:
                people.update({one.id: one.id, one.code.casefold(): one.id})
                if self._sees_identity():
                    people.setdefault(one.name.casefold(), one.id)
        unknown = sum(row.person.casefold() not in people and row.person not in people for row in rows)
        if unknown:
            raise NotFoundError(
                "pat.labels_unknown",
                f"{unknown} of {len(rows)} people of the file are not in this vault.",
                remedy="Name people by their code, as the patient list shows it.",
            )
        self.vault.pat.set_labels(
            [
                StoredLabel(
                    people.get(row.person) or people[row.person.casefold()], name, row.positive, row.first, row.last
                )
                for row in rows
            ]
        )
        return len(rows)

    @needs(Right.CHANGE_DATA)
    def pat_remove_labels(self, name: str) -> int:
        """Remove a label from everyone; answers from how many."""
        return self.vault.pat.remove_labels(name)

    @needs(Right.CHANGE_DATA)
    def pat_train_head(
        self,
        name: str,
        request: PatRequest | None = None,
        *,
        kind: HeadKind = "linear",
        seed: int = 0,
        progress: ProgressListener = ignore_progress,
        cancel: CancelToken | None = None,
    ) -> HeadView:
        """Embed everyone with this label in one recipe, train a head on it, and keep it with its report.

        Raises
        ------
        UsageError
            ``pat.few_people`` below the least numbers, ``pat.unlike`` when recordings hold different signals.
        """
        from clarity_desktop.analysis.weeks.heads import train_on_labels

        request = request or PatRequest()
        visible = set(self._pat_visible())
        recipe = self._pat_study().embed_people(
            [one.patient_id for one in self.vault.pat.labels(name) if one.patient_id in visible],
            request,
            progress=progress,
            cancel=cancel,
        )
        return train_on_labels(
            self.vault,
            name,
            recipe,
            gate=request.gate,
            visible=visible,
            kind=kind,
            seed=seed,
            progress=progress,
            cancel=cancel,
        )

    @needs(Right.READ_DATA)
    def pat_evaluate_head(self, head_id: str, name: str, gate: float = DEFAULT_GATE) -> dict[str, Any]:
        """How a head does in labelled people it was not trained on; their weeks must be computed already."""
        from clarity_desktop.analysis.weeks.heads import evaluate_head

        return evaluate_head(self.vault, head_id, name, gate=gate, visible=self._pat_visible())

    @needs(Right.READ_DATA)
    def pat_heads(self) -> tuple[HeadView, ...]:
        """Every head with its report, the latest first."""
        from clarity_desktop.analysis.weeks.heads import head_views

        return head_views(self.vault)

    @needs(Right.CHANGE_DATA)
    def pat_remove_head(self, head_id: str) -> None:
        """Remove a head; labels and embeddings stay."""
        self.vault.pat.remove_head(head_id)

    @needs(Right.READ_DATA)
    def pat_score(self, patient_id: str, head_id: str, result: PatResult) -> float:
        """Research score of a person's weeks by a head that did better than chance and is calibrated; else refused."""
        from clarity_desktop.analysis.weeks.heads import score_of

        self.vault.audit.append("pat.score", patient_id=patient_id, detail=f"head {head_id}")
        return score_of(self.vault, head_id, patient_id, result)

    def _pat_visible(self) -> list[str]:
        """Ids of the people whose records the user may open."""
        return [one.id for one in self._visible(self.vault.patients.list())]
