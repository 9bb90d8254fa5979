"""What is exposed without being declared."""
