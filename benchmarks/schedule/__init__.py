"""A region simulated on a fake clock."""
