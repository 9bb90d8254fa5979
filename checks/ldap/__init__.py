"""Faults of directories as strangers see them."""
