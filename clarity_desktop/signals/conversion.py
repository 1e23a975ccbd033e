"""Values of samples in the canonical unit of their kind."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from clarity_desktop.domain.errors import InputError
from clarity_desktop.domain.kinds import conversion
from clarity_desktop.domain.series import Samples, SeriesKind

__all__ = ["canonical_samples", "canonical_values"]


def canonical_values(samples: Samples, kind: SeriesKind) -> NDArray[np.float64]:
    """Values of the samples in ``kind.unit``, shape (N,).

    Raises
    ------
    InputError
        ``signals.unit_mismatch`` when the unit of the samples does not measure what the kind measures.
    """
    factors = conversion(samples.unit, kind)
    if factors is None:
        raise InputError(
            "signals.unit_mismatch",
            f"{kind.title} in “{samples.unit}” cannot be read as {kind.unit or 'a category'}.",
            remedy="Check the unit column of the file, or import it as another kind.",
            detail=f"kind {kind.id}",
        )
    scale, shift = factors
    values = np.asarray(samples.value, dtype=np.float64)
    if (scale, shift) == (1.0, 0.0):
        return values
    return np.asarray(values * scale + shift)


def canonical_samples(samples: Samples, kind: SeriesKind) -> Samples:
    """The same samples with values and unit in the canonical unit of the kind."""
    values = canonical_values(samples, kind)
    return Samples(samples.start, samples.length_s, values, samples.flags, kind.unit, samples.labels)
