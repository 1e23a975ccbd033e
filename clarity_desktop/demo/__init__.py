"""Simulated people with known truth: signals, the export files of their devices, and the demo vault."""
