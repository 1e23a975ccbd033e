"""The users of a vault: their ways in, their keys, their roles."""
