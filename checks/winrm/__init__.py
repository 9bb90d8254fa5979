"""Faults of Windows Remote Management."""
