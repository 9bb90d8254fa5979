"""The words that every stage shares."""
