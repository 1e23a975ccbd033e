"""Providers of insights beyond the rules: language models that see the facts table and nothing else."""

from __future__ import annotations

from clarity_desktop.insights.providers.provider import (
    AnswerPiece,
    Finish,
    ModelProvider,
    ProviderError,
    ProviderFailure,
    Usage,
)

__all__ = ["AnswerPiece", "Finish", "ModelProvider", "ProviderError", "ProviderFailure", "Usage"]
