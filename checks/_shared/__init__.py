"""What several checks say alike."""
