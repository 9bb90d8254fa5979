"""RPC of Unix systems."""
