"""What checks of a directory share."""
