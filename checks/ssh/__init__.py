"""What is wrong with SSH services."""
