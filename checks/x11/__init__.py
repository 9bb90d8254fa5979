"""What is wrong with X11 services."""
