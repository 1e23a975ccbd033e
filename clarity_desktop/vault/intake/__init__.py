"""The way in: an import is staged unseen, then merged with what is stored in one transaction."""
