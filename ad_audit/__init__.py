"""From a directory to a snapshot, read only."""
