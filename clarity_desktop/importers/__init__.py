"""Readers of files: one module a format, a registry that chooses by content, and the pipeline into a sink."""
