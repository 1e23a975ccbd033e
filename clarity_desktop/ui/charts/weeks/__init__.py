"""Charts of weeks through PAT: rows of days, the day view, the embedding, the trajectory, reliability of a head."""
