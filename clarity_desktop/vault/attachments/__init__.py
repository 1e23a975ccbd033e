"""Documents of a patient, kept encrypted in segments and opened as a stream."""
