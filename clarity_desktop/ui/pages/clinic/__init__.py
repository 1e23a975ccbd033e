"""Pages of the clinic's work with people."""
