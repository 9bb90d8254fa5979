"""Printers, by their port alone."""
