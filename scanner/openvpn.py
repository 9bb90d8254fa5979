"""The first packet of OpenVPN and the answer to it, over either transport. Pure and total.

Sources: « Network protocol » of the OpenVPN source documentation; ``--tls-auth`` in openvpn(8).
"""

import secrets
import struct

_CLIENT_RESET, _ACK, _SERVER_RESET = 7 << 3, 5 << 3, 8 << 3
"""Opcodes of the key 0."""
_SAYS = {_SERVER_RESET: "P_CONTROL_HARD_RESET_SERVER_V2", _ACK: "P_ACK_V1"}
SESSION_BYTES = 8
_ACKS = 8
SHORTEST_BYTES = 1 + SESSION_BYTES + 1 + 4 + SESSION_BYTES
LONGEST_BYTES = 1 + SESSION_BYTES + 1 + 4 * _ACKS + SESSION_BYTES + 4 + 64


def new_session() -> bytes:
    """Give the identifier of a session that will never be."""
    return secrets.token_bytes(SESSION_BYTES)


def client_reset(session: bytes) -> bytes:
    """Give the packet that opens a session: no key, no certificate, no name in it."""
    return bytes([_CLIENT_RESET]) + session + struct.pack(">BI", 0, 0)


def told(packet: bytes, session: bytes) -> str:
    """Give the name of the packet by which a server answers ours; empty: it is no answer to it.

    It acknowledges our session by its number; a busy server does so before its own reset.
    """
    if not 10 < len(packet) <= LONGEST_BYTES:
        return ""
    acks = packet[1 + SESSION_BYTES]
    at = 1 + SESSION_BYTES + 1 + 4 * acks
    numbered = 4 if packet[0] == _SERVER_RESET else 0
    if not 1 <= acks <= _ACKS or len(packet) < at + SESSION_BYTES + numbered:
        return ""
    return _SAYS.get(packet[0], "") if packet[at : at + SESSION_BYTES] == session else ""
