"""The connect engine against its yardsticks."""
