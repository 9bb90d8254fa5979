"""Remote-access portals."""
