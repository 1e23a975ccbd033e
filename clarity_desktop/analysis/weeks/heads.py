"""Local heads over the vault: labels from a CSV, one embedding a person, training, and scores that may be shown."""

from __future__ import annotations

import csv
import io
import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from clarity_desktop.analysis.weeks.codec import decode_week
from clarity_desktop.domain.errors import ConflictError, InputError, NotFoundError, UsageError
from clarity_desktop.domain.pat import DAYS, Recipe
from clarity_desktop.domain.pat_results import HeadView, PatResult
from clarity_desktop.domain.time import day_of_date
from clarity_desktop.domain.work import CancelToken, ProgressListener, ignore_progress
from clarity_desktop.pat.heads.evaluation import auc_interval, brier, reliability
from clarity_desktop.pat.heads.fit import HeadKind, Platt, head_of
from clarity_desktop.pat.heads.training import train_head

if TYPE_CHECKING:
    from clarity_desktop.vault import Vault
    from clarity_desktop.vault.tables.pat import StoredLabel

__all__ = ["LabelRow", "evaluate_head", "head_views", "people_matrix", "read_labels", "score_of", "train_on_labels"]

_YES: Final = frozenset({"1", "yes", "true", "y", "positive"})
_NO: Final = frozenset({"0", "no", "false", "n", "negative"})
_LEAST_NEW: Final = 10
_LEAST_NEW_OF_A_CLASS: Final = 3
_MOST_BYTES: Final = 20_000_000


@dataclass(frozen=True, slots=True)
class LabelRow:
    """One row of a file of labels."""

    person: str
    """Id, code or name, as in the file."""
    positive: bool
    first: str | None
    last: str | None


def read_labels(path: Path) -> tuple[LabelRow, ...]:
    """Labels from a CSV with columns ``person,label`` and, if the label speaks of a time, ``from,to`` (dates).

    A label is yes or no: 1/0, yes/no, true/false, positive/negative.

    Raises
    ------
    InputError
        ``pat.labels`` naming the row that cannot be read; nothing is taken then.
    """
    try:
        raw = path.read_bytes()[: _MOST_BYTES + 1]
        text = raw.decode("utf-8-sig")
    except FileNotFoundError as error:
        raise NotFoundError(
            "input.not_found", f"There is no file “{path.name}” here.", remedy="Check the name and the folder."
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise _unreadable(f"“{path.name}” cannot be read as text.") from error
    if len(raw) > _MOST_BYTES:
        raise _unreadable(f"“{path.name}” is larger than a file of labels can be.")
    rows = csv.DictReader(io.StringIO(text))
    head = {name.strip().lower(): name for name in rows.fieldnames or ()}
    if "person" not in head or "label" not in head:
        raise _unreadable("The first row must name the columns person and label.")
    found: list[LabelRow] = []
    for number, row in enumerate(rows, 2):
        cell = {name: (row.get(column) or "").strip() for name, column in head.items()}
        word = cell["label"].lower()
        if not cell["person"] or word not in _YES | _NO:
            raise _unreadable(f"Row {number} does not name a person and a label of yes or no.")
        found.append(
            LabelRow(cell["person"], word in _YES, _date(cell.get("from"), number), _date(cell.get("to"), number))
        )
    if not found:
        raise _unreadable("The file holds no label.")
    return tuple(found)


def _date(text: str | None, row: int) -> str | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError as error:
        raise _unreadable(f"Row {row} holds a date that is not of the form 2025-03-31.") from error


def _unreadable(message: str) -> InputError:
    return InputError("pat.labels", message, remedy="Give a CSV with columns person,label and, if needed, from,to.")


def people_matrix(
    vault: Vault, labels: Sequence[StoredLabel], recipe: str, gate: float
) -> tuple[list[str], NDArray[np.float64], NDArray[np.bool_], int]:
    """One row a person: the mean embedding of their computed weeks that the label speaks of.

    Returns
    -------
    People, embeddings (N, 96), labels (N,), and how many labelled people had no computed week in this recipe.

    Raises
    ------
    UsageError
        ``pat.two_labels`` when somebody has both values of one label.
    """
    people: list[str] = []
    rows: list[NDArray[np.float64]] = []
    values: list[bool] = []
    without = 0
    by_person: dict[str, list[StoredLabel]] = {}
    for one in labels:
        by_person.setdefault(one.patient_id, []).append(one)
    for patient_id, mine in by_person.items():
        if len({one.positive for one in mine}) > 1:
            raise UsageError(
                "pat.two_labels",
                "Somebody has both values of this label.",
                remedy="Give each person one value: people are what is learnt from and asked about.",
            )
        pooled = [
            kept.week.pooled.astype(np.float64)
            for blob in vault.pat.embeddings(patient_id, recipe).values()
            if (kept := decode_week(blob)) is not None
            and kept.week.minutes.coverage >= gate
            and any(_within(kept.week.day, one) for one in mine)
        ]
        if not pooled:
            without += 1
            continue
        people.append(patient_id)
        rows.append(np.mean(pooled, axis=0))
        values.append(mine[0].positive)
    matrix = np.stack(rows) if rows else np.empty((0, 96))
    return people, matrix, np.array(values, dtype=np.bool_), without


def _within(day: int, label: StoredLabel) -> bool:
    first = None if label.first is None else day_of_date(date.fromisoformat(label.first))
    last = None if label.last is None else day_of_date(date.fromisoformat(label.last))
    return (first is None or day >= first) and (last is None or day + DAYS - 1 <= last)


def train_on_labels(
    vault: Vault,
    name: str,
    recipe: Recipe,
    *,
    gate: float,
    visible: Collection[str],
    kind: HeadKind = "linear",
    seed: int = 0,
    progress: ProgressListener = ignore_progress,
    cancel: CancelToken | None = None,
) -> HeadView:
    """Train a head on a label and keep it with the people it rests on.

    Parameters
    ----------
    visible:
        People whose records the user may open; nobody else's embeddings are read.

    Raises
    ------
    UsageError
        ``pat.few_people``, ``pat.two_labels``.
    """
    labels = [one for one in vault.pat.labels(name) if one.patient_id in visible]
    people, x, y, without = people_matrix(vault, labels, recipe.key, gate)
    trained = train_head(x, y, kind=kind, seed=seed, progress=progress, cancel=cancel)
    head_id = secrets.token_hex(6)
    document: dict[str, Any] = {
        "label": name,
        "recipe": recipe.as_document(),
        "gate": gate,
        "head": trained.head.as_document(),
        "platt": [trained.platt.slope, trained.platt.intercept],
        "report": {**trained.report.as_document(), "without_weeks": without},
    }
    vault.pat.add_head(head_id, recipe.key, document, people)
    return next(one for one in head_views(vault) if one.id == head_id)


def evaluate_head(vault: Vault, head_id: str, name: str, *, gate: float, visible: Collection[str]) -> dict[str, Any]:
    """How a head does in labelled people it was not trained on: area under the curve, Brier score, reliability.

    Raises
    ------
    UsageError
        ``pat.few_people`` with fewer than ten such people or fewer than three of a class.
    """
    stored = vault.pat.head(head_id)
    trained_on = vault.pat.people_of(head_id)
    labels = [one for one in vault.pat.labels(name) if one.patient_id in visible and one.patient_id not in trained_on]
    people, x, y, without = people_matrix(vault, labels, stored.recipe, gate)
    rarer = int(min(y.sum(), y.size - y.sum()))
    if len(people) < _LEAST_NEW or rarer < _LEAST_NEW_OF_A_CLASS:
        raise UsageError(
            "pat.few_people",
            f"Insufficient: {len(people)} of {_LEAST_NEW} people that the head was not trained on, "
            f"{rarer} of {_LEAST_NEW_OF_A_CLASS} in the smaller group.",
            remedy="Label further people who have computed weeks.",
        )
    logit = head_of(stored.document["head"]).logit(x)
    slope, intercept = stored.document["platt"]
    probability = Platt(slope, intercept).probability(logit)
    share = float(y.mean())
    return {
        "people": len(people),
        "positive": int(y.sum()),
        "without_weeks": without,
        "auc": asdict(auc_interval(logit, y)),
        "brier": brier(probability, y),
        "brier_of_share": share * (1 - share),
        "reliability": [asdict(one) for one in reliability(probability, y)],
    }


def head_views(vault: Vault) -> tuple[HeadView, ...]:
    """Every head with its report, the latest first."""
    found = []
    for one in vault.pat.heads():
        report: Mapping[str, Any] = one.document["report"]
        gone = int(report["people"]) - one.people
        notice = (
            f"{gone} of the {report['people']} people it rests on are no longer here. Train it again." if gone else ""
        )
        recipe = one.document["recipe"]
        found.append(
            HeadView(
                one.id,
                one.document["label"],
                one.recipe,
                recipe["model"],
                recipe["signal"],
                one.created,
                dict(report),
                one.people,
                notice,
            )
        )
    return tuple(found)


def score_of(vault: Vault, head_id: str, patient_id: str, result: PatResult) -> float:
    """Calibrated research score of a person's weeks by a head of the same recipe, 0…1. It names no condition.

    Raises
    ------
    ConflictError
        ``pat.head_not_usable`` when the head did no better than chance or is not calibrated; ``pat.head_knows`` when
        the person is among those it was trained on. No score exists then.
    UsageError
        ``pat.unlike`` for weeks of another recipe, ``pat.few_weeks`` without a computed week.
    """
    stored = vault.pat.head(head_id)
    report = stored.document["report"]
    if not report["usable"]:
        raise ConflictError("pat.head_not_usable", str(report["verdict"]), remedy="Label more people and train again.")
    if patient_id in vault.pat.people_of(head_id):
        raise ConflictError(
            "pat.head_knows",
            "This person is among those the head was trained on: a score would say what it was told.",
            remedy="Look at the report of the head, which judges people it had not seen.",
        )
    if stored.recipe != result.recipe.key:
        raise UsageError(
            "pat.unlike",
            "These weeks were not made as those the head was trained on.",
            remedy="Compute them with the same weights, signal, normalisation and fill.",
        )
    if not result.embeddings:
        raise UsageError("pat.few_weeks", "No week of this person is computed.", remedy="Choose a longer recording.")
    x = np.mean([one.pooled.astype(np.float64) for one in result.embeddings], axis=0)[None]
    slope, intercept = stored.document["platt"]
    return float(Platt(slope, intercept).probability(head_of(stored.document["head"]).logit(x))[0])
