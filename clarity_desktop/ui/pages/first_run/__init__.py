"""The wizard of the first run: from nothing to a vault with a passphrase, a printed code and a person of a name."""
