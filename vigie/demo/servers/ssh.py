"""SSH up to the list of algorithms (RFC 4253): no key is ever exchanged."""

import struct
from dataclasses import dataclass

from vigie.demo.servers.base import Gone, Guest, Handler

_STRONG_KEX = (
    *("sntrup761x25519-sha512@openssh.com", "curve25519-sha256", "ecdh-sha2-nistp256"),
    "kex-strict-s-v00@openssh.com",
)
_STRONG_CIPHERS = ("chacha20-poly1305@openssh.com", "aes256-gcm@openssh.com", "aes128-ctr")
_STRONG_MACS = ("hmac-sha2-512-etm@openssh.com", "hmac-sha2-256-etm@openssh.com", "hmac-sha2-256")


@dataclass(frozen=True, kw_only=True, slots=True)
class Shell:
    """What one server announces."""

    banner: str = "SSH-2.0-OpenSSH_9.6p1 Debian-4"
    kex: tuple[str, ...] = _STRONG_KEX
    host_keys: tuple[str, ...] = ("ssh-ed25519", "rsa-sha2-512", "rsa-sha2-256")
    ciphers: tuple[str, ...] = _STRONG_CIPHERS
    macs: tuple[str, ...] = _STRONG_MACS


def shell(seat: Shell) -> Handler:
    """Give the handler of an SSH server."""

    async def serve(guest: Guest) -> None:
        await guest.send(seat.banner.encode() + b"\r\n" + _key_exchange(seat))
        if not (await guest.line()).startswith("SSH-"):
            raise Gone("not SSH")
        await guest.drain()

    return serve


def _key_exchange(seat: Shell) -> bytes:
    both = (seat.ciphers, seat.ciphers, seat.macs, seat.macs, ("none",), ("none",), (), ())
    payload = bytes([20]) + bytes(range(16))
    for names in (seat.kex, seat.host_keys, *both):
        text = ",".join(names).encode()
        payload += struct.pack(">I", len(text)) + text
    payload += bytes(5)
    padding = 8 - (len(payload) + 5) % 8
    padding += 8 if padding < 4 else 0
    return struct.pack(">IB", len(payload) + padding + 1, padding) + payload + bytes(padding)


STRONG = shell(Shell())
LEGACY_MAC = shell(
    Shell(banner="SSH-2.0-dropbear_2022.83", macs=("hmac-sha1",), ciphers=("aes256-ctr",))
)
WEAK = shell(
    Shell(
        banner="SSH-2.0-OpenSSH_5.3",
        kex=("diffie-hellman-group1-sha1", "diffie-hellman-group14-sha1"),
        host_keys=("ssh-dss", "ssh-rsa"),
        ciphers=("3des-cbc", "aes128-cbc", "arcfour"),
        macs=("hmac-md5", "hmac-sha2-256"),
    )
)
PROTOCOL_1 = shell(Shell(banner="SSH-1.99-Cisco-1.25"))
