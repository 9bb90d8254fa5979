"""Fake services, one protocol a file: they say just enough to be recognised, and survive any client."""
