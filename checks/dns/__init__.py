"""Checks on the zones of domains."""
