"""Faults of Windows RPC."""
