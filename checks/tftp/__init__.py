"""TFTP servers."""
