"""The repositories: one file a family of tables."""
