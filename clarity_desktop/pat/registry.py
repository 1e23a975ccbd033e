"""The checkpoints this machine knows: those of ``models/`` and those installed in the home folder, with their cards."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from clarity_desktop.assets import asset
from clarity_desktop.domain.errors import ConflictError, InputError, IntegrityError, NotFoundError, UsageError
from clarity_desktop.domain.pat import Checkpoint, Origin
from clarity_desktop.pat.cards import CARD_FORMAT, card_of_published, checkpoint_of, is_name, read_card
from clarity_desktop.pat.normalisation import CohortStatistics, load_cohort, save_cohort
from clarity_desktop.pat.self_test import run_self_test
from clarity_desktop.pat.sizes import SIZES, ModelSize
from clarity_desktop.pat.weights import load_state, read_published, save_state

if TYPE_CHECKING:
    from torch import Tensor

    from clarity_desktop.pat.autoencoder import MaskedAutoencoder
    from clarity_desktop.pat.encoder import Encoder

__all__ = ["Registry"]

_PUBLISHED: Final = (".h5", ".hdf5")
_STATE_FILE: Final = "pat-verified.json"


class Registry:
    """Checkpoints by id. Nothing is loaded that is not the file its card names or whose self-test did not pass.

    Parameters
    ----------
    home:
        The program's home folder; installed checkpoints lie in ``home/models``.
    bundled:
        Folder of the checkpoints that belong to the program; ``None`` takes ``models/``.
    """

    def __init__(self, home: Path, bundled: Path | None = None) -> None:
        self.folder = home / "models"
        self._bundled = bundled
        self._verified = home / "models" / _STATE_FILE
        self._lent: dict[str, tuple[Checkpoint, dict[str, Tensor]]] = {}

    def all(self) -> tuple[Checkpoint, ...]:
        """Every checkpoint with a readable card, the bundled ones first. Files are hashed; no self-test runs."""
        passed = self._passed()
        return tuple(
            checkpoint_of(path, card, origin, passed)
            for folder, origin in self._folders()
            for path in sorted(folder.glob("*.json"))
            if (card := read_card(path)) is not None
        )

    def get(self, name: str) -> Checkpoint:
        """The checkpoint with this id.

        Raises
        ------
        NotFoundError
            ``pat.no_model``.
        """
        if name in self._lent:
            return self._lent[name][0]
        for one in self.all():
            if one.id == name:
                return one
        raise NotFoundError(
            "pat.no_model",
            f"There is no checkpoint “{name}” here.",
            remedy="List them with: clarity-desktop pat models",
        )

    def default(self, size: str | None = None) -> Checkpoint:
        """The checkpoint to take when none is named: installed and genuine before bundled, none that is random.

        Raises
        ------
        NotFoundError
            ``pat.no_weights`` when there is none (of the size).
        """
        fitting = [one for one in self.all() if size is None or one.size == size]
        order = {Origin.INSTALLED: 0, Origin.TRAINED: 1, Origin.BUNDLED: 2}
        fitting.sort(key=lambda one: (one.random, order[one.origin], one.id))
        if not fitting:
            which = "" if size is None else f" of size {size.upper()}"
            raise NotFoundError(
                "pat.no_weights",
                f"No PAT weights{which} are installed.",
                remedy="Install a weight file with: clarity-desktop pat install FILE",
            )
        return fitting[0]

    def install(
        self, path: Path, *, expected: ModelSize | None = None, conv: bool = False, name: str | None = None
    ) -> Checkpoint:
        """Import a published weight file, run its self-test, and keep it as safetensors with its card.

        Raises
        ------
        InputError
            ``pat.weights.…`` naming what is wrong with the file.
        IntegrityError
            ``pat.self_test``; nothing is kept then.
        ConflictError
            ``pat.name_taken`` when other weights have this name.
        """
        weights = read_published(path, expected=expected, conv=conv)
        wanted = name or f"{weights.size.label.lower().replace(' ', '-')}-{weights.sha256[:8]}"
        if not is_name(wanted):
            raise _unfit_name()
        for one in self.all():
            if one.id == wanted and one.sha256 != weights.sha256:
                raise ConflictError(
                    "pat.name_taken", f"Other weights are called “{wanted}”.", remedy="Choose another name."
                )
        tested = run_self_test(weights.size, weights.state)
        about = {"size": weights.size.key, "source_sha256": weights.sha256, "licence": "CC-BY-4.0"}
        target = self.folder / f"{wanted}.safetensors"
        stored = save_state(target, weights.state, about)
        card = card_of_published(wanted, weights, stored)
        _write_json(self.folder / f"{wanted}.json", card)
        self._note_passed(stored, asdict(tested))
        return self.get(wanted)

    def verify(self, name: str) -> Checkpoint:
        """Run the self-test of a checkpoint now, and keep what came of it.

        Raises
        ------
        IntegrityError
            ``pat.weights.changed`` or ``pat.self_test``.
        """
        one = self.get(name)
        folder = self._folder_of(one)
        size = SIZES[one.size]
        state = load_state(folder / f"{one.id}.safetensors", size, sha256=one.stored_sha256)
        self._note_passed(one.stored_sha256, None)
        tested = run_self_test(size, state)
        self._note_passed(one.stored_sha256, asdict(tested))
        return self.get(name)

    def ready(self, name: str) -> Checkpoint:
        """The checkpoint, verified: its self-test runs now when it never ran on this machine."""
        one = self.get(name)
        return one if one.verified else self.verify(name)

    def encoder(self, one: Checkpoint) -> Encoder:
        """The encoder with the checkpoint's weights, ready to use.

        Raises
        ------
        IntegrityError
            ``pat.not_verified`` when the checkpoint is not verified; ``pat.weights.changed`` when its file changed.
        """
        from clarity_desktop.pat.encoder import Encoder

        if not one.verified:
            raise IntegrityError(
                "pat.not_verified",
                f"The checkpoint “{one.id}” is not verified, and is not used.",
                remedy=f"Check it with: clarity-desktop pat verify {one.id}",
                detail=one.problem,
            )
        size = SIZES[one.size]
        encoder = Encoder(size)
        if one.id in self._lent:
            encoder.load_state_dict(self._lent[one.id][1])
        else:
            path = self._folder_of(one) / f"{one.id}.safetensors"
            encoder.load_state_dict(load_state(path, size, sha256=one.stored_sha256))
        return encoder.eval()

    def keep_trained(self, card: Mapping[str, Any], model: MaskedAutoencoder, cohort: CohortStatistics) -> Checkpoint:
        """Keep what was trained on this machine: encoder, whole autoencoder, cohort statistics and card.

        Raises
        ------
        ConflictError
            ``pat.name_taken`` when a checkpoint has the card's id.
        """
        name = str(card["id"])
        if not is_name(name):
            raise _unfit_name()
        if any(one.id == name for one in self.all()):
            raise ConflictError("pat.name_taken", f"A checkpoint is called “{name}”.", remedy="Choose another name.")
        state = {key: tensor.detach().cpu() for key, tensor in model.encoder.state_dict().items()}
        tested = run_self_test(model.size, state)
        stored = save_state(self.folder / f"{name}.safetensors", state, {"size": model.size.key})
        whole = {key: tensor.detach().cpu() for key, tensor in model.state_dict().items()}
        save_state(self.folder / f"{name}.autoencoder.safetensors", whole, {"size": model.size.key})
        statistics = self.folder / f"{name}.cohort.npz"
        save_cohort(statistics, cohort)
        _write_json(
            self.folder / f"{name}.json",
            {
                **card,
                "format": CARD_FORMAT,
                "sha256": stored,
                "stored_sha256": stored,
                "cohort": statistics.name,
                "cohort_sha256": hashlib.sha256(statistics.read_bytes()).hexdigest(),
                "autoencoder": f"{name}.autoencoder.safetensors",
            },
        )
        self._note_passed(stored, asdict(tested))
        return self.get(name)

    def take(self, path: Path, size: str | None = None) -> Checkpoint:
        """Check a published file as strictly as an install and lend it to this registry, without keeping it.

        Raises
        ------
        InputError
            ``pat.weights.…`` naming what is wrong with the file.
        IntegrityError
            ``pat.self_test``.
        """
        weights = read_published(path, expected=None if size is None else SIZES[size])
        tested = run_self_test(weights.size, weights.state)
        name = weights.size.label.lower().replace(" ", "-")
        card = card_of_published(f"{name}-{weights.sha256[:8]}", weights, weights.sha256)
        one = checkpoint_of(path, card, Origin.INSTALLED, {weights.sha256: asdict(tested)})
        self._lent[one.id] = (one, weights.state)
        return one

    def chosen(self, weights: str | None, size: str | None = None) -> Checkpoint:
        """A verified checkpoint: by id, by a published file that is lent, or the one that serves best.

        Raises
        ------
        NotFoundError
            ``pat.no_model``, ``pat.no_weights``.
        UsageError
            ``pat.other_size`` when the checkpoint is of another size than the one asked for.
        """
        if weights is not None and (Path(weights).suffix in _PUBLISHED or Path(weights).is_file()):
            return self.take(Path(weights), size)
        one = self.ready((self.default(size) if weights is None else self.get(weights)).id)
        if size is not None and one.size != size:
            raise UsageError(
                "pat.other_size",
                f"“{one.id}” is {one.label}, and size {size.upper()} was asked for.",
                remedy="Choose the size of the checkpoint, or another checkpoint.",
            )
        return one

    def cohort(self, one: Checkpoint) -> CohortStatistics | None:
        """The cohort statistics that belong to a checkpoint; ``None`` when it has none.

        Raises
        ------
        IntegrityError
            ``pat.cohort_changed`` when the file is not the one the card names.
        """
        if one.cohort is None:
            return None
        path = self._folder_of(one) / Path(one.cohort).name
        named = one.card.get("cohort_sha256")
        if named is not None and path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() != named:
            raise IntegrityError(
                "pat.cohort_changed",
                f"The cohort statistics of “{one.id}” are not the file its card names.",
                remedy="Install the program again.",
            )
        return load_cohort(path)

    def autoencoder_path(self, one: Checkpoint) -> Path | None:
        """The whole autoencoder of a checkpoint, for reconstruction; ``None`` when only the encoder is here."""
        if one.autoencoder is None:
            return None
        path = self._folder_of(one) / Path(one.autoencoder).name
        return path if path.is_file() else None

    def note_problem(self, name: str, problem: str) -> None:
        """Keep why a self-test did not pass, so that the list says it."""
        one = self.get(name)
        self._write_passed({**self._passed(), one.stored_sha256: {"at": int(time.time()), "problem": problem}})

    def remove(self, name: str) -> None:
        """Forget an installed checkpoint. Bundled ones stay.

        Raises
        ------
        ConflictError
            ``pat.bundled``.
        """
        one = self.get(name)
        if one.origin is Origin.BUNDLED:
            raise ConflictError(
                "pat.bundled", "This checkpoint belongs to the program and stays.", remedy="Choose an installed one."
            )
        for suffix in (".json", ".safetensors", ".autoencoder.safetensors", ".cohort.npz"):
            (self.folder / f"{one.id}{suffix}").unlink(missing_ok=True)

    def _folders(self) -> list[tuple[Path, Origin]]:
        found: list[tuple[Path, Origin]] = []
        if self._bundled is not None:
            found.append((self._bundled, Origin.BUNDLED))
        else:
            try:
                found.append((asset("models"), Origin.BUNDLED))
            except NotFoundError:
                found = []
        return [*found, (self.folder, Origin.INSTALLED)]

    def _folder_of(self, one: Checkpoint) -> Path:
        if one.origin is not Origin.BUNDLED:
            return self.folder
        return self._folders()[0][0]

    def _passed(self) -> dict[str, Any]:
        try:
            found = json.loads(self._verified.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def _note_passed(self, sha256: str, errors: Mapping[str, float] | None) -> None:
        passed = self._passed()
        if errors is None:
            passed.pop(sha256, None)
        else:
            passed[sha256] = {"at": int(time.time()), **errors}
        self._write_passed(passed)

    def _write_passed(self, passed: Mapping[str, Any]) -> None:
        _write_json(self._verified, passed)


def _unfit_name() -> InputError:
    return InputError(
        "pat.name",
        "A checkpoint's name holds small letters, digits, dots and hyphens.",
        remedy="Choose a name such as pat-m-29k.",
    )


def _write_json(path: Path, value: Mapping[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    part.write_text(json.dumps(value, indent=2, ensure_ascii=False, sort_keys=True) + "\n", encoding="utf-8")
    part.replace(path)
