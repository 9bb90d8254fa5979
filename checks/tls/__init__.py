"""What a TLS handshake agreed to."""
