"""Model cards: what a checkpoint is, where it comes from, and what may not be said with it."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from clarity_desktop.domain.pat import ATTRIBUTION, Checkpoint, Origin
from clarity_desktop.pat.sizes import SIZES

if TYPE_CHECKING:
    from clarity_desktop.pat.weights import PublishedWeights

__all__ = ["CARD_FORMAT", "RANDOM_WEIGHTS", "card_of_published", "checkpoint_of", "is_name", "read_card"]

CARD_FORMAT: Final = 1
RANDOM_WEIGHTS: Final = frozenset(
    {
        "249d43de015da4d31e2a265df76f81b5fed4bd2c643c4bc9d100479fb63e8d25",
        "3993a47249e3c8bada97a592478ae4f44379ec569c15dd8d69c3a1c289cf4f4a",
        "2405ef28c47590e9825c4e9be8b5bd6c2fee0f7083e6924402d801358b3cd127",
    }
)
"""SHA-256 of seeded random test files in the published layout. No hash of genuine weights is known here."""

_ID: Final = re.compile(r"[a-z0-9][a-z0-9.-]{0,63}")


def is_name(text: str) -> bool:
    """Whether a text can name a checkpoint: small letters, digits, dots and hyphens."""
    return _ID.fullmatch(text) is not None


def card_of_published(name: str, weights: PublishedWeights, stored_sha256: str) -> dict[str, Any]:
    """The model card of an imported file: what it is, where it comes from, and what may not be said with it."""
    random = weights.sha256 in RANDOM_WEIGHTS
    size = weights.size
    return {
        "format": CARD_FORMAT,
        "id": name,
        "size": size.key,
        "label": size.label,
        "origin": Origin.INSTALLED.value,
        "source_file": weights.file_name,
        "packaging": weights.packaging,
        "sha256": weights.sha256,
        "hash_known": False,
        "stored_sha256": stored_sha256,
        "parameters": size.parameter_count,
        "licence": "CC BY 4.0",
        "attribution": ATTRIBUTION,
        "trained_on": "Nothing: seeded random test weights."
        if random
        else "As its authors say: US survey participants with research actigraphs. Not checked here.",
        "input": "10 080 minutes of activity counts, each column standardised across participants",
        "wear_rule": "at least 90 % of the minutes worn; missing minutes filled by a named policy",
        "random": random,
        "simulated": False,
        "clinical": False,
        "heads": None,
        "use": "Research use, not a medical device. No trained head exists.",
    }


def read_card(path: Path) -> dict[str, Any] | None:
    """A model card, or ``None`` when the file is none."""
    try:
        card = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if not isinstance(card, dict) or card.get("size") not in SIZES or not isinstance(card.get("id"), str):
        return None
    return card if is_name(card["id"]) else None


def checkpoint_of(path: Path, card: dict[str, Any], origin: Origin, passed: Mapping[str, Any]) -> Checkpoint:
    """The checkpoint a card speaks of, with its file hashed and what the self-test said of that hash.

    Parameters
    ----------
    path:
        The card beside its checkpoint, or the weight file itself.
    """
    size = SIZES[card["size"]]
    weights = path.with_name(f"{card['id']}.safetensors") if path.suffix == ".json" else path
    stored = str(card.get("stored_sha256") or card.get("file_sha256") or "")
    problem, length = "", 0
    if not weights.is_file():
        problem = "The weight file is missing."
    else:
        data = weights.read_bytes()
        length = len(data)
        if hashlib.sha256(data).hexdigest() != stored:
            problem = "The weight file is not the one that its card names."
        elif stored not in passed:
            problem = "The self-test has not run on this machine yet."
        else:
            problem = str(passed[stored].get("problem", ""))
    if origin is not Origin.BUNDLED and card.get("origin") == Origin.TRAINED.value:
        origin = Origin.TRAINED
    return Checkpoint(
        id=card["id"],
        size=size.key,
        label=size.label,
        origin=origin,
        sha256=str(card.get("sha256") or stored),
        stored_sha256=stored,
        bytes=length,
        patch=size.patch,
        tokens=size.tokens,
        heads=size.heads,
        blocks=size.blocks,
        verified=not problem,
        problem=problem,
        random=bool(card.get("random", False)),
        simulated=bool(card.get("simulated", False)),
        trained_on=str(card.get("trained_on", "")),
        licence=str(card.get("licence", "")),
        cohort=card.get("cohort"),
        autoencoder=card.get("decoder") or card.get("autoencoder"),
        card=card,
    )
