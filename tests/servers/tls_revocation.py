"""Authorities that say what they revoked: OCSP by openssl, lists, and answers made to order."""

import http.server
import subprocess
import threading
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from tests.servers.real import free_port, need
from tests.servers.tls_certs import Issued


@contextmanager
def openssl_responder(
    folder: Path, authority: Issued, issued: Mapping[Issued, str], *, port: int = 0
) -> Generator[int]:
    """Run ``openssl ocsp``, which listens everywhere.

    ``issued`` gives V (valid) or R (revoked) by certificate; it knows no other.
    """
    port = port or free_port()
    chain, key = authority.files(folder)
    index = folder / "index.txt"
    lines: list[str] = []
    for one, state in issued.items():
        until = one.certificate.not_valid_after_utc.strftime("%y%m%d%H%M%SZ")
        since = "240102030405Z,keyCompromise" if state == "R" else ""
        serial = f"{one.certificate.serial_number:X}"
        serial = serial.zfill(len(serial) + len(serial) % 2)
        lines.append(f"{state}\t{until}\t{since}\t{serial}\tunknown\t/CN=x\n")
    index.write_text("".join(lines))
    argv = [need("openssl"), "ocsp", "-port", str(port), "-index", str(index)]
    argv += ["-CA", str(chain), "-rsigner", str(chain), "-rkey", str(key), "-ndays", "1"]
    log = folder / "responder.log"
    with log.open("wb") as output:
        responder = subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
        )
        try:
            # It never comes back from a connection that asks nothing: its own word is awaited.
            deadline = time.monotonic() + 20
            while b"waiting for OCSP" not in log.read_bytes():
                assert responder.poll() is None, log.read_text(errors="replace")
                assert time.monotonic() < deadline, log.read_text(errors="replace")
                time.sleep(0.05)
            yield port
        finally:
            responder.kill()
            responder.wait(5)


@contextmanager
def web(pages: Mapping[str, bytes]) -> Generator[tuple[int, list[str]]]:
    """Serve pages by path on loopback; give the port and the requests that came."""
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer()

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", "0")))
            self._answer()

        def _answer(self) -> None:
            asked.append(f"{self.command} {self.path}")
            page = pages.get(self.path)
            if page is not None and page.startswith(b"location: "):
                self.send_response(302)
                self.send_header("Location", page[10:].decode())
                self.end_headers()
                return
            self.send_response(404 if page is None else 200)
            self.end_headers()
            self.wfile.write(page or b"")

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    running = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    running.start()
    try:
        yield server.server_address[1], asked
    finally:
        server.shutdown()
        server.server_close()
        running.join(5)


def crl(
    authority: Issued,
    *revoked: Issued,
    days: tuple[float, float] = (-1, 6),
    signed_by: Issued | None = None,
    point: str = "",
    delta: bool = False,
    reason: x509.ReasonFlags | None = x509.ReasonFlags.superseded,
) -> bytes:
    """Give a list of revoked certificates, DER."""
    now = datetime.now(UTC)
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(authority.certificate.subject)
        .last_update(now + timedelta(days=days[0]))
        .next_update(now + timedelta(days=days[1]))
    )
    for one in revoked:
        entry = (
            x509.RevokedCertificateBuilder()
            .serial_number(one.certificate.serial_number)
            .revocation_date(now - timedelta(days=2))
        )
        if reason is not None:
            entry = entry.add_extension(x509.CRLReason(reason), False)
        builder = builder.add_revoked_certificate(entry.build())
    if point:
        builder = builder.add_extension(
            x509.IssuingDistributionPoint(
                full_name=[x509.UniformResourceIdentifier(point)],
                relative_name=None,
                only_contains_user_certs=False,
                only_contains_ca_certs=False,
                only_some_reasons=None,
                indirect_crl=False,
                only_contains_attribute_certs=False,
            ),
            True,
        )
    if delta:
        builder = builder.add_extension(x509.DeltaCRLIndicator(1), True)
    made = builder.sign((signed_by or authority).key, hashes.SHA256())
    return made.public_bytes(Encoding.DER)


def ocsp_answer(
    authority: Issued,
    about: Issued,
    *,
    status: ocsp.OCSPCertStatus = ocsp.OCSPCertStatus.GOOD,
    days: tuple[float, float] = (-1, 1),
    signed_by: Issued | None = None,
    carries: Issued | None = None,
) -> bytes:
    """Give an OCSP response, DER; ``carries`` is the certificate of a delegated signer."""
    now = datetime.now(UTC)
    is_revoked = status is ocsp.OCSPCertStatus.REVOKED
    builder = (
        ocsp.OCSPResponseBuilder()
        .add_response(
            cert=about.certificate,
            issuer=authority.certificate,
            algorithm=hashes.SHA1(),
            cert_status=status,
            this_update=now + timedelta(days=days[0]),
            next_update=now + timedelta(days=days[1]),
            revocation_time=now - timedelta(days=3) if is_revoked else None,
            revocation_reason=x509.ReasonFlags.key_compromise if is_revoked else None,
        )
        .responder_id(
            ocsp.OCSPResponderEncoding.HASH, (carries or signed_by or authority).certificate
        )
    )
    if carries is not None:
        builder = builder.certificates([carries.certificate])
    made = builder.sign((signed_by or carries or authority).key, hashes.SHA256())
    return made.public_bytes(Encoding.DER)
