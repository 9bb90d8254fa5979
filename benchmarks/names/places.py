"""Addresses of the laboratory, all on its own loopback."""

BIND = "127.53.0.1"
KNOT = "127.53.0.2"
NSD = "127.53.0.3"
SLOW = "127.53.0.4"
"""Answers after a while."""
LAME = "127.53.0.5"
"""Delegated to, and refuses."""
RECURSOR = "127.53.0.10"
"""Unbound: what an inventory would declare."""
SLOW_S = 0.4
