"""What is wrong with mail services and mail policies."""
