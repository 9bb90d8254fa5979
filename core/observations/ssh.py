"""What an SSH server says of itself."""

from core.observations.base import Observation


class SshService(Observation, frozen=True, kw_only=True, tag="ssh"):
    """Identification and offered algorithms (RFC 4253 §4.2, §7.1); no key exchange follows.

    Name-lists are the server's own, in its order; all are ``None`` together.
    """

    identification: str
    """``SSH-2.0-OpenSSH_9.2p1 Debian-2``, without line end."""
    software: str
    """``OpenSSH_9.2p1``: what the server calls itself. Distributions patch without changing it."""
    protocol_1: bool
    """SSH-1 announced: ``SSH-1.x``, or ``SSH-1.99`` for both (RFC 4253 §5.1)."""
    protocol_2: bool
    key_exchanges: tuple[str, ...] | None
    host_keys: tuple[str, ...] | None
    ciphers: tuple[str, ...] | None
    """Of both directions, each once."""
    macs: tuple[str, ...] | None
    """Of both directions, each once."""
    compressions: tuple[str, ...] | None
    strict_key_exchange: bool | None
    """``kex-strict-s-v00@openssh.com`` offered: the answer to CVE-2023-48795 (Terrapin)."""
