"""The first packet of OpenVPN and the answer to it, over either transport. Pure and total.

Sources: « Network protocol » of the OpenVPN source documentation; ``--tls-auth`` in openvpn(8).
"""

import secrets
import struct

_CLIENT_RESET, _SERVER_RESET = 7 << 3, 8 << 3
"""P_CONTROL_HARD_RESET_CLIENT_V2 and _SERVER_V2, of the key 0."""
SESSION_BYTES = 8
_ACKS = 8
LONGEST_BYTES = 1 + SESSION_BYTES + 1 + 4 * _ACKS + SESSION_BYTES + 4 + 64
SAID = "P_CONTROL_HARD_RESET_SERVER_V2"


def new_session() -> bytes:
    """Give the identifier of a session that will never be."""
    return secrets.token_bytes(SESSION_BYTES)


def client_reset(session: bytes) -> bytes:
    """Give the packet that opens a session: no key, no certificate, no name in it."""
    return bytes([_CLIENT_RESET]) + session + struct.pack(">BI", 0, 0)


def is_server_reset(packet: bytes, session: bytes) -> bool:
    """Whether a packet is a server's answer to ours: it acknowledges our session by its name."""
    if not 10 < len(packet) <= LONGEST_BYTES or packet[0] != _SERVER_RESET:
        return False
    acks = packet[1 + SESSION_BYTES]
    at = 1 + SESSION_BYTES + 1 + 4 * acks
    if not 1 <= acks <= _ACKS or len(packet) < at + SESSION_BYTES + 4:
        return False
    return packet[at : at + SESSION_BYTES] == session
