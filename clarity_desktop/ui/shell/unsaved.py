"""Text in the window that nobody has saved: gathered before the lock, put back after it (V-21)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from clarity_desktop.domain.drafts import Draft, UnsavedText
from clarity_desktop.ui.dialogs.sheet import Sheet
from clarity_desktop.ui.pages.page import Page
from clarity_desktop.ui.qt import QLineEdit, QPlainTextEdit, QWidget

if TYPE_CHECKING:
    from clarity_desktop.domain.people import PatientId

__all__ = ["DRAFT", "fill", "keep_as_draft", "place_of", "place_words", "unsaved_texts"]

DRAFT: Final = "clarity_draft"
"""Property of a field whose text is to be kept: the field's name in the program's words."""
_SAVED: Final = "clarity_saved"


def keep_as_draft(field: QLineEdit | QPlainTextEdit, name: str) -> None:
    """Have the text of a field kept over a lock, when it differs from what stands in it now.

    Fields of several lines are kept without being asked for; call this for lines, and again after saving.

    Parameters
    ----------
    name:
        The field in words, the same in each run: ``Name or code``. It holds nothing that was typed.
    """
    field.setProperty(DRAFT, name)
    field.setProperty(_SAVED, _text(field))


def unsaved_texts(window: QWidget, patient_id: PatientId | None) -> list[UnsavedText]:
    """Every text that would be lost, in order of the widgets.

    Parameters
    ----------
    patient_id:
        Whose pages are open; what stands in a dialog belongs to nobody unless the dialog says so by an attribute
        ``draft_patient``.
    """
    found: dict[tuple[str, str | None], UnsavedText] = {}
    for field in (*window.findChildren(QPlainTextEdit), *window.findChildren(QLineEdit)):
        place = place_of(field)
        text = _text(field)
        if not place or not text.strip() or text == (field.property(_SAVED) or ""):
            continue
        about = _patient_of(field, patient_id)
        found[place, about] = UnsavedText(place, text, about)
    return list(found.values())


def place_of(field: QWidget) -> str:
    """``person.new/Name or code`` for a field whose text is kept; empty for others."""
    name = field.property(DRAFT)
    if not name and isinstance(field, QPlainTextEdit) and not field.isReadOnly():
        name = field.accessibleName()
    if not name or (isinstance(field, QLineEdit) and field.echoMode() is not QLineEdit.EchoMode.Normal):
        return ""
    owner: QWidget | None = field
    while owner is not None and not isinstance(owner, Sheet | Page):
        owner = owner.parentWidget()
    if owner is None:
        return ""
    return f"{owner.id if isinstance(owner, Page) else type(owner).__name__}/{name}"


def place_words(place: str) -> str:
    """A place as people read it: the field's own name."""
    return place.partition("/")[2] or place


def fill(window: QWidget, drafts: list[Draft]) -> list[Draft]:
    """Put drafts into the fields that are there; answers those that found theirs. Nothing typed is overwritten."""
    fields = {place_of(one): one for one in (*window.findChildren(QLineEdit), *window.findChildren(QPlainTextEdit))}
    found = []
    for draft in drafts:
        field = fields.get(draft.place)
        if field is None or _text(field).strip():
            continue
        if isinstance(field, QLineEdit):
            field.setText(draft.text)
        elif isinstance(field, QPlainTextEdit):
            field.setPlainText(draft.text)
        found.append(draft)
    return found


def _text(field: QLineEdit | QPlainTextEdit | QWidget) -> str:
    if isinstance(field, QPlainTextEdit):
        return field.toPlainText()
    return field.text() if isinstance(field, QLineEdit) else ""


def _patient_of(field: QWidget, patient_id: PatientId | None) -> PatientId | None:
    owner: QWidget | None = field
    while owner is not None:
        if isinstance(owner, Page):
            return patient_id if owner.needs_patient else None
        if isinstance(owner, Sheet):
            about = getattr(owner, "draft_patient", None)
            return about if isinstance(about, str) else None
        owner = owner.parentWidget()
    return None
