"""Columnar chunks: all samples of one series that start within one stretch of 30 days, as one compressed blob."""
