"""The command line: one file a noun, one JSON document an answer, exit codes by the kind of error."""
