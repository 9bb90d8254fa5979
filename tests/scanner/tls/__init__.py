"""TLS against real and hostile servers."""
