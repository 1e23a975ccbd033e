"""The grounding check: whether an answer says nothing but what the facts table holds (IS-1 to IS-14)."""

from __future__ import annotations

from clarity_desktop.insights.grounding.check import check_answer, check_statements
from clarity_desktop.insights.grounding.lexicon import Lexicon, catalogue, lexicon
from clarity_desktop.insights.grounding.table import BadTableError, read_table, table_document, validate_table

__all__ = [
    "BadTableError",
    "Lexicon",
    "catalogue",
    "check_answer",
    "check_statements",
    "lexicon",
    "read_table",
    "table_document",
    "validate_table",
]
