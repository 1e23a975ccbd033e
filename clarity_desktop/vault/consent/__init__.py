"""What a person has agreed to, and how long their data is kept."""
