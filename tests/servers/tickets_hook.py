"""Who receives the webhook of tickets, written from the guide alone: it shares no code with Vigie.

Over plain HTTP, or HTTPS with a certificate of a test authority. It refuses what is not signed, or
was signed more than five minutes ago, and does once what comes twice under one key.
"""

import hashlib
import hmac
import json
import ssl
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

HOST = "127.0.0.1"
WINDOW_S = 300


@dataclass
class Receiver:
    """What came to one address."""

    key: bytes
    url: str = ""
    clock_s: float = 0.0
    """Its clock is so far ahead of ours."""
    answers: list[tuple[int, dict[str, str]]] = field(
        default_factory=list[tuple[int, dict[str, str]]]
    )
    """Given next, in the place of what it would say, once it has done the work."""
    posts: list[tuple[dict[str, str], bytes]] = field(
        default_factory=list[tuple[dict[str, str], bytes]]
    )
    refused: list[str] = field(default_factory=list[str])
    done: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    """Idempotency key → event."""

    def take(self, headers: dict[str, str], body: bytes) -> int:
        """Judge a post, do it once; gives the status."""
        self.posts.append((headers, body))
        why = self.fault(headers, body)
        if why:
            self.refused.append(why)
            return 401
        self.done.setdefault(headers["idempotency-key"], json.loads(body))
        return 204

    def fault(self, headers: dict[str, str], body: bytes) -> str:
        """Give why a post is not believed; empty: it is."""
        stamp = headers.get("vigie-timestamp", "")
        if not stamp.isdecimal():
            return "timestamp"
        signed = hmac.digest(self.key, stamp.encode() + b"." + body, hashlib.sha256).hex()
        if not hmac.compare_digest(headers.get("vigie-signature", ""), "v1=" + signed):
            return "signature"
        if abs(time.time() + self.clock_s - int(stamp)) > WINDOW_S:
            return "replay"
        return ""


@contextmanager
def receiving(
    key: str, *, chain: Path | None = None, secret: Path | None = None
) -> Generator[Receiver]:
    """Serve from threads of its own; ``chain`` and ``secret`` make it HTTPS."""
    receiver = Receiver(key.encode())

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            status = receiver.take(headers, body)
            more: dict[str, str] = {}
            if receiver.answers:
                status, more = receiver.answers.pop(0)
            self.send_response(status)
            for name, value in more.items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as its base
            pass

    server = ThreadingHTTPServer((HOST, 0), Handler)
    if chain is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(chain, secret)
        server.socket = context.wrap_socket(
            server.socket, server_side=True, do_handshake_on_connect=False
        )
    server.daemon_threads = True
    scheme = "http" if chain is None else "https"
    receiver.url = f"{scheme}://{HOST}:{server.server_address[1]}/vigie"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
