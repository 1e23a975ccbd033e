"""Pictures of every page can be made without a screen."""

from __future__ import annotations

from pathlib import Path

import pytest

from clarity_desktop.app import Services
from clarity_desktop.ui.qt import QApplication, QImage
from clarity_desktop.ui.screenshots import render_pages
from clarity_desktop.ui.shell.page_list import PAGES


@pytest.mark.slow
def test_every_page_is_drawn_in_each_theme(services: Services, tmp_path: Path, qapp: QApplication) -> None:
    made = render_pages(services, tmp_path / "pictures", ("light", "dark"), (1280, 720))
    names = " ".join(path.name for path in made)
    for page in PAGES:
        assert page.id in names
    assert "unlock" in names
    assert "import-report" in names
    assert len(made) % 2 == 0
    light, dark = made[: len(made) // 2], made[len(made) // 2 :]
    for one, other in zip(light, dark, strict=True):
        pictures = QImage(str(one)), QImage(str(other))
        assert all((picture.width(), picture.height()) == (1280, 720) for picture in pictures)
        assert pictures[0].pixelColor(4, 700).lightness() > pictures[1].pixelColor(4, 700).lightness()
