"""From signals at hand to a panel, and a panel to bytes and back."""
