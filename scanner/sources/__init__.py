"""What others saw of our targets."""
