"""The clinic's own view of a person: what the vault holds about them, put together and never made up."""
