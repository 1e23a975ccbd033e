"""Erasing a patient for good: ledger, journal, copies, certificate, and the legal hold that forbids it."""
