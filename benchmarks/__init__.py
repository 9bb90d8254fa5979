"""Ratios against peers, in the same run."""
