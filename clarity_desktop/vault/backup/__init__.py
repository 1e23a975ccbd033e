"""Backups: verified copies of a vault under its own key, their rotation, restoring them, and the drill."""

from __future__ import annotations
