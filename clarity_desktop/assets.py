"""The one function by which code reaches the files of ``resources/`` and ``models/``."""

from __future__ import annotations

from pathlib import Path

from clarity_desktop.domain.errors import NotFoundError

__all__ = ["asset"]

_PACKAGE = Path(__file__).resolve().parent


def asset(relative: str) -> Path:
    """Path of a bundled file or folder, such as ``resources/fonts/Inter-Regular.otf``.

    In a checkout the folders stand beside the package; in an installed wheel the build maps them into it.

    Raises
    ------
    NotFoundError
        ``asset.missing`` when the installation lacks the file.
    """
    for root in (_PACKAGE, _PACKAGE.parent):
        path = root / relative
        if path.exists():
            return path
    raise NotFoundError(
        "asset.missing",
        "A file that belongs to the program is missing.",
        remedy="Install Clarity Desktop again.",
        detail=relative,
    )
