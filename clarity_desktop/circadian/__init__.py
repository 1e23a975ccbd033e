"""Rest–activity rhythm: pure functions on epochs, one file a family, each with the paper it follows."""
