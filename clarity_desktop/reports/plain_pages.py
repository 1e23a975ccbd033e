"""Pages of plain text: headed sections to print, with who, when, and that it is no diagnosis at the foot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from clarity_desktop.domain.time import Instant, format_instant
from clarity_desktop.reports.sheet import PAGE_HEIGHT, PAGE_WIDTH, Sheet

__all__ = ["TextSection", "plain_pages", "plain_text"]

_MARGIN: Final = 40.0
_WIDTH: Final = PAGE_WIDTH - 2 * _MARGIN
_BODY, _LEADING, _SMALL = 9.5, 13.5, 8.5
_FOOT: Final = 48.0


@dataclass(frozen=True, slots=True)
class TextSection:
    """A heading and its lines; a section without lines says so in one of them."""

    heading: str
    lines: tuple[str, ...]


def plain_text(sections: Sequence[TextSection]) -> str:
    """The sections for a terminal."""
    return "\n\n".join("\n".join((one.heading, *(f"  {line}" for line in one.lines))) for one in sections)


def plain_pages(
    title: str,
    identity: str,
    sections: Sequence[TextSection],
    *,
    foot: str,
    generated: Instant,
    version: str,
    simulated: bool = False,
) -> bytes:
    """The sections as an A4 PDF. Equal arguments give equal bytes.

    Parameters
    ----------
    title:
        Printed and in the document's metadata, so it must not name the person.
    identity:
        Who it is about, printed alone.
    foot:
        Stands on every page.
    """
    pages = _Pages(title, identity, sections, foot, generated, version, simulated, count=0)
    count = pages.draw()
    numbered = _Pages(title, identity, sections, foot, generated, version, simulated, count=count)
    numbered.draw()
    return numbered.sheet.finish()


class _Pages:
    """One walk through the sections; the first counts the pages, the second numbers them."""

    def __init__(
        self,
        title: str,
        identity: str,
        sections: Sequence[TextSection],
        foot: str,
        generated: Instant,
        version: str,
        simulated: bool,
        *,
        count: int,
    ) -> None:
        self.sheet = Sheet(title, "Clarity Desktop", generated, measuring=count == 0)
        self._title, self._identity, self._sections = title, identity, sections
        self._foot = f"{foot} Clarity Desktop {version}, {format_instant(generated)}."
        self._simulated, self._count = simulated, count
        self._number, self._y = 0, 0.0

    def draw(self) -> int:
        """Draw everything; answers the number of pages."""
        self._turn()
        for section in self._sections:
            self._room(_LEADING * 3 + 10)
            self._y -= 10
            self.sheet.bookmark(section.heading)
            self.sheet.text(_MARGIN, self._y, section.heading, 12, bold=True)
            self._y -= 5
            self.sheet.line(_MARGIN, self._y, PAGE_WIDTH - _MARGIN, self._y, "border")
            self._y -= _LEADING
            for line in section.lines:
                for part in self.sheet.wrap(line, _WIDTH, _BODY):
                    self._room(_LEADING)
                    self.sheet.text(_MARGIN, self._y, part, _BODY)
                    self._y -= _LEADING
            self._y -= 4
        return self._number

    def _room(self, height: float) -> None:
        if self._y - height < _FOOT + 12:
            self.sheet.next_page()
            self._turn()

    def _turn(self) -> None:
        self._number += 1
        top = PAGE_HEIGHT - _MARGIN
        self.sheet.text(_MARGIN, top - 16, self._title, 18, bold=True)
        if self._simulated:
            self.sheet.text(PAGE_WIDTH - _MARGIN, top - 16, "Simulated data", _BODY, "sim", bold=True, align="right")
        self.sheet.text(_MARGIN, top - 34, self._identity, 10.5, "text_muted")
        self.sheet.line(_MARGIN, _FOOT, PAGE_WIDTH - _MARGIN, _FOOT, "border")
        self.sheet.text(_MARGIN, _FOOT - 14, self._foot, _SMALL, "text_muted")
        page = f"{self._number} / {self._count}" if self._count else str(self._number)
        self.sheet.text(PAGE_WIDTH - _MARGIN, _FOOT - 14, page, _SMALL, "text_muted", align="right")
        self._y = top - 54
