"""Asks the vault for what a question needs, runs the pure functions, and keeps results with their provenance."""
