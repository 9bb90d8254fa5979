"""Faults of Windows machines, whatever service told."""
