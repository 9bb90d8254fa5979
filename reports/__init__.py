"""Findings, for people and tools."""
