"""Runs, observations and findings, kept."""
