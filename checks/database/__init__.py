"""Databases that answer."""
