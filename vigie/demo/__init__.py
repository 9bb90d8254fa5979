"""A region of fake hospitals on loopback."""
