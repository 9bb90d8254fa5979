"""Tests of the files beside the report."""
