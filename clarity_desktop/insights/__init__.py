"""Words beside the charts: facts, providers, consent and de-identification, and the check that holds words to facts."""
