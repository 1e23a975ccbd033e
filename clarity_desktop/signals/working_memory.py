"""Memory that large arrays give back stays with the process, so that the next ones need no new pages."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import numpy as np

__all__ = ["keep_freed_memory"]

_LARGEST_KEPT: Final = 31 * 2**20


@lru_cache(maxsize=1)
def keep_freed_memory() -> None:
    """Have the C library keep up to about 60 MB of freed memory for the arrays to come; called again, do nothing.

    A year of minutes is 4 MB in double precision. By default glibc asks the kernel for each array of that size anew
    and returns it at once, and clearing the new pages takes as long as the arithmetic. It raises its limits to the
    largest block it has seen freed, up to 32 MB: one block is taken here, never touched, and given back. Elsewhere
    this has no effect.
    """
    np.empty(_LARGEST_KEPT, np.uint8)
