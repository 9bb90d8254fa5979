"""Tests of vigie."""
