"""What is wrong with rsync services."""
