"""Certificates shown by services."""
