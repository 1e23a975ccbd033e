"""The findings of a panel, one file a family, and what they share: making, intervals, change over time."""
