"""The pages that look after the vault: state, people, keys, audit, backups, consent, retention, settings."""
