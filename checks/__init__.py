"""From observations to findings, one check a file."""
