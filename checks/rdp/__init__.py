"""Faults of remote desktop listeners."""
