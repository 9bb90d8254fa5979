"""IKE as bytes: what is asked, what is read, and what numbers stand for."""
