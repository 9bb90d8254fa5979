"""Scans that come back by themselves."""
