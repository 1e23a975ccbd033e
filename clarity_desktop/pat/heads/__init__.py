"""Local heads: small classifiers on a user's own labels, with what is needed to see whether they say anything."""
