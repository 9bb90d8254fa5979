"""Findings, for tools."""
