# mypy: ignore-errors
# pyright: basic, reportMissingImports=false
"""Servers of the TLS lab on tlslite-ng, run by the Python of its own environment."""

import socketserver
import sys
from contextlib import suppress
from pathlib import Path

from tlslite.api import HandshakeSettings, TLSConnection, X509CertChain, parsePEMKey

_MANNERS = {
    "ssl3": ((3, 0), (3, 1), ["rc4", "3des", "aes128"]),
    "3des": ((3, 1), (3, 3), ["3des", "aes128"]),
    "null": ((3, 3), (3, 3), ["null", "aes128"]),
}


def main() -> None:
    """Serve until the end."""
    ip, port, certificate, key, manner = sys.argv[1:6]
    chain = X509CertChain()
    chain.parsePemList(Path(certificate).read_text())
    private = parsePEMKey(Path(key).read_text(), private=True)
    settings = HandshakeSettings()
    settings.minVersion, settings.maxVersion, settings.cipherNames = _MANNERS[manner]
    settings.keyExchangeNames = ["rsa", "ecdhe_rsa"]
    settings.versions = [
        version
        for version in [(3, 3), (3, 2), (3, 1), (3, 0)]
        if settings.minVersion <= version <= settings.maxVersion
    ]

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.settimeout(5)
            with suppress(Exception):
                connection = TLSConnection(self.request)
                connection.handshakeServer(certChain=chain, privateKey=private, settings=settings)
                connection.recv(1)

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        allow_reuse_address = True
        request_queue_size = 64

    with Server((ip, int(port)), Handler) as server:
        server.serve_forever()


main()
