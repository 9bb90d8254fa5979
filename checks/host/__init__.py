"""What a whole address tells."""
