"""Moving the keyboard between the regions of the window."""

from __future__ import annotations

from collections.abc import Sequence

from clarity_desktop.ui.qt import QApplication, Qt, QWidget

__all__ = ["step_region"]


def _first_stop(region: QWidget) -> QWidget | None:
    for widget in region.findChildren(QWidget):
        if widget.isVisible() and widget.isEnabled() and widget.focusPolicy() & Qt.FocusPolicy.TabFocus:
            return widget
    return None


def step_region(regions: Sequence[QWidget], *, forward: bool) -> None:
    """Give the keyboard to the first control of the next (or previous) region that has one."""
    focused = QApplication.focusWidget()
    at = next(
        (index for index, region in enumerate(regions) if focused is not None and region.isAncestorOf(focused)),
        -1 if forward else 0,
    )
    for distance in range(1, len(regions) + 1):
        region = regions[(at + distance if forward else at - distance) % len(regions)]
        stop = _first_stop(region)
        if stop is not None:
            stop.setFocus(Qt.FocusReason.TabFocusReason)
            return
