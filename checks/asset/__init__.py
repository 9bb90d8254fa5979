"""What belongs to whom."""
