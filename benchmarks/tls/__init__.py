"""The TLS assessment against its peers."""
