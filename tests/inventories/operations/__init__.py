"""Tests of operations files."""
