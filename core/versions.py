"""Versions as vendors write and rank them. Pure.

A version is read into numbers and marks; each order says how they rank and which leading parts
make a branch. What cannot be read is never guessed: :class:`ValueError`, and the question is open.
"""

ORDERS = frozenset({"dotted"})
"""Known orders."""
