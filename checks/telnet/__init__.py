"""What is wrong with Telnet services."""
