"""Faults of Windows file sharing."""
