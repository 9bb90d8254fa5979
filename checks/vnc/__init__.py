"""What is wrong with VNC services."""
