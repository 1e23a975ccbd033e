"""The figures of a report, drawn as vectors on a sheet."""
