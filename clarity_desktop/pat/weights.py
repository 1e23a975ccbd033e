"""Strict import of published weight files, and checkpoints of our own as safetensors.

Before a number is read, the file's datasets are compared with the published layout: all there, none left over, each
stored in the file itself, floating, of the exact shape. A configuration inside the file is never looked at.
"""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from clarity_desktop.domain.errors import InputError, IntegrityError, NotFoundError
from clarity_desktop.pat.layout import as_state, published_datasets, size_of_shapes, state_shapes
from clarity_desktop.pat.sizes import SIZES, ModelSize

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["PublishedWeights", "load_state", "read_bytes", "read_published", "save_state", "size_words"]

_LARGEST: Final = 256 * 1024 * 1024
_MOST_OBJECTS: Final = 2000
_DEEPEST: Final = 8
_WHOLE_MODEL: Final = "model_weights"
_NAMED: Final = 3


@dataclass(frozen=True, slots=True)
class PublishedWeights:
    """A published weight file that passed every check."""

    size: ModelSize
    state: dict[str, Tensor]
    """Tensors by the keys of :class:`~clarity_desktop.pat.encoder.Encoder`."""
    sha256: str
    """Of the file as it was offered."""
    packaging: str
    """``weights only`` or ``whole model``."""
    file_name: str


def size_words(size: ModelSize) -> str:
    """A size with what tells it apart: ``PAT-S (patch 18, 6 heads, 1 block)``."""
    return f"{size.label} (patch {size.patch}, {size.heads} heads, {size.blocks} block{'s' * (size.blocks > 1)})"


def refused(code: str, message: str, remedy: str = "", detail: str = "") -> InputError:
    """The refusal of a weight file: nothing of it was taken."""
    return InputError(
        f"pat.weights.{code}",
        message,
        remedy=remedy or "Download the file again from its authors' page. Nothing was installed.",
        detail=detail,
    )


def read_bytes(path: Path) -> bytes:
    """The whole file, of bounded size, so that what is hashed is what is read.

    Raises
    ------
    NotFoundError
        ``pat.weights.not_found``.
    InputError
        ``pat.weights.empty``, ``pat.weights.too_large``, ``pat.weights.unreadable``.
    """
    try:
        size = path.stat().st_size
        if size > _LARGEST:
            raise refused("too_large", f"“{path.name}” is {size / 1e6:.0f} MB; no PAT weight file is that large.")
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise NotFoundError(
            "pat.weights.not_found", f"There is no file “{path.name}” here.", remedy="Check the name and the folder."
        ) from error
    except OSError as error:
        raise refused("unreadable", f"“{path.name}” cannot be read.", detail=type(error).__name__) from error
    if not data:
        raise refused("empty", f"“{path.name}” is empty.")
    return data


def read_published(path: Path, *, expected: ModelSize | None = None, conv: bool = False) -> PublishedWeights:
    """Read a published ``.h5`` weight file, in either packaging.

    Parameters
    ----------
    path:
        The file; its name plays no part.
    expected:
        The size the user chose; ``None`` takes the size the shapes show.
    conv:
        Whether the convolutional variant is wanted. Without it such a file is refused, and never read as the other.

    Raises
    ------
    InputError
        ``pat.weights.…`` with a message that names what is wrong.
    """
    data = read_bytes(path)
    sha256 = hashlib.sha256(data).hexdigest()
    h5py: Any = import_module("h5py")
    try:
        with h5py.File(io.BytesIO(data), "r") as file:
            packaging, found = _datasets(file)
            size = _recognised(found, expected, conv=conv)
            arrays = {one.name: _numbers(found[one.name], one.name) for one in published_datasets(size)}
    except (OSError, RuntimeError, KeyError) as error:
        # The HDF5 library says all three of damaged files; its words name addresses, not places a person knows.
        whole = data[:8] == b"\x89HDF\r\n\x1a\n"
        said = "is an HDF5 file that is cut short or damaged" if whole else "is not an HDF5 file"
        raise refused("not_hdf5", f"“{path.name}” {said}.", detail=str(error)[:200]) from error
    return PublishedWeights(size, as_state(size, arrays), sha256, packaging, path.name)


def _datasets(file: Any) -> tuple[str, dict[str, Any]]:
    """Packaging and datasets by their published name; every object is looked at, none is followed elsewhere."""
    found: dict[str, Any] = {}
    groups: set[str] = set()
    seen = 0

    h5py: Any = import_module("h5py")

    def walk(group: Any, prefix: str, depth: int) -> None:
        nonlocal seen
        if depth > _DEEPEST:
            raise refused("too_deep", f"Groups lie too deep in the file, at “{prefix}”.")
        for name in group:
            seen += 1
            if seen > _MOST_OBJECTS:
                raise refused("too_many", f"The file holds more than {_MOST_OBJECTS} objects.")
            place = f"{prefix}{name}"
            link = group.get(name, getlink=True)
            if not isinstance(link, h5py.HardLink):
                raise refused("link", f"“{place}” is a link to another place, not stored numbers.")
            one = group[name]
            if isinstance(one, h5py.Group):
                groups.add(place)
                walk(one, f"{place}/", depth + 1)
            elif isinstance(one, h5py.Dataset):
                found[place] = one
            else:
                raise refused("object", f"“{place}” is neither a group nor a dataset.")

    walk(file, "", 0)
    whole = any(name.startswith(f"{_WHOLE_MODEL}/") for name in found)
    if whole:
        beside = sorted(name for name in found if not name.startswith(f"{_WHOLE_MODEL}/"))
        if beside:
            raise refused("left_over", f"Beside the model's weights the file holds “{beside[0]}”.")
        cut = len(_WHOLE_MODEL) + 1
        found = {name[cut:]: one for name, one in found.items()}
        groups = {name[cut:] for name in groups if name.startswith(f"{_WHOLE_MODEL}/")}
    known = {one.name for size in SIZES.values() for one in published_datasets(size)}
    for name in sorted(groups & known):
        raise refused("group", f"“{name}” is a group where a dataset belongs.")
    if not found:
        raise refused("nothing", "The file holds no dataset.")
    return "whole model" if whole else "weights only", found


def _recognised(found: Mapping[str, Any], expected: ModelSize | None, *, conv: bool) -> ModelSize:
    """The size whose layout the datasets match in every point; else the refusal that names the first differences."""
    for name in sorted(found):
        one = found[name]
        if one.is_virtual or one.external:
            raise refused("link", f"The numbers of “{name}” are stored in another file.")
        if one.dtype.kind != "f":
            raise refused("not_numbers", f"“{name}” holds {one.dtype.name}, not floating-point numbers.")
    shapes = {name: tuple(int(n) for n in one.shape or ()) for name, one in found.items()}
    differences = {key: _differences(size, shapes) for key, size in SIZES.items()}
    match = next((SIZES[key] for key, lines in differences.items() if not lines), None)
    if match is not None:
        if match.conv and not (conv or (expected is not None and expected.conv)):
            raise refused(
                "convolutional",
                f"The file holds the convolutional variant, {size_words(match)}, which is another model.",
                "Say so with --conv if that is what you want. Nothing was installed.",
            )
        if expected is not None and match != expected:
            raise refused(
                "other_size",
                f"The file holds {size_words(match)}, and {size_words(expected)} was chosen.",
                "Choose the size that the file holds, or another file.",
            )
        return match
    likely = expected or size_of_shapes(shapes)
    nearest = min(differences, key=lambda key: len(differences[key])) if likely is None else likely.key
    lines = differences[nearest]
    more = f" and {len(lines) - _NAMED} more" if len(lines) > _NAMED else ""
    raise refused(
        "layout",
        f"The file is no {SIZES[nearest].label} weight file: {'; '.join(lines[:_NAMED])}{more}.",
        detail=f"{len(found)} datasets",
    )


def _differences(size: ModelSize, shapes: Mapping[str, tuple[int, ...]]) -> list[str]:
    wanted = {one.name: one.shape for one in published_datasets(size)}
    lines = [f"“{name}” is missing" for name in wanted if name not in shapes]
    lines += [
        f"“{name}” has shape {shapes[name]} in place of {shape}"
        for name, shape in wanted.items()
        if name in shapes and shapes[name] != shape
    ]
    return lines + [f"“{name}” does not belong there" for name in sorted(shapes) if name not in wanted]


def _numbers(dataset: Any, name: str) -> NDArray[np.float32]:
    values = np.asarray(dataset[()], dtype=np.float32)
    if not np.isfinite(values).all():
        raise refused("not_finite", f"“{name}” holds {_odd(values)}.")
    return values


def _odd(values: NDArray[np.float32]) -> str:
    count = int((~np.isfinite(values)).sum())
    kind = "NaN" if np.isnan(values).any() else "infinity"
    return f"{count} number{'s' * (count > 1)} that {'are' if count > 1 else 'is'} {kind}"


def save_state(path: Path, state: Mapping[str, Tensor], about: Mapping[str, str]) -> str:
    """Write a checkpoint as safetensors, all or nothing, and answer the SHA-256 of the file.

    Parameters
    ----------
    path:
        Where; its folder is made.
    state:
        Tensors of an encoder.
    about:
        Short texts kept in the file's own head, such as size and hash of the source.
    """
    from safetensors.torch import save

    data = save({key: tensor.contiguous() for key, tensor in state.items()}, dict(about))
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    with part.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
    return hashlib.sha256(data).hexdigest()


def load_state(path: Path, size: ModelSize, *, sha256: str | None = None) -> dict[str, Tensor]:
    """The tensors of a checkpoint as strictly as a published file is read.

    Raises
    ------
    IntegrityError
        ``pat.weights.changed`` when the file is not the one that ``sha256`` names.
    InputError
        ``pat.weights.…`` when it is no checkpoint of this size.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load

    data = read_bytes(path)
    if sha256 is not None and hashlib.sha256(data).hexdigest() != sha256:
        raise IntegrityError(
            "pat.weights.changed",
            f"“{path.name}” is not the file that was installed.",
            remedy="Install the weights again.",
        )
    try:
        state: dict[str, Tensor] = load(data)
    except SafetensorError as error:
        raise refused(
            "not_safetensors", f"“{path.name}” is not a safetensors file.", detail=str(error)[:200]
        ) from error
    wanted = state_shapes(size)
    if set(state) != set(wanted):
        odd = sorted(set(state) ^ set(wanted))[0]
        said = "is missing" if odd in wanted else "does not belong there"
        raise refused("layout", f"“{path.name}” is no {size.label} checkpoint: “{odd}” {said}.")
    for key, tensor in state.items():
        if tuple(tensor.shape) != wanted[key] or not tensor.is_floating_point():
            raise refused("layout", f"“{key}” has shape {tuple(tensor.shape)} in place of {wanted[key]}.")
        if not bool(tensor.isfinite().all()):
            raise refused("not_finite", f"“{key}” holds numbers that are not finite.")
    return state
