"""Backup systems."""
