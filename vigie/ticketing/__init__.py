"""Tickets that follow findings, in the establishments' own systems."""
