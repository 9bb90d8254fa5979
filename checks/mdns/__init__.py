"""Multicast DNS."""
