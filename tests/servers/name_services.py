"""Certificate transparency and registries on loopback, in the formats that they document.

Written from crt.sh's answers, RFC 6962 and RFC 9083: none is of a real domain or a person.
"""

import base64
import json
import ssl
import struct
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from trustme import LeafCert

Answer = Callable[[BaseHTTPRequestHandler], None]


class Web:
    """What is served, by path without the query; and what was asked."""

    def __init__(self) -> None:
        self.address = ""
        self.answers: dict[str, Answer] = {}
        self.asked: list[str] = []
        self.agents: list[str] = []
        self.stopped = threading.Event()

    def text(
        self, path: str, body: bytes, status: int = 200, kind: str = "application/json"
    ) -> None:
        """Serve a body."""
        self.answers[path] = lambda handler: send(handler, body, status, kind)

    def redirect(self, path: str, location: str) -> None:
        """Serve a redirect."""

        def answer(handler: BaseHTTPRequestHandler) -> None:
            handler.send_response(302)
            handler.send_header("Location", location)
            handler.send_header("Content-Length", "0")
            handler.end_headers()

        self.answers[path] = answer


def send(
    handler: BaseHTTPRequestHandler, body: bytes, status: int = 200, kind: str = "application/json"
) -> None:
    """Answer with a body and its length."""
    handler.send_response(status)
    handler.send_header("Content-Type", kind)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


@contextmanager
def web(certificate: LeafCert | None = None, host: str = "127.0.0.1") -> Generator[Web]:
    """Serve while the body runs; over TLS with a certificate."""
    made = Web()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = 1 << 16

        def do_GET(self) -> None:
            made.asked.append(self.path)
            made.agents.append(self.headers.get("User-Agent", ""))
            answer = made.answers.get(urlsplit(self.path).path)
            try:
                if answer is None:
                    send(self, b"{}", 404)
                else:
                    answer(self)
            except OSError:
                self.close_connection = True

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: object, client_address: object) -> None:
            """Say nothing of clients that left: some of these answers are meant to be cut."""

    with Server((host, 0), Handler) as server:
        server.daemon_threads = True
        scheme = "http"
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            certificate.configure_cert(context)
            server.socket = context.wrap_socket(server.socket, server_side=True)
            scheme = "https"
        made.address = f"{scheme}://{host}:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield made
        finally:
            made.stopped.set()
            server.shutdown()
            thread.join()


def crtsh_row(*names: str, common: str | None = None, number: int = 1) -> dict[str, object]:
    """Give one row of crt.sh: the names of a certificate, one a line."""
    return {
        "issuer_ca_id": 16418,
        "issuer_name": "C=XX, O=Autorité Exemple, CN=X1",
        "common_name": names[0] if common is None else common,
        "name_value": "\n".join(names),
        "id": 7_000_000_000 + number,
        "entry_timestamp": "2019-03-01T10:00:00.123",
        "not_before": "2019-03-01T09:00:00",
        "not_after": "2019-05-30T09:00:00",
        "serial_number": f"{number:032x}",
        "result_count": 2,
    }


def crtsh(*rows: dict[str, object]) -> bytes:
    """Give an answer of crt.sh."""
    return json.dumps(rows).encode()


_KEY = ec.generate_private_key(ec.SECP256R1())


def certified(*names: str, is_precertificate: bool = False) -> bytes:
    """Give a certificate for some names, DER; a pre-certificate carries the poison of RFC 6962."""
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, names[0][:64])])
    start = datetime(2026, 1, 1, tzinfo=UTC)
    building = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(_KEY.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=90))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(one) for one in names]), False)
    )
    if is_precertificate:
        building = building.add_extension(x509.PrecertPoison(), True)
    return building.sign(_KEY, hashes.SHA256()).public_bytes(Encoding.DER)


def _vector(data: bytes) -> bytes:
    return len(data).to_bytes(3, "big") + data


def log_entry(*names: str, is_precertificate: bool = False) -> dict[str, str]:
    """Give one entry as ``get-entries`` does (RFC 6962, 3.4 and 4.6)."""
    der = certified(*names, is_precertificate=is_precertificate)
    head = struct.pack(">BBQ", 0, 0, 1_767_225_600_000)
    if is_precertificate:
        # A pre-certificate's leaf holds the hash of its issuer's key and what is to be signed.
        tbs = x509.load_der_x509_certificate(certified(*names)).tbs_certificate_bytes
        leaf = head + b"\x00\x01" + bytes(32) + _vector(tbs) + b"\x00\x00"
        extra = _vector(der) + b"\x00\x00\x00"
    else:
        leaf = head + b"\x00\x00" + _vector(der) + b"\x00\x00"
        extra = b"\x00\x00\x00"
    return {
        "leaf_input": base64.b64encode(leaf).decode(),
        "extra_data": base64.b64encode(extra).decode(),
    }


def serve_log(served: Web, entries: list[dict[str, str]], path: str, page: int = 1_000) -> None:
    """Serve a log under a path; ``page``: how many entries it gives at most."""

    def head(handler: BaseHTTPRequestHandler) -> None:
        told = {
            "tree_size": len(entries),
            "timestamp": 1_767_225_600_000,
            "sha256_root_hash": base64.b64encode(bytes(32)).decode(),
            "tree_head_signature": base64.b64encode(bytes(8)).decode(),
        }
        send(handler, json.dumps(told).encode())

    def some(handler: BaseHTTPRequestHandler) -> None:
        asked = parse_qs(urlsplit(handler.path).query)
        first, last = int(asked["start"][0]), int(asked["end"][0])
        told = entries[first : min(last + 1, first + page)]
        send(handler, json.dumps({"entries": told}).encode(), 200 if told else 400)

    served.answers[f"{path}/ct/v1/get-sth"] = head
    served.answers[f"{path}/ct/v1/get-entries"] = some


def card(name: str = "", org: str = "", kind: str = "org") -> list[object]:
    """Give a jCard (RFC 7095)."""
    rows: list[object] = [["version", {}, "text", "4.0"], ["kind", {}, "text", kind]]
    if name:
        rows.append(["fn", {}, "text", name])
    if org:
        rows.append(["org", {}, "text", org])
    rows.append(["adr", {"label": "1 rue de l'Exemple"}, "text", ["", "", "", "", "", "", ""]])
    return ["vcard", rows]


def entity(role: str, handle: str, **of_card: str) -> dict[str, object]:
    """Give an entity of RFC 9083, 5.1."""
    return {
        "objectClassName": "entity",
        "handle": handle,
        "roles": [role],
        "vcardArray": card(**of_card),
    }


def network(
    first: str, last: str, *entities: dict[str, object], **changes: object
) -> dict[str, object]:
    """Give an IP network of RFC 9083, 5.4."""
    return {
        "rdapConformance": ["rdap_level_0", "cidr0"],
        "objectClassName": "ip network",
        "handle": f"{first} - {last}",
        "startAddress": first,
        "endAddress": last,
        "ipVersion": "v6" if ":" in first else "v4",
        "name": "EXEMPLE-NET",
        "type": "ASSIGNED PA",
        "country": "FR",
        "parentHandle": "192.0.2.0 - 203.0.113.255",
        "entities": list(entities),
        "remarks": [{"description": ["Réseau d'exemple"]}],
        "links": [],
        "events": [{"eventAction": "registration", "eventDate": "2015-06-01T09:00:00Z"}],
        "status": ["active"],
        **changes,
    }


def domain(
    name: str, expires: str = "2030-01-01T00:00:00Z", **changes: object
) -> dict[str, object]:
    """Give a domain of RFC 9083, 5.3."""
    return {
        "rdapConformance": ["rdap_level_0"],
        "objectClassName": "domain",
        "handle": f"DOM-{len(name)}",
        "ldhName": name,
        "status": ["active"],
        "entities": [entity("registrar", "REG-1", name="Bureau Exemple")],
        "nameservers": [
            {"objectClassName": "nameserver", "ldhName": f"ns2.{name}"},
            {"objectClassName": "nameserver", "ldhName": f"NS1.{name}."},
        ],
        "secureDNS": {"delegationSigned": True},
        "events": [
            {"eventAction": "registration", "eventDate": "2009-02-03T08:00:00+01:00"},
            {"eventAction": "expiration", "eventDate": expires},
        ],
        **changes,
    }
