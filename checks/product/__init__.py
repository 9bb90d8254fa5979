"""Products and their versions."""
