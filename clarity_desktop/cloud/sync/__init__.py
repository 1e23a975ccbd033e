"""Sync: packing series, the engine that drives the outbox, reading back, and what stops it (sync.md)."""
