"""The part of the services that is about PAT's checkpoints and plain windows: they need no vault."""

from __future__ import annotations

import importlib.util
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from clarity_desktop.app.access import AccessServices
from clarity_desktop.app.permissions import open_to_all
from clarity_desktop.domain.errors import ClarityError, NotFoundError, UsageError
from clarity_desktop.domain.pat import Checkpoint
from clarity_desktop.domain.pat_results import Machine
from clarity_desktop.domain.work import CancelToken, ProgressListener, ignore_progress

if TYPE_CHECKING:
    from clarity_desktop.analysis.weeks.embedding import PatStudy
    from clarity_desktop.pat.inference import Embeddings
    from clarity_desktop.pat.registry import Registry
    from clarity_desktop.vault import Vault

__all__ = ["PACKAGES", "PatModelServices"]

PACKAGES: Final = ("torch", "safetensors", "h5py")
"""What the optional part ``pat`` installs."""


class PatModelServices(AccessServices):
    """Checkpoints, their cards and self-tests, and windows that belong to nobody here. Part of ``Services``."""

    home: Path
    _pat: tuple[Vault, PatStudy] | None = None
    _registry: Registry | None = None

    @open_to_all
    def pat_machine(self) -> Machine:
        """What this machine has for PAT; loads nothing."""
        missing = tuple(name for name in PACKAGES if importlib.util.find_spec(name) is None)
        torch = None if "torch" in missing else metadata.version("torch")
        return Machine(torch, missing)

    @open_to_all
    def pat_models(self, *, check: bool = False) -> tuple[Checkpoint, ...]:
        """Every checkpoint with its card.

        Parameters
        ----------
        check:
            Run the self-test of those on which it never ran; one that does not pass stays unverified with the reason.
        """
        self._pat_require()
        registry = self._pat_registry()
        if check:
            for one in registry.all():
                if not one.verified:
                    self._pat_tried(registry, one.id)
        return registry.all()

    def _pat_tried(self, registry: Registry, name: str) -> None:
        """Run a self-test whose outcome the list will show; the reason stands there too."""
        try:
            registry.verify(name)
        except ClarityError as error:
            registry.note_problem(name, error.message)

    @open_to_all
    def pat_verify(self, name: str) -> Checkpoint:
        """Check a checkpoint's file against its card and run its self-test now."""
        self._pat_require()
        return self._pat_registry().verify(name)

    @open_to_all
    def pat_install(
        self, path: Path, *, size: str | None = None, conv: bool = False, name: str | None = None
    ) -> Checkpoint:
        """Install a published weight file that the user brought; strict, self-tested, or not at all."""
        self._pat_require()
        from clarity_desktop.pat.sizes import SIZES

        wanted = None if size is None else SIZES.get(f"conv-{size}" if conv else size)
        if size is not None and wanted is None:
            raise UsageError("pat.size", f"There is no PAT size “{size}”.", remedy="Choose s, m or l.")
        return self._pat_registry().install(path, expected=wanted, conv=conv, name=name)

    @open_to_all
    def pat_embed_windows(
        self,
        windows: NDArray[np.float32],
        weights: str | None = None,
        *,
        size: str | None = None,
        device: str = "auto",
        progress: ProgressListener = ignore_progress,
        cancel: CancelToken | None = None,
    ) -> tuple[Checkpoint, Embeddings]:
        """Tokens, embeddings and attention profiles of standardised windows (N, 10080).

        Parameters
        ----------
        weights:
            Id of a checkpoint, or a published weight file, which is checked as strictly as an install and not kept.
            ``None`` takes the checkpoint of the size that serves best.
        size:
            ``s``, ``m`` or ``l``: must agree with the weights.
        """
        self._pat_require()
        from clarity_desktop.pat.inference import embed

        registry = self._pat_registry()
        checkpoint = registry.chosen(weights, size)
        encoder = registry.encoder(checkpoint)
        made = embed(encoder, windows, device=device, tokens=True, progress=progress, cancel=cancel)
        return checkpoint, made

    @open_to_all
    def pat_choose(self, weights: str | None, size: str | None = None) -> Checkpoint:
        """A verified checkpoint by id, by a published file that is checked and lent, or the best."""
        self._pat_require()
        return self._pat_registry().chosen(weights, size)

    @open_to_all
    def pat_borrow_models(self, other: PatModelServices) -> None:
        """Use the checkpoints of other services: a recording outside the vault has a home of its own."""
        self._registry = other._pat_registry()

    def _pat_require(self) -> None:
        missing = self.pat_machine().missing
        if missing:
            raise NotFoundError(
                "pat.not_installed",
                "PAT needs parts of the program that are not installed here: " + ", ".join(missing) + ".",
                remedy="Install them with: python3 start.py setup",
            )

    def _pat_registry(self) -> Registry:
        self._pat_require()
        from clarity_desktop.pat.registry import Registry

        if self._registry is None:
            self._registry = Registry(self.home)
        return self._registry

    def _pat_study(self) -> PatStudy:
        """The study over the open vault; one is kept, so that the encoder is loaded once."""
        from clarity_desktop.analysis.weeks.embedding import PatStudy

        vault = self.vault
        if self._pat is None or self._pat[0] is not vault:
            self._pat = (vault, PatStudy(vault, self._pat_registry()))
        return self._pat[1]
