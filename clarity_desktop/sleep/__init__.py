"""Sleep: scoring of activity, resolving recorded stages, nights, regularity and timing; pure functions on arrays."""
