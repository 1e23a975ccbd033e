"""What PAT keeps in a vault: embeddings under their cache key, own labels, and heads with the people they rest on."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.sqlite import insert

from clarity_desktop.domain.errors import NotFoundError
from clarity_desktop.domain.people import PatientId
from clarity_desktop.domain.time import Instant
from clarity_desktop.vault.store import schema
from clarity_desktop.vault.store.transactions import Store

__all__ = ["PatTable", "StoredHead", "StoredLabel"]

_EMBEDDINGS, _LABELS = schema.pat_embeddings, schema.pat_labels
_HEADS, _HEAD_PEOPLE = schema.pat_heads, schema.pat_head_people
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class StoredLabel:
    """One person's value of a label."""

    patient_id: PatientId
    name: str
    positive: bool
    first: str | None
    """First local date the label speaks of, ISO 8601; ``None`` for all time."""
    last: str | None
    """Last local date, included."""


@dataclass(frozen=True, slots=True)
class StoredHead:
    """A head as it is kept."""

    id: str
    created: Instant
    recipe: str
    document: dict[str, Any]
    people: int
    """People it rests on who are still in the vault."""


class PatTable:
    """Embeddings, labels and heads of a vault."""

    def __init__(self, store: Store) -> None:
        self._store = store

    # -- embeddings -----------------------------------------------------------------------------------------------

    def embeddings(self, patient_id: PatientId, recipe: str) -> dict[str, bytes]:
        """A person's cached embeddings of one recipe, by key."""
        query = select(_EMBEDDINGS.c.key, _EMBEDDINGS.c.sealed)
        query = query.where(_EMBEDDINGS.c.patient_id == patient_id, _EMBEDDINGS.c.recipe == recipe)
        with self._store.reading() as connection:
            rows = connection.execute(query).all()
        if not rows:
            return {}
        seal = self._store.seal_of(patient_id)
        return {row.key: seal.open(row.sealed, _EMBEDDINGS.name, row.key) for row in rows}

    def all_embeddings(self, patient_id: PatientId) -> list[bytes]:
        """A person's cached embeddings of every recipe, in order of recipe and key."""
        query = select(_EMBEDDINGS.c.key, _EMBEDDINGS.c.sealed).where(_EMBEDDINGS.c.patient_id == patient_id)
        with self._store.reading() as connection:
            rows = connection.execute(query.order_by(_EMBEDDINGS.c.recipe, _EMBEDDINGS.c.key)).all()
        if not rows:
            return []
        seal = self._store.seal_of(patient_id)
        return [seal.open(row.sealed, _EMBEDDINGS.name, row.key) for row in rows]

    def people_with(self, recipe: str) -> dict[PatientId, int]:
        """How many embeddings of a recipe each person has; people without any are left out."""
        query = select(_EMBEDDINGS.c.patient_id, func.count().label("n")).where(_EMBEDDINGS.c.recipe == recipe)
        with self._store.reading() as connection:
            rows = connection.execute(query.group_by(_EMBEDDINGS.c.patient_id)).all()
        return {row.patient_id: int(row.n) for row in rows}

    def keep_embeddings(
        self, patient_id: PatientId, recipe: str, blobs: Mapping[str, bytes], current: Collection[str]
    ) -> None:
        """Keep embeddings, and drop those of the recipe that no window of the present data has."""
        if self._store.is_read_only:
            # A cache is not worth an error to somebody who reads.
            return
        seal, now = self._store.seal_of(patient_id), time.time_ns()
        rows = [
            {
                "patient_id": patient_id,
                "key": key,
                "recipe": recipe,
                "stored": now,
                "sealed": seal.seal(blob, _EMBEDDINGS.name, key),
            }
            for key, blob in blobs.items()
        ]
        with self._store.writing("pat.embed", patient_id) as write:
            write.detail = f"{len(rows)} weeks"
            mine = (_EMBEDDINGS.c.patient_id == patient_id) & (_EMBEDDINGS.c.recipe == recipe)
            known = set(write.connection.execute(select(_EMBEDDINGS.c.key).where(mine)).scalars())
            stale = sorted(known - set(current))
            for at in range(0, len(stale), _AT_ONCE):
                gone = _EMBEDDINGS.c.key.in_(stale[at : at + _AT_ONCE])
                write.connection.execute(delete(_EMBEDDINGS).where(mine, gone))
            if rows:
                write.connection.execute(insert(_EMBEDDINGS).on_conflict_do_nothing(), rows)

    # -- labels ---------------------------------------------------------------------------------------------------

    def labels(self, name: str | None = None) -> list[StoredLabel]:
        """Every label, or those of one name, by name and person."""
        with self._store.reading() as connection:
            rows = connection.execute(select(_LABELS)).all()
        found: list[StoredLabel] = []
        for row in rows:
            held = json.loads(self._store.seal_of(row.patient_id).open(row.sealed, _LABELS.name, row.key))
            if name is None or held["name"] == name:
                found.append(
                    StoredLabel(row.patient_id, held["name"], held["positive"], held.get("first"), held.get("last"))
                )
        return sorted(found, key=lambda one: (one.name, one.patient_id))

    def labels_of(self, patient_id: PatientId) -> list[StoredLabel]:
        """One person's labels."""
        return [one for one in self.labels() if one.patient_id == patient_id]

    def set_labels(self, labels: Sequence[StoredLabel]) -> None:
        """Write labels; one of the same person and name is replaced. One audit entry a person."""
        for patient_id in dict.fromkeys(one.patient_id for one in labels):
            seal = self._store.seal_of(patient_id)
            with self._store.writing("pat.labels.set", patient_id) as write:
                for one in labels:
                    if one.patient_id != patient_id:
                        continue
                    key = _label_key(patient_id, one.name)
                    said = {"name": one.name, "positive": one.positive, "first": one.first, "last": one.last}
                    sealed = seal.seal(json.dumps(said, ensure_ascii=False).encode(), _LABELS.name, key)
                    row = {"patient_id": patient_id, "key": key, "added": int(time.time()), "sealed": sealed}
                    write.connection.execute(
                        insert(_LABELS)
                        .values(row)
                        .on_conflict_do_update(index_elements=["patient_id", "key"], set_=row)
                    )

    def remove_labels(self, name: str) -> int:
        """Remove a label from everyone; answers from how many."""
        found = self.labels(name)
        for one in found:
            with self._store.writing("pat.labels.remove", one.patient_id) as write:
                key = _label_key(one.patient_id, name)
                write.connection.execute(
                    delete(_LABELS).where(_LABELS.c.patient_id == one.patient_id, _LABELS.c.key == key)
                )
        return len(found)

    # -- heads ----------------------------------------------------------------------------------------------------

    def heads(self) -> list[StoredHead]:
        """Every head, the latest first."""
        counted = select(_HEAD_PEOPLE.c.head_id, func.count().label("n")).group_by(_HEAD_PEOPLE.c.head_id)
        with self._store.reading() as connection:
            rows = connection.execute(select(_HEADS).order_by(_HEADS.c.created.desc(), _HEADS.c.id)).all()
            people = {row.head_id: int(row.n) for row in connection.execute(counted).all()}
        return [
            StoredHead(row.id, row.created, row.recipe, json.loads(row.document), people.get(row.id, 0)) for row in rows
        ]

    def head(self, head_id: str) -> StoredHead:
        """One head.

        Raises
        ------
        NotFoundError
            ``pat.no_head``.
        """
        for one in self.heads():
            if one.id == head_id:
                return one
        raise NotFoundError(
            "pat.no_head", "There is no head with this id.", remedy="Train one with: clarity-desktop pat finetune"
        )

    def add_head(self, head_id: str, recipe: str, document: Mapping[str, Any], people: Collection[PatientId]) -> None:
        """Keep a head with the people it was trained on."""
        with self._store.writing("pat.head.add") as write:
            write.detail = f"head {head_id}, {len(people)} people"
            text = json.dumps(document, ensure_ascii=False)
            row = {"id": head_id, "created": int(time.time()), "recipe": recipe, "document": text}
            write.connection.execute(insert(_HEADS).values(row))
            write.connection.execute(
                insert(_HEAD_PEOPLE), [{"head_id": head_id, "patient_id": one} for one in sorted(people)]
            )

    def people_of(self, head_id: str) -> frozenset[PatientId]:
        """Who of those a head was trained on is still in the vault."""
        query = select(_HEAD_PEOPLE.c.patient_id).where(_HEAD_PEOPLE.c.head_id == head_id)
        with self._store.reading() as connection:
            return frozenset(connection.execute(query).scalars())

    def remove_head(self, head_id: str) -> None:
        """Remove a head; its labels and embeddings stay."""
        self.head(head_id)
        with self._store.writing("pat.head.remove") as write:
            write.detail = f"head {head_id}"
            write.connection.execute(delete(_HEAD_PEOPLE).where(_HEAD_PEOPLE.c.head_id == head_id))
            write.connection.execute(delete(_HEADS).where(_HEADS.c.id == head_id))


def _label_key(patient_id: PatientId, name: str) -> str:
    """Tells nothing of the name to somebody who sees the column alone."""
    return hashlib.sha256(f"{patient_id}/{name}".encode()).hexdigest()[:32]
