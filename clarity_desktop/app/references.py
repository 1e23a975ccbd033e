"""Published ranges for the window and the command line, which may not reach into the analysis room."""

from __future__ import annotations

from clarity_desktop.analysis.reference_ranges import ReferenceRange, reference_ranges

__all__ = ["ReferenceRange", "reference_ranges"]
