"""Fake services: they say just enough to be recognised, and survive any client."""
