"""What was seen, one family a file."""
