"""What may be scanned, by whom, and when."""
