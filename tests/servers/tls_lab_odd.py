"""Servers of the TLS lab that no package has: slow ones, mute ones, one that knows SSLv2.

Run as a process of its own: ``main`` reads address, port, certificate, key and manner.
"""

import socket
import socketserver
import ssl
import struct
import sys
import time
from contextlib import suppress
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

_SLOW_S = 0.3
_DRIP_S = 0.02
_SSLV2_KINDS = bytes.fromhex("010080 020080 060040".replace(" ", ""))
"""RC4 128, RC4 EXPORT40, DES 64."""


def main() -> None:
    """Serve until the end."""
    ip, port, certificate, key, manner = sys.argv[1:6]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    der = x509.load_pem_x509_certificate(Path(certificate).read_bytes()).public_bytes(Encoding.DER)

    class Handler(socketserver.BaseRequestHandler):
        """One connection."""

        def handle(self) -> None:
            """Answer in the manner chosen."""
            with suppress(OSError, ssl.SSLError):
                _answer(self.request, manner, context, der)

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        allow_reuse_address = True
        request_queue_size = 64

    with Server((ip, int(port)), Handler) as server:
        server.serve_forever()


def _answer(connection: socket.socket, manner: str, context: ssl.SSLContext, der: bytes) -> None:
    connection.settimeout(30)
    if manner == "mute":
        while connection.recv(4_096):
            pass
    elif manner == "http":
        connection.recv(4_096)
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
    elif manner == "sslv2":
        if connection.recv(1, socket.MSG_PEEK)[:1] == b"\x80":
            _sslv2(connection, der)
        else:
            _tls(connection, context)
    elif manner == "slow":
        time.sleep(_SLOW_S)
        _tls(connection, context)
    else:
        _drip(connection, context)


def _tls(connection: socket.socket, context: ssl.SSLContext) -> None:
    with context.wrap_socket(connection, server_side=True) as inside:
        inside.recv(4_096)


def _drip(connection: socket.socket, context: ssl.SSLContext) -> None:
    """Speak TLS, some bytes at a time."""
    received, sent = ssl.MemoryBIO(), ssl.MemoryBIO()
    inside = context.wrap_bio(received, sent, server_side=True)
    while True:
        data = connection.recv(4_096)
        if not data:
            return
        received.write(data)
        try:
            inside.do_handshake()
            inside.read(4_096)
        except ssl.SSLWantReadError:
            pass
        finally:
            out = sent.read()
            for at in range(0, len(out), 200):
                connection.sendall(out[at : at + 200])
                time.sleep(_DRIP_S)


def _sslv2(connection: socket.socket, der: bytes) -> None:
    """Answer an SSLv2 hello with a SERVER-HELLO."""
    data = connection.recv(4_096)
    if len(data) < 5 or not data[0] & 0x80 or data[2] != 1 or data[3:5] != b"\x00\x02":
        return
    connection_id = bytes(16)
    lengths = struct.pack(">HHH", len(der), len(_SSLV2_KINDS), len(connection_id))
    body = b"\x04\x00\x01\x00\x02" + lengths + der + _SSLV2_KINDS + connection_id
    connection.sendall(struct.pack(">H", 0x8000 | len(body)) + body)
    with suppress(OSError):
        connection.recv(4_096)
