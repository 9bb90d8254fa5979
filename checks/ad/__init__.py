"""Checks of a directory, one per control point."""
