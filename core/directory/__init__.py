"""The pure model of a forest: what was read, and what follows from it."""
